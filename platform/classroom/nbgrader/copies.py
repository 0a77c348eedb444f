"""Copies of a marked notebook under another name, known by the ids of its marked cells."""

from classroom.nbgrader.marks import grade_id
from classroom.nbgrader.reading import MarkingError, read
from classroom.nbgrader.student_version import student_version


def grade_ids(content: bytes) -> frozenset[str]:
    """Return the ids of a notebook's marked cells; none of what cannot be read."""
    try:
        cells = read(content).cells
    except MarkingError:
        return frozenset()
    return frozenset(filter(None, map(grade_id, cells)))


def is_untouched(submitted: bytes, source: bytes) -> bool:
    """Whether a student wrote nothing into a notebook; run, it may be.

    Raises MarkingError where one of them cannot be read.
    """
    given = {(cell.cell_type, cell.source.strip()) for cell in read(student_version(source)).cells}
    return all(
        (cell.cell_type, cell.source.strip()) in given
        for cell in read(submitted).cells
        if cell.source.strip()
    )
