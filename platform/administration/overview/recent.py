"""What the last day and the last week held: the hours that are counted, and what came since."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from administration.models import HourCount
from administration.overview.counting import (
    SHOWN,
    Counts,
    counts_between,
    hour_of,
    hours_until,
    read,
)

DAY = timedelta(days=1)
LIVE = timedelta(minutes=30)  # how much is counted while the page is made


@dataclass(frozen=True, slots=True)
class Recent:
    """Both counts; they reach to `until`, and so many hours before are not counted yet."""

    day: Counts
    week: Counts
    day_from: datetime
    week_from: datetime
    until: datetime
    missing: int
    is_late: bool


def recent(now: datetime) -> Recent:
    """Read what is counted, and count what came since, where that is not long ago."""
    day_from, week_from = hour_of(now) - DAY, hour_of(now) - SHOWN
    day, week = Counts(), Counts()
    rows = list(HourCount.objects.filter(hour__gte=week_from, counted__isnull=False))
    reached = max((row.until for row in rows if row.until), default=None)
    for row in rows:
        found = read(row)
        week.add(found)
        if row.hour >= day_from:
            day.add(found)
    is_late = reached is not None and now - reached > LIVE
    if not is_late:
        live = counts_between(reached or now - LIVE, now)
        week.add(live)
        day.add(live)
    return Recent(
        day=day,
        week=week,
        day_from=day_from,
        week_from=week_from,
        until=reached if reached and is_late else now,
        missing=_missing({row.hour for row in rows}, reached, now),
        is_late=is_late,
    )


def _missing(counted: set[datetime], reached: datetime | None, now: datetime) -> int:
    """Return how many hours are not counted before the last that is."""
    last = reached or now - LIVE
    return sum(hour not in counted and hour < last for hour in hours_until(now))
