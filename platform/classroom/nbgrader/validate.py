"""Whether a notebook can be handed out, in a sentence for the teacher."""

from classroom.nbgrader.reading import MarkingError
from classroom.nbgrader.student_version import student_version


def check_notebook(name: str, content: bytes) -> str | None:
    """Say what is wrong with a notebook: that it is none, or how it is marked. None if nothing."""
    try:
        student_version(content)
    except MarkingError as error:
        return f"“{name}”: {error}"
    return None
