"""Who may see what of a course: each view begins with one of these.

Signed out: a page leads to signing in. Strangers and people who were removed get 404, as if there
were nothing; members without the right get 403. A site administrator who is no member is a
stranger here too, until they have said why they look into the course (`pages.looking_into`): then
they read what its teachers read, and are refused whatever would change something.

A course that was archived can be read by its people, and changed by nobody.
"""

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from classroom.models import TEACHERS, Assignment, Course, Membership, Role, Submission
from classroom.pages.looking_into import LooksOnly, as_teacher
from classroom.pages.sections import sees, spellings
from embedding.views.access import user_of

ELSEWHERE = gettext_lazy("This student is not in any of your sections.")
_READING = ("GET", "HEAD", "OPTIONS")


class Archived(PermissionDenied):
    """Nothing is changed in a course that was archived; `title` and `text` say so."""

    @property
    def title(self) -> str:
        return _("This course is archived")

    @property
    def text(self) -> str:
        return _(
            "You can read everything, but nothing can be changed. Teachers can restore the course "
            "on its settings page."
        )


def may_make_courses(request: HttpRequest) -> bool:
    """Whether the user is one of the site's teachers."""
    return user_of(request).groups.filter(name=TEACHERS).exists()


def membership_of(request: HttpRequest, course: int, *, also_archived: bool = False) -> Membership:
    """Return the user's part in a course; Http404 for a stranger.

    Archived where the request would change a course that is, unless it is `also_archived`;
    LooksOnly for a change by an administrator who looks into it.
    """
    found = (
        Membership.objects.select_related("course__project", "user", "project")
        # Not `course=`: an id that no database column holds is to find nothing.
        .filter(course__pk=course, user=user_of(request), removed=None)
        .first()
    )
    if found is None:
        found = as_teacher(request, course)
        if found is None:
            raise Http404
        if request.method not in _READING:
            raise LooksOnly
    if found.course.archived and request.method not in _READING and not also_archived:
        raise Archived
    if found.role == Role.ASSISTANT:
        duties = [duty.section for duty in found.section_duties.all()]
        if duties:
            found.course.only_sections = spellings(found.course, duties)
    return found


def staff_of(request: HttpRequest, course: int) -> Membership:
    """Return the membership of a teacher or assistant; PermissionDenied for a student."""
    found = membership_of(request, course)
    if not found.is_staff:
        raise PermissionDenied
    return found


def teacher_of(request: HttpRequest, course: int, *, also_archived: bool = False) -> Membership:
    """Return the membership of a teacher; PermissionDenied for everybody else in the course."""
    found = membership_of(request, course, also_archived=also_archived)
    if not found.is_teacher:
        raise PermissionDenied
    return found


def student_of(request: HttpRequest, course: int) -> Membership:
    """Return the membership of a student; PermissionDenied for staff."""
    found = membership_of(request, course)
    if found.role != Role.STUDENT:
        raise PermissionDenied
    return found


def assignment_of(course: Course, assignment: int) -> Assignment:
    """Return an assignment or handout of the course; Http404 for any other's, or a removed one."""
    found = Assignment.objects.filter(course=course, pk=assignment, removed=None).first()
    if found is None:
        raise Http404
    found.course = course
    return found


def assignment_of_teacher(
    request: HttpRequest, course: int, assignment: int
) -> tuple[Membership, Assignment]:
    """Return the membership of a teacher, and an assignment of the course; raises as both do."""
    membership = teacher_of(request, course)
    return membership, assignment_of(membership.course, assignment)


def student_in(course: Course, member: int) -> Membership:
    """Return a student of the course, also a removed one; Http404 for any other's.

    PermissionDenied, with a sentence, for an assistant of other sections than the student's.
    """
    found = (
        Membership.objects.select_related("user", "project")
        .filter(course=course, pk=member, role=Role.STUDENT)
        .first()
    )
    if found is None:
        raise Http404
    found.course = course
    seen_or_refused(course, found)
    return found


def seen_or_refused(course: Course, student: Membership) -> None:
    """PermissionDenied, with a sentence, where the reader does not look after this student."""
    if not sees(course, student):
        raise PermissionDenied(ELSEWHERE)


def submission_of(assignment: Assignment, student: Membership) -> Submission:
    """Return where a student's work stands; Http404 where there is none."""
    found = Submission.objects.filter(assignment=assignment, student=student).first()
    if found is None:
        raise Http404
    found.assignment, found.student = assignment, student
    return found
