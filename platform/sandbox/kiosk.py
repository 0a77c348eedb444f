"""The pages of the site, and what the kiosk's script asks for under /hub/."""

import asyncio
from pathlib import Path
from urllib.parse import quote, urlencode

from aiohttp import web

from sandbox.api.transport import html_page
from sandbox.documents import view_of
from sandbox.face import Face
from sandbox.hub import Hub
from sandbox.origin import own, sent
from sandbox.projects import NotStarted
from sandbox.store import Account, Project

STATIC = Path(__file__).parent / "static"
_SHELL = "/static/app.html"
_POLICY = "default-src 'self'; frame-src 'self' blob:; object-src 'none'; base-uri 'none'"
_FILES = {
    "kiosk.css": "text/css",
    "boot.js": "text/javascript",
    "channel.js": "text/javascript",
    "conat.js": "text/javascript",
    "hub.js": "text/javascript",
    "tabs.js": "text/javascript",
    "v1.js": "text/javascript",
    "favicon.svg": "image/svg+xml",
}


def routes(hub: Hub, face: Face) -> list[web.RouteDef]:
    pages = Pages(hub, face)
    desk = Desk(hub, face)
    project = "/hub/projects/{project_id}"
    return [
        web.get("/", pages.to_app),
        web.get("/app", pages.to_app),
        # The addresses that the one page is behind.
        *(
            web.get(f"/{{area:{area}}}{{rest:(/.*)?}}", pages.to_target)
            for area in ("projects", "settings", "notifications", "admin")
        ),
        web.get(_SHELL, pages.shell),
        web.get("/static/kiosk/{name}", pages.file),
        web.post("/hub/hello", own(desk.hello)),
        web.post(f"{project}/look", own(desk.look)),
        web.post(f"{project}/start", own(desk.start)),
        web.post(f"{project}/file", own(desk.file)),
        web.get(f"{project}/text/{{path:.+}}", own(desk.text)),
    ]


class Pages:
    def __init__(self, hub: Hub, face: Face) -> None:
        self._hub = hub
        self._face = face

    def _headers(self) -> dict[str, str]:
        framing = {"X-Frame-Options": "DENY"} if self._hub.quirks.refused_frames else {}
        return framing | {"Cache-Control": "no-store"}

    async def to_app(self, request: web.Request) -> web.StreamResponse:
        query = f"?{request.query_string}" if request.query_string else ""
        return self._redirect(_SHELL + query)

    async def to_target(self, request: web.Request) -> web.StreamResponse:
        return self._redirect(f"{_SHELL}?{urlencode({'target': request.raw_path})}")

    def _redirect(self, location: str) -> web.StreamResponse:
        return web.Response(status=302, headers=self._headers() | {"Location": location})

    async def shell(self, request: web.Request) -> web.StreamResponse:
        page = (STATIC / "app.html").read_text()
        return web.Response(
            text=page.replace("GENERATION", self._face.generation),
            content_type="text/html",
            charset="utf-8",
            headers=self._headers() | {"Content-Security-Policy": _POLICY},
        )

    async def file(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        if name not in _FILES or (self._hub.quirks.white_page and name.endswith(".js")):
            return html_page(404, "Not Found")
        return web.Response(
            body=(STATIC / name).read_bytes(),
            content_type=_FILES[name],
            charset="utf-8",
            headers={"Cache-Control": "no-cache"},
        )


class Desk:
    """What the page's script asks: who am I, what state is this project in, where is this file."""

    def __init__(self, hub: Hub, face: Face) -> None:
        self._hub = hub
        self._face = face

    async def hello(self, request: web.Request) -> web.Response:
        """Who is signed in. It is also the page's sign that the server lives."""
        account = self._face.signed_in(request)
        quirks = self._hub.quirks
        return web.json_response(
            {
                "account_id": account.account_id if account else None,
                "boot_seconds": quirks.slow_boot,
                "dead_channel": quirks.dead_channel,
                "cut_seconds": quirks.cut_seconds,
            }
        )

    def _project(self, request: web.Request) -> tuple[Account, Project] | None:
        account = self._face.signed_in(request)
        project = self._hub.store.project(request.match_info["project_id"])
        if account and project and self._face.may_open(account, project):
            return account, project
        return None

    async def look(self, request: web.Request) -> web.Response:
        found = self._project(request)
        if found is None:
            return _nothing(silent=self._hub.quirks.silent_to_strangers)
        account, project = found
        running = self._hub.projects.is_running(project.project_id)
        return web.json_response(
            {
                "title": project.title or "Untitled",
                "running": running and not self._hub.quirks.stopped_dialog,
                # Admins who only look are not in the project's log.
                "logged": project.has_member(account.account_id),
            }
        )

    async def start(self, request: web.Request) -> web.Response:
        found = self._project(request)
        if found is None:
            return _nothing()
        try:
            await self._hub.projects.start(found[1].project_id)
        except NotStarted:
            return web.json_response({"error": "timeout"}, status=503)
        return web.json_response({})

    async def file(self, request: web.Request) -> web.Response:
        """Make sure a file is there, and say what shows it."""
        found = self._project(request)
        if found is None:
            return _nothing()
        project_id = found[1].project_id
        path = str((await sent(request)).get("path"))
        home = self._hub.projects.home(project_id)
        try:
            view = await asyncio.to_thread(view_of, home, path)
        except (OSError, ValueError) as problem:
            return web.json_response({"error": str(problem)}, status=409)
        address = f"/{project_id}/jupyter/{view.page}/{quote(path)}" if view.page else None
        if view.kind == "text" and self._hub.quirks.plain_text:
            address = f"/hub/projects/{project_id}/text/{quote(path)}"
        return web.json_response({"kind": view.kind, "address": address})

    async def text(self, request: web.Request) -> web.Response:
        """Show a text file as it is (see the quirk `plain_text`)."""
        found = self._project(request)
        if found is None:
            return _nothing()
        home = self._hub.projects.home(found[1].project_id).resolve()
        place = (home / request.match_info["path"]).resolve()
        if not place.is_relative_to(home) or not place.is_file():
            return _nothing()
        return web.Response(
            body=await asyncio.to_thread(place.read_bytes),
            content_type="text/plain",
            charset="utf-8",
            headers={"X-Content-Type-Options": "nosniff"},
        )


def _nothing(**more: bool) -> web.Response:
    answer = {"error": "There is no such project for you.", **more}
    return web.json_response(answer, status=404)
