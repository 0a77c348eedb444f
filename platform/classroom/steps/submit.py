"""Submit: what lies in a student's folder at this moment, copied to where no student reaches.

1. What is there is packed in the student's project, each file as it is at one moment, judged by
   us, and put into the course's project: see `bringing`. A snapshot is what arrived, and that is
   just what was declared, file by file, by its hash.
2. Regular files count and nothing else; a folder that is a link is no folder. What the student's
   project says of itself is believed only of itself.
3. A submit that was kept waiting too long is refused, not backdated: its moment is when the
   student pressed, so its content must not be of much later.
4. The last snapshots are kept, and always the one that counts.
5. What of it the autograder could not use is said at once (`submit_warnings`), and refuses nothing.
"""

import math
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from classroom.carrying.calls import Refused
from classroom.carrying.items import Item, files_of
from classroom.conf import conf
from classroom.models import Assignment, Kind, Membership, Snapshot, Submission, Transfer
from classroom.rules import manifest
from classroom.rules.counting import counting
from classroom.rules.deadlines import is_late
from classroom.rules.manifest import File
from classroom.rules.names import submitted_path
from classroom.steps.bringing import bring, lying_in_course
from classroom.steps.registry import step
from classroom.steps.submit_warnings import warned
from embedding.conf import MEGABYTE
from embedding.problems import Problem

KEPT = 20
PATIENCE = timedelta(minutes=10)


@step(Kind.SUBMIT)
def run(transfer: Transfer) -> dict[str, Any]:
    """Take the snapshot of `options["at"]` and return {"snapshot", "files", "size"}."""
    assignment, student = transfer.assignment, transfer.member
    if assignment is None or student is None:
        raise ValueError("a submit is of one student's work on one assignment")
    at = datetime.fromisoformat(transfer.options["at"])
    submission = Submission.objects.get(assignment=assignment, student=student)
    submission.assignment, submission.student = assignment, student
    found = Snapshot.objects.filter(submission=submission, taken=at).first()
    snapshot = found or _take(submission, at)
    return {
        "snapshot": snapshot.pk,
        "files": len(snapshot.files),
        "size": sum(file["size"] for file in snapshot.files),
    }


def _take(submission: Submission, at: datetime) -> Snapshot:
    assignment, student = submission.assignment, submission.student
    if timezone.now() - at > PATIENCE:
        raise Problem(
            "too_long",
            "This could not be submitted for too long, so nothing was. Please submit again.",
            status=409,
        )
    if student.project is None or student.project.project_id is None:
        raise Problem("unprepared", "Your project is not there yet.", status=409, recoverable=True)
    source = str(student.project.project_id)
    target = str(assignment.course.project.project_id)
    path = submitted_path(assignment, student, at)
    spare = _spare(submission)
    try:
        items = bring(
            source,
            assignment.folder,
            target,
            path,
            lying=lying_in_course(assignment, submission),
            choose=lambda found: _something(assignment, found),
            most_bytes=conf().submit_max_mb * MEGABYTE,
            how="fresh",
            spare=[*spare, *_left_behind(submission)],
        )
    except Refused as refused:
        raise _in_words(refused, assignment) from None
    return warned(_keep(submission, at, path, files_of(items), spare), assignment, items)


def _something(assignment: Assignment, items: list[Item]) -> list[Item]:
    if not items:
        raise Problem(
            "nothing",
            f"There is nothing to submit: “{assignment.folder}” holds no files.",
            status=409,
        )
    return items


def _in_words(refused: Refused, assignment: Assignment) -> Problem:
    """Say to the student what kept the folder from being submitted."""
    folder, limit = assignment.folder, conf().submit_max_mb
    holds = math.ceil(10 * refused.size / MEGABYTE) / 10  # never what is still allowed
    sentences = {
        "missing": f"There is no folder “{folder}” in your project any more. If you renamed or "
        "moved it, bring it back; then submit again.",
        "changing": f"“{folder}” kept changing while it was being submitted. Stop what writes "
        "there, such as a running notebook, and submit again.",
        "too_large": f"“{folder}” holds {holds} MB; up to {limit} MB may be "
        "submitted. Take out what is not needed, then submit again.",
    }
    if refused.code == "too_many":
        return manifest.too_much(folder)
    if refused.code not in sentences:
        return refused
    code = "folder_missing" if refused.code == "missing" else refused.code
    return Problem(code, sentences[refused.code], status=409)


def _keep(
    submission: Submission, at: datetime, path: str, files: list[File], spare: list[str]
) -> Snapshot:
    """Write the snapshot down, and have late work collected that others' was collected before."""
    with transaction.atomic():
        snapshot = Snapshot.objects.create(
            submission=submission,
            taken=at,
            late=is_late(submission, at),
            path=path,
            files=files,
        )
        row = Submission.objects.select_for_update().get(pk=submission.pk)
        row.submitted = max(at, row.submitted or at)
        row.save(update_fields=["submitted"])
        Snapshot.objects.filter(submission=submission, path__in=spare).delete()
        if row.collected and row.due and timezone.now() > row.due:
            _collect_again(submission)
    return snapshot


def _collect_again(submission: Submission) -> None:
    assignment, student = submission.assignment, submission.student
    # One that is waiting already will find the new snapshot.
    Transfer.objects.bulk_create([_collect(assignment, student)], ignore_conflicts=True)


def _collect(assignment: Assignment, student: Membership) -> Transfer:
    course = assignment.course
    return Transfer(
        course=course,
        kind=Kind.COLLECT,
        assignment=assignment,
        member=student,
        lane=Transfer.lane_of(course, student),
        key=Transfer.key_of(Kind.COLLECT, f"c{course.pk}", f"a{assignment.pk}", f"m{student.pk}"),
    )


def _spare(submission: Submission) -> list[str]:
    """Return where the snapshots lie that are too many once there is one more."""
    rows = list(Snapshot.objects.filter(submission=submission).defer("files"))
    needed = {counting(submission), next((row for row in rows if not row.late), None)}
    return [row.path for row in rows[KEPT - 1 :] if row not in needed]


def _left_behind(submission: Submission) -> list[str]:
    """Return where earlier submits may have left half a copy."""
    failed = Transfer.objects.filter(
        kind=Kind.SUBMIT,
        assignment=submission.assignment,
        member=submission.student,
        state__in=(Transfer.State.FAILED, Transfer.State.CANCELLED),
    )
    if submission.submitted:
        failed = failed.filter(created__gt=submission.submitted)
    moments = failed.order_by("-pk").values_list("options__at", flat=True)[:KEPT]
    return [
        submitted_path(submission.assignment, submission.student, datetime.fromisoformat(at))
        for at in moments
        if at
    ]
