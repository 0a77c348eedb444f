"""Which tests of a notebook are open: what students have of them is all that there is."""

from classroom.nbgrader.hidden_lines import split
from classroom.nbgrader.marks import mark
from classroom.nbgrader.reading import read


def hidden_tests(source: bytes) -> set[str]:
    """Return the ids of the graded cells of a teacher's notebook of which students miss lines.

    Raises MarkingError.
    """
    found = set()
    for cell in read(source).cells:
        marked = mark(cell)
        if marked is not None and marked.grade and split(cell.source)[0]:
            found.add(marked.grade_id)
    return found
