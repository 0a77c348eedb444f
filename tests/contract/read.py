"""Exchanges of CoCalc's bridges as its source has them (2026-07), as data.

`conat.jsonl` has one a line: the request, and status and body of the answer. Its ids are invented.
Nobody has recorded them: `sure` is false where only a running server can tell the text.
"""

import json
from pathlib import Path
from typing import Any

from tests.cocalc.server import Reply

_LINES = Path(__file__).with_name("conat.jsonl").read_text(encoding="utf-8").splitlines()
EXCHANGES: dict[str, dict[str, Any]] = {
    exchange["case"]: exchange for exchange in map(json.loads, _LINES)
}


def function_of(exchange: dict[str, Any]) -> str:
    """The function that it calls; empty where it calls none."""
    request = exchange["request"]
    name = request.get("name") if isinstance(request, dict) else ""
    return name if isinstance(name, str) else ""


def table_of(request: Any) -> str:
    """The table that a query is for; empty where there is none."""
    try:
        query = request["args"][0]["query"]
    except (KeyError, IndexError, TypeError):
        return ""
    return next(iter(query)) if isinstance(query, dict) else ""


def reply_of(exchange: dict[str, Any]) -> Reply:
    """Give its answer."""
    body, kind = exchange["response"], exchange["content_type"]
    if kind and kind.startswith("application/json"):
        body = json.dumps(body)
    return Reply(body, exchange["status"], {"Content-Type": kind} if kind else {})
