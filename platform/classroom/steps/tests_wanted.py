"""Having the tests of a submission run, and what its student is told of them."""

from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from classroom.models import Assignment, Kind, Membership, Snapshot, TestRun, Transfer
from classroom.pages.text import moment
from classroom.rules.scoring import number_text
from classroom.rules.test_runs import Attempts, State, are_on, is_waiting

_QUIET = -10  # as `engine.queue` has it: whoever submits, or waits for work, comes first


def attempts_text(attempts: Attempts) -> str:
    """Say how many attempts are left; empty where there is no limit."""
    if attempts.most is None:
        return ""
    return ngettext(
        "%(left)s of %(most)s attempt left.", "%(left)s of %(most)s attempts left.", attempts.most
    ) % {"left": max(0, attempts.most - attempts.used), "most": attempts.most}


def refusal(attempts: Attempts, now: datetime, zone: ZoneInfo) -> str:
    """Say why a submission of this moment is not tested; empty where it is."""
    if attempts.are_used_up:
        return ngettext(
            "It is not tested: you have used %(used)s of %(most)s attempt.",
            "It is not tested: you have used %(used)s of %(most)s attempts.",
            attempts.most or 0,
        ) % {"used": attempts.used, "most": attempts.most}
    if at := attempts.next_at(now):
        return _("It is not tested: the next test is possible from %(time)s on.") % {
            "time": moment(at, zone)
        }
    return ""


def tests_queue(snapshot: Snapshot, assignment: Assignment, student: Membership) -> TestRun | None:
    """Have the tests of a new submission run, or write down why they do not; None: there are none.

    None, too, in a course that was archived while its last submissions were taken in.
    It belongs in the transaction that keeps the snapshot, and holds the row of the submission: so
    that of two at once not both take the last attempt.
    """
    if not are_on(assignment) or assignment.course.archived:
        return None
    runs = TestRun.objects.filter(submission=snapshot.submission).select_related("transfer")
    zone = assignment.course.zone
    why_not = refusal(Attempts.of(assignment, runs), snapshot.taken, zone)
    run = TestRun(submission=snapshot.submission, snapshot=snapshot, at=snapshot.taken)
    if why_not:
        run.state, run.words, run.is_attempt = State.REFUSED, why_not, False
    else:
        run.transfer = Transfer.objects.create(
            course=assignment.course,
            kind=Kind.TEST,
            assignment=assignment,
            member=student,
            # Of its own: whoever submits again, or gets work, does not wait for tests.
            lane=f"tests:{student.pk}",
            key=Transfer.key_of(Kind.TEST, f"s{snapshot.pk}"),
            options={"snapshot": snapshot.pk},
            priority=_QUIET,
        )
    run.save(force_insert=True)
    return run


def said(run: TestRun) -> str:
    """Say in a sentence or two how the tests of a submission went, or that they have not run."""
    if is_waiting(run):
        return _("The tests are running: their result comes in some minutes.")
    if run.state == State.WAITING:
        return _(
            "The tests could not be run. This uses up no attempt: submit again later, or ask your "
            "teacher."
        )
    if run.score is None:
        return run.words
    points = _("Tests: %(score)s of %(most)s points.") % {
        "score": number_text(run.score),
        "most": number_text(run.most),
    }
    return f"{points} {run.words}".strip()
