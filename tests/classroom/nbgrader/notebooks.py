"""Notebooks for the tests, in few words."""

from typing import Any

import nbformat
from nbformat import NotebookNode

KERNELS = {
    "python": {"name": "python3", "display_name": "Python 3", "language": "python"},
    "R": {"name": "ir", "display_name": "R", "language": "R"},
    "octave": {"name": "octave", "display_name": "Octave", "language": "octave"},
    "matlab": {"name": "matlab", "display_name": "MATLAB", "language": "matlab"},
    "java": {"name": "java", "display_name": "Java", "language": "java"},
    "sas": {"name": "sas", "display_name": "SAS", "language": "sas"},
    "cobol": {"name": "cobol", "display_name": "COBOL", "language": "cobol"},
}


def notebook(*cells: NotebookNode, language: str = "python", minor: int = 5) -> NotebookNode:
    """A notebook of these cells, with ids that do not change."""
    for number, cell in enumerate(cells):
        cell.pop("id", None)
        if minor >= 5:
            cell["id"] = f"c{number}"
    made: NotebookNode = nbformat.from_dict(
        {
            "nbformat": 4,
            "nbformat_minor": minor,
            "metadata": {"kernelspec": KERNELS[language]},
            "cells": list(cells),
        }
    )
    return made


def content(made: NotebookNode) -> bytes:
    """A notebook as it is in a file."""
    text: str = nbformat.v4.writes_json(made)
    return text.encode()


def code(source: str, **marks: Any) -> NotebookNode:
    """A code cell that has been run, marked if there are marks."""
    cell: NotebookNode = nbformat.v4.new_code_cell(
        source,
        execution_count=7,
        outputs=[nbformat.v4.new_output("stream", name="stdout", text="old")],
        metadata={"collapsed": True, "tags": ["kept"]},
    )
    return _marked(cell, marks)


def text(source: str, **marks: Any) -> NotebookNode:
    """A Markdown cell."""
    cell: NotebookNode = nbformat.v4.new_markdown_cell(source)
    return _marked(cell, marks)


def raw(source: str, **marks: Any) -> NotebookNode:
    """A raw cell."""
    cell: NotebookNode = nbformat.v4.new_raw_cell(source)
    return _marked(cell, marks)


def answer(source: str, grade_id: str = "answer") -> NotebookNode:
    """An autograded answer."""
    return code(source, grade_id=grade_id, solution=True)


def checks(source: str, grade_id: str = "test", points: float = 2) -> NotebookNode:
    """Autograder tests."""
    return code(source, grade_id=grade_id, grade=True, locked=True, points=points)


def essay(source: str, grade_id: str = "essay", points: float = 3) -> NotebookNode:
    """A manually graded answer in Markdown."""
    return text(source, grade_id=grade_id, grade=True, solution=True, points=points)


def task(source: str, grade_id: str = "task", points: float = 4) -> NotebookNode:
    """A manually graded task."""
    return text(source, grade_id=grade_id, task=True, locked=True, points=points)


def cell_of(made: NotebookNode, grade_id: str) -> NotebookNode:
    """The last cell with this id."""
    found: NotebookNode = [
        cell for cell in made.cells if cell.metadata.get("nbgrader", {}).get("grade_id") == grade_id
    ][-1]
    return found


def _marked(cell: NotebookNode, marks: dict[str, Any]) -> NotebookNode:
    if marks:
        cell.metadata["nbgrader"] = nbformat.from_dict(
            {
                "schema_version": 3,
                "grade": False,
                "solution": False,
                "locked": False,
                "task": False,
                **marks,
            }
        )
    return cell
