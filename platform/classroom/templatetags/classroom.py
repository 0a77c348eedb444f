"""What the app's templates need: safe Markdown, and moments in a course's time zone."""

import zoneinfo
from datetime import datetime

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from classroom.pages.own_zone import in_both, own_words, own_zone
from classroom.pages.text import markdown as render
from classroom.pages.text import moment as say
from classroom.pages.text import second as say_second
from embedding.names import shown
from embedding.sizes import size_text

register = template.Library()


register.filter("size", size_text)
register.filter("shown", shown)


@register.filter
def markdown(text: str) -> SafeString:
    """Render Markdown as safe HTML."""
    return render(text)


@register.filter
def moment(value: datetime | None, zone: zoneinfo.ZoneInfo) -> str:
    """Say a moment in a zone, with the zone's abbreviation: "Fri 27 Nov 2026, 23:59 CET"."""
    return say(value, zone)


@register.filter
def second(value: datetime | None, zone: zoneinfo.ZoneInfo) -> str:
    """Say a moment of a day that is known, to the second: "23:59:50 CET"."""
    return say_second(value, zone, beside=value) if value else ""


@register.filter
def clock(value: datetime | None, zone: zoneinfo.ZoneInfo) -> SafeString:
    """Say a moment like `moment`, and the reader's own time beside it where that differs.

    Whoever has not chosen a zone has the browser's: `pages/own-time.js` adds that.
    """
    if value is None:
        return SafeString("")
    if own_zone() is None:
        return format_html(
            '<time datetime="{}" data-zone="{}">{}</time>',
            value.isoformat(),
            zone,
            say(value, zone),
        )
    said = format_html('<time datetime="{}">{}</time>', value.isoformat(), say(value, zone))
    words = own_words(value, zone)
    if not words:
        return said
    return format_html(
        '{} <time class="own-time" datetime="{}">({})</time>', said, value.isoformat(), words
    )


@register.filter
def in_both_zones(value: datetime | None, zone: zoneinfo.ZoneInfo) -> str:
    """Say a moment like `clock`, without markup: for a title, where lines are many."""
    return in_both(value, zone) if value else ""
