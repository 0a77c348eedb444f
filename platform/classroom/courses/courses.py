"""Courses: made and changed."""

import uuid
from collections.abc import Iterable

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from classroom.engine.holding import cancel
from classroom.models import Course, Kind, Role, Submission, Transfer
from classroom.people import roster
from classroom.rules.penalties import penalties_update
from embedding.models import Event
from embedding.services import mapping


def course_create(
    user: User,
    *,
    title: str,
    time_zone: str,
    term: str = "",
    description: str = "",
    uid: uuid.UUID | None = None,
) -> Course:
    """Make a course, with its maker as its first teacher; CoCalc's part follows in a worker."""
    uid = uid or uuid.uuid4()
    with transaction.atomic():
        course = Course.objects.create(
            uid=uid,
            title=title,
            term=term,
            description=description,
            time_zone=time_zone,
            project=mapping.project_row(f"course:{uid}", title=title, owner=user),
        )
        roster.enrol(course, [roster.Place(user)], role=Role.TEACHER, actor=user)
        Event.log("course.created", str(course), actor=user.get_username(), course=course.pk)
    return course


def course_change(course: Course, changed: Iterable[str], *, actor: User) -> int:
    """Write down the fields of a course that a teacher has changed.

    Return how many scores count otherwise, because there are other late days.
    """
    others = 0
    with transaction.atomic():
        course.save(update_fields=list(changed))
        if "late_days" in changed:
            others = penalties_update(Submission.objects.filter(assignment__course=course))
        Event.log(
            "course.changed",
            str(course),
            actor=actor.get_username(),
            course=course.pk,
            fields=list(changed),
        )
    return others


def course_archive(course: Course, *, actor: User) -> None:
    """Let nothing be changed in a course any more. What has not begun does not begin.

    What a student has submitted is still taken in: it was submitted before.
    """
    with transaction.atomic():
        here = Course.objects.filter(pk=course.pk, archived=None)
        if here.update(archived=timezone.now()):
            waiting = Transfer.objects.filter(course=course, assignment__isnull=False)
            cancel(waiting.exclude(kind=Kind.SUBMIT))
            Event.log("course.archived", str(course), actor=actor.get_username(), course=course.pk)


def course_bring_back(course: Course, *, actor: User) -> None:
    """Let an archived course go on. Dates that came meanwhile act from now on."""
    with transaction.atomic():
        if Course.objects.filter(pk=course.pk, archived__isnull=False).update(archived=None):
            Event.log(
                "course.brought_back", str(course), actor=actor.get_username(), course=course.pk
            )
