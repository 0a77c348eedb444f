"""What makes a changed, added or removed event show: codes that only the site's own key can make.

Each event carries a `digest` of what it says, made as it is written. The worker then gives it a
position and a `seal` over the seal before it, its position and its digest (services/audit.py).
Whoever can write to the database, but has no SECRET_KEY, can make neither.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.conf import settings

FIELDS = ("at", "actor", "action", "target", "whom", "place", "detail")


def keys() -> list[bytes]:
    """Return the keys that a code may have been made with; the first makes new ones."""
    secrets = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    return [hashlib.sha256(b"embedding.audit:" + str(each).encode()).digest() for each in secrets]


def said(row: object) -> str:
    """Return what an event says, in one spelling whatever database it was read from."""
    values = {name: getattr(row, name) for name in FIELDS}
    values["at"] = _moment(values["at"])
    return json.dumps(_plain(values), sort_keys=True, ensure_ascii=True, separators=(",", ":"))


def code(*parts: object, key: bytes | None = None) -> str:
    """Return the code of these parts; what stands in one can never be read as part of another."""
    text = json.dumps([str(part) for part in parts]).encode()
    return hmac.digest(key or keys()[0], text, "sha256").hex()


def holds(made: str, *parts: object, known: list[bytes]) -> bool:
    """Whether a code was made of these parts, with one of the known keys."""
    return any(hmac.compare_digest(made, code(*parts, key=key)) for key in known)


def _moment(value: datetime) -> str:
    return value.astimezone(UTC).isoformat(timespec="microseconds")


def _plain(value: Any) -> Any:
    """Whole numbers are spelled alike: PostgreSQL reads 1e3 back as 1000."""
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value
