"""Which cells of a teacher's notebook are graded: its questions, as they stand there."""

from dataclasses import dataclass

import nbformat

from classroom.nbgrader.hidden_lines import split
from classroom.nbgrader.marks import Mark, check, for_teacher_only, mark
from classroom.nbgrader.reading import read


@dataclass(frozen=True, slots=True)
class QuestionCell:
    """A cell that is graded."""

    grade_id: str
    points: float
    by_hand: bool  # whether only a person can say what its answer is worth
    hidden: bool  # whether students see nothing of the test


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
        hidden = is_hidden(cell, marked)
        found.append(QuestionCell(marked.grade_id, marked.points, by_hand, hidden))
    return found


def is_hidden(cell: nbformat.NotebookNode, marked: Mark) -> bool:
    """Whether a cell of a teacher's notebook is a test of which students see nothing."""
    hidden, others = split(cell.source)
    is_test = marked.grade and not (marked.solution or marked.task)
    return is_test and bool(hidden) and not "".join(others).strip()
