"""How much longer an accommodation gives: arithmetic with moments."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from classroom.models import Accommodation
from classroom.rules.accommodations import later_by, lengthened, longest

BERLIN = ZoneInfo("Europe/Berlin")


def local(*parts: int, fold: int = 0) -> datetime:
    year, month, day, hour, minute = (*parts, 0, 0)[:5]
    return datetime(year, month, day, hour, minute, tzinfo=BERLIN, fold=fold).astimezone(UTC)


START = local(2030, 3, 1, 12)
DUE = local(2030, 3, 11, 12)
LONG_AGO = local(2029, 1, 1)


def longer(percent: int = 0, days: int = 0, hours: int = 0, **fields: Any) -> Accommodation:
    fields.setdefault("since", LONG_AGO)
    return Accommodation(percent=percent, days=days, hours=hours, **fields)


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (longer(50), local(2030, 3, 16, 12)),
        (longer(100), local(2030, 3, 21, 12)),
        (longer(25), local(2030, 3, 14, 0)),
        (longer(days=2), local(2030, 3, 13, 12)),
        (longer(hours=5), local(2030, 3, 11, 17)),
        (longer(50, days=1, hours=1), local(2030, 3, 17, 13)),
    ],
)
def test_half_as_long_again_and_days(given: Accommodation, wanted: datetime) -> None:
    assert lengthened(DUE, given, start=START, zone=BERLIN) == wanted


def test_a_share_is_rounded_up_to_the_minute() -> None:
    start = DUE - timedelta(minutes=7, seconds=1)
    assert lengthened(DUE, longer(50), start=start, zone=BERLIN) == DUE + timedelta(minutes=4)


def test_a_share_of_no_time_is_none() -> None:
    for start in (DUE, DUE + timedelta(days=1)):
        assert lengthened(DUE, longer(50), start=start, zone=BERLIN) == DUE


def test_days_are_the_calendars_where_the_clocks_change() -> None:
    # Put forward on 31 March 2030: two days are 47 hours, and it is 23:59 all the same.
    due = local(2030, 3, 30, 23, 59)
    moved = later_by(due, days=2, zone=BERLIN)
    assert moved == local(2030, 4, 1, 23, 59)
    assert moved - due == timedelta(hours=47)
    # Put back on 27 October 2030: 49 hours.
    due = local(2030, 10, 26, 23, 59)
    assert later_by(due, days=2, zone=BERLIN) - due == timedelta(hours=49)


def test_of_a_time_that_comes_twice_or_never_the_later_moment_is_meant() -> None:
    twice = later_by(local(2030, 10, 26, 2, 30), days=1, zone=BERLIN)
    assert twice == local(2030, 10, 27, 2, 30, fold=1)
    never = later_by(local(2030, 3, 30, 2, 30), days=1, zone=BERLIN)
    assert never.astimezone(BERLIN).strftime("%d %H:%M") == "31 03:30"


def test_the_end_of_time_is_no_error() -> None:
    last = datetime(9999, 12, 31, 23, 59, tzinfo=UTC)
    for given in (longer(100), longer(days=9), longer(hours=9)):
        assert lengthened(last, given, start=START, zone=BERLIN) == last


def test_it_holds_for_due_times_that_come_while_it_is_in_force() -> None:
    ends = local(2030, 3, 13, 12)  # with two days more

    def due(**fields: Any) -> datetime:
        return longest(DUE, [longer(days=2, **fields)], start=START, zone=BERLIN)

    second = timedelta(seconds=1)
    assert due(since=DUE + second) == ends, "everybody's time is over, and this one is not"
    assert due(since=ends) == DUE
    assert due(ended=ends) == ends, "what was over when it ended stays as it was"
    assert due(ended=ends - second) == DUE


def test_of_several_the_longest_counts() -> None:
    all_of = [longer(days=1), longer(days=3), longer(hours=1)]
    assert longest(DUE, all_of, start=START, zone=BERLIN) == local(2030, 3, 14, 12)
    assert longest(DUE, [], start=START, zone=BERLIN) == DUE
