"""How often one user may have a token minted: a burst of so many, then evenly spread.

The limit is one moment in one row, which every process moves on by compare and swap: exact under
any number of processes, and nothing to clean up.
"""

import math
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.utils import timezone
from django.utils.translation import gettext as _

from embedding.conf import conf
from embedding.models import Allowance
from embedding.problems import Problem, again_in

MINUTE = timedelta(minutes=1)
_TRIES = 10


def allowance_check(user: User) -> None:
    """Problem `too_many` where nothing is left; takes nothing."""
    row = Allowance.objects.filter(user=user).first()
    if row:
        _taken(row.used_until, timezone.now())


def allowance_take(user: User) -> None:
    """Take one; Problem `too_many` where nothing is left."""
    now = timezone.now()
    row, _made = Allowance.objects.get_or_create(user=user, defaults={"used_until": now})
    for _attempt in range(_TRIES):
        taken = _taken(row.used_until, now)
        if Allowance.objects.filter(pk=row.pk, used_until=row.used_until).update(used_until=taken):
            return
        row.refresh_from_db()
    raise _too_many(1)


def _taken(used_until: datetime, now: datetime) -> datetime:
    """Return the moment after one more."""
    taken = max(used_until, now) + MINUTE / conf().sessions_per_minute
    over = (taken - now - MINUTE).total_seconds()
    # Shares of a minute are rounded to microseconds.
    if over > 0.001:
        raise _too_many(math.ceil(over))
    return taken


def _too_many(seconds: int) -> Problem:
    return Problem(
        "too_many",
        _("You opened or reloaded notebooks too often in the last minute.")
        + " "
        + again_in(seconds),
        status=429,
        recoverable=True,
        retry_after=seconds,
    )
