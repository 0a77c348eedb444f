"""What became of the last submit of a student's, where that led to no submission.

The student is told of it until the next one succeeds, and so is who looks at the work: a receipt
of an earlier submission must not be taken for one of this.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Max
from django.utils.translation import gettext as _

from classroom.models import Kind, Submission, Transfer

UNCHANGED = "unchanged"  # refused, because it would have made the same work late
AS_GIVEN = "as_given"  # not done yet: the student is asked whether to submit what was handed out
HARMLESS = (UNCHANGED, AS_GIVEN)

State = Transfer.State


@dataclass(frozen=True, slots=True)
class Failure:
    """A submit that failed."""

    at: datetime  # when the student pressed
    words: str
    code: str

    @property
    def is_harmless(self) -> bool:
        """Whether nothing is missing because of it."""
        return self.code in HARMLESS

    @property
    def asks(self) -> bool:
        """Whether it waits for the student's answer."""
        return self.code == AS_GIVEN


def last_submits(rows: Iterable[Submission]) -> dict[tuple[int, int], Transfer]:
    """Return the last submit of each work, by assignment and student."""
    works = {(row.assignment_id, row.student_id) for row in rows}
    submits = Transfer.objects.filter(
        kind=Kind.SUBMIT,
        assignment__in={assignment for assignment, _ in works},
        member__in={student for _, student in works},
    )
    last = submits.order_by().values("assignment", "member").annotate(last=Max("pk"))
    found = Transfer.objects.filter(pk__in=last.values("last"))
    return {(row.assignment_id or 0, row.member_id or 0): row for row in found}


def failures(rows: Collection[Submission]) -> dict[int, Failure]:
    """Return the last submits of one assignment that failed, by student, for who looks at work."""
    last = last_submits(rows)
    found = {
        row.student_id: failure_of(last.get((row.assignment_id, row.student_id)), row.submitted)
        for row in rows
    }
    return {
        student: failure
        for student, failure in found.items()
        if failure and not failure.is_harmless
    }


def failure_of(transfer: Transfer | None, submitted: datetime | None) -> Failure | None:
    """Return how the last submit failed, unless it did not; `submitted` is when one succeeded."""
    if transfer is None or transfer.state not in (State.FAILED, State.CANCELLED):
        return None
    at = pressed(transfer)
    if submitted is not None and submitted >= at:
        return None  # it was this one, or came after it
    words = transfer.error or _("It was cancelled before it started.")
    return Failure(at, words, transfer.error_code)


def pressed(transfer: Transfer) -> datetime:
    """Return when the student pressed *Submit*."""
    at = transfer.options.get("at")
    return datetime.fromisoformat(at) if at else transfer.created
