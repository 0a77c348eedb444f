"""The answer times of a day as a small picture: geometry alone, for a template to draw.

The day is cut into slices. Of each the middle answer time is a point of the line, and the slowest
one the top of a band behind it; a slice in which CoCalc did not answer has a mark below.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from statistics import median

WIDTH, HEIGHT, FOOT = 720, 120, 10  # of the picture; the marks stand in the foot
SLICES = 144  # of ten minutes, in a day
_TOPS = (50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 60_000)

Reading = tuple[datetime, int, str]  # when, milliseconds, error code


@dataclass(frozen=True, slots=True)
class Mark:
    """A time without answers: where it stands, and when it was."""

    x: float
    width: float
    begin: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Hour:
    """A row of the table that says the same as the picture."""

    begin: datetime
    median: int | None
    slowest: int | None
    failed: int


@dataclass(frozen=True, slots=True)
class Plot:
    """Lines and areas as SVG's paths, and in numbers what they show; times in milliseconds."""

    line: str
    band: str
    marks: list[Mark]
    ticks: list[tuple[float, datetime]]
    top: int  # the time at the upper edge
    median: int | None
    slowest: int | None
    failed: int
    total: int
    hours: list[Hour]
    width: int = WIDTH
    height: int = HEIGHT
    foot: int = FOOT


def plot(readings: Iterable[Reading], begin: datetime, end: datetime) -> Plot:
    """Draw the readings between two moments, which come in the order of their times."""
    seen = [reading for reading in readings if begin <= reading[0] <= end]
    span = (end - begin) / SLICES
    slices = {
        number: list(some)
        for number, some in groupby(seen, lambda r: min(int((r[0] - begin) / span), SLICES - 1))
    }
    took = [ms for _at, ms, code in seen if not code]
    middles = {
        number: (median(ms), max(ms))
        for number, some in slices.items()
        if (ms := [ms for _at, ms, code in some if not code])
    }
    highest = max((slowest for _middle, slowest in middles.values()), default=0)
    top = next((some for some in _TOPS if some >= highest), _TOPS[-1])
    failed = [number for number, some in slices.items() if any(code for *_, code in some)]
    return Plot(
        line=" ".join(_line(run, top) for run in _runs(middles)),
        band=" ".join(_band(run, top) for run in _runs(middles)),
        marks=[_mark(run, begin, span) for run in _following(failed)],
        ticks=_ticks(begin, end),
        top=top,
        median=round(median(took)) if took else None,
        slowest=max(took, default=None),
        failed=len(seen) - len(took),
        total=len(seen),
        hours=_hours(seen),
    )


Point = tuple[int, float, float]  # slice, middle, slowest


def _runs(middles: Mapping[int, tuple[float, float]]) -> list[list[Point]]:
    """Part the points where a slice has none, so that no line leads over what is not known."""
    return [[(number, *middles[number]) for number in run] for run in _following(sorted(middles))]


def _following(numbers: list[int]) -> list[list[int]]:
    parts = groupby(enumerate(numbers), lambda pair: pair[1] - pair[0])
    return [[number for _, number in some] for _, some in parts]


def _x(number: float) -> float:
    return round((number + 0.5) * WIDTH / SLICES, 1)


def _y(ms: float, top: int) -> float:
    return round((HEIGHT - FOOT) * (1 - min(ms, top) / top), 1)


def _line(run: list[Point], top: int) -> str:
    points = [f"{_x(number)},{_y(middle, top)}" for number, middle, _slowest in run]
    if len(points) == 1:  # a line of one point is none: it gets the width of its slice
        number, middle, _slowest = run[0]
        points = [f"{_x(number + half)},{_y(middle, top)}" for half in (-0.5, 0.5)]
    return "M" + " L".join(points)


def _band(run: list[Point], top: int) -> str:
    floor = HEIGHT - FOOT
    points = [f"{_x(number)},{_y(slowest, top)}" for number, _middle, slowest in run]
    return f"M{_x(run[0][0])},{floor} L{' L'.join(points)} L{_x(run[-1][0])},{floor} Z"


def _mark(run: list[int], begin: datetime, span: timedelta) -> Mark:
    width = WIDTH / SLICES
    return Mark(
        round(run[0] * width, 1),
        round(len(run) * width, 1),
        begin + run[0] * span,
        begin + (run[-1] + 1) * span,
    )


def _ticks(begin: datetime, end: datetime) -> list[tuple[float, datetime]]:
    """Return where every sixth hour begins."""
    hour, found = timedelta(hours=1), []
    at = begin.replace(minute=0, second=0, microsecond=0) + hour
    while at < end:
        if at.hour % 6 == 0:
            found.append((round(WIDTH * ((at - begin) / (end - begin)), 1), at))
        at += hour
    return found


def _hours(seen: list[Reading]) -> list[Hour]:
    found = []
    for begin, some in groupby(seen, lambda r: r[0].replace(minute=0, second=0, microsecond=0)):
        rows = list(some)
        took = [ms for _at, ms, code in rows if not code]
        found.append(
            Hour(
                begin,
                round(median(took)) if took else None,
                max(took, default=None),
                len(rows) - len(took),
            )
        )
    return found
