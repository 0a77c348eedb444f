"""Where a file belongs: from a notebook back to the course it is of."""

from django.urls import reverse
from django.utils.translation import gettext as _

from classroom.models import Assignment, Course, Membership, Role, Submission
from classroom.pages.text import markdown, moment
from classroom.students.standing import Standing, standings
from classroom.students.time_left import deadline_of, label_of
from embedding.models import Member
from embedding.places import Action, Place, Words


def place_of(member: Member, path: str) -> Place | None:
    """Return the course of a project, and its address for who looks; None for any other project.

    `path` is a file's, or a folder's with a slash at its end. A student is led to the assignment on
    the course's page; in its folder the time left, the instructions and *Submit* are at hand. Staff
    is led to the assignment's page.
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
        return Place(course.title, url)
    if mine.role == Role.STUDENT:
        rows = Submission.objects.filter(student=mine, assignment=assignment)
        standing = next(iter(standings(rows)), None)
        if standing is None or not standing.is_out:
            # A folder that happens to be called so tells nothing of what is to come.
            return Place(course.title, url)
        return _of_student(
            standing, assignment, Place(course.title, f"{url}#a{assignment.pk}"), path
        )
    return Place(course.title, reverse("classroom:assignment", args=[course.pk, assignment.pk]))


def _of_student(standing: Standing, assignment: Assignment, place: Place, path: str) -> Place:
    standing.submission.assignment = assignment
    place = place._replace(notice=_notice(standing, assignment.course))
    if not path.startswith(f"{assignment.folder}/"):
        return place  # what was returned
    text = assignment.instructions
    return place._replace(
        action=_submit(standing),
        heading=assignment.title,
        deadline=deadline_of(standing),
        words=Words(_("Instructions"), markdown(text, below=2)) if text.strip() else None,
    )


def _submit(standing: Standing) -> Action | None:
    assignment = standing.assignment
    if not standing.can_submit:
        return None
    ids = [assignment.course_id, assignment.pk]
    return Action(
        label=label_of(standing),
        doing=_("Submitting…"),
        failed=_("Not submitted"),
        folder=assignment.folder,
        url=reverse("classroom:submit", args=ids),
        saved_url=reverse("classroom:saved", args=ids),
        outcome_url=reverse("classroom:submitting", args=ids),
        under_way=standing.is_submitting,
    )


def _notice(standing: Standing, course: Course) -> str:
    """Say what the page does not find out itself: how the last submit failed."""
    if standing.is_submitting and not standing.can_submit:
        return _("Your work is being submitted. The course page shows when it is done.")
    failure = standing.failure
    if failure is None or failure.is_harmless:
        return ""
    said = _("Not submitted (%(when)s).") % {"when": moment(failure.at, course.zone)}
    return f"{said} {failure.words} {standing.way_on}".rstrip()


def _assignment(course: Course, path: str) -> Assignment | None:
    first, __, rest = path.partition("/")
    if first in ("collected", "submitted"):
        first = rest.partition("/")[0]
    folders = {first, first.removeprefix("graded-")}
    found = Assignment.objects.filter(course=course, folder__in=folders, removed=None).first()
    if found:
        found.course = course
    return found
