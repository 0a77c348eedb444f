"""Markdown of teachers, as safe HTML; moments and times that something took, in words."""

import re
import zoneinfo
from datetime import datetime, timedelta

import nh3
from django.utils import formats, timezone
from django.utils.safestring import SafeString, mark_safe
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
    return f"{formats.date_format(local, 'D j M Y, H:i')} {local.tzname()}"


def short_moment(value: datetime, zone: zoneinfo.ZoneInfo, *, beside: datetime) -> str:
    """Say a moment within a sentence: "11:55", and the day where it is not that of `beside`."""
    local, other = (timezone.localtime(each, zone) for each in (value, beside))
    day = "" if local.date() == other.date() else f"{formats.date_format(local, 'D j M Y')}, "
    return f"{day}{local:%H:%M}"


def second(value: datetime, zone: zoneinfo.ZoneInfo, *, beside: datetime) -> str:
    """Say a moment to the second: "21:04:13 CET", and the day where it is not that of `beside`."""
    local, other = (timezone.localtime(each, zone) for each in (value, beside))
    day = "" if local.date() == other.date() else f"{formats.date_format(local, 'D j M Y')}, "
    return f"{day}{local:%H:%M:%S} {local.tzname()}"


def ago(seconds: float) -> str:
    """Say how long something is past: "20 seconds ago", "3 hours ago"."""
    if seconds < 2:
        return "just now"
    for unit, size, least in (("day", 86400, 2), ("hour", 3600, 2), ("minute", 60, 2)):
        if seconds >= size * least:
            return f"{counted(int(seconds // size), unit)} ago"
    return f"{int(seconds)} seconds ago"


def counted(count: int, one: str, many: str = "") -> str:
    """Say how many there are: "1 line", "2 lines", "2 people"."""
    return f"{count} {one if count == 1 else many or one + 's'}"


def lasted(time: timedelta) -> str:
    """Say how long something took, by the clock: "1 second", "4 minutes", "3 hours"."""
    seconds = max(round(time.total_seconds()), 1)
    if seconds < 90:
        return counted(seconds, "second")
    minutes = round(seconds / 60)
    return counted(minutes, "minute") if minutes < 90 else counted(round(minutes / 60), "hour")
