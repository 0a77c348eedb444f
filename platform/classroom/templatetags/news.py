"""What the bar of every page says of what is new."""

from typing import Any

from django import template
from django.db import DatabaseError

from classroom.notices.reading import MOST_COUNTED, unread_count

register = template.Library()


@register.simple_tag(takes_context=True)
def unread_notices(context: dict[str, Any]) -> dict[str, Any]:
    """Return how many notices the visitor has not read: {"count", "shown"}."""
    try:
        count = unread_count(context["user"].pk)
    except DatabaseError:  # the page that says so has this bar, too
        count = 0
    return {"count": count, "shown": f"{MOST_COUNTED - 1}+" if count >= MOST_COUNTED else count}
