"""The picture of the answer times: where lines and marks stand, and the same in numbers."""

from datetime import UTC, datetime, timedelta

from administration.overview.plot import FOOT, HEIGHT, WIDTH, Reading, plot

END = datetime(2026, 11, 2, 14, 30, tzinfo=UTC)
BEGIN = END - timedelta(days=1)
MINUTE = timedelta(minutes=1)
FLOOR = HEIGHT - FOOT


def minutes(first: int, last: int, ms: int = 100, code: str = "") -> list[Reading]:
    return [(BEGIN + number * MINUTE, ms, code) for number in range(first, last)]


def test_nothing_is_an_empty_picture() -> None:
    found = plot([], BEGIN, END)
    assert (found.line, found.band, found.marks, found.hours) == ("", "", [], [])
    assert (found.total, found.failed, found.median, found.slowest) == (0, 0, None, None)


def test_a_whole_day_is_one_line() -> None:
    found = plot(minutes(0, 1440), BEGIN, END)
    assert found.line.count("M") == 1
    assert found.line.startswith("M2.5,0.0 L7.5,0.0")  # at the upper edge, which is 100 ms
    assert found.line.endswith(f"L{WIDTH - 2.5},0.0")
    assert found.band.startswith(f"M2.5,{FLOOR} L2.5,0.0")
    assert (found.top, found.median, found.slowest, found.failed) == (100, 100, 100, 0)
    assert found.total == 1440


def test_the_middle_is_the_line_and_the_slowest_the_band() -> None:
    found = plot([*minutes(0, 9, 100), *minutes(9, 10, 400)], BEGIN, END)
    assert found.top == 500
    assert found.line == "M0.0,88.0 L5.0,88.0"  # one slice, as wide as it is
    assert found.band == f"M2.5,{FLOOR} L2.5,22.0 L2.5,{FLOOR} Z"


def test_no_line_leads_over_a_time_without_answers() -> None:
    readings = [*minutes(0, 60), *minutes(60, 120, 3000, "cannot_connect"), *minutes(120, 1440)]
    found = plot(readings, BEGIN, END)
    assert found.line.count("M") == 2
    (mark,) = found.marks
    assert (mark.x, mark.width) == (30.0, 30.0)
    assert (mark.begin, mark.end) == (BEGIN + 60 * MINUTE, BEGIN + 120 * MINUTE)
    assert found.failed == 60
    assert found.slowest == 100  # how long it took to fail is no answer time


def test_the_table_says_the_same_by_the_hour() -> None:
    readings = [*minutes(0, 30, 80), *minutes(30, 60, 90, "server_fault"), *minutes(60, 90, 120)]
    hours = plot(readings, BEGIN, END).hours
    assert [hour.begin.minute for hour in hours] == [0, 0]
    assert [(hour.median, hour.slowest, hour.failed) for hour in hours] == [
        (80, 80, 0),
        (120, 120, 30),
    ]


def test_ticks_stand_at_every_sixth_hour() -> None:
    found = plot([], BEGIN, END)
    assert [at.hour for _x, at in found.ticks] == [18, 0, 6, 12]
    assert found.ticks[0][0] == 105.0  # three and a half hours of 24


def test_what_is_older_or_slower_than_the_picture_stays_within_it() -> None:
    old = [(BEGIN - MINUTE, 10, "")]
    found = plot([*old, *minutes(1439, 1441, 90_000)], BEGIN, END)
    assert found.total == 2
    assert found.line.startswith(f"M{WIDTH - 5}.0,0.0")
