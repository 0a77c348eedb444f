"""Submitting: done while the student waits, and written down so that it cannot be lost.

A submit is a transfer like those of the class steps: one runs per submission, none beside another
step for the same student, and one whose web process died is finished by a worker.

The web process does it at once. Where something else is under way for this student, or too many
ask CoCalc already, the workers do it right after that; and they do it where there is too much for
somebody to wait for. What fails here has failed: the student is told why, and tries again.
A submit that has begun is finished though the student be removed meanwhile; one that waits is not.

Who has a submission in time, and would submit late, is asked first; so is who would submit what
was handed out: because it was never opened, which our rows know, or because nothing differs, which
the step sees.
"""

import time
from dataclasses import dataclass, replace
from datetime import datetime

from django.utils.translation import gettext as _

from classroom.carrying.incoming import hurried, look
from classroom.engine.holding import claim_one, kept, settle
from classroom.engine.performing import perform
from classroom.engine.queue import URGENT, transfer_add
from classroom.engine.working import wake
from classroom.models import Kind, Snapshot, Submission, Transfer
from classroom.pages.text import moment, short_moment
from classroom.rules.deadlines import is_late, is_taken, last_moment
from classroom.rules.last_submit import AS_GIVEN, UNCHANGED
from classroom.rules.late_words import cost_text, late_days_of
from classroom.steps.submit import in_time_so_far, is_unchanged, unchanged
from embedding import turns
from embedding.cocalc.errors import CocalcError, Crowded
from embedding.problems import Busy, Problem
from embedding.services.open_files import was_opened

State = Transfer.State

WAIT_SECONDS = 8.0  # for somebody else who is at it, before the page says that it is under way
_LOOK_SECONDS = 0.2


class Refused(Problem):
    """Nothing can be submitted here now, whoever tries again."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message, status=409)


@dataclass(frozen=True, slots=True)
class Answers:
    """What the student has said to questions, of this submit; `submit` says what it means."""

    instead_of: int | None = None
    as_it_is: bool = False

    @property
    def options(self) -> dict[str, int]:
        """The same as a form's fields, and as options of the step; what was not said is not in."""
        given = {"instead_of": self.instead_of, "as_it_is": int(self.as_it_is)}
        return {name: value for name, value in given.items() if value}


class Question(Problem):
    """The student is to be asked first. `answers`, given with the next submit, mean yes."""

    def __init__(self, code: str, message: str, answers: Answers) -> None:
        super().__init__(code, message, status=409)
        self.answers = answers
        self.title = self.yes = self.no = self.more = ""


class WouldLose(Question):
    """A submission in time would no longer count; `cost` is what being late takes, in words."""

    def __init__(self, kept: Snapshot, when: str, cost: str, given: Answers) -> None:
        lost = _(
            "Your submission of %(time)s was on time. If you submit late, it no longer counts."
        )
        words = f"{lost % {'time': when}} {cost}".strip()
        super().__init__("would_lose_on_time", words, replace(given, instead_of=kept.pk))
        self.title, self.yes = _("Submit late?"), _("Submit late")
        self.no = _("Keep the submission of %(time)s") % {"time": when}
        self.more = _("Your teacher can see both.")


class IsAsGiven(Question):
    """There is no work in it: it was not opened, or nothing differs."""

    def __init__(self, given: Answers, *, was_opened: bool = True) -> None:
        words = (
            _("You have not changed anything yet. Submit anyway?")
            if was_opened
            else _("You have not opened it yet. Submit anyway?")
        )
        super().__init__(AS_GIVEN, words, replace(given, as_it_is=True))
        self.title = _("Nothing has changed") if was_opened else _("Not opened yet")
        self.yes, self.no = _("Submit anyway"), _("Go back")


def submit(
    submission: Submission,
    at: datetime,
    *,
    instead_of: int | None = None,
    as_it_is: bool = False,
) -> Snapshot:
    """Take the snapshot of a student's work that was submitted at this moment, and return it.

    `instead_of` is the snapshot in time that the student gives up for a late one; `as_it_is` takes
    also what was never opened, or in which nothing differs. A second submit while one is under way
    joins that one.

    Busy: it is under way, and will be finished. Problem: nothing was submitted or changed, with the
    reason for the student; Refused where no trying again will help, Question where the student is
    to be asked.
    """
    check(submission, at)
    answers = Answers(instead_of, as_it_is)
    student, assignment = submission.student, submission.assignment
    if not _is_under_way(submission):
        if is_late(submission, at):
            _ask(submission, at, answers)
        if not as_it_is and _is_untouched(submission):
            raise IsAsGiven(answers, was_opened=False)
    transfer = transfer_add(
        assignment.course,
        Kind.SUBMIT,
        student,
        assignment=assignment,
        options={"at": at.isoformat()} | answers.options,
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


def check(submission: Submission, at: datetime) -> None:
    """Refused where nothing is taken at this moment, whatever the student has. No CoCalc."""
    assignment = submission.assignment
    if assignment.handout:
        raise Refused("handout", _("This is a handout. There is nothing to submit."))
    if submission.handed_out is None:
        raise Refused("not_out", _("You have not received this assignment yet."))
    if not is_taken(submission, at):
        text = (
            _(
                "You could submit until %(time)s. It is closed now, so nothing was submitted. "
                "Your last submission counts."
            )
            if submission.submitted
            else _(
                "You could submit until %(time)s. It is closed now, so nothing was submitted. "
                "Your folder as it was then counts."
            )
        )
        last = moment(last_moment(submission), assignment.course.zone)
        raise Refused("closed", text % {"time": last})


def _is_under_way(submission: Submission) -> bool:
    return Transfer.objects.filter(
        kind=Kind.SUBMIT,
        assignment=submission.assignment,
        member=submission.student,
        state__in=Transfer.ACTIVE,
    ).exists()


def question_of(transfer: Transfer | None) -> Question | None:
    """Return what a submit has left to be asked, if it has."""
    if transfer is None or transfer.error_code != AS_GIVEN:
        return None
    return IsAsGiven(Answers(instead_of=transfer.options.get("instead_of")))


def _is_untouched(submission: Submission) -> bool:
    """Whether the student has never opened it, nor submitted it before. No CoCalc."""
    project = submission.student.project
    if submission.opened or submission.submitted or project is None:
        return False
    return not was_opened(submission.student.user, project, submission.assignment.folder)


def _ask(submission: Submission, at: datetime, answers: Answers) -> None:
    """Refuse what differs in nothing, and ask where that is not known, or not so.

    What was in the folder now may change before it is taken: the step looks again.
    """
    kept = in_time_so_far(submission)
    if kept is None or kept.pk == answers.instead_of:
        return
    zone = submission.assignment.course.zone
    if _is_as(kept, submission):
        raise Refused(UNCHANGED, unchanged(kept, zone, at).message)
    cost = cost_text(submission, at, late_days_of(submission.student))
    raise WouldLose(kept, short_moment(kept.taken, zone, beside=at), cost, answers)


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
        if transfer.state not in Transfer.ACTIVE and (question := question_of(transfer)):
            raise question
        if transfer.state not in Transfer.ACTIVE:
            raise Problem(transfer.error_code, transfer.error, status=409, detail=transfer.detail)
        if time.monotonic() > patience:
            raise Busy("submit")
        time.sleep(_LOOK_SECONDS)
