"""What a cell of a list says: how far something is, who started it, how long it took."""

from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone
from django.utils.translation import gettext as _

from classroom.admin import links
from classroom.class_steps.mending import CALLED_OFF
from classroom.models import Transfer
from classroom.pages.text import lasted, short_moment

State = Transfer.State


def state_of(transfer: Transfer, now: datetime) -> tuple[str, str]:
    """Return a transfer's state in a word or two, and its cause as the teacher's page says it."""
    word = str(transfer.get_state_display())
    cause = transfer.error
    if transfer.state == State.QUEUED and transfer.not_before and transfer.not_before > now:
        zone: Any = timezone.get_current_timezone()
        when = short_moment(transfer.not_before, zone, beside=now)
        word = _("Waits until %(time)s") % {"time": when}
    elif transfer.error_code == CALLED_OFF:
        word = _("Cancelled by an administrator")
    elif transfer.state == State.CANCELLED and transfer.error_code == "skipped":
        word = _("Nothing to do")
    elif transfer.state == State.CANCELLED and not cause:
        cause = _("It was cancelled before it started.")
    return word, cause


def by(user: User | None) -> str:
    """Say who started something: a link to the person, or that it was a date."""
    return links.to_person(user) if user else _("a date")


def lasting(began: datetime | None, ended: datetime | None, now: datetime) -> str:
    """Say how long something took, or takes by now."""
    if began is None:
        return "–"
    if ended is None:
        return _("%(time)s by now") % {"time": lasted(now - began)}
    return lasted(ended - began)
