"""What students get back."""

import nbformat

from classroom.nbgrader.feedback import feedback_notebook
from tests.classroom.nbgrader.notebooks import checks, content, notebook, task
from tests.classroom.nbgrader.recorded import opened


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
