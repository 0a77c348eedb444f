"""Dates of another term: the same clock, on whichever side of its changes."""

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from classroom.models import Assignment, Course
from classroom.terms.plan import first_of, lines_of, moved, seen_as, suggested

BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
NOW = datetime(2026, 8, 1, tzinfo=UTC)


def assignment(**dates: Any) -> Assignment:
    return Assignment(course=Course(time_zone="Europe/Berlin"), **dates)


def berlin(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=BERLIN)  # type: ignore[arg-type, misc]


def test_a_date_keeps_its_time_by_the_clock_over_a_change_of_the_clocks() -> None:
    summer, winter = berlin(2026, 10, 24, 23, 59), berlin(2026, 10, 31, 23, 59)
    assert moved(summer, 7, BERLIN, BERLIN) == winter
    assert moved(summer, 7, BERLIN, BERLIN) == datetime(2026, 10, 31, 22, 59, tzinfo=UTC)
    assert moved(winter, -7, BERLIN, BERLIN) == summer


def test_a_time_that_the_clocks_skip_is_the_one_that_they_show_instead() -> None:
    found = moved(berlin(2026, 3, 22, 2, 30), 7, BERLIN, BERLIN)
    assert found.astimezone(BERLIN).strftime("%d %H:%M") == "29 03:30"


def test_in_another_zone_it_is_the_same_time_by_the_clocks_there() -> None:
    found = moved(berlin(2026, 9, 14, 23, 59), 364, BERLIN, NEW_YORK)
    assert found == datetime(2027, 9, 13, 23, 59, tzinfo=NEW_YORK)


def test_all_four_dates_move_alike() -> None:
    dates = {
        "release": berlin(2026, 9, 1, 8),
        "due": berlin(2026, 9, 14, 23, 59),
        "late_until": berlin(2026, 9, 16, 23, 59),
        "look_until": berlin(2026, 11, 1, 12),
    }
    [line] = lines_of([assignment(**dates)], 364, BERLIN, now=NOW)
    assert line.dates == {
        "release": berlin(2027, 8, 31, 8),
        "due": berlin(2027, 9, 13, 23, 59),
        "late_until": berlin(2027, 9, 15, 23, 59),
        "look_until": berlin(2027, 10, 31, 12),
    }
    assert not line.release_left_out
    assert not line.is_over


def test_a_release_in_the_past_is_left_out_and_a_due_time_there_is_marked() -> None:
    earlier = assignment(release=berlin(2025, 9, 1), due=berlin(2025, 9, 8))
    [line] = lines_of([earlier], 300, BERLIN, now=NOW)
    assert (line.release, line.release_left_out) == (None, True)
    assert (line.due, line.is_over) == (berlin(2026, 7, 5), True)
    assert earlier.release == berlin(2025, 9, 1)  # the earlier one stays as it is


def test_without_a_day_no_dates_come_along() -> None:
    [line] = lines_of([assignment(due=berlin(2025, 9, 8))], None, BERLIN, now=NOW)
    assert set(line.dates.values()) == {None}


@pytest.mark.parametrize(
    ("dates", "first"),
    [
        ([{}], None),
        ([], None),
        ([{"due": berlin(2026, 9, 14, 0, 30)}, {"due": berlin(2026, 9, 21)}], date(2026, 9, 14)),
        ([{"release": berlin(2026, 9, 1), "due": berlin(2026, 9, 14)}], date(2026, 9, 14)),
        ([{"release": berlin(2026, 9, 1)}, {}], date(2026, 9, 1)),
    ],
)
def test_the_first_date_is_the_first_due_time_by_the_courses_clocks(
    dates: list[dict[str, Any]], first: date | None
) -> None:
    assert first_of([assignment(**each) for each in dates]) == first


@pytest.mark.parametrize(
    ("first", "today", "day"),
    [
        (date(2025, 9, 15), date(2026, 8, 1), date(2026, 9, 14)),  # Mondays
        (date(2023, 9, 11), date(2026, 8, 1), date(2026, 9, 7)),
        (date(2026, 9, 14), date(2026, 8, 1), date(2027, 9, 13)),
    ],
)
def test_the_same_day_of_the_week_in_a_later_year_is_suggested(
    first: date, today: date, day: date
) -> None:
    assert suggested(first, today) == day
    assert day.weekday() == first.weekday()


def test_what_a_page_shows_can_be_told_from_other_dates() -> None:
    first = date(2026, 9, 14)
    assert seen_as(first, 7) == "2026-09-21"
    assert seen_as(first, None) == seen_as(None, 7) == "none"
