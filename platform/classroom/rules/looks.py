"""Another look at returned work: when a student may ask, and which requests wait."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, OuterRef, QuerySet

from classroom.models import Assignment, Look, Submission

MOST = 2000  # characters of a request, and of its answer


def takes_requests(assignment: Assignment, at: datetime) -> bool:
    """Whether students may ask at this moment."""
    return assignment.look_until is not None and at <= assignment.look_until


@dataclass(frozen=True, slots=True)
class Looks:
    """What was asked of a work: the request that waits, and those that were answered."""

    waiting: Look | None
    answered: Sequence[Look]  # newest first


def looks_of(submission: Submission) -> Looks:
    """Return all that was asked of a work."""
    rows = list(Look.objects.filter(submission=submission).select_related("answered_by"))
    waiting = next((row for row in rows if row.answered is None), None)
    return Looks(waiting, [row for row in rows if row.answered])


def waits() -> Exists:
    """Return the condition that a submission has a request that nobody has answered."""
    waiting: QuerySet[Look] = Look.objects.filter(submission=OuterRef("pk"), answered=None)
    return Exists(waiting)


def tidied(text: str) -> str:
    """Return a text as it is kept: with one kind of line's end, and nothing around it."""
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()
