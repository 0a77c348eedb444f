"""What the dates of assignments become in another term, before anything is made.

All dates move by the same number of days, and stay at the same time by the clock: what was due at
23:59 is due at 23:59, on whichever side of a change of the clocks. A release that would lie in the
past is left out, so that nothing goes out at once, and on its own, because it was copied.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo

from django.utils import timezone

from classroom.models import Assignment

MOMENTS = ("release", "due", "late_until", "look_until")
DAYS_MOST = 3660
_YEAR = 52 * 7  # so that a Monday stays a Monday


@dataclass(frozen=True, slots=True)
class Line:
    """One assignment, and its dates in the new term; None where there is none."""

    earlier: Assignment
    release: datetime | None = None
    due: datetime | None = None
    late_until: datetime | None = None
    look_until: datetime | None = None
    release_left_out: bool = False
    is_over: bool = False  # its due time is over already

    @property
    def dates(self) -> dict[str, datetime | None]:
        """The new dates, by field."""
        return {name: getattr(self, name) for name in MOMENTS}


def lines_of(
    assignments: Iterable[Assignment],
    days: int | None,
    zone: tzinfo,
    *,
    now: datetime | None = None,
) -> list[Line]:
    """Return the assignments with their dates moved by so many days; None: without dates.

    Dates are read by the clocks of their own course's zone, and meant in `zone`.
    """
    now = now or timezone.now()
    return [_line(each, days, zone, now) for each in assignments]


def moved(moment: datetime, days: int, before: tzinfo, after: tzinfo) -> datetime:
    """Return the moment so many days later, at the same time by the clock.

    A time that the clocks skip that day is the one that they show instead.
    """
    local = moment.astimezone(before).replace(tzinfo=None) + timedelta(days=days)
    return local.replace(tzinfo=after).astimezone(UTC)


def first_of(assignments: Iterable[Assignment]) -> date | None:
    """Return the day of the first due time, or of the first release where nothing is due."""
    listed = list(assignments)
    for moments in ([each.due for each in listed], [each.release for each in listed]):
        days = [
            moment.astimezone(each.course.zone).date()
            for each, moment in zip(listed, moments, strict=True)
            if moment
        ]
        if days:
            return min(days)
    return None


def suggested(first: date, today: date) -> date:
    """Return the same day of the week, a year or years later: the next that is not over."""
    day = first
    while day < today or day == first:
        day += timedelta(days=_YEAR)
    return day


def seen_as(first: date | None, days: int | None) -> str:
    """Name the dates that a page shows, so that they can be told from others."""
    if first is None or days is None:
        return "none"
    return (first + timedelta(days=days)).isoformat()


def _line(earlier: Assignment, days: int | None, zone: tzinfo, now: datetime) -> Line:
    if days is None:
        return Line(earlier)
    dates: dict[str, datetime | None] = {}
    for name in MOMENTS:
        was = getattr(earlier, name)
        dates[name] = moved(was, days, earlier.course.zone, zone) if was else None
    release, due = dates["release"], dates["due"]
    left_out = release is not None and release <= now
    if left_out:
        dates["release"] = None
    return Line(earlier, **dates, release_left_out=left_out, is_over=due is not None and due <= now)
