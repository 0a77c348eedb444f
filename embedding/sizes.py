"""Sizes in words, as `words.js` says them: a KB has 1024 bytes, on pages as in limits."""

from decimal import Decimal

from django.utils.formats import number_format
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

_UNITS = (
    _("%(number)s KB"),
    _("%(number)s MB"),
    _("%(number)s GB"),
    _("%(number)s TB"),
    _("%(number)s PB"),
    _("%(number)s EB"),
)


def size_text(count: int) -> str:
    """Say how large something is: "1 byte", "900 bytes", "2 KB", "2.5 MB".

    `count` is below what 64 bits hold.
    """
    if count < 1024:
        return ngettext("%(count)s byte", "%(count)s bytes", count) % {"count": count}
    unit = next(unit for unit in range(1, len(_UNITS) + 1) if _tenths(count, unit) < 10240)
    whole, tenth = divmod(_tenths(count, unit), 10)
    number = number_format(Decimal(f"{whole}.{tenth}") if tenth else whole)
    return str(_UNITS[unit - 1]) % {"number": number}


def _tenths(count: int, unit: int) -> int:
    # Half of a tenth counts as one, which Python's own rounding does not always do.
    size = 1 << 10 * unit
    return (count * 20 + size) // (size * 2)
