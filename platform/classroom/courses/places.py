"""Where a file belongs: from a notebook back to the course it is of."""

from django.urls import reverse

from classroom.models import Assignment, Course, Membership, Role
from embedding.models import Member


def place_of(member: Member, path: str) -> tuple[str, str] | None:
    """Return the course of a project, and its address for who looks; None for any other project.

    A student is led to the assignment on the course's page, and staff to the assignment's page.
    """
    course = Course.objects.filter(project=member.project).first()
    if course is None:
        owner = Membership.objects.filter(project=member.project).select_related("course").first()
        course = owner.course if owner else None
    if course is None:
        return None
    mine = Membership.objects.filter(course=course, user=member.user, removed=None).first()
    if mine is None:
        return None
    url = reverse("classroom:course", args=[course.pk])
    assignment = _assignment(course, path)
    if assignment is None:
        return course.title, url
    if mine.role == Role.STUDENT:
        return course.title, f"{url}#a{assignment.pk}"
    return course.title, reverse("classroom:assignment", args=[course.pk, assignment.pk])


def _assignment(course: Course, path: str) -> Assignment | None:
    first, _, rest = path.partition("/")
    if first in ("collected", "submitted"):
        first = rest.partition("/")[0]
    folders = {first, first.removeprefix("graded-")}
    return Assignment.objects.filter(course=course, folder__in=folders, removed=None).first()
