"""Moments and lengths of time, in words."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from classroom.pages.text import ago, lasted, left, moment, second, short_moment


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-3, "1 second"),  # two clocks
        (0.2, "1 second"),
        (1.6, "2 seconds"),
        (89.4, "89 seconds"),
        (90, "2 minutes"),
        (89 * 60, "89 minutes"),
        (90 * 60, "2 hours"),
        (25 * 3600, "25 hours"),
    ],
)
def test_how_long_it_took(seconds: float, words: str) -> None:
    assert lasted(timedelta(seconds=seconds)) == words


@pytest.mark.parametrize(
    ("time", "words"),
    [
        (timedelta(days=3, hours=23), "3 days"),
        (timedelta(days=2), "2 days"),
        (timedelta(days=2) - timedelta(microseconds=1), "47 hours"),
        (timedelta(hours=2), "2 hours"),
        (timedelta(hours=2) - timedelta(microseconds=1), "119 minutes"),
        (timedelta(minutes=1), "1 minute"),
        (timedelta(minutes=1) - timedelta(microseconds=1), "less than a minute"),
        (timedelta(), "less than a minute"),
    ],
)
def test_time_left_is_never_said_too_long(time: timedelta, words: str) -> None:
    assert left(time) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (1.9, "just now"),
        (2, "2 seconds ago"),
        (119, "119 seconds ago"),
        (120, "2 minutes ago"),
        (7200, "2 hours ago"),
        (47 * 3600, "47 hours ago"),
        (48 * 3600, "2 days ago"),
    ],
)
def test_how_long_ago(seconds: float, words: str) -> None:
    assert ago(seconds) == words


def test_moments_within_sentences_and_beside_each_other() -> None:
    zone = ZoneInfo("Europe/Vienna")
    then = datetime(2026, 11, 27, 22, 59, 7, tzinfo=UTC)
    after = then + timedelta(minutes=2)
    assert moment(None, zone) == ""
    assert moment(then, zone) == "Fri 27 Nov 2026, 23:59 CET"
    assert short_moment(then, zone, beside=then) == "23:59"
    assert short_moment(after, zone, beside=then) == "Sat 28 Nov 2026, 00:01"
    assert second(then, zone, beside=then) == "23:59:07 CET"
    assert second(after, zone, beside=then) == "Sat 28 Nov 2026, 00:01:07 CET"
