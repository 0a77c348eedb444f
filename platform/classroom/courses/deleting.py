"""Deleting a course for good: what goes with it, said before it is asked for."""

from collections.abc import Iterator

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import ngettext

from classroom.engine import queue
from classroom.models import Assignment, Course, Kind, Membership, Role, Snapshot, Submission
from classroom.rules.course_projects import projects_of
from embedding.models import Event


def goes_with(course: Course) -> Iterator[str]:
    """Say what is deleted with a course, of each kind how much."""
    students = Membership.objects.filter(course=course, role=Role.STUDENT).count()
    assignments = Assignment.objects.filter(course=course).count()
    submitted = Snapshot.objects.filter(submission__assignment__course=course).count()
    scores = Submission.objects.filter(assignment__course=course, score__isnull=False).count()
    projects = projects_of(course).filter(project_id__isnull=False).count()
    for count, said in (
        (
            students,
            ngettext(
                "the membership of %(n)s student", "the memberships of %(n)s students", students
            ),
        ),
        (
            assignments,
            ngettext(
                "%(n)s assignment or handout with its files",
                "%(n)s assignments and handouts with their files",
                assignments,
            ),
        ),
        (
            submitted,
            ngettext("%(n)s submission", "%(n)s submissions", submitted),
        ),
        (
            scores,
            ngettext("%(n)s score with its comment", "%(n)s scores with their comments", scores),
        ),
        (
            projects,
            ngettext(
                "%(n)s project on CoCalc with all its files",
                "%(n)s projects on CoCalc with all their files, also the students’ own work",
                projects,
            ),
        ),
    ):
        if count:
            yield said % {"n": count}


def course_delete(course: Course, *, actor: User) -> None:
    """Have a worker delete it; nothing is gone before that has begun."""
    with transaction.atomic():
        by = actor.get_username()
        queue.transfer_add(course, Kind.DELETE, options={"by": by}, priority=queue.USUAL)
        Event.log("course.delete_asked", str(course), actor=by, course=course.pk)
