"""Delete a course that was archived: its projects on CoCalc, then all that the site has of it.

The row of this transfer goes with the course; the audit log keeps that it was done, and by whom.
"""

from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from classroom.models import Course, Kind, Transfer
from classroom.rules.course_projects import projects_of
from classroom.steps.registry import Skip, step
from embedding.client import client
from embedding.models import CocalcProject, Event
from embedding.problems import Busy


@step(Kind.DELETE)
def run(transfer: Transfer) -> dict[str, Any]:
    """Delete it; harmless to repeat. Skip where it was brought back, Busy while others work in it.

    What was begun and failed is gone on from: a project that is deleted on CoCalc stays so.
    """
    course = Course.objects.get(pk=transfer.course_id)
    _still_wanted(course)
    others = Transfer.objects.filter(course=course, state=Transfer.State.RUNNING)
    if others.exclude(pk=transfer.pk).exists():
        raise Busy("course")
    projects = projects_of(course)
    # What was looked after just now is left alone for a while: nothing puts them back meanwhile.
    kept = list(projects.order_by("pk"))
    here = CocalcProject.objects.filter(pk__in=[project.pk for project in kept])
    here.update(looked=timezone.now())
    for project in kept:
        if project.project_id:
            client().delete_project(str(project.project_id))
    with transaction.atomic():
        course = Course.objects.select_for_update().get(pk=course.pk)
        _still_wanted(course)
        name, pk = str(course), course.pk
        course.delete()
        here.delete()
        Event.log(
            "course.deleted",
            name,
            actor=str(transfer.options.get("by", "")),
            course=pk,
            projects=[str(project.project_id) for project in kept if project.project_id],
        )
    return {}


def _still_wanted(course: Course) -> None:
    if course.archived is None:
        raise Skip(_("The course was brought back, so it is not deleted."))
