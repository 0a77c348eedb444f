"""`/api/v2/…`: addresses with functions behind them, always HTTP 200.

Errors come without their class in front, and what was thrown as a bare text or number becomes
`{}`. The request is known by its cookie, and only where there is none by its key.
"""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from sandbox.api.transport import break_off, down
from sandbox.conat.bodies import BodyRefused, parameters
from sandbox.conat.functions import Thrown, carry_out
from sandbox.conat.keys import caller_by_key, key_in
from sandbox.conat.values import answer
from sandbox.hub import Hub
from sandbox.ids import is_uuid
from sandbox.store import Account

_ERROR = re.compile(r"(?:[A-Za-z]*Error(?: \[\w+\])?|error): (.*)", re.DOTALL)
_COOKIE = "remember_me"


@dataclass(frozen=True)
class V2Call:
    """One call. `account_id` is a project's id where the key was a project's; None: nobody."""

    hub: Hub
    account_id: str | None
    given: dict[str, Any]

    @property
    def account(self) -> Account | None:
        return self.hub.store.account(self.account_id) if self.account_id else None

    def is_collaborator(self, project_id: object) -> bool:
        """A project's own key counts as one of that project. Raises Thrown for what is no id."""
        if not is_uuid(project_id):
            raise Thrown("Error: invalid account_id or project_id -- all must be valid uuid's")
        if self.account_id is None:
            return False
        own = self.account_id == project_id
        return own or self.hub.caches.is_collaborator(self.account_id, str(project_id))

    def is_admin(self) -> bool:
        return self.account_id is not None and self.hub.caches.is_admin(self.account_id)


Function = Callable[[V2Call], Awaitable[Any]]
FUNCTIONS: dict[str, Function] = {}


def v2_function(path: str) -> Callable[[Function], Function]:
    """Offer a function at `/api/v2/<path>`."""

    def offer(function: Function) -> Function:
        FUNCTIONS[path] = function
        return function

    return offer


def routes(hub: Hub) -> list[web.RouteDef]:
    return [
        web.route("*", f"/api/v2/{path}", _door(hub, path, function))
        for path, function in FUNCTIONS.items()
    ]


def asking(hub: Hub, request: web.Request) -> str | None:
    """The account, or the project with its own key, that a request comes from. Raises Thrown."""
    cookie = request.cookies.get(_COOKIE)
    if cookie:
        holder = hub.store.holder("session", cookie)
        return holder.account_id if holder else None
    key = key_in(request)
    caller = caller_by_key(hub, key) if key else None
    if caller is None:
        return None
    return caller.account.account_id if caller.account else caller.project_id


def _door(
    hub: Hub, path: str, function: Function
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def handle(request: web.Request) -> web.StreamResponse:
        if hub.quirks.api_down:
            return down(request, hub.quirks.api_down)
        try:
            given = await parameters(request)
        except BodyRefused as refused:
            return refused.response
        begun = time.monotonic()
        entry = hub.calls.begin(f"v2 {path}", None, given)
        reply: Any
        try:
            entry["by"] = asking(hub, request)
            call = V2Call(hub, entry["by"], given)
            # The work goes on when the client hangs up.
            reply = await asyncio.shield(hub.spawn(carry_out(hub, path, lambda: function(call))))
        except Thrown as thrown:
            reply = _failure(thrown)
            entry["error"] = str(thrown.what)
        finally:
            entry["ms"] = round((time.monotonic() - begun) * 1000)
        entry["status"] = 200
        if path in hub.quirks.lost_replies:
            return break_off(request)
        return answer(reply)

    return handle


def _failure(thrown: Thrown) -> dict[str, str]:
    found = _ERROR.fullmatch(str(thrown.what))
    return {"error": found[1]} if found else {}
