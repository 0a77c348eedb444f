"""All that one person has to do with courses, in a number of queries that does not grow."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User
from django.db.models import Count, Q
from django.utils import timezone

from classroom.grading.work_state import state_query
from classroom.models import Assignment, Course, Membership, Role, Submission
from classroom.students.standing import Standing, standings

NEXT = 10  # how many of what is due next are shown
STATES_COUNTED = ("to-grade", "again", "held")  # what waits for the staff

LatePolicy = Assignment.LatePolicy


@dataclass(frozen=True, slots=True)
class CourseLine:
    """One course of somebody's; the counts are the staff's."""

    membership: Membership
    students: int = 0
    to_grade: int = 0
    again: int = 0
    held: int = 0

    @property
    def course(self) -> Course:
        return self.membership.course


@dataclass(frozen=True, slots=True)
class Dashboard:
    """What is due next, and the courses, the newest first; those that are archived, apart."""

    due_next: list[Standing]
    studying: list[CourseLine]
    teaching: list[CourseLine]  # as teacher or assistant
    archived: list[CourseLine]

    @property
    def is_empty(self) -> bool:
        return not self.studying and not self.teaching and not self.archived


def dashboard_of(user: User, now: datetime | None = None) -> Dashboard:
    """Return what a user sees over all courses that they are in."""
    now = now or timezone.now()
    memberships = list(
        Membership.objects.filter(user=user, removed=None)
        .select_related("course", "user")
        .order_by("-course__created", "-course__pk")
    )
    going_on = [member for member in memberships if member.course.archived is None]
    studying = [member for member in going_on if member.role == Role.STUDENT]
    teaching = [member for member in going_on if member.role != Role.STUDENT]
    return Dashboard(
        due_next=_due_next(studying, now),
        studying=[CourseLine(member) for member in studying],
        teaching=_with_counts(teaching),
        archived=[CourseLine(member) for member in memberships if member.course.archived],
    )


def _due_next(members: list[Membership], now: datetime) -> list[Standing]:
    """Return what is still to be done, with what is late already first."""
    if not members:
        return []
    nothing_yet = Q(submitted=None, collected=None)
    still_taken = Q(assignment__late_policy=LatePolicy.ANY) | Q(
        assignment__late_policy=LatePolicy.UNTIL, assignment__late_until__gte=now
    )
    rows = (
        Submission.objects.filter(student__in=members, assignment__handout=False, returned=None)
        .filter(Q(handed_out__isnull=False) | Q(assignment__out__isnull=False))
        .filter(Q(due__gte=now) | (nothing_yet & still_taken & Q(due__lt=now)))
        .order_by("due", "pk")
    )
    found = standings(rows.select_related("assignment__course"), now, limit=NEXT)
    courses = {member.course_id: member.course for member in members}
    for standing in found:
        standing.assignment.course = courses[standing.assignment.course_id]
    return found


def _with_counts(members: list[Membership]) -> list[CourseLine]:
    if not members:
        return []
    courses = [member.course_id for member in members]
    people = Membership.objects.filter(course__in=courses, role=Role.STUDENT, removed=None)
    work = Submission.objects.filter(
        assignment__course__in=courses,
        assignment__handout=False,
        assignment__removed=None,
        student__removed=None,
        student__role=Role.STUDENT,
    )
    students = _counted(people.values_list("course").annotate(Count("pk")))
    # As the matrix's filter finds them, where the counts lead.
    states = {state: Count("pk", filter=state_query(state)) for state in STATES_COUNTED}
    rows = work.order_by().values_list("assignment__course").annotate(**states)
    counts: dict[int, list[int]] = {course: found for course, *found in rows}
    return [
        CourseLine(
            member, students.get(member.course_id, 0), *counts.get(member.course_id, (0, 0, 0))
        )
        for member in members
    ]


def _counted(rows: Iterable[tuple[int, int]]) -> dict[int, int]:
    return dict(rows)
