"""What the steps say of folders: where the course's own are, and paths as words."""

import shlex
from collections.abc import Sequence

from classroom.carrying.calls import Refused
from classroom.models import Course
from classroom.rules import manifest
from embedding.cocalc.paths import clean_path
from embedding.problems import Problem


def quoted(path: str) -> str:
    """Make a path safe for bash; no name is taken for an option. Raises ValueError."""
    return shlex.quote(f"./{clean_path(path)}")


def course_project(course: Course) -> str:
    """Return the id of the course's own project; Problem while it is not there."""
    if course.project.project_id is None:
        raise Problem(
            "unprepared",
            "The course's own project is not there yet; it is being prepared.",
            status=409,
            recoverable=True,
        )
    return str(course.project.project_id)


def few(paths: Sequence[str], count: int = 0) -> str:
    """Say a few paths of many; `count` is how many there are where not all are given."""
    shown = ", ".join(f"“{path}”" for path in paths[:3])
    more = max(count, len(paths)) - 3
    return shown if more <= 0 else f"{shown} and {more} more"


def for_teacher(refused: Refused) -> Problem:
    """Say what a student's project refused, for the teacher who asked."""
    if refused.code in ("too_many", "too_large"):
        return manifest.too_much(refused.folder)
    if refused.code == "in_the_way":
        return Problem(
            "in_the_way",
            f"The student has a file or a link called “{refused.path}”, where the folder is to be: "
            "it must be renamed first.",
            status=409,
        )
    return refused
