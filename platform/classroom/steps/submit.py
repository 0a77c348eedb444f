"""Submit: what lies in a student's folder at this moment, copied to where no student reaches.

1. What is there is listed in the student's project, copied, and listed again in the course's. A
   snapshot is what is the same on both sides, file by file, by its hash. While files change
   between the two, it is tried again.
2. Regular files count and nothing else. Links and pipes are taken out of the copy; a folder that
   is a link is no folder. What the student's project says of itself is believed only as far as
   the course's project says the same.
3. A submit that was kept waiting too long is refused, not backdated: its moment is when the
   student pressed, so its content must not be of much later.
4. The last snapshots are kept, and always the one that counts.
"""

import math
import shlex
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from classroom.conf import conf
from classroom.models import Assignment, Kind, Membership, Snapshot, Submission, Transfer
from classroom.rules import manifest
from classroom.rules.counting import counting
from classroom.rules.deadlines import is_late
from classroom.rules.manifest import File
from classroom.rules.names import submitted_path
from classroom.steps.registry import step
from embedding.client import client
from embedding.cocalc.errors import NotFound
from embedding.cocalc.paths import clean_path
from embedding.conf import MEGABYTE
from embedding.problems import Problem

KEPT = 20
ROUNDS = 3
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
    before = _list_source(source, assignment)
    for _ in range(ROUNDS):
        client().copy_path(
            source_project=source,
            source_path=assignment.folder,
            target_project=target,
            target_path=path,
            overwrite_newer=True,
            delete_missing=True,
            exclude=manifest.LEFT_OUT,
        )
        files = _list_copy(target, path, [*spare, *_left_behind(submission)])
        _check_size(assignment, files)
        if files == before or files == (before := _list_source(source, assignment)):
            return _keep(submission, at, path, files, spare)
    client().remove(target, path)
    raise Problem(
        "changing",
        f"“{assignment.folder}” kept changing while it was being submitted. Stop what writes "
        "there, such as a running notebook, and submit again.",
        status=409,
    )


def _list_source(project_id: str, assignment: Assignment) -> list[File]:
    """List what there is to submit; Problem, with words for the student, where that is nothing."""
    folder = shlex.quote(f"./{clean_path(assignment.folder)}")
    # 80 is what the manifest takes for "no such folder".
    script = f"if [ -L {folder} ]; then exit 80; fi\n{manifest.script(assignment.folder)}"
    try:
        files = _listed(project_id, script, assignment.folder)
    except NotFound:
        raise Problem(
            "folder_missing",
            f"There is no folder “{assignment.folder}” in your project any more. If you renamed "
            "or moved it, bring it back; then submit again.",
            status=409,
        ) from None
    if not files:
        raise Problem(
            "nothing",
            f"There is nothing to submit: “{assignment.folder}” holds no files.",
            status=409,
        )
    _check_size(assignment, files)
    return files


def _list_copy(project_id: str, path: str, old: list[str]) -> list[File]:
    """List what arrived, made readable and free of all but files, and remove old snapshots."""
    copy = shlex.quote(f"./{clean_path(path)}")
    remove = "".join(f"rm -rf -- {shlex.quote(f'./{clean_path(gone)}')}\n" for gone in old)
    script = (
        # Readable first: what hides in a locked folder would be overlooked.
        f"{remove}chmod -R u+rwX,go-w,-s -- {copy}\n"
        f"find {copy} ! -type f ! -type d -delete\n{manifest.script(path)}"
    )
    return _listed(project_id, script, path)


def _listed(project_id: str, script: str, path: str) -> list[File]:
    output = client().exec(project_id, script, bash=True, timeout=manifest.TIMEOUT, check=False)
    return manifest.read(output, path)


def _check_size(assignment: Assignment, files: list[File]) -> None:
    size, limit = sum(file["size"] for file in files), conf().submit_max_mb
    if size > limit * MEGABYTE:
        holds = math.ceil(10 * size / MEGABYTE) / 10  # never what is still allowed
        raise Problem(
            "too_large",
            f"“{assignment.folder}” holds {holds} MB; up to {limit} MB may be "
            "submitted. Take out what is not needed, then submit again.",
            status=409,
        )


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
