"""What *Today* shows of all courses of one person, in a number of queries that does not grow."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Count, Max, Q, QuerySet
from django.utils import timezone

from classroom.grading.waiting import Waiting, waiting
from classroom.models import Assignment, Course, Invitation, Membership, Role, Submission
from classroom.pages.sections import seen_by
from classroom.students.due_next import due_next
from classroom.students.standing import Standing
from classroom.today.failed_steps import FailedStep, failed_steps
from classroom.today.last_opened import LastOpened, last_opened

WEEK = timedelta(days=7)
CAME_BACK = timedelta(days=14)  # so long it is news
OVER = timedelta(days=90)  # so long after its last date, a course is over
MOST = 5  # of what came back


@dataclass(slots=True)
class Teaching:
    """What waits for the staff of one course."""

    membership: Membership
    waiting: Waiting
    has_assignments: bool
    failed: list[FailedStep] = field(default_factory=list)
    joined: int = 0  # this week
    invited: int = 0  # and not there yet; only teachers see the list

    @property
    def course(self) -> Course:
        return self.membership.course

    @property
    def is_quiet(self) -> bool:
        """Whether there is nothing to be done or to be known."""
        begun = self.waiting.students and self.has_assignments
        news = self.waiting.is_any or self.failed or self.joined or self.invited
        return bool(begun and not news)


@dataclass(frozen=True, slots=True)
class Board:
    """One person's *Today*."""

    studies: bool
    teaches: bool
    last_opened: LastOpened | None
    due_next: list[Standing]
    returned: list[Submission]
    teaching: list[Teaching]
    due_soon: list[Assignment]  # of the courses that they teach; with `submitted` and `students`

    @property
    def is_new(self) -> bool:
        """Whether they are in no course."""
        return not self.studies and not self.teaches

    @property
    def is_quiet(self) -> bool:
        """Whether nothing of any course waits for them."""
        return not (self.due_next or self.returned or self.teaching or self.due_soon)


def board_of(user: User, now: datetime | None = None) -> Board:
    """Return what a user sees of all courses that they are in."""
    now = now or timezone.now()
    members = list(
        Membership.objects.filter(user=user, removed=None, course__archived=None)
        .select_related("course", "user")
        .order_by("-course__created", "-course__pk")
    )
    students = [member for member in members if member.role == Role.STUDENT]
    staff = [member for member in members if member.role != Role.STUDENT]
    teaching = _teaching(staff, now)
    return Board(
        studies=bool(students),
        teaches=bool(staff),
        last_opened=last_opened(user, now),
        due_next=due_next(students, now),
        returned=_returned(students, now),
        teaching=sorted((line for line in teaching if not line.is_quiet), key=_after_work),
        due_soon=_due_soon(staff, now),
    )


def _after_work(line: Teaching) -> bool:
    """Order by whether there is work to do; within that the newest course is first."""
    return not (line.waiting.is_any or line.failed)


def _returned(members: Collection[Membership], now: datetime) -> list[Submission]:
    if not members:
        return []
    return list(
        Submission.objects.filter(student__in=members, returned__gte=now - CAME_BACK)
        .filter(assignment__removed=None)
        .select_related("assignment__course")
        .order_by("-returned")[:MOST]
    )


def _teaching(members: Collection[Membership], now: datetime) -> list[Teaching]:
    """Return what waits in each course that is not long over."""
    if not members:
        return []
    dated = _dated([member.course_id for member in members])
    current = {
        member.course_id: member
        for member in members
        if max(dated.get(member.course_id) or member.course.created, member.joined) > now - OVER
    }
    found = waiting(current.values())
    failed = failed_steps(current.values(), now)
    [mine] = seen_by(current.values(), "")
    lately = Membership.objects.filter(
        mine, course__in=current, role=Role.STUDENT, removed=None, joined__gte=now - WEEK
    )
    joined = _counts(lately)
    invited = _counts(Invitation.objects.filter(mine, course__in=current, accepted=None))
    return [
        Teaching(
            member,
            found[course],
            has_assignments=course in dated,
            failed=failed.get(course, []),
            joined=joined.get(course, 0),
            invited=invited.get(course, 0) if member.is_teacher else 0,
        )
        for course, member in current.items()
    ]


def _dated(courses: Collection[int]) -> dict[int, datetime]:
    """Return the last date of each course that has assignments."""
    dates = [Max(name) for name in ("created", "release", "out", "due", "late_until")]
    rows = Assignment.objects.filter(course__in=courses, removed=None).order_by()
    return {
        course: max(filter(None, found))
        for course, *found in rows.values_list("course").annotate(*dates)
    }


def _counts(rows: "QuerySet[Any]") -> dict[int, int]:
    return dict(rows.order_by().values_list("course").annotate(Count("pk")))


def _due_soon(staff: Collection[Membership], now: datetime) -> list[Assignment]:
    """Return what is due within a week, with how many have submitted of how many."""
    if not staff:
        return []
    courses = {member.course_id: member.course for member in staff}
    [mine] = seen_by(staff, "submissions__student__")
    present = mine & Q(submissions__student__removed=None, submissions__student__role=Role.STUDENT)
    done = Q(submissions__submitted__isnull=False)
    found: list[Assignment] = list(
        Assignment.objects.filter(course__in=courses, handout=False, removed=None)
        .filter(due__gte=now, due__lt=now + WEEK)
        .annotate(
            students=Count("submissions", filter=present),
            submitted=Count("submissions", filter=present & done),
        )
        .order_by("due", "pk")
    )
    for each in found:
        each.course = courses[each.course_id]
    return found
