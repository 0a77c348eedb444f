"""What students get back."""

import nbformat

from classroom.nbgrader.autograde import CellScore, Result
from classroom.nbgrader.feedback import feedback_notebook, feedback_table
from tests.classroom.nbgrader.notebooks import checks, content, notebook, task
from tests.classroom.nbgrader.recorded import opened


def test_the_table() -> None:
    result = Result(
        (
            CellScore("squares-test", 2.0, 2.0, False),
            CellScore("b", 1 / 3, 1.5, False),
            CellScore("why", 0.0, 3.0, True),
        ),
        (),
    )
    assert feedback_table(result) == (
        "| Problem     | Score     |\n"
        "|:------------|:----------|\n"
        "| squares-test| 2/2       |\n"
        "| b           | 0.3333/1.5|\n"
        "| why         | –/3       |\n"
    )


def test_the_table_of_nothing() -> None:
    assert feedback_table(Result((), ())) == (
        "| Problem   | Score     |\n|:----------|:----------|\n"
    )


def test_the_notebook_without_hidden_tests() -> None:
    made = notebook(
        checks("assert a\n### BEGIN HIDDEN TESTS\nassert secret\n### END HIDDEN TESTS\nassert b"),
        task("Do.\n=== BEGIN MARK SCHEME ===\nsecret"),
        checks("assert c", "open"),
    )
    for cell in (made.cells[0], made.cells[2]):
        cell.outputs = [
            nbformat.v4.new_output("error", ename="E", evalue="e", traceback=["in secret"])
        ]
    cells = opened(feedback_notebook(content(made))).cells
    assert [cell.source for cell in cells] == ["assert a\nassert b", "Do.", "assert c"]
    assert cells[0].outputs[0].traceback == ["E: e"]
    assert cells[2].outputs[0].traceback == ["in secret"]
