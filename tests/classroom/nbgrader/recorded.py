"""What nbgrader 0.9.6 made of the cases; `record.py` says how it was recorded."""

import json
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from classroom.nbgrader.student_version import student_version
from tests.classroom.nbgrader.cases import CASES
from tests.classroom.nbgrader.notebooks import content

_DATA = Path(__file__).with_name("data")
RECORDED: dict[str, Any] = {
    name: json.loads((_DATA / f"{name}.json").read_text()) for name in CASES
}


def released(name: str) -> NotebookNode:
    """Our students' version of a case."""
    return opened(student_version(content(CASES[name].source)))


def opened(written: bytes) -> NotebookNode:
    """A notebook from a file."""
    made: NotebookNode = nbformat.v4.reads(written.decode())
    nbformat.validate(made)
    return made
