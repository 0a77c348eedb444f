"""What waits for the staff of several courses, in a few queries, however many they are."""

from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import Case, Count, F, OuterRef, QuerySet, Subquery, When

from classroom.grading.work_state import state_query
from classroom.models import Course, Membership, Role, Submission
from classroom.pages.sections import seen_by
from classroom.rules.anonymity import known

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
    first_student: int | None = None  # also None where that one's name is hidden

    @property
    def is_any(self) -> bool:
        """Whether somebody has to look at work."""
        return bool(self.to_grade or self.again or self.held)


def waiting(staff: Collection[Membership]) -> dict[int, Waiting]:
    """Return by course what waits for these teachers and assistants: of their own sections."""
    if not staff:
        return {}
    courses = [member.course_id for member in staff]
    of_course, of_work = seen_by(staff, "", "student__")
    first = _work().filter(of_work, state_query("to-grade"), assignment__course=OuterRef("pk"))
    named = Case(When(known(), then=F("student")), default=None)
    first = first.annotate(named=named).order_by(
        *("assignment__due", "assignment", "student__user__last_name"),
        *("student__user__first_name", "student__user__username"),
    )
    rows = (
        Course.objects.filter(pk__in=courses)
        .order_by()
        .annotate(
            first_assignment=Subquery(first.values("assignment")[:1]),
            first_student=Subquery(first.values("named")[:1]),
        )
        .values_list("pk", "first_assignment", "first_student")
    )
    people = Membership.objects.filter(
        of_course, course__in=courses, role=Role.STUDENT, removed=None
    )
    students = dict(people.order_by().values_list("course").annotate(Count("pk")))
    states = {state: Count("pk", filter=state_query(state)) for state in COUNTED}
    work = _work().filter(of_work, assignment__course__in=courses).order_by()
    counts: dict[int, list[int]] = {
        course: found
        for course, *found in work.values_list("assignment__course").annotate(**states)
    }
    found = {}
    for course, assignment, student in rows:
        to_grade, again, held = counts.get(course, (0, 0, 0))
        found[course] = Waiting(students.get(course, 0), to_grade, again, held, assignment, student)
    return found


def _work() -> "QuerySet[Submission]":
    """Return the work that can be graded."""
    return Submission.objects.filter(
        assignment__handout=False,
        assignment__removed=None,
        student__removed=None,
        student__role=Role.STUDENT,
    )
