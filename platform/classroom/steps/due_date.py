"""Write DUE_DATE.txt into a student's folder anew: the date changed, or an extension was given."""

from collections.abc import Iterable, Iterator
from datetime import datetime, tzinfo
from typing import Any

from django.utils import formats, timezone

from classroom.carrying.outgoing import Load, put
from classroom.models import Assignment, Kind, Submission, Transfer
from classroom.rules.manifest import File
from classroom.steps.prepare import student_ready
from classroom.steps.registry import Skip, step

NAME = "DUE_DATE.txt"


@step(Kind.DUE_DATE)
def run(transfer: Transfer) -> dict[str, Any]:
    """Write what the student's own due time is by now."""
    assignment, student = transfer.assignment, transfer.member
    if assignment is None or student is None:
        raise Skip("There is no assignment.")
    submission = Submission.objects.get(assignment=assignment, student=student)
    if submission.handed_out is None:
        raise Skip("Not handed out: the date comes with the files.")
    write(student_ready(student), assignment, submission.due, transfer.course.zone)
    return {}


def write(project: str, assignment: Assignment, due: datetime | None, zone: tzinfo) -> None:
    """Write the file alone, in place of whatever is there; raises as `outgoing.put` does."""
    put(project, assignment.folder, Load([]), how="keep", texts={NAME: text(due, zone)})


def theirs(files: Iterable[File]) -> Iterator[File]:
    """Leave out of a student's files what is ours to write."""
    return (file for file in files if file["path"] != NAME)


def text(due: datetime | None, zone: tzinfo) -> str:
    """Say when it is due, in CoCalc's words and the course's time zone."""
    if due is None:
        return "No due date has been set.\n"
    local = timezone.localtime(due, zone)
    shown = f"{formats.date_format(local, 'l j F Y, H:i')} {local.tzname()}"
    return f"This assignment is due\n\n   {shown}\n"
