"""Exchanges recorded on a real CoCalc (built from its source of 2024-07-17), as data.

`v1.jsonl` has one a line: what was sent to which event, and status and body of the answer; no
status where none came in 25 s or more. Its keys, ids and tokens are of a throw-away server.
"""

import json
from pathlib import Path
from typing import Any

from tests.cocalc.server import Reply, Request

_LINES = Path(__file__).with_name("v1.jsonl").read_text(encoding="utf-8").splitlines()
EXCHANGES: dict[str, dict[str, Any]] = {
    exchange["case"]: exchange for exchange in map(json.loads, _LINES)
}


def reply_of(case: str, request: Request) -> Reply:
    """Give a recorded answer as the one to this request, by echoing its id as CoCalc does.

    The driver reads projects as rows of `projects_all`. The recordings have the same columns
    mostly as one row of `projects`, so those are renamed.
    """
    exchange = EXCHANGES[case]
    body = exchange["body"]
    if isinstance(body, dict) and "id" in body:
        body = {**body, "id": request.fields["id"]}
    asked = request.fields.get("query", {})
    if isinstance(body, dict) and "projects_all" in asked and "projects" in body.get("query", {}):
        rows = body["query"]["projects"]
        body["query"] = {"projects_all": rows if isinstance(rows, list) else [rows]}
    return Reply(body, exchange["status"], {"Content-Type": exchange["content_type"]})
