"""How notebooks opened: by result, by cause, and how long it took."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

from administration.overview.causes import words
from administration.overview.counting import QUARTER
from administration.overview.links import Links
from administration.overview.recent import Recent
from embedding.models import EmbedSession

State = EmbedSession.State
Tone = Literal["good", "open", "warn", "bad"]

TONES: dict[str, Tone] = {
    State.READY: "good",
    State.CLOSED: "good",
    State.PREPARING: "open",
    State.OPENING: "open",
    State.SLOW: "warn",
    State.LOST: "warn",
    State.FAILED: "bad",
}
_MOST = 6


@dataclass(frozen=True, slots=True)
class Figure:
    """A number, and the list behind it."""

    value: int
    link: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One result or cause, in a day and in a week."""

    label: str
    day: Figure
    week: Figure
    tone: Tone = "open"
    share: float = 0.0  # of all of the day, in percent
    about: str = ""


@dataclass(frozen=True, slots=True)
class Sessions:
    """What the card of the notebooks shows; times in seconds, None where there are none."""

    day: Figure
    week: Figure
    results: list[Line]
    causes: list[Line]
    further: int  # causes that are not shown
    median: float | None = None
    most: float | None = None  # 95 % were ready by then
    tones: list[tuple[Tone, float]] = field(default_factory=list)


def sessions(found: Recent, links: Links) -> Sessions:
    """Sum up what was counted."""
    day, week = found.day.sessions, found.week.sessions

    def figures(**filters: str) -> tuple[Figure, Figure]:
        wanted = {name.removesuffix("__exact"): value for name, value in filters.items()}

        def of(counted: Counter[tuple[str, str]]) -> int:
            return sum(
                total
                for (state, reason), total in counted.items()
                if wanted.get("state", state) == state and wanted.get("reason", reason) == reason
            )

        return (
            Figure(of(day), links.rows(EmbedSession, **filters, started__gte=found.day_from)),
            Figure(of(week), links.rows(EmbedSession, **filters, started__gte=found.week_from)),
        )

    total, of_week = figures()
    results = []
    for state, tone in TONES.items():
        in_day, in_week = figures(state__exact=state)
        if in_week.value:
            share = 100 * in_day.value / total.value if total.value else 0.0
            results.append(Line(str(State(state).label), in_day, in_week, tone, share))
    causes = [
        Line(words(reason), *figures(state__exact=state, reason__exact=reason), TONES[state])
        for (state, reason), _total in week.most_common()
        if reason and state in (State.SLOW, State.LOST, State.FAILED)
    ]
    return Sessions(
        day=total,
        week=of_week,
        results=results,
        causes=causes[:_MOST],
        further=len(causes[_MOST:]),
        median=reached(found.day.ready, 0.5),
        most=reached(found.day.ready, 0.95),
        tones=_tones(results),
    )


def reached(ready: Counter[int], share: float) -> float | None:
    """Return within how many seconds this share of those that became ready was; None for none."""
    left = share * ready.total()
    for quarters, total in sorted(ready.items()):
        left -= total
        if left <= 0:
            return (quarters + 1) * QUARTER / 1000
    return None


def _tones(lines: list[Line]) -> list[tuple[Tone, float]]:
    shares: Counter[Tone] = Counter()
    for line in lines:
        shares[line.tone] += line.share  # type: ignore[assignment]  # a float adds up as well
    return [(tone, share) for tone, share in shares.items() if share]
