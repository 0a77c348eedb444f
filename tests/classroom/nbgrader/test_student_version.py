"""The students' version: nbgrader's own, cell by cell, and a sentence where nbgrader refuses."""

import json

import nbformat
import pytest

from classroom.nbgrader.reading import MarkingError
from classroom.nbgrader.student_version import is_marked, student_version
from classroom.nbgrader.validate import check_notebook
from tests.classroom.nbgrader.cases import CASES
from tests.classroom.nbgrader.notebooks import (
    answer,
    cell_of,
    checks,
    code,
    content,
    essay,
    notebook,
    raw,
    task,
    text,
)
from tests.classroom.nbgrader.recorded import RECORDED, opened, released


@pytest.mark.parametrize("name", CASES)
def test_it_is_nbgraders(name: str) -> None:
    if RECORDED[name]["released"] is None:
        with pytest.raises(MarkingError, match=r"^Cell \d.*\.$"):
            student_version(content(CASES[name].source))
    else:
        assert released(name) == nbformat.v4.reads(json.dumps(RECORDED[name]["released"]))


@pytest.mark.parametrize("name", [name for name in CASES if RECORDED[name]["released"]])
def test_doing_it_twice_changes_nothing_but_answers(name: str) -> None:
    once = student_version(content(CASES[name].source))
    twice = opened(student_version(once))
    for cell in [*twice.cells, *released(name).cells]:
        if cell.metadata.get("nbgrader", {}).get("solution"):
            cell.metadata["nbgrader"]["checksum"] = cell.source = ""
    expected = opened(once)
    for cell in expected.cells:
        if cell.metadata.get("nbgrader", {}).get("solution"):
            cell.metadata["nbgrader"]["checksum"] = cell.source = ""
    assert twice == expected


class TestIsMarked:
    @pytest.mark.parametrize("name", ["squares", "essay", "task", "read-only"])
    def test_yes(self, name: str) -> None:
        assert is_marked(content(CASES[name].source))

    @pytest.mark.parametrize("name", ["unmarked", "flags-off"])
    def test_no(self, name: str) -> None:
        assert not is_marked(content(CASES[name].source))

    @pytest.mark.parametrize("written", [b"", b"nonsense", b"{}", b"[" * 10**6])
    def test_what_cannot_be_read_is_neither(self, written: bytes) -> None:
        with pytest.raises(MarkingError):
            is_marked(written)

    def test_with_damaged_metadata(self) -> None:
        made = notebook(text("a"), text("b"), answer("c"))
        made.cells[0].metadata["nbgrader"] = "yes"
        made.cells[1].metadata["nbgrader"] = {"grade": "yes"}
        assert is_marked(content(made))


class TestCocalcsOwnMarks:
    def test_cells_for_the_teacher_only_are_left_out(self) -> None:
        secret = code("the plan", grade_id="plan", remove=True)
        made = opened(student_version(content(notebook(secret, text("hello")))))
        assert [cell.source for cell in made.cells] == ["hello"]

    def test_a_multiple_choice_answer_is_kept(self) -> None:
        chosen = code('answer_7 = ""', grade_id="mc", solution=True, multiple_choice=True)
        made = opened(student_version(content(notebook(chosen))))
        assert made.cells[0].source == 'answer_7 = ""'
        assert made.cells[0].metadata["nbgrader"]["multiple_choice"] is True

    def test_mark_schemes_in_graded_cells_are_cleared(self) -> None:
        source = "assert x\n# BEGIN MARK SCHEME\n# one each\n# END MARK SCHEME"
        made = opened(student_version(content(notebook(checks(source)))))
        assert made.cells[0].source == "assert x"


class TestWhatToolsKeep:
    """Of outputs, and of pictures: all of it may be the solution."""

    def test_the_values_of_widgets_are_cleared_with_the_outputs(self) -> None:
        made = notebook(answer("x = 4"), code("x"))
        state = {"state": {"a": {"model_name": "IntSliderModel", "state": {"value": "secret"}}}}
        made.metadata["widgets"] = {"application/vnd.jupyter.widget-state+json": state}
        kept = {
            "cocalc": {"outputs": {"0": "secret"}},
            "colab": {"resources": {"x": {"data": "secret"}}},
            "executionInfo": {"status": "secret"},
            "outputId": "secret",
            "execution": {"iopub.execute_input": "secret"},
            "papermill": {"exception": "secret"},
            "ExecuteTime": {"start_time": "secret"},
        }
        made.cells[1].metadata.update(kept)
        students = student_version(content(made))
        assert b"secret" not in students
        assert opened(students).cells[1].metadata == {"tags": ["kept"]}

    def test_a_picture_goes_that_only_the_solution_showed(self) -> None:
        picture = {"image/png": "iVBORw0K"}
        solved = essay("![](attachment:solved.png)")
        solved["attachments"] = {"solved.png": picture}
        task_ = text("![](attachment:a%20plan.png)")
        task_["attachments"] = {"a plan.png": picture, "old.png": picture}
        made = opened(student_version(content(notebook(solved, task_))))
        assert "attachments" not in made.cells[0]
        assert list(made.cells[1]["attachments"]) == ["a plan.png"]


class TestLanguages:
    def test_the_notebooks_own_words_where_the_kernel_says_none(self) -> None:
        made = notebook(answer("x <- 1"))
        made.metadata.kernelspec = {"name": "ir", "display_name": "R"}
        made.metadata["language_info"] = {"name": "R"}
        assert opened(student_version(content(made))).cells[0].source == "# YOUR CODE HERE\nfail()"

    def test_python_where_nobody_says_any(self) -> None:
        made = notebook(answer("x = 1"))
        del made.metadata["kernelspec"]
        assert "NotImplementedError" in opened(student_version(content(made))).cells[0].source

    def test_one_without_a_stub_will_do_for_text(self) -> None:
        made = notebook(task("Do it."), checks("OK."), raw("."), language="cobol")
        student_version(content(made))


class TestOlderMetadata:
    @pytest.mark.parametrize("version", [1, 2])
    def test_are_brought_up_to_date(self, version: int) -> None:
        made = notebook(answer("x = 1"), checks("assert x"))
        for cell in made.cells:
            cell.metadata["nbgrader"]["schema_version"] = version
            del cell.metadata["nbgrader"]["task"]
        for cell in opened(student_version(content(made))).cells:
            assert cell.metadata["nbgrader"]["schema_version"] == 3

    def test_a_mark_that_was_taken_off(self) -> None:
        made = notebook(text("hello"))
        made.cells[0].metadata["nbgrader"] = {}
        assert opened(student_version(content(made))).cells[0].metadata == {}

    def test_keys_of_others_are_dropped(self) -> None:
        made = notebook(answer("x = 1"))
        made.cells[0].metadata["nbgrader"]["mine"] = 1
        cell = cell_of(opened(student_version(content(made))), "answer")
        assert "mine" not in cell.metadata["nbgrader"]


class TestCheckNotebook:
    def test_nothing_to_say(self) -> None:
        assert check_notebook("hw.ipynb", content(CASES["squares"].source)) is None

    def test_names_the_notebook_and_the_cell(self) -> None:
        assert check_notebook("hw.ipynb", content(CASES["bad-twice"].source)) == (
            "“hw.ipynb”: Cell 2 (“same”): it has the same id as cell 1. "
            "Give each marked cell its own id."
        )

    @pytest.mark.parametrize(
        ("written", "reason"),
        [
            (b"", "It is empty."),
            (b"{}", "It does not say which"),
            (b"[]", "It has no list of cells."),
            (b"\xff", "Its text is damaged."),
            (
                b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [1]}',
                "cells is damaged",
            ),
            (b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [{}]}', "not a Jup"),
            (b'{"nbformat": 5, "nbformat_minor": 0, "cells": []}', "format is 5"),
            (b"[" * 10**6, "nested too deeply"),
        ],
    )
    def test_what_is_no_notebook(self, written: bytes, reason: str) -> None:
        said = check_notebook("hw.ipynb", written)
        assert said is not None
        assert said.startswith("“hw.ipynb”: This ")
        assert reason in said

    def test_ids_are_put_right(self) -> None:
        made = notebook(text("a"), text("b"), text("c"))
        made.cells[0].id = made.cells[1].id = "cell-2"
        del made.cells[2]["id"]
        ids = [cell.id for cell in opened(student_version(content(made))).cells]
        assert ids == ["cell-2", "cell-2x", "cell-3"]
