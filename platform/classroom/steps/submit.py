"""Submit: what lies in a student's folder at this moment, copied to where no student reaches.

1. What is there is packed in the student's project, each file as it is at one moment, judged by
   us, and put into the course's project: see `bringing`. A snapshot is what arrived, and that is
   just what was declared, file by file, by its hash.
2. Regular files count and nothing else; a folder that is a link is no folder. What the student's
   project says of itself is believed only of itself.
3. It comes when its copy is finished (`rules.deadlines`). One that was kept waiting too long is
   refused, so that what the student pressed for is what is taken.
4. A late one does not take the place of one in time unless its student was asked, and said so of
   that very one (`options["instead_of"]`): whatever made it late. One that differs in nothing is
   refused. Both are kept, and the teacher sees both.
5. What is just as it was handed out is not submitted unless its student was asked, and said so
   (`options["as_it_is"]`).
6. The last snapshots are kept, and always the one that counts.
7. What of it the autograder could not use is said at once (`submit_warnings`), and refuses nothing.
"""

import math
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from classroom.carrying.calls import Refused
from classroom.carrying.items import Item, files_of
from classroom.conf import conf
from classroom.models import (
    Assignment,
    Course,
    Kind,
    Membership,
    Snapshot,
    Submission,
    Transfer,
)
from classroom.pages.text import short_moment
from classroom.rules import manifest
from classroom.rules.anonymity import said_by_name
from classroom.rules.counting import counting
from classroom.rules.deadlines import came, came_late, is_late, is_taken
from classroom.rules.last_submit import AS_GIVEN, UNCHANGED
from classroom.rules.names import submitted_of
from classroom.rules.scoring import number_text
from classroom.rules.source_folder import digest
from classroom.steps import due_date
from classroom.steps.bringing import Brought, bring, lying_in_course
from classroom.steps.registry import step
from classroom.steps.submit_warnings import warned
from classroom.steps.tests_wanted import tests_queue
from embedding.conf import MEGABYTE
from embedding.problems import Problem

KEPT = 20
PATIENCE = timedelta(minutes=10)
_BEFORE = timedelta(microseconds=1)


@step(Kind.SUBMIT)
def run(transfer: Transfer) -> dict[str, Any]:
    """Take the snapshot of `options["at"]` and return {"snapshot", "files", "size"}.

    `options["instead_of"]` is the snapshot in time that the student gave up for a late one, and
    `options["as_it_is"]` says that nothing need have been changed.
    """
    assignment, student = transfer.assignment, transfer.member
    if assignment is None or student is None:
        raise ValueError("a submit is of one student's work on one assignment")
    at = datetime.fromisoformat(transfer.options["at"])
    submission = Submission.objects.get(assignment=assignment, student=student)
    submission.assignment, submission.student = assignment, student
    found = Snapshot.objects.filter(submission=submission, taken=at).first()
    with said_by_name(submission):
        snapshot = found or _take(submission, at, transfer.options)
    return {
        "snapshot": snapshot.pk,
        "files": len(snapshot.files),
        "size": sum(file["size"] for file in snapshot.files),
    }


def _take(submission: Submission, at: datetime, options: dict[str, Any]) -> Snapshot:
    assignment, student = submission.assignment, submission.student
    if timezone.now() - at > PATIENCE:
        raise Problem(
            "too_long",
            _("This took too long, so nothing was submitted. Please submit again."),
            status=409,
        )
    if student.project is None or student.project.project_id is None:
        raise Problem(
            "unprepared", _("Your project is not ready yet."), status=409, recoverable=True
        )
    source = str(student.project.project_id)
    target = str(assignment.course.project.project_id)
    path = submitted_of(submission, at)
    spare = _spare(submission)
    try:
        brought = bring(
            source,
            assignment.folder,
            target,
            path,
            lying=lying_in_course(assignment, submission),
            choose=lambda found: _something(submission, at, found, options),
            most_bytes=conf().submit_max_mb * MEGABYTE,
            how="fresh",
            spare=[*spare, *_left_behind(submission)],
        )
    except Refused as refused:
        raise _in_words(refused, assignment) from None
    snapshot = _keep(submission, at, path, brought, spare, options.get("instead_of"))
    return warned(snapshot, assignment, brought.items)


def _something(
    submission: Submission, at: datetime, items: list[Item], options: dict[str, Any]
) -> list[Item]:
    if not items:
        raise Problem(
            "nothing",
            _("There is nothing to submit: “%(folder)s” has no files.")
            % {"folder": submission.assignment.folder},
            status=409,
        )
    now = timezone.now()
    kept = in_time_so_far(submission)
    late = is_late(submission, came(Snapshot(taken=at, finished=now)))
    if kept and late and is_unchanged(kept, items):
        raise unchanged(kept, submission.assignment.course.zone, now)
    if not options.get("as_it_is") and is_as_given(submission.assignment, items):
        raise as_given()
    return items


def is_as_given(assignment: Assignment, items: list[Item]) -> bool:
    """Whether a student's files are just those that were handed out."""
    now, given = (
        manifest.hashes(due_date.theirs(files)) for files in (files_of(items), assignment.files)
    )
    return bool(given) and now == given


def as_given() -> Problem:
    """Say to the student that there is no work in it."""
    return Problem(AS_GIVEN, _("Nothing has changed since you got it."), status=409)


def in_time_so_far(submission: Submission) -> Snapshot | None:
    """Return the submission in time that counts, if one does."""
    counts = counting(submission)
    return counts if counts and not counts.late else None


def is_unchanged(snapshot: Snapshot, items: list[Item]) -> bool:
    """Whether a student's files are just those of a snapshot, whenever they were saved."""
    files = (files_of(items), snapshot.files)
    now, then = (digest(due_date.theirs(each)) for each in files)
    return now == then


def unchanged(kept: Snapshot, zone: ZoneInfo, now: datetime) -> Problem:
    """Say that a late submission would change nothing but its being late."""
    when = short_moment(kept.taken, zone, beside=now)
    return Problem(
        UNCHANGED,
        _(
            "Nothing has changed since your submission of %(time)s, which was on time and counts. "
            "So nothing was submitted again."
        )
        % {"time": when},
        status=409,
    )


def _in_words(refused: Refused, assignment: Assignment) -> Problem:
    """Say to the student what kept the folder from being submitted."""
    folder, limit = assignment.folder, conf().submit_max_mb
    holds = math.ceil(10 * refused.size / MEGABYTE) / 10  # never what is still allowed
    sentences = {
        "missing": _(
            "There is no folder “%(folder)s” in your project any more. If you renamed or moved it, "
            "move it back. Then submit again."
        ),
        "changing": _(
            "“%(folder)s” kept changing while it was submitted. Stop what writes to it, such as a "
            "running notebook. Then submit again."
        ),
        "too_large": _(
            "“%(folder)s” has %(size)s MB, but up to %(most)s MB may be submitted. Delete what is "
            "not needed. Then submit again."
        ),
    }
    if refused.code == "too_many":
        return manifest.too_much(folder)
    if refused.code not in sentences:
        return refused
    code = "folder_missing" if refused.code == "missing" else refused.code
    values = {"folder": folder, "size": number_text(holds), "most": limit}
    return Problem(code, sentences[refused.code] % values, status=409)


def _keep(
    submission: Submission,
    at: datetime,
    path: str,
    brought: Brought,
    spare: list[str],
    instead_of: int | None,
) -> Snapshot:
    """Write the snapshot down, and have late work collected that others' was collected before."""
    snapshot = Snapshot(
        submission=submission,
        taken=at,
        finished=brought.finished,
        path=path,
        files=files_of(brought.items),
    )
    with transaction.atomic():
        row = Submission.objects.select_for_update(no_key=True).get(pk=submission.pk)
        row.student = submission.student
        row.assignment = Assignment.objects.select_related("course").get(pk=row.assignment_id)
        # It may be due at another time since the copy began.
        snapshot.late = is_late(row, came(snapshot))
        snapshot.save(force_insert=True)
        if instead_of and snapshot.late and is_taken(row, came(snapshot)):
            Snapshot.objects.filter(submission=row, pk=instead_of).update(given_up=True)
        counts = counting(row) == snapshot
        Snapshot.objects.filter(submission=row, path__in=spare).delete()
        if counts:
            counts_now(row, snapshot)
        elif row.collected is None:  # else it is no new work: nobody collects it
            row.submitted = max(at, row.submitted or at)
            row.save(update_fields=["submitted"])
        snapshot.submission = submission
        tests_queue(snapshot, row.assignment, row.student)
    return snapshot


def counts_now(row: Submission, snapshot: Snapshot) -> None:
    """Let a snapshot be the work of a submission, whose row is held, and have it collected."""
    pressed = max(snapshot.taken, row.submitted or snapshot.taken)
    row.submitted = pressed
    # What was collected while this one waited is older: nobody could know of it yet.
    if row.collected and row.collected >= pressed:
        row.collected = pressed - _BEFORE
    row.save(update_fields=["submitted", "collected"])
    if row.collected and row.due and timezone.now() > row.due:
        _collect_again(row)


def _collect_again(submission: Submission) -> None:
    assignment, student = submission.assignment, submission.student
    if Course.objects.filter(pk=assignment.course_id, archived__isnull=False).exists():
        return  # it stays “submitted again”, for whoever brings the course back
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
    in_time = next((row for row in rows if not came_late(submission, row)), None)
    needed = {counting(submission), in_time}
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
    return [submitted_of(submission, datetime.fromisoformat(at)) for at in moments if at]
