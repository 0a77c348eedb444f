"""Counting what there was in each hour, so that the overview need not count a million rows.

Every worker does it once a minute. Newest first, hours are counted that never were, and counted
anew while their rows still change: a session may end a day after it began. An hour that is older
keeps its numbers, also when its rows are deleted. Whoever counts takes the hour as it was found:
where two do at once, the second one changes nothing.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, IntegerField
from django.db.models.fields.json import KT
from django.db.models.functions import Cast
from django.utils import timezone

from administration.models import HourCount
from classroom.models import Transfer
from embedding.models import EmbedSession

HOUR = timedelta(hours=1)
SHOWN = timedelta(days=7)
KEPT = timedelta(days=8)
SETTLED = timedelta(hours=26)  # after that much, what was open in an hour has ended
_FRESH = timedelta(seconds=50)  # of the last hours, whose rows change most
_LATER = timedelta(minutes=10)
QUARTER = 250  # milliseconds: how exactly the time until ready is counted
_LONGEST = 4 * 120
_CAUSES = 40  # of one hour: a page in a browser says them, and might say anything
OTHERS = "others"  # the cause under which the rest is counted


@dataclass(slots=True)
class Counts:
    """How many sessions by state and reason, how many transfers by kind, state and error code."""

    sessions: Counter[tuple[str, str]] = field(default_factory=Counter)
    transfers: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    ready: Counter[int] = field(default_factory=Counter)  # by quarters of a second

    def add(self, other: "Counts") -> None:
        """Take in what was counted elsewhere."""
        self.sessions.update(other.sessions)
        self.transfers.update(other.transfers)
        self.ready.update(other.ready)


def count_hours(now: datetime | None = None) -> int:
    """Count the hours for which it is time; return how many were."""
    now = now or timezone.now()
    HourCount.objects.filter(hour__lt=now - KEPT).delete()
    rows = {row.hour: row for row in HourCount.objects.defer("sessions", "ready", "transfers")}
    return sum(
        _count(hour, rows.get(hour), now)
        for hour in hours_until(now)
        if _is_due(hour, rows.get(hour), now)
    )


def hours_until(now: datetime) -> Iterable[datetime]:
    """Return the beginnings of all hours that are shown, the running one first."""
    newest = hour_of(now)
    return [newest - HOUR * back for back in range(SHOWN // HOUR + 1)]


def hour_of(moment: datetime) -> datetime:
    """Return when the hour of a moment began."""
    return moment.replace(minute=0, second=0, microsecond=0)


def counts_between(begin: datetime, end: datetime) -> Counts:
    """Count what is in the tables: what began, or ended, from then until before then."""
    found = Counts()
    sessions = (
        EmbedSession.objects.filter(started__gte=begin, started__lt=end)
        .order_by()
        .values_list("state", "reason", Cast(KT("steps__ready"), IntegerField()) / QUARTER)
        .annotate(total=Count("pk"))
    )
    for state, reason, quarters, total in sessions:
        found.sessions[state, reason] += total
        if quarters is not None:
            found.ready[min(quarters, _LONGEST)] += total
    transfers = (
        Transfer.objects.filter(ended__gte=begin, ended__lt=end)
        .order_by()
        .values_list("kind", "state", "error_code")
        .annotate(total=Count("pk"))
    )
    for kind, state, code, total in transfers:
        found.transfers[kind, state, code] += total
    return found


def written(counts: Counts) -> dict[str, Any]:
    """Return counts as the fields of a row hold them."""
    return {
        "sessions": _rows(counts.sessions),
        "transfers": _rows(counts.transfers),
        "ready": {str(quarters): total for quarters, total in counts.ready.items()},
    }


def read(row: HourCount) -> Counts:
    """Return what a row holds."""
    return Counts(
        sessions=Counter({(state, reason): total for state, reason, total in row.sessions}),
        transfers=Counter({(kind, s, code): total for kind, s, code, total in row.transfers}),
        ready=Counter({int(quarters): total for quarters, total in row.ready.items()}),
    )


def _is_due(hour: datetime, row: HourCount | None, now: datetime) -> bool:
    if row is None or row.counted is None:
        return True
    over = hour + HOUR
    if row.counted >= over + SETTLED:
        return False
    return now - row.counted >= (_FRESH if now < over + HOUR else _LATER)


def _count(hour: datetime, row: HourCount | None, now: datetime) -> bool:
    until = min(hour + HOUR, now)
    fields = written(counts_between(hour, until))
    if row is None:
        row, _made = HourCount.objects.get_or_create(hour=hour)
    ours = HourCount.objects.filter(pk=row.pk, counted=row.counted)
    return bool(ours.update(counted=now, until=until, **fields))


def _rows(counted: Counter[Any]) -> list[list[Any]]:
    """Return the most frequent ones; what is left of them goes under a cause that says so."""
    ranked = counted.most_common()
    kept = Counter(dict(ranked[:_CAUSES]))
    for (*what, _cause), total in ranked[_CAUSES:]:
        kept[*what, OTHERS] += total
    return [[*what, total] for what, total in kept.items()]
