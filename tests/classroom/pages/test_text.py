"""Times that something took, in words."""

from datetime import timedelta

import pytest

from classroom.pages.text import lasted


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
