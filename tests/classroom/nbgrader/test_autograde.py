"""Preparing what students hand in, and the scores of what was run: nbgrader's, and no more."""

from collections.abc import Callable, Iterator
from typing import Any

import nbformat
import pytest
from nbformat import NotebookNode

from classroom.nbgrader.autograde import CellScore, Result, prepare, scores
from classroom.nbgrader.reading import MarkingError
from tests.classroom.nbgrader.cases import CASES, Edit, copies, deletes, marks, writes
from tests.classroom.nbgrader.notebooks import (
    answer,
    cell_of,
    checks,
    code,
    content,
    essay,
    notebook,
    task,
    text,
)
from tests.classroom.nbgrader.recorded import RECORDED, opened, released
from tests.classroom.nbgrader.running import Held, one_kernel

GRADED = [(name, student) for name, case in CASES.items() for student in case.students]
SQUARES = content(CASES["squares"].source)
# Where nbgrader fails (None is recorded), gives points for a number that is none of 0 to 2 or that
# prints itself as a word, or takes a result from an answer that changes how tests run.
_ODD = {
    "number": [0, 2, True],
    "truth": [1, 1, False],
    "printed": [1, 1, False],
    "pair": [1, 1, False],
    "quiet": [3, 3, False],
}
DIFFERENCES: dict[tuple[str, str], dict[str, Any]] = {
    ("squares", "answer-copied"): {"squares-test": [2, 2, False]},
    ("partial", "too-many"): _ODD,
    ("partial", "below-none"): _ODD,
    ("partial", "no-number"): _ODD,
    ("partial", "words"): _ODD | {"number": [0, 2, False]},
    ("hidden-error", "no-traceback"): {"test": [0, 2, True]},
}


@pytest.fixture(scope="module")
def executed() -> Iterator[Callable[[bytes], tuple[bytes, Held]]]:
    """Runs a prepared notebook."""
    with one_kernel() as execute:
        yield execute


def handed_in(name: str, edit: Edit) -> bytes:
    made = released(name)
    edit(made)
    return content(made)


@pytest.mark.parametrize(("name", "student"), GRADED)
def test_scores_are_nbgraders(
    name: str, student: str, executed: Callable[[bytes], tuple[bytes, Held]]
) -> None:
    case = CASES[name]
    source = content(case.source)
    prepared = prepare(handed_in(name, case.students[student]), source)
    ran, held = executed(prepared)
    ours = scores(ran, source, held)
    found = {cell.grade_id: [cell.score, cell.max_score, cell.needs_manual] for cell in ours.cells}
    recorded = RECORDED[name]["students"][student]
    if (name, student) in DIFFERENCES:
        assert found == DIFFERENCES[name, student] != recorded
    else:
        assert found == recorded
        assert ours.errors == ()
        assert not held
    assert ours.total == sum(cell.score for cell in ours.cells)


class TestPrepare:
    def test_the_teachers_tests_with_the_hidden_ones(self) -> None:
        made = opened(prepare(handed_in("squares", writes("squares-test", "pass")), SQUARES))
        assert "assert squares(3)" in cell_of(made, "squares-test").source

    def test_the_students_answers_without_outputs(self) -> None:
        made = released("squares")
        cell_of(made, "squares").update(source="mine = 1", execution_count=99)
        made.cells.append(notebook(code("own = 1")).cells[0])
        made = opened(prepare(content(made), SQUARES))
        assert cell_of(made, "squares").source == "mine = 1"
        assert made.cells[-1].source == "own = 1"
        for cell in made.cells[1:]:
            assert (cell.outputs, cell.execution_count) == ([], None)

    def test_pictures_in_an_answer_are_kept(self) -> None:
        made = released("essay")
        cell_of(made, "essay")["attachments"] = {"a.png": {"image/png": "AAAA"}}
        made = opened(prepare(content(made), content(CASES["essay"].source)))
        assert "attachments" in cell_of(made, "essay")

    def test_the_kernel_is_the_teachers(self) -> None:
        made = released("squares")
        made.metadata.kernelspec = {"name": "mine", "display_name": "Mine", "language": "mine"}
        made.metadata["language_info"] = {"name": "mine"}
        made = opened(prepare(content(made), SQUARES))
        assert made.metadata.kernelspec.name == "python3"
        assert "language_info" not in made.metadata

    def test_a_tag_cannot_keep_a_test_from_being_run(self) -> None:
        made = released("squares")
        for cell in made.cells:
            cell.metadata["tags"] = ["skip-execution"]
        made = opened(prepare(content(made), SQUARES))
        assert cell_of(made, "squares-test").metadata["tags"] == ["kept"]

    def test_a_made_up_mark_is_taken_off(self) -> None:
        made = released("squares")
        made.cells.insert(0, notebook(checks("", "bonus", 100)).cells[0])
        made = opened(prepare(content(made), SQUARES))
        assert "nbgrader" not in made.cells[0].metadata
        assert made.cells[0].source == ""

    def test_of_two_with_the_same_id_the_last_counts(self) -> None:
        made = opened(prepare(handed_in("squares", copies("squares", "first")), SQUARES))
        answers = [
            cell for cell in made.cells if cell.source != CASES["squares"].source.cells[0].source
        ]
        assert answers[0].source == "first"
        assert "nbgrader" not in answers[0].metadata
        assert answers[1].metadata["nbgrader"]["grade_id"] == "squares"

    def test_deleted_cells_come_back_in_their_places(self) -> None:
        source = notebook(
            code("first", grade_id="first", locked=True),
            answer("a", "a"),
            checks("a1", "a1"),
            checks("a2", "a2"),
            answer("b", "b"),
            essay("why", "why"),
            task("do", "do"),
        )
        made = opened(content(source))
        made.cells = [cell_of(made, "b"), text("mine"), cell_of(made, "a"), text("too")]
        made = opened(prepare(content(made), content(source)))
        assert [cell.metadata.get("nbgrader", {}).get("grade_id") for cell in made.cells] == [
            "first",
            "b",
            None,
            "a",
            "a1",
            "a2",
            "why",
            "do",
            None,
        ]

    def test_an_answer_of_which_nothing_is_graded_does_not_come_back(self) -> None:
        # The stub could overwrite what the student has written elsewhere.
        made = opened(prepare(handed_in("squares", deletes("squares")), SQUARES))
        assert len(made.cells) == 2

    @pytest.mark.parametrize("minors", [(2, 5), (5, 2)])
    def test_formats_with_ids_and_without(self, minors: tuple[int, int]) -> None:
        def made(minor: int, *cells: NotebookNode) -> bytes:
            return content(notebook(*cells, minor=minor))

        source = made(minors[0], answer("x = 1"), checks("assert x"))
        opened(prepare(made(minors[1], answer("x = 2"), text("hello")), source))

    def test_the_teachers_mistakes_are_told(self) -> None:
        with pytest.raises(MarkingError, match="Cell 2"):
            prepare(SQUARES, content(CASES["bad-twice"].source))


def scored(cell: NotebookNode, *outputs: Any, count: int | None = 1) -> Result:
    """The scores of a test of 2 points with these outputs."""
    source = content(notebook(cell))
    made = opened(prepare(source, source))
    made.cells[0].update(outputs=list(outputs), execution_count=count)
    return scores(content(made), source)


def printed(words: str, name: str = "stdout") -> Any:
    return nbformat.v4.new_output("stream", text=words, name=name)


def returned(words: str) -> Any:
    data = {"text/plain": words} if words else {}
    return nbformat.v4.new_output("execute_result", data=data, execution_count=1)


ERROR = nbformat.v4.new_output("error", ename="E", evalue="e", traceback=[])
NOT_RUN = "“test”: it was not run, so it gets 0 points."


class TestScores:
    @pytest.mark.parametrize(
        ("outputs", "score"),
        [
            ([], 2),
            ([printed("hello")], 2),
            ([ERROR], 0),
            ([printed("w", "stderr")], 0),
            ([returned("0.5")], 0.5),
            ([returned("0")], 0),
            ([returned("2.0")], 2),
            ([returned("True")], 2),
            ([returned("[1] 0.5")], 2),
            ([returned("")], 2),
        ],
    )
    def test_of_a_test(self, outputs: list[Any], score: float) -> None:
        assert scored(checks("x"), *outputs) == Result((CellScore("test", score, 2, False),), ())

    def test_an_error_counts_also_after_a_result(self) -> None:
        # Student's code can make results: get_ipython().displayhook(2).
        assert scored(checks("x"), returned("2"), ERROR).total == 0
        assert scored(checks("x"), returned("2"), returned("0.5")).total == 0.5

    @pytest.mark.parametrize("words", ["2.1", "-1", "nan", "inf", "1e999"])
    def test_points_that_are_none_wait_for_a_person(self, words: str) -> None:
        found = scored(checks("x"), returned(words))
        assert found.cells == (CellScore("test", 0, 2, True),)
        assert found.needs_manual
        assert "and there are 2. Grade it by hand." in found.errors[0]

    def test_a_test_that_was_not_run(self) -> None:
        assert scored(checks("x"), count=None) == Result(
            (CellScore("test", 0, 2, False),), (NOT_RUN,)
        )

    def test_an_empty_test_need_not_run(self) -> None:
        assert scored(checks("  "), count=None).total == 2

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
    def test_kernels_that_tell_of_failures_on_stdout(
        self, language: str, words: str, score: float
    ) -> None:
        source = content(notebook(checks("x"), language=language))
        made = opened(prepare(source, source))
        made.cells[0].update(outputs=[printed(words)], execution_count=1)
        assert scores(content(made), source).total == score

    def test_what_was_changed_while_it_ran_counts_for_nothing(self) -> None:
        made = opened(prepare(SQUARES, SQUARES))
        cell = cell_of(made, "squares-test")
        cell.update(source="pass", execution_count=1)
        cell.metadata["nbgrader"]["points"] = 1000
        found = scores(content(made), SQUARES)
        assert (found.total, found.max_total) == (0, 2)
        assert "not the test it was before" in found.errors[0]
        cell.source = cell_of(opened(prepare(SQUARES, SQUARES)), "squares-test").source
        assert scores(content(made), SQUARES).total == 2

    @pytest.mark.parametrize("edit", [deletes("squares-test"), copies("squares-test", "pass")])
    def test_tests_that_are_gone_or_doubled(self, edit: Edit) -> None:
        made = opened(prepare(SQUARES, SQUARES))
        edit(made)
        found = scores(content(made), SQUARES)
        assert found.cells == (CellScore("squares-test", 0, 2, False),)
        assert len(found.errors) == 1

    def test_marks_of_the_student_raise_nothing(self) -> None:
        made = opened(prepare(SQUARES, SQUARES))
        marks("squares-test", grade=False, solution=True, points=50, task=True)(made)
        made.cells.append(notebook(checks("", "bonus", 50)).cells[0])
        found = scores(content(made), SQUARES)
        assert (found.total, found.max_total) == (0, 2)
