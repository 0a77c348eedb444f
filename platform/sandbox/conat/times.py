"""Times as callers send them: milliseconds since 1970, or a text in ISO form."""

from datetime import UTC, datetime
from typing import Any

from sandbox.conat.functions import Thrown


def moment(value: Any) -> float:
    """Seconds since 1970; null is 1970 itself, as JavaScript takes it. Raises Thrown."""
    if value is None:
        return 0
    if isinstance(value, int | float):
        return value / 1000
    try:
        found = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise Thrown('error: invalid input syntax for type timestamp: "Invalid Date"') from None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def shown(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
