"""Which projects on CoCalc are a course's."""

from django.db.models import Q, QuerySet

from classroom.models import Course, Membership
from embedding.models import CocalcProject


def projects_of(course: Course) -> QuerySet[CocalcProject]:
    """Return the course's own project, its students', and those in which their tests run."""
    return CocalcProject.objects.filter(
        Q(course=course)
        | Q(student_membership__course=course)
        | Q(slot__startswith=_slots_of_tests(course))
    )


def slot_of_tests(student: Membership) -> str:
    """Name the place of the project in which a student's tests run; nobody is a member of it."""
    return f"{_slots_of_tests(student.course)}{student.pk}"


def _slots_of_tests(course: Course) -> str:
    return f"course:{course.uid}:tests:"
