"""Mails that wait or failed."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Min

from administration.overview.links import Links
from administration.overview.sessions import Figure
from classroom.conf import conf
from classroom.models import Letter

State = Letter.State
WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Mail:
    """What waits now, and what went wrong within a week."""

    is_set_up: bool
    waiting: Figure
    oldest: datetime | None
    failed: Figure
    unknown: Figure


def mail(now: datetime, links: Links) -> Mail:
    """Look at the mails that are not sent."""
    since = now - WEEK
    found: Counter[str] = Counter()
    oldest: datetime | None = None
    waiting = Letter.objects.filter(state__in=(State.QUEUED, State.SENDING))
    wrong = Letter.objects.filter(state__in=(State.FAILED, State.UNKNOWN), created__gte=since)
    for rows in (waiting, wrong):
        for row in rows.order_by().values("state").annotate(n=Count("pk"), first=Min("created")):
            found[row["state"]] = row["n"]
            if rows is waiting:
                oldest = min(oldest or row["first"], row["first"])
    return Mail(
        is_set_up=conf().mail,
        waiting=Figure(
            found[State.QUEUED] + found[State.SENDING],
            links.rows(Letter, state__in=f"{State.QUEUED},{State.SENDING}"),
        ),
        oldest=oldest,
        failed=_wrong(found, State.FAILED, since, links),
        unknown=_wrong(found, State.UNKNOWN, since, links),
    )


def _wrong(found: Counter[str], state: str, since: datetime, links: Links) -> Figure:
    return Figure(found[state], links.rows(Letter, state__exact=state, created__gte=since))
