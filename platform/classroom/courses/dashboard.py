"""All courses of one person, in a number of queries that does not grow."""

from dataclasses import dataclass, field

from django.contrib.auth.models import User

from classroom.grading.waiting import Waiting, waiting
from classroom.models import Course, Membership, Role


@dataclass(frozen=True, slots=True)
class CourseLine:
    """One course of somebody's; what waits there is the staff's."""

    membership: Membership
    waiting: Waiting = field(default_factory=Waiting)

    @property
    def course(self) -> Course:
        return self.membership.course


@dataclass(frozen=True, slots=True)
class Dashboard:
    """The courses, the newest first; those that are archived, apart."""

    studying: list[CourseLine]
    teaching: list[CourseLine]  # as teacher or assistant
    archived: list[CourseLine]

    @property
    def is_empty(self) -> bool:
        return not self.studying and not self.teaching and not self.archived


def dashboard_of(user: User) -> Dashboard:
    """Return the courses that a user is in."""
    memberships = list(
        Membership.objects.filter(user=user, removed=None)
        .select_related("course", "user")
        .order_by("-course__created", "-course__pk")
    )
    going_on = [member for member in memberships if member.course.archived is None]
    teaching = [member for member in going_on if member.role != Role.STUDENT]
    found = waiting(teaching)
    return Dashboard(
        studying=[CourseLine(member) for member in going_on if member.role == Role.STUDENT],
        teaching=[CourseLine(member, found[member.course_id]) for member in teaching],
        archived=[CourseLine(member) for member in memberships if member.course.archived],
    )
