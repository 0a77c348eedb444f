"""Moments as people type them and forms show them: by the clocks of a course's zone.

`local_moment` says which moment is meant. The wall clock skips times when it is put forward, and
shows times twice when it is put back.
"""

from datetime import UTC, datetime, tzinfo
from typing import Any

from django import forms
from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

_FORMAT = "%Y-%m-%dT%H:%M"  # what <input type="datetime-local"> takes and gives


def local_moment(written: str | datetime, zone: tzinfo) -> datetime:
    """Return the moment at which a zone's clocks show a time, such as "2026-11-27T23:59".

    What they show twice is the first of the two. ValueError, with a sentence for people, for what
    they never show and for what is no time at all.
    """
    try:
        naive = written if isinstance(written, datetime) else datetime.fromisoformat(written)
        moment = naive.replace(tzinfo=zone, fold=0).astimezone(UTC)
        shown = moment.astimezone(zone)
    except (ValueError, OverflowError):
        raise ValueError(_("Enter a date and a time, such as 2026-11-27 23:59.")) from None
    if naive.tzinfo is not None:
        raise ValueError(_("Enter the time without a time zone: it is in the course’s time zone."))
    if shown.replace(tzinfo=None) != naive.replace(fold=0):
        raise ValueError(
            _(
                "On %(date)s there is no %(time)s in %(zone)s, because the clocks go forward. "
                "Choose an earlier or a later time."
            )
            % {
                "date": formats.date_format(naive, pgettext("date format", "j F Y")),
                "time": formats.date_format(naive, pgettext("date format", "H:i")),
                "zone": zone,
            }
        )
    return moment


class MomentField(forms.Field):
    """A moment in a zone, which is to be set before use, with what is stored until now.

    A text that is as it was shown stays the very moment that is stored, to the second and also
    where the clocks show it twice.
    """

    zone: tzinfo = UTC
    stored: datetime | None = None

    def __init__(self, **options: Any) -> None:
        widget = forms.DateTimeInput(attrs={"type": "datetime-local"})
        super().__init__(widget=widget, **options)

    def prepare_value(self, value: Any) -> Any:
        """Show a moment in the zone; what somebody typed stays as it is."""
        if isinstance(value, datetime):
            return timezone.localtime(value, self.zone).strftime(_FORMAT)
        return value

    def to_python(self, value: Any) -> datetime | None:
        """Return the moment; ValidationError for a time that the clocks skip, or for no time."""
        if isinstance(value, datetime):  # of a disabled field, which loses the microseconds
            return self.stored or value
        text = str(value or "").strip()
        if not text:
            return None
        if self.stored is not None and text == self.prepare_value(self.stored):
            return self.stored
        try:
            return local_moment(text, self.zone)
        except ValueError as error:
            raise forms.ValidationError(str(error)) from None

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compare what is shown."""
        return str(self.prepare_value(initial) or "") != str(data or "").strip()


def twice_note(moment: datetime | None, zone: tzinfo) -> str:
    """Say which of two is meant where the zone's clocks show a moment's time twice; else ""."""
    if moment is None:
        return ""
    local = timezone.localtime(moment, zone)
    if local.replace(fold=0).utcoffset() == local.replace(fold=1).utcoffset():
        return ""
    said = (
        _("The clocks go back that night, so %(time)s comes twice. It is the later one, %(zone)s.")
        if local.fold
        else _(
            "The clocks go back that night, so %(time)s comes twice. It is the earlier one, "
            "%(zone)s."
        )
    )
    time = formats.date_format(local, pgettext("date format", "H:i"))
    return said % {"time": time, "zone": local.tzname()}
