"""An administrator looks into a course in which they are not: as its teachers, and reading only.

It begins with a reason, which is kept as an event, and ends after an hour, by *Stop looking*, or
by signing out. It lives in the session of the browser that asked for it, and counts only while its
user is staff who may see courses. Nobody becomes a member by it: no project opens.
"""

import time
from datetime import UTC, datetime

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.utils.translation import gettext as _

from classroom.models import Course, Membership, Role
from embedding.models import Event
from embedding.views.access import user_of

PERMISSION = "classroom.view_course"
SECONDS = 3600
_KEY = "looks_into"


class LooksOnly(PermissionDenied):
    """Whoever looks into a course changes nothing; `title` and `text` say so."""

    @property
    def title(self) -> str:
        return _("Nothing was changed")

    @property
    def text(self) -> str:
        return _("You look into this course as an administrator, so you can read and not change.")


def look_begin(request: HttpRequest, course: Course, reason: str) -> None:
    """Let this browser's user look into a course for an hour, and write down why.

    PermissionDenied for whoever is no administrator of courses.
    """
    if not _may(request):
        raise PermissionDenied
    Event.log(
        "course.looked_into",
        str(course),
        actor=user_of(request).get_username(),
        course=course.pk,
        reason=reason,
    )
    request.session[_KEY] = [course.pk, int(time.time()) + SECONDS]


def look_end(request: HttpRequest) -> int | None:
    """Stop looking; return the id of the course that was looked into, if there is one."""
    given = request.session.pop(_KEY, None)
    if given is None:
        return None
    course = int(given[0])
    found = Course.objects.filter(pk=course).first()
    Event.log(
        "course.look_ended",
        str(found or course),
        actor=user_of(request).get_username(),
        course=course,
    )
    return course


def as_teacher(request: HttpRequest, course: int) -> Membership | None:
    """Return what stands for the membership of whoever looks into this course; None for others.

    It is never stored. The request says from now on that somebody looks, and until when.
    """
    looked, until = request.session.get(_KEY, (None, 0))
    if looked is None or looked != course or until < time.time() or not _may(request):
        return None
    found = Course.objects.select_related("project").filter(pk=looked).first()
    if found is None:
        return None
    found.join_code = None  # a link that lets somebody in is the teachers'
    request.looks_until = datetime.fromtimestamp(until, UTC)  # type: ignore[attr-defined]
    return Membership(course=found, user=user_of(request), role=Role.TEACHER)


def until(request: HttpRequest) -> datetime | None:
    """Return until when whoever asks for this page looks; None for everybody else."""
    return getattr(request, "looks_until", None)


def _may(request: HttpRequest) -> bool:
    user = user_of(request)
    return user.is_staff and user.has_perm(PERMISSION)
