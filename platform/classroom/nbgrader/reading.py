"""Notebooks for the class, read and written; a sentence says why one cannot be.

What can be repaired is repaired when it is read (`embedding.ipynb`), so that a student's work is
graded whatever program saved it; what is written from here is as Jupyter's format has it.
"""

import nbformat

from classroom.nbgrader.words import Translate, Value, Words, noop
from embedding.ipynb.reading import Excess, NotANotebook
from embedding.ipynb.reading import read as read_any
from embedding.ipynb.whole import repair_ids


class MarkingError(Exception):
    """A notebook that cannot be handed out or graded; a sentence says why and what to do.

    As a text it is English; for people it is `said`.
    """

    def __init__(self, text: str, **values: Value) -> None:
        self.words = Words.of(text, **values)
        super().__init__(str(self.words))

    def said(self, translate: Translate, path: str = "") -> str:
        """Say why, in a language, and of which file."""
        words = self.words
        if path:
            words = Words.of(noop("“%(path)s”: %(words)s"), path=path, words=words)
        return words.said(translate)


def read(content: bytes) -> nbformat.NotebookNode:
    """Return a valid notebook of format 4. Raises MarkingError and nothing else."""
    try:
        return read_any(content)
    except Excess:
        raise MarkingError(
            noop(
                "This notebook has too many parts, or its parts are nested too deeply. "
                "Clear its outputs and save it again."
            )
        ) from None
    except NotANotebook as reason:
        raise MarkingError(
            noop("This is not a Jupyter notebook. %(reason)s Open it in CoCalc and save it again."),
            reason=Words.of(reason.template, **reason.values),
        ) from None


def write(notebook: nbformat.NotebookNode) -> bytes:
    """Return the notebook as Jupyter would save it."""
    repair_ids(notebook)
    try:
        text: str = nbformat.v4.writes_json(notebook)
    except RecursionError:
        raise MarkingError(
            noop(
                "The parts of this notebook are nested too deeply. "
                "Clear its outputs and save it again."
            )
        ) from None
    return (text + "\n").encode()


def name(number: int, cell: nbformat.NotebookNode) -> Words:
    """Name a cell for the teacher: “Cell 3 (“squares”)”; `number` counts from 0."""
    given = cell.metadata.get("nbgrader")
    grade_id = given.get("grade_id") if isinstance(given, dict) else None
    if isinstance(grade_id, str) and grade_id:
        return Words.of(noop("Cell %(number)s (“%(name)s”)"), number=number + 1, name=grade_id[:60])
    return Words.of(noop("Cell %(number)s"), number=number + 1)
