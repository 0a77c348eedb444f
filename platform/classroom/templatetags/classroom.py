"""What the app's templates need: safe Markdown, and moments in a course's time zone."""

import zoneinfo
from datetime import datetime

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

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
    """Say a moment like `moment`, for a script that adds the reader's own time where it differs."""
    if value is None:
        return SafeString("")
    return format_html(
        '<time datetime="{}" data-zone="{}">{}</time>', value.isoformat(), zone, say(value, zone)
    )
