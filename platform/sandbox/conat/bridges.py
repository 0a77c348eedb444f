"""The two bridges: `POST /api/conat/hub` and `POST /api/conat/project`.

Read in the source of a server of July 2026: every answer is HTTP 200, and what went wrong is
`{"error": text}`. A call that takes longer than its `timeout` (ms) is answered, and goes on.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from sandbox.api.transport import break_off, down, wait_until_gone
from sandbox.conat import texts
from sandbox.conat.access import NO_UUID, server_has
from sandbox.conat.bodies import BodyRefused, parameters
from sandbox.conat.functions import HUB, PROJECT, Call, Offered, Thrown, carry_out
from sandbox.conat.keys import Caller, caller_of
from sandbox.conat.power import start, wait_until_running
from sandbox.conat.values import answer, kind_of
from sandbox.hub import Hub
from sandbox.ids import is_uuid

AUTO_START = "2025-11-21"
"""Since then a call into a stopped project starts it."""
DEFAULT_TIMEOUT = 15_000
_LONGEST_WAIT = 90

# The hub writes the caller into the first argument of all others.
_POSITIONAL = {
    "system.ping",
    "system.getCustomize",
    "system.getNames",
    "system.revokeUserAuthToken",
}
# In the hub's modules, but not offered.
_HIDDEN = {"org.getAccount", "projects.OwnershipError"}

Bridge = Callable[[Caller, dict[str, Any]], Awaitable[Any]]


class _Silence(Exception):
    """Told never to answer."""


class Bridges:
    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def routes(self) -> list[web.RouteDef]:
        return [
            web.route("*", "/api/conat/hub", self._hub_bridge),
            web.route("*", "/api/conat/project", self._project_bridge),
        ]

    async def _hub_bridge(self, request: web.Request) -> web.StreamResponse:
        return await self._answer(request, "hub", self._call_hub)

    async def _project_bridge(self, request: web.Request) -> web.StreamResponse:
        return await self._answer(request, "project", self._call_project)

    async def _answer(self, request: web.Request, which: str, bridge: Bridge) -> web.StreamResponse:
        quirks = self._hub.quirks
        if quirks.api_down:
            return down(request, quirks.api_down)
        if quirks.api_html:
            return web.Response(
                text="<!DOCTYPE html><title>Maintenance</title>", content_type="text/html"
            )
        try:
            given = await parameters(request)
        except BodyRefused as refused:
            return refused.response
        begun = time.monotonic()
        name = given.get("name")
        entry = self._hub.calls.begin(f"{which} {name}", None, _ids(given))
        reply: Any
        try:
            caller = caller_of(self._hub, request)
            if caller and caller.account:
                entry["by"] = caller.account.account_id
            reply = await bridge(caller or Caller(), given)
        except Thrown as thrown:
            reply = {"error": str(thrown.what)}
            entry["error"] = reply["error"]
        except _Silence:
            await wait_until_gone(request, self._hub)
            return break_off(request)
        finally:
            entry["ms"] = round((time.monotonic() - begun) * 1000)
        entry["status"] = 200
        if name in quirks.lost_replies:
            return break_off(request)
        return answer(reply)

    async def _call_hub(self, caller: Caller, given: dict[str, Any]) -> Any:
        account = caller.account
        if account is None:
            raise Thrown("must be signed in and MUST provide an api key (cookies are not allowed)")
        name, args = given.get("name"), given.get("args", [])
        subject = f"hub.account.{account.account_id}.api"
        seconds = _seconds(given, subject)

        async def work() -> Any:
            offered = self._find(HUB, given)
            put = {} if _key(given) in _POSITIONAL else {"account_id": account.account_id}
            return await offered.run(Call(self._hub, account, None, _positional(args, put)))

        return await self._rpc(work, subject, name, seconds)

    async def _call_project(self, caller: Caller, given: dict[str, Any]) -> Any:
        project_id = self._project_of(caller, given.get("project_id"))
        name, args = given.get("name"), given.get("args", [])
        server = given.get("compute_server_id", 0)
        subject = f"project.{project_id}.{'-' if server is None else server}.api"
        await self._touch(project_id, subject, name)
        seconds = _seconds(given, subject)
        await self._wait_for_api(project_id, subject, name, seconds)

        async def work() -> Any:
            offered = self._find(PROJECT, given)
            put = {"project_id": project_id} if name == "system.test" else {}
            call = Call(self._hub, caller.account, project_id, _positional(args, put))
            return await offered.run(call)

        return await self._rpc(work, subject, name, seconds)

    def _project_of(self, caller: Caller, wanted: Any) -> str:
        """The project of a call, where the caller may call into it. Raises Thrown."""
        if caller.project_id is not None:
            if wanted and wanted != caller.project_id:
                raise Thrown("project specific api key must match requested project")
            return caller.project_id
        if caller.account is None:
            raise Thrown("must sign in as project or account")
        if not wanted:
            raise Thrown("must specify project_id or use project-specific api key")
        if not is_uuid(wanted):
            raise Thrown(NO_UUID)
        if not self._hub.caches.is_collaborator(caller.account.account_id, wanted):
            raise Thrown("user must be a collaborator on the project")
        return str(wanted)

    async def _touch(self, project_id: str, subject: str, name: Any) -> None:
        """Start the project unless it runs. This takes none of the call's own time."""
        if not server_has(self._hub, AUTO_START) or project_id != project_id.lower():
            return
        try:
            await asyncio.shield(self._hub.spawn(start(self._hub, project_id)))
        except Thrown as thrown:
            said = str(thrown.what)
            text = texts.LAUNCHER_FAILED.format(kind=kind_of(thrown.what), what=said)
            if said.startswith("Error: "):  # the bridge adds to its text, and shows its code
                _, code = said.rsplit(maxsplit=1)
                text = texts.LAUNCHER_ERROR.format(
                    error=said.removeprefix("Error: "), subject=subject, name=name, code=code
                )
            raise Thrown(text) from None

    async def _wait_for_api(self, project_id: str, subject: str, name: Any, seconds: float) -> None:
        late = self._hub.quirks.api_late
        wait = min(seconds, _LONGEST_WAIT)
        listens = not late and not self._hub.daemons.of(project_id).terminated
        if listens and subject == f"project.{project_id.lower()}.0.api":
            if await wait_until_running(self._hub, project_id, wait):
                return
        else:
            await asyncio.sleep(wait)
        nobody = late == "503" or not subject.endswith(".0.api")
        text = texts.RPC_NOBODY if nobody else texts.RPC_UNACKNOWLEDGED
        raise Thrown(text.format(subject=subject, name=name))

    def _find(self, where: dict[str, Offered], given: dict[str, Any]) -> Offered:
        key = _key(given)
        if key in _HIDDEN:
            raise Thrown(texts.NOT_OFFERED)
        offered = where.get(key)
        if offered is None or not server_has(self._hub, offered.since):
            raise Thrown(f"Error: unknown function '{given['name']}'")
        return offered

    async def _rpc(
        self, work: Callable[[], Awaitable[Any]], subject: str, name: Any, seconds: float
    ) -> Any:
        """Do it, and wait for as long as the caller wants to. It goes on after that."""
        if name in self._hub.quirks.hang_events:
            raise _Silence
        task = self._hub.spawn(carry_out(self._hub, name, work))
        done, _ = await asyncio.wait({task}, timeout=seconds)
        if not done:
            task.add_done_callback(_forget)
            raise Thrown(f"timeout - callHub: subject='{subject}', name='{name}', code='408' ")
        return task.result()


def _ids(given: dict[str, Any]) -> dict[str, Any]:
    """What a call is about, for the log of calls."""
    args = given.get("args")
    first = args[0] if isinstance(args, list) and args else None
    fields = first if isinstance(first, dict) else {}
    inner = fields.get("opts")
    return {**fields, **(inner if isinstance(inner, dict) else {}), **given}


def _key(given: dict[str, Any]) -> str:
    """Group and function of the name. Raises Thrown where it is no text."""
    name = given.get("name")
    if name is None:
        what = "null" if "name" in given else "undefined"
        raise Thrown(f"TypeError: Cannot read properties of {what} (reading 'split')")
    if not isinstance(name, str):
        raise Thrown("TypeError: name.split is not a function")
    return ".".join(name.split(".")[:2])


def _seconds(given: dict[str, Any], subject: str) -> float:
    timeout = given.get("timeout", DEFAULT_TIMEOUT)
    try:
        milliseconds = float(timeout or 0)
    except (TypeError, ValueError):
        milliseconds = 1  # What JavaScript makes of a time that is no number.
    if milliseconds <= 0:
        raise Thrown(
            f"timeout must be positive - callHub: subject='{subject}',"
            f" name='{given.get('name')}', code='undefined' "
        )
    return milliseconds / 1000


def _positional(args: Any, put: dict[str, str]) -> list[Any]:
    """The arguments in a row, with what the bridge writes into the first. Raises Thrown."""
    if args is None and put:
        raise Thrown("TypeError: Cannot read properties of null (reading '0')")
    if not isinstance(args, list | str):
        raise Thrown(texts.NO_LIST_OF_ARGUMENTS)
    row = list(args)
    if put:
        first = row[0] if row and row[0] is not None else {}
        if not isinstance(first, dict):
            [name] = put
            raise Thrown(
                f"TypeError: Cannot create property '{name}' on {kind_of(first)} '{first}'"
            )
        row[:1] = [first | put]
    return row


def _forget(task: asyncio.Task[Any]) -> None:
    """Nobody waits for it any more, so nobody asks how it went."""
    if not task.cancelled():
        task.exception()
