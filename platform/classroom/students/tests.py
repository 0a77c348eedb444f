"""What a student sees of the tests that run on submit: the last result, and what comes next."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from classroom.models import Assignment, Snapshot, TestRun
from classroom.rules.scoring import number_text
from classroom.rules.test_runs import Attempts, are_on, is_waiting
from classroom.steps.tests_wanted import attempts_text, said


@dataclass(frozen=True, slots=True)
class Question:
    """One test's points."""

    name: str
    points: str  # with words where there are none
    of: str


@dataclass(frozen=True, slots=True)
class Tests:
    """The tests of one student's work."""

    rule: str  # which tests run, in a sentence
    words: str  # how those of the newest submission went; empty where there is none
    earlier: str  # how those of an earlier one went, where the newest has no result
    ended: datetime | None  # of the result that is shown
    questions: list[Question]
    attempts: str  # how many are left; empty without a limit
    next_at: datetime | None  # from when the next submission is tested, if not at once
    is_waiting: bool


def tests_of(
    assignment: Assignment, runs: Sequence[TestRun], newest: Snapshot | None, now: datetime
) -> Tests | None:
    """Return what is shown; `runs` are the latest first. None where no tests run on submit."""
    if not are_on(assignment):
        return None
    run = next((each for each in runs if newest and each.snapshot_id == newest.pk), None)
    attempts = Attempts.of(assignment, runs)
    is_said = attempts.are_used_up or (run is not None and run.state == TestRun.State.REFUSED)
    next_at = None if is_said else attempts.next_at(now)
    # Whose newest submission is not tested, or not yet, still sees what they had.
    shown = run if run and run.ended else next((each for each in runs if each.ended), None)
    return Tests(
        rule=_rule(assignment),
        words=said(run) if run else "",
        earlier=said(shown) if shown and shown is not run else "",
        ended=shown.ended if shown else None,
        questions=list(_questions(shown)) if shown else [],
        attempts=attempts_text(attempts),
        next_at=next_at,
        is_waiting=run is not None and is_waiting(run),
    )


def _rule(assignment: Assignment) -> str:
    parts = [
        _("When you submit, the open tests run.")
        if assignment.tests == Assignment.Tests.OPEN
        else _("When you submit, all tests run.")
    ]
    if assignment.test_counts == Assignment.Counts.BEST:
        parts.append(_("The submission with the most points from the tests counts."))
    return " ".join(parts)


def _questions(run: TestRun) -> Iterator[Question]:
    """Name each test, but a hidden one only by its number."""
    for place, cell in enumerate(run.cells, start=1):
        name = cell["name"] or _("Test %(number)s (hidden)") % {"number": place}
        if cell["score"] is not None:
            points = number_text(cell["score"])
        else:
            points = _("graded by hand") if cell["manual"] else _("no result")
        yield Question(name, points, number_text(cell["max"]))
