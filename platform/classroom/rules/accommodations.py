"""How much longer a student has by an accommodation: arithmetic with moments, and no database.

A percentage lengthens the time from the release to the due time, and the end is rounded up to the
minute. Days are days of the calendar, by the clocks of the course's zone: two days after 23:59 it
is 23:59, also where the clocks were changed between. Where the clocks skip that time, or show it
twice, the later moment is meant. Hours come on top, as the clock ticks.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, tzinfo

from classroom.models import Accommodation

_MINUTE = timedelta(minutes=1)


def lengthened(due: datetime, longer: Accommodation, *, start: datetime, zone: tzinfo) -> datetime:
    """Return a due time as an accommodation has it; `start` is when the time for it begins."""
    try:
        end = due
        if longer.percent and start < due:
            end = _up_to_the_minute(due + (due - start) * longer.percent / 100)
        return later_by(end, days=longer.days, hours=longer.hours, zone=zone)
    except OverflowError:  # the year 9999
        return due


def later_by(moment: datetime, *, days: int = 0, hours: int = 0, zone: tzinfo) -> datetime:
    """Return the moment so many calendar days and then so many hours later, in a zone."""
    if days:
        clock = (moment.astimezone(zone) + timedelta(days=days)).replace(tzinfo=None)
        moment = max(clock.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    return moment + timedelta(hours=hours)


def longest(
    due: datetime, all_of: Iterable[Accommodation], *, start: datetime, zone: tzinfo
) -> datetime:
    """Return the due time by whichever of a student's accommodations gives most."""
    found = [due]
    for each in all_of:
        end = lengthened(due, each, start=start, zone=zone)
        if holds(each, end):
            found.append(end)
    return max(found)


def holds(longer: Accommodation, end: datetime) -> bool:
    """Whether it lengthens a due time to this end: one that comes while it is in force."""
    return longer.since < end and (longer.ended is None or end <= longer.ended)


def _up_to_the_minute(moment: datetime) -> datetime:
    over = timedelta(seconds=moment.second, microseconds=moment.microsecond)
    return moment - over + _MINUTE if over else moment
