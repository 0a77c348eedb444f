"""When work is due, late, and no longer taken. All times are moments; zones are for people.

A student's own due time is the extension's where there is one, else the assignment's. Work that
comes up to and at that moment is in time. Later work is late, and is taken as the assignment's
policy says: not at all, until a last moment (never before the student's own due time), or always.
"""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from classroom.models import Assignment, Course, Extension, Membership, Role, Submission

LatePolicy = Assignment.LatePolicy


def is_late(submission: Submission, at: datetime) -> bool:
    """Whether work that comes at this moment is late."""
    return submission.due is not None and at > submission.due


def last_moment(submission: Submission) -> datetime | None:
    """Return until when work is taken; None where it always is."""
    assignment = submission.assignment
    if submission.due is None or assignment.late_policy == LatePolicy.ANY:
        return None
    if assignment.late_policy == LatePolicy.UNTIL and assignment.late_until:
        return max(submission.due, assignment.late_until)
    return submission.due


def is_taken(submission: Submission, at: datetime) -> bool:
    """Whether work that comes at this moment is taken."""
    last = last_moment(submission)
    return last is None or at <= last


def submissions_ensure(course: Course) -> None:
    """Make sure that each student of the course has a row for each assignment."""
    students = list(
        Membership.objects.filter(course=course, role=Role.STUDENT, removed=None).values_list(
            "pk", flat=True
        )
    )
    for assignment in Assignment.objects.filter(course=course, removed=None):
        there = set(
            Submission.objects.filter(assignment=assignment).values_list("student_id", flat=True)
        )
        Submission.objects.bulk_create(
            (
                Submission(assignment=assignment, student_id=student, due=assignment.due)
                for student in students
                if student not in there
            ),
            ignore_conflicts=True,
        )


def due_update(assignment: Assignment, students: Iterable[int] | None = None) -> None:
    """After a due time or an extension changed: write each student's own due time down."""
    rows = Submission.objects.filter(assignment=assignment)
    if students is not None:
        rows = rows.filter(student__in=list(students))
    extended = dict(
        Extension.objects.filter(assignment=assignment).values_list("student_id", "due")
    )
    with transaction.atomic():
        rows.exclude(student__in=list(extended)).update(due=assignment.due)
        for student, due in extended.items():
            rows.filter(student=student).update(due=due)
