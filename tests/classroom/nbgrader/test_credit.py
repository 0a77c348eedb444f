"""What a test's outputs say of its points; and that a score is never taken away without a word."""

from typing import Any

import nbformat
import pytest

from classroom.nbgrader.autograde import CellScore, Result, prepare, scores
from tests.classroom.nbgrader.cases import copies, deletes
from tests.classroom.nbgrader.notebooks import cell_of, checks, content, notebook
from tests.classroom.nbgrader.recorded import opened


def scored(*outputs: Any, count: int | None = 1, language: str = "python") -> Result:
    """The scores of a test of 2 points with these outputs."""
    source = content(notebook(checks("x"), language=language))
    made = opened(prepare(source, source))
    made.cells[0].update(outputs=list(outputs), execution_count=count)
    return scores(content(made), source)


def printed(words: str, name: str = "stdout") -> Any:
    return nbformat.v4.new_output("stream", text=words, name=name)


def returned(words: str, **more: str) -> Any:
    data = ({"text/plain": words} if words else {}) | more
    return nbformat.v4.new_output("execute_result", data=data, execution_count=1)


ERROR = nbformat.v4.new_output("error", ename="E", evalue="e", traceback=[])


@pytest.mark.parametrize(
    ("outputs", "score"),
    [
        ([], 2),
        ([printed("hello")], 2),
        ([ERROR], 0),
        ([returned("0.5")], 0.5),
        ([returned("0")], 0),
        ([returned("2.0")], 2),
        ([returned("1e-1")], 0.1),
        # One number, in the words of another library.
        ([returned("np.float64(0.5)")], 0.5),
        ([returned("np.float32(1.0)")], 1),
        ([returned("np.int64(0)")], 0),
        ([returned("array(0.5)")], 0.5),
        ([returned("Decimal('0.5')")], 0.5),
        ([returned("Fraction(1, 2)")], 0.5),
        # What cannot be meant as points.
        ([returned("True")], 2),
        ([returned("np.True_")], 2),
        ([returned("")], 2),
        ([returned("<Figure size 9x9>", **{"image/png": "AAAA"})], 2),
        ([returned("   a\n0  1", **{"text/html": "<table>"})], 2),
        ([returned("[<matplotlib.lines.Line2D at 0x7f3c12>]")], 2),
        ([returned("<__main__.Thing object at 0x7f3c12>")], 2),
        # Student's code can make results and outputs of its own.
        ([returned("2"), ERROR], 0),
        ([returned("2"), returned("0.5")], 0.5),
    ],
)
def test_what_is_certain(outputs: list[Any], score: float) -> None:
    assert scored(*outputs) == Result((CellScore("test", score, 2, False),), ())


@pytest.mark.parametrize(
    "words",
    [
        "False",
        "'Wrong!'",
        "'2 of 3 passed'",
        "(1, 2)",
        "[False, False]",
        "{'score': 1}",
        "array([1.])",
        "tensor([1., 2.])",
        "<score 1.0>",
        "1/2",
        "2.0 points",
        "[1] 0.5",
        "Fraction(1, 0)",
        "np.float64(nan)",
        "<unittest.runner.TextTestResult run=3 errors=0 failures=1>",
        "no number of points, but a value of the kind “list”",
    ],
)
def test_a_result_that_is_no_number_waits_for_a_person(words: str) -> None:
    found = scored(returned(words))
    assert found.cells == (CellScore("test", 0, 2, needs_manual=True, held=True),)
    assert found.unknown == found.errors
    told = str(found.errors[0])
    assert "its last line gave no number of points but " in told
    assert words.removeprefix("no number of points, but a value of the kind ") in told


@pytest.mark.parametrize("words", ["2.1", "-1", "nan", "inf", "1e999", "np.float64(3.0)"])
def test_points_that_are_none_wait_for_a_person(words: str) -> None:
    found = scored(returned(words))
    assert found.cells == (CellScore("test", 0, 2, needs_manual=True, held=True),)
    assert "of 2 points. Grade it by hand." in str(found.errors[0])


@pytest.mark.parametrize(
    ("words", "score"), [("[1] 0.5", 0.5), ("[1] TRUE", 2), ("[1] FALSE", None), ("[1] NA", None)]
)
def test_results_of_r(words: str, score: float | None) -> None:
    cell = scored(returned(words), language="R").cells[0]
    assert (None if cell.held else cell.score) == score


@pytest.mark.parametrize(
    ("language", "words", "score"),
    [
        ("octave", "error: assert (x) failed", 0),
        ("octave", "no error: fine", 2),
        ("R", "── \x1b[1m\x1b[38;5;214mFailure\x1b[39m", 0),
        ("R", "Test passed", 2),
        ("python", "error: only a word", 2),
    ],
)
def test_kernels_that_tell_of_failures_on_stdout(language: str, words: str, score: float) -> None:
    assert scored(printed(words), language=language).total == score


WARNING = "/tmp/ipykernel_1/12.py:3: DeprecationWarning: old\n  x = old()\n"


@pytest.mark.parametrize(
    "words",
    [
        WARNING,
        WARNING * 3,
        f"\x1b[31m{WARNING}\x1b[0m",
        "<string>:1: RuntimeWarning: divide by zero encountered in divide",
        "100%|####| 3/3\n",
        "\r  0%|          | 0/3 [00:00<?, ?it/s]\r100%|██████████| 3/3 [00:00<00:00, 9.1it/s]\n",
        "training:  50%|█████     | 1.5k/3.0k [00:00<00:00]\n0it [00:00, ?it/s]",
        f"{WARNING}100%|####| 3/3\n{WARNING}",
        "\n",
    ],
)
def test_warnings_and_progress_bars_are_no_failure(words: str) -> None:
    assert scored(printed(words, "stderr")) == Result((CellScore("test", 2, 2, False),), ())
    assert scored(printed(words, "stderr"), ERROR).total == 0


@pytest.mark.parametrize(
    "words", ["WARNING:root:note", "Ran 3 tests in 0.001s\n\nFAILED (failures=1)", f"{WARNING}no"]
)
def test_what_else_is_on_stderr_counts_as_nbgrader_has_it_and_says_so(words: str) -> None:
    found = scored(printed(words, "stderr"))
    assert found.cells == (CellScore("test", 0, 2, False),)
    assert "wrote to stderr, for which nbgrader gives 0 points" in str(found.errors[0])
    assert f"“{words.removeprefix(WARNING).splitlines()[0]}”" in str(found.errors[0])


def test_warnings_of_other_languages_count_as_in_nbgrader() -> None:
    assert scored(printed(WARNING, "stderr"), language="R").errors


def test_a_test_that_did_not_run_to_its_end_waits_for_a_person() -> None:
    # Also with an error: it may have waited for another cell till time was up.
    for outputs in ([], [ERROR]):
        found = scored(*outputs, count=None)
        assert found.cells == (CellScore("test", 0, 2, needs_manual=True, held=True),)
        assert [str(each) for each in found.errors] == [
            "“test”: it did not run to the end, so its points are not known."
        ]
        assert [str(each) for each in found.unknown] == [
            "Tests that did not run to the end: “test”."
        ]


def test_an_empty_test_need_not_run() -> None:
    source = content(notebook(checks("  ")))
    assert scores(prepare(source, source), source).total == 2


def test_no_way_to_no_points_without_a_word() -> None:
    """A test of which no error is to be seen has its points, or there is a sentence."""
    source = content(notebook(checks("x")))
    made = opened(prepare(source, source))
    ways: list[Result] = [
        scored(count=None),
        scored(returned("5")),
        scored(returned("False")),
        scored(printed("hm", "stderr")),
        scored(printed("", "stderr"), printed("hm", "stderr")),
    ]
    for edit in (
        deletes("test"),
        copies("test", "x"),
        lambda nb: cell_of(nb, "test").update(source="pass", execution_count=1),
    ):
        changed = nbformat.from_dict(made)
        edit(changed)
        ways.append(scores(content(changed), source))
    made.cells[0].execution_count = 1
    ways.append(scores(content(made), source, {"test": ["it cheats"]}))
    for found in ways:
        assert found.total == 0
        assert len(found.errors) == 1, found
        assert str(found.errors[0]).startswith("“test”: ")
        assert str(found.errors[0]).endswith(".")
        held = found.cells[0].held
        assert found.cells[0].needs_manual == held == bool(found.held or found.unknown)
