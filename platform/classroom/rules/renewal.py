"""Whether there is work that nobody has looked at yet: newer than what was collected, or graded.

It is new until it is collected, and graded again. Saving the same score once more grades it, too.
"""

from datetime import datetime
from typing import Protocol

from django.db.models import BooleanField, Case, F, Q, Value, When
from django.db.models.functions import Coalesce
from django.db.models.lookups import Exact, GreaterThan
from django.utils.translation import gettext as _


class Moments(Protocol):
    """When what was done with a work, the last time."""

    @property
    def submitted(self) -> datetime | None: ...
    @property
    def collected(self) -> datetime | None: ...
    @property
    def renewed(self) -> datetime | None: ...
    @property
    def graded(self) -> datetime | None: ...
    @property
    def returned(self) -> datetime | None: ...


# Neither a person nor the autograder has looked at it.
UNTRIED = Q(score=None, comment="", details={}, returned=None)
UNCOLLECTED = Q(submitted__gt=F("collected"))


def is_uncollected(work: Moments) -> bool:
    """Whether it was submitted again since it was collected."""
    return _later(work.submitted, work.collected)


def is_ungraded(work: Moments) -> bool:
    """Whether there is other work than when it was graded, or returned without a grade."""
    return _later(work_of(work), work.graded or work.returned)


def work_of(work: Moments) -> datetime | None:
    """Since when the work is what it is: as it was collected, else submitted; or None.

    What was collected once more and is the same, by whatever submission, is as old as before.
    """
    return work.renewed or work.collected or work.submitted


def news(work: Moments) -> str:
    """Say what is new, in a few words; empty where nothing is."""
    if is_uncollected(work):
        return _("Submitted again")
    if not is_ungraded(work):
        return ""
    return _("New work since it was graded") if work.graded else _("New work since it was returned")


def is_new(new: bool = True) -> Q:
    """Return the condition that there is news, or that there is none."""
    work = Coalesce("renewed", "collected", "submitted")
    found = UNCOLLECTED | Q(GreaterThan(work, Coalesce("graded", "returned")))
    # Of two values, not three: what is compared with nothing is not new.
    known = Case(When(found, then=Value(True)), default=Value(False), output_field=BooleanField())
    return Q(Exact(known, Value(new)))


def _later(one: datetime | None, other: datetime | None) -> bool:
    return one is not None and other is not None and one > other
