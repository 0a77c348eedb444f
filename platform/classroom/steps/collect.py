"""Collect one student's work into the course's project.

What counts is the last submission that was taken, else what lies in the student's folder. A
second collect replaces the first, of which what differs is kept beside it as `name~`. What
arrived is proven by size and hash. Students are not trusted: links are not followed, and a folder
may hold only so much.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F
from django.utils import timezone

from classroom.models import Assignment, Kind, Membership, Snapshot, Submission, Transfer
from classroom.rules import manifest, names, source_folder
from classroom.rules.counting import counting
from classroom.rules.deadlines import is_late
from classroom.rules.manifest import File
from classroom.steps import due_date, folders
from classroom.steps.prepare import student_ready
from classroom.steps.registry import Skip, step
from embedding.client import client
from embedding.cocalc.errors import NotFound
from embedding.problems import Problem

From = Submission.From
ROUNDS = 3
# What is collected at the due time itself is in time, also where the class is large.
AT_THE_DUE_TIME = timedelta(minutes=10)
_NO_FOLDER = 80  # what the manifest takes for it
_LISTED = 500  # paths that the result names
_OURS = re.compile(r"STUDENT - .*\.txt")  # as a pattern of rsync's below


@dataclass(frozen=True, slots=True)
class _Work:
    """What is to be collected, and where it lies."""

    project: str
    path: str
    files: list[File]
    origin: From
    late: bool


@step(Kind.COLLECT)
def run(transfer: Transfer) -> dict[str, Any]:
    """Copy, name the student, verify; then it is collected."""
    assignment, student = transfer.assignment, transfer.member
    if assignment is None or student is None:
        raise Skip("There is no assignment.")
    if assignment.handout:
        raise Skip("A handout is never collected.")
    began = timezone.now()
    submission = Submission.objects.get(assignment=assignment, student=student)
    submission.assignment, submission.student = assignment, student
    if submission.handed_out is None:
        raise Skip("Not handed out, so there is nothing to collect.")
    target = folders.course_project(transfer.course)
    work = _collected(submission, student, target, began)
    _write_down(submission, work, began)
    paths = [file["path"] for file in work.files if file["path"] != due_date.NAME]
    return {
        "from": str(work.origin),
        "count": len(paths),
        "files": paths[:_LISTED],
        "digest": _digest(work.files),
    }


def _collected(submission: Submission, student: Membership, target: str, began: datetime) -> _Work:
    """Copy until what arrived is what is there."""
    path = names.collected_of(submission)
    for _ in range(ROUNDS):
        work = _work(submission, student, target, began)
        client().copy_path(
            source_project=work.project,
            source_path=work.path,
            target_project=target,
            target_path=path,
            overwrite_newer=True,
            delete_missing=True,
            backup=True,
            exclude=(*manifest.LEFT_OUT, "/STUDENT - *.txt"),
        )
        named = folders.writing(f"{path}/{names.student_file(student)}", _who(student))
        found = folders.listed(target, path, folders.tamed(path), named)
        missing = manifest.missing(work.files, found)
        if not missing:
            return work
        folders.age(target, path, missing)
    raise Problem(
        "changing",
        f"{folders.few(missing)} kept changing while it was being collected.",
        status=409,
        recoverable=True,
    )


def _work(submission: Submission, student: Membership, target: str, began: datetime) -> _Work:
    snapshot = counting(submission, began)
    if snapshot:
        return _submitted(snapshot, target)
    project, folder = student_ready(student), submission.assignment.folder
    files, changed = _in_folder(project, submission.assignment)
    wanted = _wanted(files)
    late = _is_late(submission, wanted, changed, began)
    return _Work(project, folder, wanted, From.FOLDER, late)


def _is_late(submission: Submission, files: list[File], changed: datetime, began: datetime) -> bool:
    """Whether the folder is late work: collected by hand long after it was due, and changed since.

    What was collected at the due time itself proves that. Without it the files' own times are all
    there is, and these a student can set.
    """
    due = submission.due
    if due is None or began <= due + AT_THE_DUE_TIME:
        return False
    at_the_due_time = Transfer.objects.filter(
        kind=Kind.COLLECT,
        assignment=submission.assignment,
        member=submission.student,
        state=Transfer.State.DONE,
        started__range=(due, due + AT_THE_DUE_TIME),
    ).first()
    if at_the_due_time and (then := at_the_due_time.result.get("digest")):
        return bool(then != _digest(files))
    return is_late(submission, changed)


def _digest(files: list[File]) -> str:
    """Return a hash of what is the student's; when it is due is ours to write."""
    return source_folder.digest(file for file in files if file["path"] != due_date.NAME)


def _submitted(snapshot: Snapshot, target: str) -> _Work:
    files = [File(path=f["path"], size=f["size"], sha256=f["sha256"]) for f in snapshot.files]
    return _Work(target, snapshot.path, _wanted(files), From.SUBMITTED, snapshot.late)


def _in_folder(project: str, assignment: Assignment) -> tuple[list[File], datetime]:
    """Return the student's files, and when the last of them was changed."""
    folder = folders.quoted(assignment.folder)
    # A folder that is a link would be followed by the copy: it counts as none.
    script = (
        f"if [ -L {folder} ] || [ ! -d {folder} ]; then exit {_NO_FOLDER}; fi\n"
        f"chmod -R u+rwX -- {folder} 2>/dev/null\n"
        f"find {folder} -type f ! -name {due_date.NAME} -printf '%T@\\n' 2>/dev/null"
        " | sort -rn | head -n 1 >&2\n"
    )
    output = client().exec(
        project,
        script + manifest.script(assignment.folder),
        bash=True,
        timeout=manifest.TIMEOUT,
        check=False,
    )
    try:
        files = manifest.read(output, assignment.folder)
    except NotFound:
        raise Problem(
            "folder_missing",
            f"There is no folder “{assignment.folder}” in the student's project: it was renamed, "
            "moved or deleted.",
            status=409,
        ) from None
    return files, _moment(output.stderr)


def _moment(written: str) -> datetime:
    try:
        return datetime.fromtimestamp(float(written.split()[0]), tz=timezone.get_default_timezone())
    except (ValueError, IndexError, OverflowError, OSError):
        return timezone.now()


def _wanted(files: list[File]) -> list[File]:
    """Leave out what is no student's to say: whose work it is."""
    return [file for file in files if not _OURS.fullmatch(file["path"])]


def _who(student: Membership) -> str:
    email = student.user.email or student.user.get_username()
    number = f"\nNumber: {student.number}" if student.number else ""
    # A line break in a name could say that it is somebody else.
    return " ".join(f"This student is {student.name} <{email}>.".split()) + f"{number}\n"


def _write_down(submission: Submission, work: _Work, began: datetime) -> None:
    rows = Submission.objects.filter(pk=submission.pk)
    # Due meanwhile is not yet collected for it; so is what is due at another time by now.
    due = submission.due if submission.due and began >= submission.due else F("collected_for")
    rows.update(
        collected=timezone.now(),
        collected_for=due,
        collected_from=work.origin,
        collected_path=names.collected_of(submission),
        late=work.late,
    )
