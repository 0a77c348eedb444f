"""How many accounts were made on CoCalc, against the limit that it sets."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Q

from administration.overview.links import Links
from administration.overview.sessions import Figure
from classroom.conf import conf as classroom
from embedding import which
from embedding.conf import conf
from embedding.models import CocalcAccount, Event

HALF_HOUR, DAY = timedelta(minutes=30), timedelta(days=1)
LIMIT = 150  # in half an hour, from one address: CoCalc's own, with API v1


@dataclass(frozen=True, slots=True)
class Accounts:
    """`limit` is CoCalc's, `share` how many of it are made ahead; None where none is known."""

    half_hour: Figure
    day: Figure
    total: Figure
    waiting: int  # users whose account is still to be made
    limit: int | None
    share: int | None
    is_unlimited: bool

    @property
    def is_used_up(self) -> bool:
        """Whether no account is made ahead at present."""
        return self.share is not None and self.half_hour.value >= self.share


def accounts(now: datetime, links: Links) -> Accounts:
    """Count what was made lately, and what there is."""
    made = Event.objects.filter(action="account.created", at__gt=now - DAY).aggregate(
        day=Count("pk"), half_hour=Count("pk", Q(at__gt=now - HALF_HOUR))
    )
    there = CocalcAccount.objects.aggregate(
        total=Count("account_id"), waiting=Count("pk", Q(account_id=None))
    )
    remembered = which.known()
    generation: str = conf().generation
    if generation == "auto" and remembered:
        generation = remembered.found.generation
    limited = generation == "v1" and not conf().own_sign_in

    def events(since: datetime) -> str:
        return links.rows(Event, action__exact="account.created", at__gte=since)

    return Accounts(
        half_hour=Figure(made["half_hour"], events(now - HALF_HOUR)),
        day=Figure(made["day"], events(now - DAY)),
        total=Figure(there["total"], links.rows(CocalcAccount)),
        waiting=there["waiting"],
        limit=LIMIT if limited else None,
        share=classroom().accounts_per_half_hour if limited else None,
        is_unlimited=generation == "conat" and not conf().own_sign_in,
    )
