"""Collect one student's work into the course's project.

What counts is the last submission that was taken, else what lies in the student's folder. A
second collect replaces the first, of which what differs is kept beside it as `name~`. What
arrived is proven by size and hash. Students are not trusted: see `bringing`.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from classroom.carrying.calls import Refused
from classroom.carrying.items import Item, files_of
from classroom.models import Assignment, Kind, Membership, Snapshot, Submission, Transfer
from classroom.pages.text import moment
from classroom.rules import anonymity, names, source_folder
from classroom.rules.counting import counting
from classroom.rules.deadlines import (
    AT_THE_DUE_TIME,
    GRACE,
    came,
    is_early,
    is_late,
    lateness_update,
)
from classroom.rules.manifest import File
from classroom.steps import due_date, folders
from classroom.steps.bringing import bring, lying_in_course, place
from classroom.steps.prepare import student_ready
from classroom.steps.registry import Skip, step
from embedding.cocalc.errors import CannotConnect, CannotStart, Limited
from embedding.problems import Problem

From = Submission.From
# What ended an earlier attempt before any program in the student's project could know of it.
_BEFORE = ("", "busy", "database", *(each.code for each in (CannotConnect, CannotStart, Limited)))
_LISTED = 500  # paths that the result names
_OURS = re.compile(r"STUDENT - .*\.txt")  # as a pattern of names below


@dataclass(frozen=True, slots=True)
class _Work:
    """What was collected."""

    files: list[File]
    origin: From
    came: datetime | None  # where it was late then
    took: timedelta = timedelta(0)  # the student's project, to say what there is


@step(Kind.COLLECT)
def run(transfer: Transfer) -> dict[str, Any]:
    """Copy, name the student, verify; then it is collected. Skip where there is nothing to copy.

    Before the student's own due time it is skipped, too, unless the option `early` is given.
    """
    assignment, student = transfer.assignment, transfer.member
    if assignment is None or student is None:
        raise Skip(_("There is no assignment."))
    if assignment.handout:
        raise Skip(_("Handouts are not collected."))
    began = timezone.now()
    submission = Submission.objects.get(assignment=assignment, student=student)
    submission.assignment, submission.student = assignment, student
    if submission.handed_out is None:
        raise Skip(_("Not handed out, so there is nothing to collect."))
    if is_early(submission, began) and not transfer.options.get("early"):
        raise Skip(
            _("Due %(time)s. It is collected automatically then.")
            % {"time": moment(submission.due, transfer.course.zone)}
        )
    target = folders.course_project(transfer.course)
    with anonymity.said_by_name(submission):
        work = _collected(submission, student, target, transfer)
    digest = _digest(work.files)
    _write_down(submission, work, began, is_same=digest == _digest_before(submission))
    paths = [file["path"] for file in work.files if file["path"] != due_date.NAME]
    return {
        "from": str(work.origin),
        "count": len(paths),
        "files": paths[:_LISTED],
        "digest": digest,
        "seconds": work.took.total_seconds(),
    }


def _collected(
    submission: Submission, student: Membership, target: str, transfer: Transfer
) -> _Work:
    path = names.collected_of(submission)
    is_hidden = anonymity.is_hidden(submission)
    choose = _nameless if is_hidden else _wanted
    options: dict[str, Any] = {
        "how": "mirror",
        "texts": {} if is_hidden else {names.student_file(student): _who(student)},
        "spared": ["STUDENT - *.txt"],
    }
    snapshot = counting(submission)
    if snapshot:
        items = choose(_submitted(snapshot))
        _place(target, path, items, snapshot, options)
        # Whatever it is by now: the due time may come back.
        was_late = Snapshot.objects.filter(pk=snapshot.pk, late=True).exists()
        return _Work(files_of(items), From.SUBMITTED, came(snapshot) if was_late else None)
    project, assignment = student_ready(student), submission.assignment
    asked = _asked(transfer)
    try:
        brought = bring(
            project,
            assignment.folder,
            target,
            path,
            lying=lying_in_course(assignment, submission),
            choose=choose,
            **options,
        )
    except Refused as refused:
        raise _in_words(refused, assignment) from None
    files = files_of(brought.items)
    late_at = _came(submission, files, asked, brought.listed)
    return _Work(files, From.FOLDER, late_at, brought.listed - asked)


def _asked(transfer: Transfer) -> datetime:
    """Return since when the student's programs may have known that the folder is collected."""
    return timezone.now() if transfer.error_code in _BEFORE else transfer.created


def _place(
    target: str, path: str, items: list[Item], snapshot: Snapshot, options: dict[str, Any]
) -> None:
    try:
        place(target, path, items, **options)
    except Refused as refused:
        if refused.code != "absent":
            raise
        raise Problem(
            "snapshot_changed",
            _(
                "“%(path)s” in “%(folder)s” of the course's project was changed or deleted after "
                "it was submitted."
            )
            % {"path": refused.path, "folder": snapshot.path},
            status=409,
        ) from None


def _in_words(refused: Refused, assignment: Assignment) -> Problem:
    if refused.code == "missing":
        return Problem(
            "folder_missing",
            _(
                "There is no folder “%(folder)s” in the student's project: it was renamed, moved "
                "or deleted."
            )
            % {"folder": assignment.folder},
            status=409,
        )
    if refused.code == "changing":
        return Problem(
            "changing",
            _("“%(path)s” kept changing while it was collected.") % {"path": refused.path},
            status=409,
            recoverable=True,
        )
    return folders.for_teacher(refused)


def _came(
    submission: Submission, files: list[File], asked: datetime, listed: datetime
) -> datetime | None:
    """Return when a folder came (`rules.deadlines`), where that was after it was due; else None.

    What was collected at the due time itself proves it for later. Without that the files' own
    times are all there is, and these a student can set.
    """
    due = submission.due
    if due is None or listed <= due:
        return None
    if asked <= due + AT_THE_DUE_TIME:
        return None if listed - asked <= GRACE else listed
    changed = min(_changed(files), listed)
    then = Transfer.objects.filter(
        kind=Kind.COLLECT,
        assignment=submission.assignment,
        member=submission.student,
        state=Transfer.State.DONE,
        started__range=(due, due + AT_THE_DUE_TIME),
    ).first()
    if then and (digest := then.result.get("digest")):
        if digest == _digest(files):
            took = timedelta(seconds=then.result.get("seconds", 0))
            return None if took <= GRACE else due + took
        return changed if is_late(submission, changed) else listed
    return changed if is_late(submission, changed) else None


def _digest(files: list[File]) -> str:
    """Return a hash of what is the student's; when it is due is ours to write."""
    return source_folder.digest(due_date.theirs(files))


def _submitted(snapshot: Snapshot) -> list[Item]:
    """Return what was submitted; it lies in the course's project already."""
    return [
        Item(
            file["path"],
            file["size"],
            file["sha256"],
            file.get("modified", 0),
            elsewhere=f"{snapshot.path}/{file['path']}",
        )
        for file in snapshot.files
    ]


def _changed(files: list[File]) -> datetime:
    """Say when the last of the student's files was saved, as the student's project has it."""
    moments = [file["modified"] for file in due_date.theirs(files)]
    return datetime.fromtimestamp(max(moments), tz=UTC) if moments else timezone.now()


def _wanted(items: list[Item]) -> list[Item]:
    """Leave out what is no student's to say: whose work it is."""
    return [item for item in items if not _OURS.fullmatch(item.path)]


def _nameless(items: list[Item]) -> list[Item]:
    """Leave out, too, what says when it is due: who has longer could be known by it."""
    return [item for item in _wanted(items) if item.path != due_date.NAME]


def _who(student: Membership) -> str:
    email = student.user.email or student.user.get_username()
    values = {"name": student.name, "email": email, "number": student.number}
    with translation.override(settings.LANGUAGE_CODE):  # whoever has it collected
        who = _("This student is %(name)s <%(email)s>.") % values
        number = f"\n{_('Number: %(number)s') % values}" if student.number else ""
    # A line break in a name could say that it is somebody else.
    return " ".join(who.split()) + f"{number}\n"


def _digest_before(submission: Submission) -> object:
    """Return the hash of what was collected the time before; None where that is not known."""
    done = Transfer.objects.filter(
        kind=Kind.COLLECT,
        assignment=submission.assignment,
        member=submission.student,
        state=Transfer.State.DONE,
        ended__gte=submission.collected or timezone.now(),
    )
    last = done.order_by("-ended").first()
    return last.result.get("digest") if last else None


def _write_down(submission: Submission, work: _Work, began: datetime, *, is_same: bool) -> None:
    now = timezone.now()
    before = submission.renewed or submission.collected
    rows = Submission.objects.filter(pk=submission.pk)
    # Due meanwhile is not yet collected for it; so is what is due at another time by now.
    due = submission.due if submission.due and began >= submission.due else F("collected_for")
    with transaction.atomic():
        rows.update(
            collected=now,
            renewed=before if is_same and before else now,
            collected_for=due,
            collected_from=work.origin,
            collected_path=names.collected_of(submission),
            came=work.came,
            late=False,
        )
        lateness_update(rows)  # by the due time as it is at this moment
