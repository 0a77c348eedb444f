"""Which cells of a teacher's notebook are graded: its questions, as they stand there."""

from dataclasses import dataclass

from classroom.nbgrader.marks import check, for_teacher_only, mark
from classroom.nbgrader.reading import read


@dataclass(frozen=True, slots=True)
class QuestionCell:
    """A cell that is graded."""

    grade_id: str
    points: float
    by_hand: bool  # whether only a person can say what its answer is worth


def question_cells(source: bytes) -> list[QuestionCell]:
    """Return the cells of a teacher's notebook that are graded. Raises MarkingError."""
    notebook = read(source)
    check(notebook)
    found = []
    for cell in notebook.cells:
        marked = mark(cell)
        if marked is None or not (marked.grade or marked.task) or for_teacher_only(cell):
            continue
        by_hand = marked.task or marked.solution or cell.cell_type != "code"
        found.append(QuestionCell(marked.grade_id, marked.points, by_hand))
    return found
