"""The events of API v1 and their fields: a call with any other field is refused."""

import json
from dataclasses import dataclass, field
from typing import Any

from sandbox.store import Account

Message = dict[str, Any]


@dataclass(frozen=True)
class Call:
    """One call: whose key it came with, from which address, and its fields."""

    caller: Account
    address: str
    mesg: Message

    def __getitem__(self, name: str) -> Any:
        return self.mesg[name]


class RefusedError(Exception):
    """The handler says no: HTTP 200 and `event: error`. The error is mostly a text."""

    def __init__(self, error: object) -> None:
        super().__init__(error)
        self.error = error


class BadCallError(Exception):
    """The call is not one: HTTP 400 and `error`, without an event."""


class NoAnswerError(Exception):
    """CoCalc never answers such a call."""


@dataclass(frozen=True)
class Shape:
    required: tuple[str, ...] = ()
    defaults: Message = field(default_factory=dict)


SHAPES: dict[str, Shape] = {
    "ping": Shape(),
    "create_account": Shape(
        defaults={
            "first_name": None,
            "last_name": None,
            "email_address": None,
            "password": None,
            "agreed_to_terms": None,
            "token": None,
            "get_api_key": None,
            "usage_intent": None,
        }
    ),
    "user_auth": Shape(("account_id", "password")),
    "user_search": Shape(("query",), {"admin": False, "active": "", "limit": 20}),
    "get_usernames": Shape(("account_ids",)),
    "query": Shape(("query",), {"options": None, "changes": None, "multi_response": False}),
    "create_project": Shape(
        defaults={
            "title": "",
            "description": "",
            "image": None,
            "license": None,
            "start": False,
            "noPool": False,
        }
    ),
    "add_collaborator": Shape(("account_id",), {"project_id": None, "token_id": None}),
    "invite_collaborator": Shape(
        ("project_id", "account_id"),
        {
            "title": None,
            "link2proj": None,
            "replyto": None,
            "replyto_name": None,
            "email": None,
            "subject": None,
        },
    ),
    "remove_collaborator": Shape(("project_id", "account_id")),
    "write_text_file_to_project": Shape(("project_id", "path", "content")),
    "read_text_file_from_project": Shape(("project_id", "path")),
    "project_exec": Shape(
        ("project_id", "command"),
        {
            "path": "",
            "args": [],
            "timeout": 10,
            "aggregate": None,
            "max_output": None,
            "bash": False,
            "err_on_exit": True,
        },
    ),
    "copy_path_between_projects": Shape(
        ("src_project_id", "src_path", "target_project_id"),
        {
            "target_path": None,
            "overwrite_newer": False,
            "delete_missing": False,
            "backup": False,
            "timeout": None,
            "wait_until_done": False,
            "scheduled": None,
            "exclude": None,
        },
    ),
    "copy_path_status": Shape(
        defaults={
            "copy_path_id": None,
            "src_project_id": None,
            "target_project_id": None,
            "src_path": None,
            "limit": 1000,
            "offset": None,
            "pending": True,
            "failed": False,
        }
    ),
}

# Messages that CoCalc has, and that its HTTP API does not take.
INTERNAL = frozenset({"delete_account", "pong", "error", "success", "sign_in", "sign_out"})


def fill_in(event: str, given: Message) -> Message:
    """Check a call's fields against its event's, and complete it with the defaults."""
    if event in INTERNAL:
        raise BadCallError(f"endpoint '{event}' is not part of the HTTP API")
    shape = SHAPES.get(event)
    if shape is None:
        raise BadCallError(f"unknown endpoint '{event}'")
    if "event" in given:
        raise BadCallError(_event_in_body(event, given))
    for name in shape.required:
        if given.get(name) is None:
            raise BadCallError(
                _invalid(f"misc.defaults -- TypeError: property '{name}' must be specified: ")
            )
    for name in given:
        if name != "id" and name not in shape.required and name not in shape.defaults:
            raise BadCallError(
                _invalid(f"misc.defaults -- TypeError: got an unexpected argument '{name}' ")
            )
    return shape.defaults | given


def _invalid(text: str) -> str:
    return f"invalid parameters 'Error: {text}'"


def _event_in_body(event: str, given: Message) -> str:
    opts = json.dumps(given, separators=(",", ":"), ensure_ascii=False)
    known = json.dumps({"event": event}, separators=(",", ":"))
    return _invalid(
        "ValueError: must not define 'event' when calling message creation function"
        f" (opts={opts}, obj={known})"
    )
