"""A small notebook as a teacher marks it for nbgrader."""

import json
from typing import Any

SOLUTION = "return [k * k for k in range(1, n + 1)]"
HIDDEN = "assert squares(3) == [1, 4, 9]"

_SQUARES = f"""### BEGIN SOLUTION
def squares(n):
    {SOLUTION}
### END SOLUTION"""
_TEST = f"""assert squares(1) == [1]
### BEGIN HIDDEN TESTS
{HIDDEN}
### END HIDDEN TESTS"""


def _cell(kind: str, source: str, grade_id: str = "", **marks: object) -> dict[str, Any]:
    cell: dict[str, Any] = {"cell_type": kind, "metadata": {}, "source": source}
    cell["id"] = grade_id or "title"
    if kind == "code":
        cell |= {"outputs": [], "execution_count": None}
    if grade_id:
        unmarked = {"grade": False, "solution": False, "locked": False, "task": False}
        own = {"schema_version": 3, "grade_id": grade_id}
        cell["metadata"]["nbgrader"] = own | unmarked | marks
    return cell


def marked_notebook() -> bytes:
    """A teacher's: a solution, a visible and a hidden test for 2 points, 3 points by hand."""
    cells = [
        _cell("markdown", "# Squares\n\nWrite `squares(n)`: the squares of 1 to n."),
        _cell("code", _SQUARES, "squares", solution=True),
        _cell("code", _TEST, "squares-test", grade=True, locked=True, points=2),
        _cell("markdown", "Why is this right?", "why", grade=True, solution=True, points=3),
    ]
    kernel = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    return json.dumps(
        {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    ).encode()
