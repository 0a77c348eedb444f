"""What the steps say of folders: where the course's own are, and paths as words."""

import shlex
from collections.abc import Sequence

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

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
            _("The course's own project is still being prepared."),
            status=409,
            recoverable=True,
        )
    return str(course.project.project_id)


def few(paths: Sequence[str], count: int = 0) -> str:
    """Say a few paths of many; `count` is how many there are where not all are given."""
    shown = pgettext("list", ", ").join(_("“%(name)s”") % {"name": path} for path in paths[:3])
    more = max(count, len(paths)) - 3
    if more <= 0:
        return shown
    return _("%(names)s and %(more)s more") % {"names": shown, "more": more}


def not_arrived(paths: Sequence[str]) -> str:
    """Say of files that they are not there as they were sent."""
    return _("These files did not arrive as they were sent: %(names)s.") % {"names": few(paths)}


def for_teacher(refused: Refused) -> Problem:
    """Say what a student's project refused, for the teacher who asked."""
    if refused.code in ("too_many", "too_large"):
        return manifest.too_much(refused.folder)
    if refused.code == "in_the_way":
        return Problem(
            "in_the_way",
            _(
                "In the student's project “%(path)s” must be a folder, but it is a file or a link. "
                "The student has to rename it first."
            )
            % {"path": refused.path},
            status=409,
        )
    return refused
