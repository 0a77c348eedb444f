"""Whose a project is, and what was done to works: for the audit log."""

from collections.abc import Iterable
from typing import Any

from django.contrib.auth.models import User

from classroom.models import Course, Membership, Submission
from embedding.models import CocalcProject, Event
from embedding.services.acts import Whose, finder


@finder
def whose_project(project: CocalcProject) -> Whose | None:
    """Say that a student's project is the student's, and a course's everybody's in it."""
    owner = Membership.objects.filter(project=project).select_related("user").first()
    if owner:
        return Whose(owner.user.get_username(), f"course:{owner.course_id}")
    course = Course.objects.filter(project=project).only("pk").first()
    return Whose("", f"course:{course.pk}") if course else None


def works_changed(
    action: str, works: Iterable[Submission], *, by: User | None, **detail: Any
) -> None:
    """Write down for each work, whose student and assignment are at hand, what was done to it."""
    Event.objects.bulk_create(
        (
            Event.made(
                action,
                str(work.assignment),
                actor=by.get_username() if by else "",
                whom=work.student.user.get_username(),
                course=work.assignment.course_id,
                assignment=work.assignment_id,
                **detail,
            )
            for work in works
        ),
        batch_size=200,
    )
