"""Write DUE_DATE.txt into a student's folder anew: the date changed, or an extension was given."""

from collections.abc import Iterable, Iterator
from datetime import datetime, tzinfo
from typing import Any

from django.utils import formats, timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from classroom.carrying.outgoing import Load, put
from classroom.models import Assignment, Kind, Membership, Profile, Submission, Transfer
from classroom.rules.manifest import File
from classroom.steps.prepare import student_ready
from classroom.steps.registry import Skip, step

NAME = "DUE_DATE.txt"


@step(Kind.DUE_DATE)
def run(transfer: Transfer) -> dict[str, Any]:
    """Write what the student's own due time is by now."""
    assignment, student = transfer.assignment, transfer.member
    if assignment is None or student is None:
        raise Skip(_("There is no assignment."))
    submission = Submission.objects.get(assignment=assignment, student=student)
    if submission.handed_out is None:
        raise Skip(_("Not handed out yet: the due date comes with the files."))
    project = student_ready(student)
    write(project, assignment, text(submission.due, transfer.course.zone, student))
    return {}


def write(project: str, assignment: Assignment, content: str) -> None:
    """Write the file alone, in place of whatever is there; raises as `outgoing.put` does."""
    put(project, assignment.folder, Load([]), how="keep", texts={NAME: content})


def theirs(files: Iterable[File]) -> Iterator[File]:
    """Leave out of a student's files what is ours to write."""
    return (file for file in files if file["path"] != NAME)


def text(due: datetime | None, zone: tzinfo, student: Membership) -> str:
    """Say when it is due, as CoCalc does, in the student's language and the course's time zone."""
    with translation.override(Profile.language_of(student.user)):
        if due is None:
            return _("No due date has been set.") + "\n"
        local = timezone.localtime(due, zone)
        date = formats.date_format(local, pgettext("date format", "l j F Y, H:i"))
        return f"{_('This assignment is due')}\n\n   {date} {local.tzname()}\n"
