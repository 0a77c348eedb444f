"""What waits to be worked off, and since when."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Min, Q

from administration.overview.links import Links
from administration.overview.sessions import Figure
from classroom.models import Kind, Transfer

State = Transfer.State


@dataclass(frozen=True, slots=True)
class Waiting:
    """Of one kind, or of all: how many wait and run, and since when the oldest has waited."""

    label: str
    queued: Figure
    running: Figure
    oldest: datetime | None
    later: int  # of those that wait, how many wait for a moment that is still to come


@dataclass(frozen=True, slots=True)
class Queue:
    """All of it, and by kind."""

    total: Waiting
    kinds: list[Waiting]
    submits: int


def queue(now: datetime, links: Links) -> Queue:
    """Look at the queue: one query, over what is in it alone."""
    rows = list(
        Transfer.objects.filter(state__in=Transfer.ACTIVE)
        .order_by()
        .values("kind", "state")
        .annotate(
            total=Count("pk"), oldest=Min("created"), later=Count("pk", Q(not_before__gt=now))
        )
    )

    def waiting(label: str, kind: str = "") -> Waiting:
        chosen = [row for row in rows if kind in ("", row["kind"])]
        queued = [row for row in chosen if row["state"] == State.QUEUED]
        running = [row for row in chosen if row["state"] == State.RUNNING]
        which = {"kind__exact": kind} if kind else {}
        return Waiting(
            label,
            Figure(
                sum(row["total"] for row in queued),
                links.rows(Transfer, state__exact=State.QUEUED, **which),
            ),
            Figure(
                sum(row["total"] for row in running),
                links.rows(Transfer, state__exact=State.RUNNING, **which),
            ),
            min((row["oldest"] for row in queued), default=None),
            sum(row["later"] for row in queued),
        )

    there = {row["kind"] for row in rows}
    return Queue(
        total=waiting(""),
        kinds=[waiting(str(kind.label), kind) for kind in Kind if kind in there],
        submits=sum(row["total"] for row in rows if row["kind"] == Kind.SUBMIT),
    )
