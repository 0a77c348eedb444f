"""Answers on their way back: compact JSON, dates in JavaScript's form, void as `null`."""

import json
from datetime import datetime
from typing import Any

from aiohttp import web

from sandbox.ids import iso


def as_json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, default=_plain)


def answer(value: Any) -> web.Response:
    """HTTP 200 whatever it says, as every answer of a bridge or of v2."""
    # Half a pair of surrogates is written as an escape, as JSON.stringify does.
    body = as_json(value).encode("utf-8", "backslashreplace")
    return web.Response(body=body, content_type="application/json", charset="utf-8")


def kind_of(value: Any) -> str:
    """What JavaScript calls the type of a value."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "number"
    return "string" if isinstance(value, str) else "object"


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return iso(value)
    raise TypeError(f"{type(value).__name__} has no place in an answer.")
