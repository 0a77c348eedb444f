"""Whether a notebook can be handed out, in a sentence for the teacher."""

from classroom.nbgrader.reading import MarkingError
from classroom.nbgrader.student_version import student_version
from classroom.nbgrader.words import Translate


def check_notebook(name: str, content: bytes, translate: Translate = str) -> str | None:
    """Say what is wrong with a notebook: that it is none, or how it is marked. None if nothing."""
    try:
        student_version(content)
    except MarkingError as error:
        return error.said(translate, name)
    return None
