"""The control door under /sandbox/: for tests and the demo, with the admin key. CoCalc has none."""

import json
import secrets
from collections.abc import Awaitable, Callable

from aiohttp import web

from sandbox.hub import Hub

Door = Callable[[web.Request], Awaitable[web.StreamResponse]]


def routes(hub: Hub) -> list[web.RouteDef]:
    control = Control(hub)
    doors: list[tuple[str, str, Door]] = [
        ("GET", "/sandbox/quirks", control.show_quirks),
        ("POST", "/sandbox/quirks", control.change_quirks),
        ("POST", "/sandbox/reset-quirks", control.reset_quirks),
        ("GET", "/sandbox/calls", control.show_calls),
        ("POST", "/sandbox/calls/reset", control.reset_calls),
        ("POST", "/sandbox/clock", control.move_clock),
        ("POST", "/sandbox/projects/{project_id}/stop", control.stop_project),
        ("POST", "/sandbox/accounts/{account_id}/ban", control.ban_account),
        ("POST", "/sandbox/accounts/{account_id}/admin", control.make_admin),
        ("POST", "/sandbox/accounts/{account_id}/delete", control.delete_account),
        ("POST", "/sandbox/accounts/{account_id}/keys", control.make_key),
    ]
    return [web.route(method, path, control.guarded(door)) for method, path, door in doors]


class Control:
    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._at_start = hub.quirks.as_dict()

    def guarded(self, door: Door) -> Door:
        async def handle(request: web.Request) -> web.StreamResponse:
            expected = f"Bearer {self._hub.config.admin_key}"
            given = request.headers.get("Authorization", "")
            if not secrets.compare_digest(given.encode(), expected.encode()):
                return web.json_response({"error": "The admin key is needed."}, status=403)
            return await door(request)

        return handle

    async def show_quirks(self, request: web.Request) -> web.Response:
        return web.json_response(self._hub.quirks.as_dict())

    async def change_quirks(self, request: web.Request) -> web.Response:
        try:
            values = json.loads(await request.text())
            if values.get("wrong_certificate") and not self._hub.config.other_tls_cert:
                raise ValueError("wrong_certificate needs --other-tls-cert.")
            self._hub.quirks.change(values)
        except (ValueError, AttributeError) as problem:
            return web.json_response({"error": str(problem)}, status=400)
        return web.json_response(self._hub.quirks.as_dict())

    async def reset_quirks(self, request: web.Request) -> web.Response:
        """Back to what they were when the sandbox started."""
        self._hub.quirks.change(self._at_start)
        return web.json_response(self._hub.quirks.as_dict())

    async def show_calls(self, request: web.Request) -> web.Response:
        return web.json_response(self._hub.calls.as_dict())

    async def reset_calls(self, request: web.Request) -> web.Response:
        self._hub.calls.reset()
        return web.json_response({})

    async def move_clock(self, request: web.Request) -> web.Response:
        """`{"forward": seconds}`: what lasts that long is over now."""
        try:
            self._hub.clock.forward(float(json.loads(await request.text())["forward"]))
        except (ValueError, TypeError, KeyError) as problem:
            return web.json_response({"error": str(problem)}, status=400)
        return web.json_response({"now": self._hub.clock.now()})

    async def ban_account(self, request: web.Request) -> web.Response:
        """`{"banned": true}`, or false to let it in again."""
        banned = json.loads(await request.text())["banned"] is True
        self._hub.store.ban(request.match_info["account_id"], banned)
        return web.json_response({})

    async def make_admin(self, request: web.Request) -> web.Response:
        self._hub.store.make_admin(request.match_info["account_id"])
        return web.json_response({})

    async def delete_account(self, request: web.Request) -> web.Response:
        self._hub.store.delete_account(request.match_info["account_id"])
        return web.json_response({})

    async def make_key(self, request: web.Request) -> web.Response:
        """`{"project_id"?, "expire"?}`: a key of the account, or of a project by it."""
        given = json.loads(await request.text())
        key, secret = self._hub.store.keyring.make(
            request.match_info["account_id"],
            name="",
            project_id=given.get("project_id"),
            expire=given.get("expire"),
        )
        return web.json_response({"id": key.id, "key": secret})

    async def stop_project(self, request: web.Request) -> web.Response:
        project_id = request.match_info["project_id"]
        if self._hub.store.project(project_id) is None:
            return web.json_response({"error": "There is no such project."}, status=404)
        await self._hub.projects.stop(project_id)
        return web.json_response({})
