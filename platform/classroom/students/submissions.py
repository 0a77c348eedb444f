"""Submitting: done while the student waits, and written down so that it cannot be lost.

A submit is a transfer like those of the class steps: one runs per submission, none beside another
step for the same student, and one whose web process died is finished by a worker.

The web process does it at once. Where something else is under way for this student, or too many
ask CoCalc already, the workers do it right after that; and they do it where there is too much for
somebody to wait for. What fails here has failed: the student is told why, and tries again.
A submit that has begun is finished though the student be removed meanwhile; one that waits is not.

Who has a submission in time, and would submit late, is asked first.
"""

import time
from dataclasses import replace
from datetime import datetime

from classroom.carrying.incoming import hurried, look
from classroom.engine.holding import claim_one, kept, settle
from classroom.engine.performing import perform
from classroom.engine.queue import URGENT, transfer_add
from classroom.engine.working import wake
from classroom.models import Kind, Snapshot, Submission, Transfer
from classroom.pages.text import moment, short_moment
from classroom.rules.deadlines import is_late, is_taken, last_moment
from classroom.rules.last_submit import UNCHANGED
from classroom.rules.late_words import cost_text, late_days_of
from classroom.steps.submit import in_time_so_far, is_unchanged, unchanged
from embedding import turns
from embedding.cocalc.errors import CocalcError, Crowded
from embedding.problems import Busy, Problem

State = Transfer.State

WAIT_SECONDS = 8.0  # for somebody else who is at it, before the page says that it is under way
_LOOK_SECONDS = 0.2


class Refused(Problem):
    """Nothing can be submitted here now, whoever tries again."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message, status=409)


class WouldLose(Problem):
    """The student is to be asked: a submission in time would no longer count."""

    def __init__(self, kept: Snapshot, when: str, cost: str) -> None:
        words = f"Your submission of {when} was on time and will no longer count. {cost}".strip()
        super().__init__("would_lose_on_time", words, status=409)
        self.kept = kept
        self.when = when


def submit(submission: Submission, at: datetime, *, instead_of: int | None = None) -> Snapshot:
    """Take the snapshot of a student's work that was submitted at this moment, and return it.

    `instead_of` is the snapshot in time that the student gives up for a late one. A second submit
    while one is under way joins that one.

    Busy: it is under way, and will be finished. Problem: nothing was submitted or changed, with the
    reason for the student; Refused where no trying again will help, WouldLose where the student is
    to be asked.
    """
    _check(submission, at)
    student, assignment = submission.student, submission.assignment
    if is_late(submission, at) and not _is_under_way(submission):
        _ask(submission, at, instead_of)
    transfer = transfer_add(
        assignment.course,
        Kind.SUBMIT,
        student,
        assignment=assignment,
        options={"at": at.isoformat()} | ({"instead_of": instead_of} if instead_of else {}),
        priority=URGENT,
    )
    try:
        # Also who only waits holds a thread, and has turns like the others.
        turns.take(str(student.project.project_id or "") if student.project else "")
    except Crowded:
        raise Busy("submit") from None  # a worker does it
    if held := claim_one(transfer):
        with kept(held), hurried():
            end = perform(held)
        if end.state == State.QUEUED and end.code not in ("busy", Crowded.code):
            end = replace(end, state=State.FAILED)
        settle([end])
        wake()  # for what the submission set off: its tests, or collecting it
    return _outcome(transfer)


def _check(submission: Submission, at: datetime) -> None:
    assignment = submission.assignment
    if assignment.handout:
        raise Refused("handout", "A handout is yours to keep: it is not submitted.")
    if submission.handed_out is None:
        raise Refused("not_out", "This assignment has not reached you yet.")
    if not is_taken(submission, at):
        last = moment(last_moment(submission), assignment.course.zone)
        counts = "What you submitted last" if submission.submitted else "The folder as it was then"
        raise Refused(
            "closed",
            f"Work was taken until {last}. It is closed now: nothing was submitted. "
            f"{counts} counts.",
        )


def _is_under_way(submission: Submission) -> bool:
    return Transfer.objects.filter(
        kind=Kind.SUBMIT,
        assignment=submission.assignment,
        member=submission.student,
        state__in=Transfer.ACTIVE,
    ).exists()


def _ask(submission: Submission, at: datetime, instead_of: int | None) -> None:
    """Refuse what differs in nothing, and ask where that is not known, or not so.

    What was in the folder now may change before it is taken: the step looks again.
    """
    kept = in_time_so_far(submission)
    if kept is None or kept.pk == instead_of:
        return
    zone = submission.assignment.course.zone
    if _is_as(kept, submission):
        raise Refused(UNCHANGED, unchanged(kept, zone, at).message)
    cost = cost_text(submission, at, late_days_of(submission.student))
    raise WouldLose(kept, short_moment(kept.taken, zone, beside=at), cost)


def _is_as(kept: Snapshot, submission: Submission) -> bool:
    project = submission.student.project
    if project is None or project.project_id is None:
        return False
    try:
        return is_unchanged(kept, look(str(project.project_id), submission.assignment.folder))
    except (CocalcError, Problem):
        return False  # submitting will say what is wrong


def _outcome(transfer: Transfer) -> Snapshot:
    """Return what was submitted, as soon as it is known."""
    patience = time.monotonic() + WAIT_SECONDS
    while True:
        transfer.refresh_from_db()
        if transfer.state == State.DONE:
            return Snapshot.objects.get(pk=transfer.result["snapshot"])
        if transfer.state not in Transfer.ACTIVE:
            raise Problem(transfer.error_code, transfer.error, status=409, detail=transfer.detail)
        if time.monotonic() > patience:
            raise Busy("submit")
        time.sleep(_LOOK_SECONDS)
