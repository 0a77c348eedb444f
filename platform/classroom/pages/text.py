"""Markdown of teachers, as safe HTML; moments and times that something took, in words."""

import re
import zoneinfo
from datetime import datetime, timedelta

import nh3
from django.utils import formats, timezone
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext
from markdown_it import MarkdownIt

from classroom.pages.mathematics import CLASSES, mathematics

_markdown = MarkdownIt("commonmark", {"html": False, "linkify": False}).enable("table")
_markdown.use(mathematics)
_HEADING = re.compile(r"(</?h)([1-6])>")
_TAGS = {
    *("p", "br", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "pre", "code", "em"),
    *("strong", "ul", "ol", "li", "a", "table", "thead", "tbody", "tr", "th", "td"),
}


def markdown(text: str, *, below: int = 0) -> SafeString:
    """Render Markdown; what could run, load or restyle anything is left out, images too.

    `below` is the level of the heading that it stands under: its own come after that.
    """
    html = nh3.clean(
        _markdown.render(text),
        tags=_TAGS,
        attributes={"a": {"href"}},
        allowed_classes={"code": CLASSES},
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer nofollow",
    )
    if below:
        html = _HEADING.sub(lambda tag: f"{tag[1]}{min(int(tag[2]) + below, 6)}>", html)
    return mark_safe(html)  # noqa: S308  nh3 made it safe


def moment(value: datetime | None, zone: zoneinfo.ZoneInfo) -> str:
    """Say a moment in a zone, with the zone's abbreviation: "Fri 27 Nov 2026, 23:59 CET"."""
    if value is None:
        return ""
    local = timezone.localtime(value, zone)
    # Translators: how a date and time are written, in the letters of Django's template filter
    # “date”: D is “Fri”, j the day, M “Nov”, Y the year, H:i the time.
    return f"{formats.date_format(local, pgettext('date format', 'D j M Y, H:i'))} {local.tzname()}"


def short_moment(value: datetime, zone: zoneinfo.ZoneInfo, *, beside: datetime) -> str:
    """Say a moment within a sentence: "11:55", and the day where it is not that of `beside`."""
    local, other = (timezone.localtime(each, zone) for each in (value, beside))
    if local.date() == other.date():
        return formats.date_format(local, pgettext("date format", "H:i"))
    return formats.date_format(local, pgettext("date format", "D j M Y, H:i"))


def second(value: datetime, zone: zoneinfo.ZoneInfo, *, beside: datetime) -> str:
    """Say a moment to the second: "21:04:13 CET", and the day where it is not that of `beside`."""
    local, other = (timezone.localtime(each, zone) for each in (value, beside))
    if local.date() == other.date():
        pattern = pgettext("date format", "H:i:s")
    else:
        pattern = pgettext("date format", "D j M Y, H:i:s")
    return f"{formats.date_format(local, pattern)} {local.tzname()}"


def ago(seconds: float) -> str:
    """Say how long something is past: "20 seconds ago", "3 hours ago"."""
    if seconds < 2:
        return _("just now")
    count, unit = _whole(seconds, least=2)
    words = {
        "day": ngettext("%(count)s day ago", "%(count)s days ago", count),
        "hour": ngettext("%(count)s hour ago", "%(count)s hours ago", count),
        "minute": ngettext("%(count)s minute ago", "%(count)s minutes ago", count),
        "second": ngettext("%(count)s second ago", "%(count)s seconds ago", count),
    }
    return words[unit] % {"count": count}


def left(time: timedelta) -> str:
    """Say how long a time is, never more than it is: "3 days", "47 hours", "12 minutes"."""
    seconds = time.total_seconds()
    if seconds < 60:
        return _("less than a minute")
    return _long(*_whole(seconds, least=1))


def lasted(time: timedelta) -> str:
    """Say how long something took, by the clock: "1 second", "4 minutes", "3 hours"."""
    seconds = max(round(time.total_seconds()), 1)
    if seconds < 90:
        return _long(seconds, "second")
    minutes = round(seconds / 60)
    return _long(minutes, "minute") if minutes < 90 else _long(round(minutes / 60), "hour")


def _whole(seconds: float, *, least: int) -> tuple[int, str]:
    """Return a time in the largest unit of which there are two, or `least` minutes."""
    for unit, size, enough in (("day", 86400, 2), ("hour", 3600, 2), ("minute", 60, least)):
        if seconds >= size * enough:
            return int(seconds // size), unit
    return int(seconds), "second"


def _long(count: int, unit: str) -> str:
    words = {
        "day": ngettext("%(count)s day", "%(count)s days", count),
        "hour": ngettext("%(count)s hour", "%(count)s hours", count),
        "minute": ngettext("%(count)s minute", "%(count)s minutes", count),
        "second": ngettext("%(count)s second", "%(count)s seconds", count),
    }
    return words[unit] % {"count": count}
