"""Whether CoCalc answers: one row for all processes, which tells pages without asking CoCalc.

Who looks is decided in the database: `looked` is moved on from the value that was read, and what
is seen then is written only while it is still there. That CoCalc does not answer is believed after
two looks in a row. No project and no user has a part in a look (`embedding.cocalc.looking`).
"""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from django.db.models import Q, QuerySet
from django.utils import timezone

from embedding.cocalc.looking import Look
from embedding.cocalc.looking import look as look_once
from embedding.conf import conf
from embedding.models import CocalcReading, CocalcState

EVERY = timedelta(minutes=1)  # looks, while CoCalc answers
EVERY_DOWN = timedelta(seconds=3)  # and while it does not
LIMIT = 3.0  # seconds for a look to connect, and as many for its answer
KEPT = timedelta(days=8)  # readings
# When nobody has looked for so long, nothing is known.
DOWN_LASTS = timedelta(minutes=2)
UP_LASTS = timedelta(minutes=10)
_BETWEEN = 1.0  # seconds from a look that failed to the one that settles it
_ONE = 1  # the row's key
_BATCH = 1000


@dataclass(frozen=True, slots=True)
class Now:
    """What is known: since when, why not, when was last looked, and when it last answered."""

    state: Literal["up", "down", "unknown"]
    since: datetime | None = None
    cause: str = ""
    looked: datetime | None = None
    answered: datetime | None = None

    @property
    def is_down(self) -> bool:
        """Whether it is known that CoCalc does not answer."""
        return self.state == "down"


def current(now: datetime | None = None) -> Now:
    """Return what is known: one query, and nobody asks CoCalc."""
    row = CocalcState.objects.filter(pk=_ONE).first()
    return _now(row, now or timezone.now()) if row else Now("unknown")


def look(now: datetime | None = None, *, every: timedelta | None = None) -> bool:
    """Look, where it is time for that and nobody else does; say whether it was done.

    `every`: how old the last look has to be; by default as it suits the state.
    """
    row, now = _row(), now or timezone.now()
    claimed = _claim(row, now, every)
    if not claimed:
        return False
    _settle(claimed, _seen(certain=row.is_up is False), now)
    return True


def prune(now: datetime | None = None) -> None:
    """Delete old readings, a batch at a time."""
    old = CocalcReading.objects.filter(at__lt=(now or timezone.now()) - KEPT).order_by("pk")
    while batch := list(old.values_list("pk", flat=True)[:_BATCH]):
        CocalcReading.objects.filter(pk__in=batch).delete()


def _row() -> CocalcState:
    row = CocalcState.objects.filter(pk=_ONE).first()
    return row or CocalcState.objects.get_or_create(pk=_ONE)[0]


def _now(row: CocalcState, now: datetime) -> Now:
    told = max((at for at in (row.looked, row.answered) if at), default=None)
    lasts = UP_LASTS if row.is_up else DOWN_LASTS
    if row.is_up is None or told is None or now - told > lasts:
        return Now("unknown", looked=row.looked, answered=row.answered)
    state: Literal["up", "down"] = "up" if row.is_up else "down"
    return Now(state, row.since, row.cause, row.looked, row.answered)


def _claim(row: CocalcState, now: datetime, every: timedelta | None) -> "QuerySet[CocalcState]":
    """Set out to look; the row, as long as nobody does so after us, or none."""
    if every is None:
        every = EVERY_DOWN if row.is_up is False else EVERY
    # A look from the future is of a clock that was wrong.
    if row.looked and timedelta(0) <= now - row.looked < every:
        return CocalcState.objects.none()
    rows = CocalcState.objects.filter(pk=_ONE)
    taken = rows.filter(looked=row.looked).update(looked=now)
    return rows.filter(looked=now) if taken else CocalcState.objects.none()


def _seen(*, certain: bool) -> Look:
    """Look; where that fails and is news, once more."""
    seen = look_once(conf().api_url, limit=LIMIT)
    if seen.answers or certain:
        return seen
    time.sleep(_BETWEEN)
    return look_once(conf().api_url, limit=LIMIT)


def _settle(claimed: "QuerySet[CocalcState]", seen: Look, began: datetime) -> None:
    """Write down what was seen, and now and then how long it took."""
    now = timezone.now()
    if seen.answers:
        news = claimed.exclude(is_up=True).update(is_up=True, since=now, cause="")
        claimed.update(answered=now)
    else:
        news = claimed.exclude(is_up=False).update(is_up=False, since=began)
        claimed.update(cause=seen.code)
    rows = CocalcState.objects.filter(pk=_ONE)
    if not news:
        rows = rows.filter(Q(kept=None) | Q(kept__lte=began - EVERY) | Q(kept__gt=began))
    if rows.update(kept=began):
        CocalcReading.objects.create(at=began, ms=round(seen.seconds * 1000), code=seen.code)
