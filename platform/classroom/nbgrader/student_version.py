"""The students' version of a marked notebook: what `nbgrader generate_assignment` makes of it."""

from urllib.parse import quote

import nbformat

from classroom.nbgrader.marks import check, checksum, for_teacher_only, is_flagged, mark
from classroom.nbgrader.reading import MarkingError, name, read, write
from classroom.nbgrader.regions import (
    CODE_STUBS,
    HIDDEN_TESTS,
    MARK_SCHEME,
    SOLUTION,
    TEXT_STUB,
    clear,
    language,
)
from classroom.nbgrader.words import Words, noop

# Metadata in which tools keep outputs, or what they know of the last run: widgets' values can be
# a solution as much as a printed line. CoCalc keeps there what no output of Jupyter's can hold.
_KEPT_OF_OUTPUTS = (
    "widgets",
    "cocalc",
    "colab",
    "executionInfo",
    "outputId",
    "execution",
    "papermill",
    "ExecuteTime",
)


def is_marked(notebook: bytes) -> bool:
    """Whether any cell is marked for nbgrader; MarkingError for what cannot be read.

    What cannot be read is neither: its solutions would go out with it.
    """
    return any(is_flagged(cell.metadata.get("nbgrader")) for cell in read(notebook).cells)


def student_version(source: bytes) -> bytes:
    """Return what the students get of a teacher's notebook.

    Solutions are replaced by a stub in the notebook's language, hidden tests, mark schemes and
    outputs are cleared, with all that tools keep of them; pictures go that only a solution showed.
    Tests are locked, and checksums are computed. Raises MarkingError where the notebook is marked
    unsoundly. An unmarked notebook comes out without its outputs.
    """
    notebook = original(source)
    for number, cell in enumerate(notebook.cells):
        found = mark(cell)
        for kind in (HIDDEN_TESTS, MARK_SCHEME):
            cell.source, _ = clear(cell.source, kind, found, name(number, cell))
        _clear_attachments(cell)
        _sum_up(cell)
    return write(notebook)


def original(source: bytes) -> nbformat.NotebookNode:
    """Return a teacher's notebook as the autograder needs it: with its tests, without solutions."""
    notebook = read(source)
    check(notebook)
    for key in ("celltoolbar", *_KEPT_OF_OUTPUTS):
        notebook.metadata.pop(key, None)
    stub = CODE_STUBS.get(language(notebook))
    for number, cell in enumerate(notebook.cells):
        where = name(number, cell)
        _refuse_autotest(cell, where)
        _clear_solution(cell, stub, where)
        clear_outputs(cell)
        _lock(cell)
        _sum_up(cell)
    notebook.cells = [cell for cell in notebook.cells if not for_teacher_only(cell)]
    return notebook


def clear_outputs(cell: nbformat.NotebookNode) -> None:
    """Take away what running the cell has left."""
    if cell.cell_type == "code":
        cell.outputs = []
        cell.execution_count = None
        for key in ("collapsed", "scrolled", *_KEPT_OF_OUTPUTS):
            cell.metadata.pop(key, None)


def _clear_attachments(cell: nbformat.NotebookNode) -> None:
    """Take pictures out that the cell does not show: their lines were taken out."""
    attached = cell.get("attachments")
    if not attached:
        return
    for key in list(attached):
        if all(f"attachment:{each}" not in cell.source for each in (key, quote(key))):
            del attached[key]
    if not attached:
        del cell["attachments"]


def _refuse_autotest(cell: nbformat.NotebookNode, where: Words) -> None:
    if cell.cell_type == "code" and "AUTOTEST" in cell.source:
        raise MarkingError(
            noop(
                "%(cell)s: “AUTOTEST” asks nbgrader to write the tests, which this site cannot do. "
                "Write the tests yourself."
            ),
            cell=where,
        )


def _clear_solution(cell: nbformat.NotebookNode, code: str | None, where: Words) -> None:
    found = mark(cell)
    stub = code if cell.cell_type == "code" else TEXT_STUB
    cell.source, had_region = clear(cell.source, SOLUTION, found, where, stub)
    if found is None or not found.solution or found.multiple_choice:
        return
    if stub is None:
        raise MarkingError(
            noop(
                "%(cell)s: this site cannot replace solutions in the notebook's language. "
                "Choose a kernel of Python, Sage, R, Julia, Octave, MATLAB, C++, Java or SAS."
            ),
            cell=where,
        )
    if not had_region:
        cell.source = stub


def _lock(cell: nbformat.NotebookNode) -> None:
    found = mark(cell)
    if found is None or not (found.solution or found.locked):
        return
    cell.metadata["deletable"] = False
    if found.locked:
        cell.metadata["editable"] = False


def _sum_up(cell: nbformat.NotebookNode) -> None:
    found = mark(cell)
    if found is not None and (found.grade or found.solution or found.locked):
        cell.metadata["nbgrader"]["checksum"] = checksum(cell, found)
        cell.metadata["nbgrader"]["cell_type"] = cell.cell_type
