"""Preparing what students hand in, and the scores of what was run: nbgrader's, and no more."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from nbformat import NotebookNode

from classroom.nbgrader.autograde import CellScore, prepare, scores
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
# Where nbgrader fails (None is recorded), gives points for what is no number of 0 to 2 or for a
# number that prints itself as a word, or takes a result from an answer that changes how tests run.
_ODD = {
    "number": [0, 2, True],
    "truth": [1, 1, False],
    "printed": [1, 1, False],
    "pair": [0, 1, True],
    "quiet": [3, 3, False],
}
_FALSE = {"truth": [0, 1, True]}
DIFFERENCES: dict[tuple[str, str], dict[str, Any]] = {
    ("squares", "answer-copied"): {"squares-test": [2, 2, False]},
    ("partial", "part"): _ODD | {"number": [0.75, 2, False]},
    ("partial", "none"): _ODD | _FALSE | {"number": [0, 2, False]},
    ("partial", "all"): _ODD | {"number": [2, 2, False]},
    ("partial", "too-many"): _ODD,
    ("partial", "below-none"): _ODD | _FALSE,
    ("partial", "no-number"): _ODD | _FALSE,
    ("partial", "words"): _ODD | _FALSE | {"number": [0, 2, False]},
    ("hidden-error", "no-traceback"): {"test": [0, 2, True]},
}
# Where a test that ended without an error has no points, and it is said why.
TOLD = {("stderr", "warns")}


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
        assert bool(ours.errors) == ((name, student) in TOLD)
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


class TestScores:
    def test_what_was_changed_while_it_ran_counts_for_nothing(self) -> None:
        made = opened(prepare(SQUARES, SQUARES))
        cell = cell_of(made, "squares-test")
        cell.update(source="pass", execution_count=1)
        cell.metadata["nbgrader"]["points"] = 1000
        found = scores(content(made), SQUARES)
        assert (found.total, found.max_total) == (0, 2)
        assert "the test was changed during the run" in str(found.errors[0])
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


def test_which_tests_are_hidden_as_a_whole() -> None:
    hidden = "### BEGIN HIDDEN TESTS\nassert f()\n### END HIDDEN TESTS"
    source = content(
        notebook(
            answer("def f(): return 1"),
            checks(f"\n{hidden}\n", "whole"),
            checks(f"assert f\n{hidden}", "half"),
            checks("assert f", "open"),
            task("### BEGIN MARK SCHEME\nx\n### END MARK SCHEME"),
        )
    )
    found = scores(prepare(source, source), source)
    assert [cell.grade_id for cell in found.cells if cell.hidden] == ["whole"]
    assert len(found.cells) == 4
