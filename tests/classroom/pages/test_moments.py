"""What people type, by the clocks of all sorts of zones, at both changes of daylight saving too."""

import zoneinfo
from datetime import UTC, datetime, timedelta

import pytest

from classroom.pages.moments import local_moment


def zone(name: str) -> zoneinfo.ZoneInfo:
    return zoneinfo.ZoneInfo(name)


@pytest.mark.parametrize(
    ("place", "moment"),
    [
        ("Europe/Berlin", "2026-11-27T22:59+00:00"),
        ("Asia/Kolkata", "2026-11-27T18:29+00:00"),
        ("Australia/Lord_Howe", "2026-11-27T12:59+00:00"),  # summer: 11 hours, not 11 and a half
        ("Pacific/Apia", "2026-11-27T10:59+00:00"),
        ("America/New_York", "2026-11-28T04:59+00:00"),
        ("UTC", "2026-11-27T23:59+00:00"),
    ],
)
def test_a_minute_before_midnight_is_meant_where_the_course_is(place: str, moment: str) -> None:
    found = local_moment("2026-11-27T23:59", zone(place))
    assert found == datetime.fromisoformat(moment)
    assert found.tzinfo is UTC
    assert local_moment(datetime(2026, 11, 27, 23, 59), zone(place)) == found  # noqa: DTZ001


@pytest.mark.parametrize(
    ("place", "written"),
    [
        ("Europe/Berlin", "2026-03-29T02:00"),
        ("Europe/Berlin", "2026-03-29T02:30"),
        ("Europe/Berlin", "2026-03-29T02:59:59.999999"),
        ("America/New_York", "2026-03-08T02:30"),
        ("Australia/Lord_Howe", "2026-10-04T02:15"),  # half an hour only
        ("Pacific/Apia", "2011-12-30T12:00"),  # a whole day
    ],
)
def test_a_time_that_the_clocks_skip_is_a_sentence(place: str, written: str) -> None:
    with pytest.raises(ValueError, match="clocks go forward") as error:
        local_moment(written, zone(place))
    assert place in str(error.value)
    assert datetime.fromisoformat(written).strftime("%H:%M") in str(error.value)


@pytest.mark.parametrize(
    ("place", "written", "moment"),
    [
        ("Europe/Berlin", "2026-03-29T01:59:59", "2026-03-29T00:59:59+00:00"),
        ("Europe/Berlin", "2026-03-29T03:00", "2026-03-29T01:00+00:00"),
        ("Australia/Lord_Howe", "2026-10-04T02:30", "2026-10-03T15:30+00:00"),
        ("Pacific/Apia", "2011-12-29T23:59", "2011-12-30T09:59+00:00"),
        ("Pacific/Apia", "2011-12-31T00:00", "2011-12-30T10:00+00:00"),
    ],
)
def test_the_edges_of_what_is_skipped_are_there(place: str, written: str, moment: str) -> None:
    assert local_moment(written, zone(place)) == datetime.fromisoformat(moment)


@pytest.mark.parametrize(
    ("place", "written", "first"),
    [
        ("Europe/Berlin", "2026-10-25T02:30", "2026-10-25T00:30+00:00"),
        ("America/New_York", "2026-11-01T01:30", "2026-11-01T05:30+00:00"),
        ("Australia/Lord_Howe", "2026-04-05T01:45", "2026-04-04T14:45+00:00"),
    ],
)
def test_a_time_that_comes_twice_is_the_first(place: str, written: str, first: str) -> None:
    assert local_moment(written, zone(place)) == datetime.fromisoformat(first)
    second = datetime.fromisoformat(written).replace(fold=1)
    assert local_moment(second, zone(place)) == datetime.fromisoformat(first)


@pytest.mark.parametrize(
    "written",
    [
        "",
        "tomorrow",
        "2026-02-30T10:00",
        "0001-01-01T00:00",
        "9999-12-31T23:59",
        "2026-13-01T00:00",
    ],
)
def test_what_is_no_time_is_a_sentence(written: str) -> None:
    with pytest.raises(ValueError, match="a date and a time"):
        local_moment(written, zone("America/New_York" if written.startswith("9") else "Asia/Tokyo"))


def test_a_time_with_a_zone_of_its_own_is_a_sentence() -> None:
    with pytest.raises(ValueError, match="without a time zone"):
        local_moment("2026-11-27T23:59+05:30", zone("Europe/Berlin"))


@pytest.mark.parametrize(
    ("before", "after", "hours"),
    [
        ("2026-03-28T23:59", "2026-03-29T23:59", 23),
        ("2026-10-24T23:59", "2026-10-25T23:59", 25),
        ("2026-11-26T23:59", "2026-11-27T23:59", 24),
    ],
)
def test_a_day_more_on_the_wall_is_not_always_24_hours(before: str, after: str, hours: int) -> None:
    berlin = zone("Europe/Berlin")
    longer = local_moment(after, berlin) - local_moment(before, berlin)
    assert longer == timedelta(hours=hours)
