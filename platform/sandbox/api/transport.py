"""The HTTP side of API v1: keys, bodies, sizes, and the two layers of errors.

What is no proper call is answered with HTTP 400 and `error`; what the handler refuses, with HTTP
200 and `event: error`. Express answers a few things itself, in HTML.
"""

import asyncio
import base64
import binascii
import json
import logging
import time
import uuid
from collections.abc import Awaitable, Callable
from urllib.parse import parse_qs

from aiohttp import web

from sandbox.api.accounts import Accounts, get_usernames, ping, user_search
from sandbox.api.copy import copy_path_between_projects, copy_path_status
from sandbox.api.execute import project_exec
from sandbox.api.files import read_text_file, write_text_file
from sandbox.api.members import (
    add_collaborator,
    create_project,
    invite_collaborator,
    remove_collaborator,
)
from sandbox.api.messages import BadCallError, Call, Message, NoAnswerError, RefusedError, fill_in
from sandbox.api.query import query
from sandbox.hub import Hub
from sandbox.projects import NotStarted
from sandbox.quirks import TOLD_TO_FAIL
from sandbox.store import Account

JSON_LIMIT = 100 * 1024
FORM_LIMIT = 1024 * 1024
_INT_LIMIT = 2**31

Handler = Callable[[Hub, Call], Awaitable[Message]]
log = logging.getLogger(__name__)


def html_page(status: int, text: str) -> web.Response:
    """A page as Express writes it for what it refuses by itself."""
    return web.Response(
        status=status,
        text=f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f"<title>Error</title>\n</head>\n<body>\n<pre>{text}</pre>\n</body>\n</html>\n",
        content_type="text/html",
        headers={
            "Content-Security-Policy": "default-src 'none'",
            "X-Content-Type-Options": "nosniff",
        },
    )


def break_off(request: web.Request) -> web.StreamResponse:
    """Close the connection without an answer."""
    if request.transport:
        request.transport.abort()
    return web.Response()


async def wait_until_gone(request: web.Request, hub: Hub) -> None:
    """Wait until the client gives up, or the sandbox stops."""
    while request.transport and not request.transport.is_closing():
        try:
            await asyncio.wait_for(hub.closing.wait(), 0.5)
            return
        except TimeoutError:
            continue


def down(request: web.Request, how: str) -> web.StreamResponse:
    """Answer as `api_down` and `pages_down` say."""
    return html_page(503, "Service Unavailable") if how == "503" else break_off(request)


class BodyError(Exception):
    """The body is refused before anybody looks at it: answered in HTML."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


class Api:
    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        accounts = Accounts()
        self._handlers: dict[str, Handler] = {
            "ping": ping,
            "create_account": accounts.create_account,
            "user_auth": accounts.user_auth,
            "user_search": user_search,
            "get_usernames": get_usernames,
            "query": query,
            "create_project": create_project,
            "add_collaborator": add_collaborator,
            "invite_collaborator": invite_collaborator,
            "remove_collaborator": remove_collaborator,
            "write_text_file_to_project": write_text_file,
            "read_text_file_from_project": read_text_file,
            "project_exec": project_exec,
            "copy_path_between_projects": copy_path_between_projects,
            "copy_path_status": copy_path_status,
        }

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request under /api/v1."""
        if request.method == "OPTIONS":
            return web.Response(text="POST", content_type="text/html")
        if request.method != "POST":
            return html_page(404, f"Cannot {request.method} {request.path}")
        event = request.path.rstrip("/").rpartition("/")[2]
        quirks = self._hub.quirks
        if quirks.api_down:
            return down(request, quirks.api_down)
        if quirks.api_html:
            return web.Response(
                text="<!DOCTYPE html><title>Maintenance</title>", content_type="text/html"
            )
        try:
            given = await _read_body(request)
        except BodyError as refusal:
            return html_page(refusal.status, refusal.text)
        return await self._call(request, event, given)

    async def _call(self, request: web.Request, event: str, given: Message) -> web.StreamResponse:
        begun = time.monotonic()
        entry = self._hub.calls.begin(event, None, given)
        status, reply = 200, {}
        try:
            caller = self._authenticate(request)
            entry["by"] = caller.account_id
            mesg = fill_in(event, given)
            call = Call(caller, request.remote or "127.0.0.1", mesg)
            # The work goes on when the client hangs up: a time-out says nothing about it.
            reply = await asyncio.shield(self._hub.spawn(self._perform(event, call)))
        except BadCallError as problem:
            status, reply = 400, {"error": str(problem)}
        except RefusedError as problem:
            reply = {"event": "error", "error": problem.error}
        except NoAnswerError:
            await wait_until_gone(request, self._hub)
            return break_off(request)
        finally:
            entry["ms"] = round((time.monotonic() - begun) * 1000)
        entry["status"] = status
        if reply.get("event") in ("error", "account_creation_failed"):
            entry["error"] = reply.get("error") or reply.get("reason")
        if event in self._hub.quirks.lost_replies:
            return break_off(request)
        if status == 200:
            reply["id"] = given.get("id") or str(uuid.uuid4())
        return web.json_response(reply, status=status)

    async def _perform(self, event: str, call: Call) -> Message:
        quirks = self._hub.quirks
        await quirks.delay(event)
        if event in quirks.hang_events:
            raise NoAnswerError
        if event in quirks.fail_events:
            raise RefusedError(TOLD_TO_FAIL)
        try:
            return await self._handlers[event](self._hub, call)
        except (BadCallError, RefusedError, NoAnswerError):
            raise
        except NotStarted as problem:
            raise RefusedError(problem.error) from None
        except Exception as problem:  # An answer is due, whatever broke.
            log.exception("API event %s", event)
            raise RefusedError(f"{type(problem).__name__}: {problem}") from problem

    def _authenticate(self, request: web.Request) -> Account:
        key = _key(request.headers.get("Authorization"))
        account = self._hub.store.account_by_key(key) if key else None
        if account is None:
            raise BadCallError(_wrong_key(key))
        return account


def _key(header: str | None) -> str:
    if not header:
        raise BadCallError("You must provide authentication via an API key.")
    kind, _, value = header.partition(" ")
    if kind == "Bearer":
        if not value:
            raise BadCallError(
                "TypeError: Cannot read properties of undefined (reading 'startsWith')"
            )
        return value.strip()
    if kind == "Basic":
        try:
            return base64.b64decode(value).decode().partition(":")[0]
        except (binascii.Error, UnicodeDecodeError):
            return ""
    raise BadCallError(f"Unknown authorization type '{kind}'")


def _wrong_key(key: str) -> str:
    """Most made-up keys trip the server: it takes their last six characters for a number."""
    number = 0
    for char in key[-6:]:
        number = number * 62 + _digit(ord(char))
    if key and not -_INT_LIMIT <= number < _INT_LIMIT:
        return f'error: value "{number}" is out of range for type integer'
    return "No account found. Is your API key wrong?"


def _digit(code: int) -> int:
    return code - 48 if code < 58 else code - 29 if code < 91 else code - 87


async def _read_body(request: web.Request) -> Message:
    kind = request.content_type
    if kind == "application/json" and request.can_read_body:
        text = await _read(request, JSON_LIMIT)
        try:
            body = json.loads(text) if text.strip() else {}
        except ValueError:
            raise BodyError(400, "Bad Request") from None
        if isinstance(body, list):
            return {str(index): item for index, item in enumerate(body)}
        if not isinstance(body, dict):
            raise BodyError(400, "Bad Request")
        return body
    if kind == "application/x-www-form-urlencoded":
        text = await _read(request, FORM_LIMIT)
        fields = parse_qs(text.decode("utf-8", "replace"), keep_blank_values=True)
        # Every value is a text: "false" counts as true.
        return {name: values[0] if len(values) == 1 else values for name, values in fields.items()}
    return {}


async def _read(request: web.Request, limit: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.content.iter_any():
        size += len(chunk)
        if size <= limit:
            chunks.append(chunk)
    # The rest is read too: an answer into a body still on its way would break the connection.
    if size > limit:
        raise BodyError(413, "Payload Too Large")
    return b"".join(chunks)
