"""How class steps ended: each counted for each student, by kind, result and cause."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from administration.overview.causes import words
from administration.overview.links import Links
from administration.overview.recent import Recent
from administration.overview.sessions import Figure
from classroom.models import Kind, Transfer

State = Transfer.State
ENDS = (State.DONE, State.FAILED, State.CANCELLED)
_MOST = 6


@dataclass(frozen=True, slots=True)
class Period:
    """How many ended how, in a day or a week."""

    done: Figure
    failed: Figure
    cancelled: Figure


@dataclass(frozen=True, slots=True)
class OfKind:
    """One kind of step."""

    label: str
    day: Period
    week: Period


@dataclass(frozen=True, slots=True)
class Why:
    """One cause of failures, of one kind of step."""

    label: str
    kind: str
    day: Figure
    week: Figure


@dataclass(frozen=True, slots=True)
class Steps:
    """What the card of the class steps shows."""

    total: OfKind
    kinds: list[OfKind]
    causes: list[Why]
    further: int


def steps(found: Recent, links: Links) -> Steps:
    """Sum up what was counted."""

    def figure(
        counted: Counter[tuple[str, str, str]],
        begin: datetime,
        kind: str = "",
        state: str = "",
        code: str = "",
    ) -> Figure:
        value = sum(
            total
            for (its_kind, its_state, its_code), total in counted.items()
            if kind in ("", its_kind) and state in ("", its_state) and code in ("", its_code)
        )
        chosen = {"kind__exact": kind, "state__exact": state, "error_code__exact": code}
        filters = {name: text for name, text in chosen.items() if text}
        return Figure(value, links.rows(Transfer, **filters, ended__gte=begin))

    def periods(kind: str = "") -> tuple[Period, Period]:
        return (
            Period(*(figure(found.day.transfers, found.day_from, kind, end) for end in ENDS)),
            Period(*(figure(found.week.transfers, found.week_from, kind, end) for end in ENDS)),
        )

    there = {kind for kind, _state, _code in found.week.transfers}
    failed: Counter[tuple[str, str]] = Counter()
    for (kind, state, code), total in found.week.transfers.items():
        if state == State.FAILED:
            failed[kind, code] += total
    causes = [
        Why(
            words(code),
            _label(kind),
            figure(found.day.transfers, found.day_from, kind, State.FAILED, code),
            figure(found.week.transfers, found.week_from, kind, State.FAILED, code),
        )
        for (kind, code), _total in failed.most_common()
    ]
    return Steps(
        total=OfKind("", *periods()),
        kinds=[OfKind(str(kind.label), *periods(kind)) for kind in Kind if kind in there],
        causes=causes[:_MOST],
        further=len(causes[_MOST:]),
    )


def _label(kind: str) -> str:
    return str(dict(Kind.choices).get(kind, kind))
