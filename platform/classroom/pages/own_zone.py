"""The time zone of who reads: a course's times are shown in it too, where it differs."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from classroom.pages.text import moment

_own: ContextVar[ZoneInfo | None] = ContextVar("own_zone", default=None)


@contextmanager
def read_in(zone: ZoneInfo | None) -> Iterator[None]:
    """Take this for the reader's zone, and for Django's current one; None: it is not known."""
    token = _own.set(zone)
    try:
        with timezone.override(zone):
            yield
    finally:
        _own.reset(token)


def own_zone() -> ZoneInfo | None:
    """Return the reader's zone; None where it is not known to the site."""
    return _own.get()


def own_time(value: datetime, zone: ZoneInfo) -> str:
    """Say a moment as the reader's clock shows it, with the day where that is another.

    Empty where the clocks of `zone` show the same, and where the reader's zone is not known.
    """
    mine = own_zone()
    if mine is None:
        return ""
    own, theirs = timezone.localtime(value, mine), timezone.localtime(value, zone)
    if own.date() != theirs.date():
        # Translators: a date and time in the letters of Django's template filter “date”; here only
        # D (“Fri”), j (the day), M (“Nov”), H and i, which the page's script knows, too.
        return formats.date_format(own, pgettext("date format", "D j M, H:i"))
    if own.time() == theirs.time():
        return ""
    return formats.date_format(own, pgettext("date format", "H:i"))


def own_words(value: datetime, zone: ZoneInfo) -> str:
    """Say the reader's own time: "17:59 your time"; empty as `own_time`."""
    own = own_time(value, zone)
    return _("%(time)s your time") % {"time": own} if own else ""


def in_both(value: datetime, zone: ZoneInfo) -> str:
    """Say a moment in a zone, and the reader's own time behind it where that differs."""
    words = own_words(value, zone)
    said = moment(value, zone)
    return _("%(time)s (%(own)s)") % {"time": said, "own": words} if words else said
