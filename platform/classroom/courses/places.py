"""Where a file belongs: from a notebook back to the course it is of."""

from django.urls import reverse

from classroom.models import Assignment, Course, Membership, Role, Submission
from classroom.pages.text import moment
from classroom.students.standing import Standing, standings
from embedding.models import Member
from embedding.places import Action, Place


def place_of(member: Member, path: str) -> Place | None:
    """Return the course of a project, and its address for who looks; None for any other project.

    A student is led to the assignment on the course's page, and may submit it from the notebook's
    where it is taken now; staff is led to the assignment's page.
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
        return Place(
            course.title,
            f"{url}#a{assignment.pk}",
            _submit(standing, course, path),
            _notice(standing, course),
        )
    return Place(course.title, reverse("classroom:assignment", args=[course.pk, assignment.pk]))


def _submit(standing: Standing, course: Course, path: str) -> Action | None:
    assignment = standing.assignment
    if not path.startswith(f"{assignment.folder}/"):
        return None  # what was returned
    if not standing.can_submit:
        return None
    ids = [course.pk, assignment.pk]
    return Action(
        label="Submit (late)" if standing.would_be_late else "Submit",
        doing="Submitting…",
        failed="Not submitted",
        folder=assignment.folder,
        url=reverse("classroom:submit", args=ids),
        saved_url=reverse("classroom:saved", args=ids),
        outcome_url=reverse("classroom:submitting", args=ids),
        under_way=standing.is_submitting,
    )


def _notice(standing: Standing, course: Course) -> str:
    """Say what the page does not find out itself: how the last submit failed."""
    if standing.is_submitting and not standing.can_submit:
        return "Your work is being submitted. The course’s page shows how it goes."
    failure = standing.failure
    if failure is None or failure.is_harmless:
        return ""
    when = moment(failure.at, course.zone)
    return f"Not submitted ({when}). {failure.words} {standing.way_on}".rstrip()


def _assignment(course: Course, path: str) -> Assignment | None:
    first, _, rest = path.partition("/")
    if first in ("collected", "submitted"):
        first = rest.partition("/")[0]
    folders = {first, first.removeprefix("graded-")}
    return Assignment.objects.filter(course=course, folder__in=folders, removed=None).first()
