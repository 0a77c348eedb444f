"""Tests that run when a student submits: whether they do, and how often they may.

A submission beyond the attempts, or within the pause, is taken like any other and not tested. An
attempt is used up when the tests begin to run; where they could not, because of this site or of
CoCalc, it is not.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from classroom.models import Assignment, Submission, TestRun, Transfer

State = TestRun.State
TESTS = ("tests", "test_attempts", "test_pause", "test_counts")


def are_on(assignment: Assignment) -> bool:
    """Whether tests run on submit: only by files that a teacher has approved."""
    return (
        assignment.tests != Assignment.Tests.OFF
        and assignment.marked
        and bool(assignment.approved)
        and not assignment.handout
    )


def is_waiting(run: TestRun) -> bool:
    """Whether it is still to be run, or runs; what only says so has failed."""
    return (
        run.state == State.WAITING
        and run.transfer is not None
        and run.transfer.state in Transfer.ACTIVE
    )


def is_attempt(run: TestRun) -> bool:
    """Whether it uses up one of the attempts."""
    return is_waiting(run) or (run.state == State.DONE and run.is_attempt)


@dataclass(frozen=True, slots=True)
class Attempts:
    """A student's attempts at the tests of one assignment."""

    used: int
    most: int | None
    last: datetime | None
    pause: timedelta

    @classmethod
    def of(cls, assignment: Assignment, runs: Iterable[TestRun]) -> "Attempts":
        """Return them, by the runs of one submission with their transfers."""
        at = [run.at for run in runs if is_attempt(run)]
        pause = timedelta(minutes=assignment.test_pause)
        return cls(len(at), assignment.test_attempts, max(at, default=None), pause)

    @property
    def are_used_up(self) -> bool:
        """Whether no further submission is tested."""
        return self.most is not None and self.used >= self.most

    def next_at(self, now: datetime) -> datetime | None:
        """Return from when the next submission is tested, where that is not at once."""
        if self.last is None or now >= self.last + self.pause:
            return None
        return self.last + self.pause


def runs_of(rows: Sequence[Submission]) -> dict[int, list[TestRun]]:
    """Return the runs of these works by submission, the latest first; no query where none run."""
    found: dict[int, list[TestRun]] = defaultdict(list)
    tested = [row.pk for row in rows if are_on(row.assignment)]
    if tested:
        runs = TestRun.objects.filter(submission__in=tested).select_related("transfer")
        for run in runs:
            found[run.submission_id].append(run)
    return found
