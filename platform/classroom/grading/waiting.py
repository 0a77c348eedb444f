"""What waits for the staff of several courses, in two queries, however many they are."""

from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery

from classroom.grading.work_state import state_query
from classroom.models import Course, Membership, Role, Submission

# As the matrix's filter finds them, where the counts lead.
COUNTED = ("to-grade", "again", "held")


@dataclass(frozen=True, slots=True)
class Waiting:
    """The counts of one course, and whose work is the first to grade."""

    students: int = 0
    to_grade: int = 0
    again: int = 0
    held: int = 0
    first_assignment: int | None = None
    first_student: int | None = None

    @property
    def is_any(self) -> bool:
        """Whether somebody has to look at work."""
        return bool(self.to_grade or self.again or self.held)


def waiting(staff: Collection[Membership]) -> dict[int, Waiting]:
    """Return what waits in the courses of these teachers and assistants."""
    courses = [member.course_id for member in staff]
    first = _work().filter(state_query("to-grade"), assignment__course=OuterRef("pk"))
    first = first.order_by(
        *("assignment__due", "assignment", "student__user__last_name"),
        *("student__user__first_name", "student__user__username"),
    )
    present = Q(memberships__role=Role.STUDENT, memberships__removed=None)
    rows = (
        Course.objects.filter(pk__in=courses)
        .order_by()
        .annotate(
            students=Count("memberships", filter=present),
            first_assignment=Subquery(first.values("assignment")[:1]),
            first_student=Subquery(first.values("student")[:1]),
        )
        .values_list("pk", "students", "first_assignment", "first_student")
    )
    states = {state: Count("pk", filter=state_query(state)) for state in COUNTED}
    work = _work().filter(assignment__course__in=courses).order_by()
    counts: dict[int, list[int]] = {
        course: found
        for course, *found in work.values_list("assignment__course").annotate(**states)
    }
    found = {}
    for course, students, assignment, student in rows:
        to_grade, again, held = counts.get(course, (0, 0, 0))
        found[course] = Waiting(students, to_grade, again, held, assignment, student)
    return found


def _work() -> "QuerySet[Submission]":
    """Return the work that can be graded."""
    return Submission.objects.filter(
        assignment__handout=False,
        assignment__removed=None,
        student__removed=None,
        student__role=Role.STUDENT,
    )
