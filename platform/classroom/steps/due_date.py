"""Write DUE_DATE.txt into a student's folder anew: the date changed, or an extension was given."""

from datetime import datetime, tzinfo
from typing import Any

from django.utils import formats, timezone

from classroom.models import Assignment, Kind, Submission, Transfer
from classroom.steps import folders
from classroom.steps.prepare import student_ready
from classroom.steps.registry import Skip, step
from embedding.client import client

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
    script = writing(assignment, submission.due, transfer.course.zone)
    client().exec(student_ready(student), script, bash=True, timeout=30)
    return {}


def writing(assignment: Assignment, due: datetime | None, zone: tzinfo) -> str:
    """Return the script that writes the file, in CoCalc's words and the course's time zone."""
    return folders.writing(f"{assignment.folder}/{NAME}", text(due, zone))


def text(due: datetime | None, zone: tzinfo) -> str:
    """Say when it is due."""
    if due is None:
        return "No due date has been set.\n"
    local = timezone.localtime(due, zone)
    shown = f"{formats.date_format(local, 'l j F Y, H:i')} {local.tzname()}"
    return f"This assignment is due\n\n   {shown}\n"
