"""The link by which students join a course on their own."""

import uuid

from django.contrib.auth.models import User
from django.db import transaction

from classroom.models import Course
from embedding.models import Event


def join_link_renew(course: Course, *, actor: User) -> None:
    """Open the course to whoever has the new link; an old one is worthless from now on."""
    _join_code(course, uuid.uuid4(), "course.join_link_renewed", actor)


def join_link_close(course: Course, *, actor: User) -> None:
    """Let nobody in by a link any more."""
    _join_code(course, None, "course.join_link_closed", actor)


def _join_code(course: Course, code: uuid.UUID | None, action: str, actor: User) -> None:
    with transaction.atomic():
        course.join_code = code
        course.save(update_fields=["join_code"])
        # The code itself lets people in, so it is no part of the log.
        Event.log(action, str(course), actor=actor.get_username(), course=course.pk)
