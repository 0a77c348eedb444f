"""The front: one address, the CoCalc it plays, and which door a request goes to."""

from collections.abc import Awaitable, Callable

from aiohttp import web
from aiohttp.typedefs import Middleware

from sandbox import control, kiosk
from sandbox.api.transport import Api, down, html_page
from sandbox.conat import app as conat
from sandbox.conat.signin import TwoCookies
from sandbox.config import SITE_NAME, Generation
from sandbox.face import Face
from sandbox.hub import Hub
from sandbox.jupyter import Jupyters
from sandbox.proxy import Proxy
from sandbox.settings import iframe_hosts
from sandbox.signin import TokenInAddress

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


_UUID = "[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"


def build(hub: Hub, jupyters: Jupyters, generation: Generation) -> web.Application:
    face: Face = TokenInAddress(hub) if generation == "v1" else TwoCookies(hub)
    app = web.Application(middlewares=[_check_host(hub), _pages_down(hub), _last_resort])
    app.add_routes(control.routes(hub))
    if generation == "v1":
        app.router.add_get("/customize", _customize(hub))
        app.router.add_route("*", "/api/v1/{event:.*}", Api(hub).handle)
    else:
        conat.add_routes(app, hub)
    app.add_routes(kiosk.routes(hub, face))
    app.add_routes(face.routes())
    app.router.add_route(
        "*", f"/{{project_id:{_UUID}}}/{{rest:.*}}", Proxy(hub, face, jupyters).handle
    )
    return app


def _check_host(hub: Hub) -> Middleware:
    @web.middleware
    async def check_host(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not hub.config.knows_host(request.headers.get("Host", "")):
            return html_page(421, "Misdirected Request")
        return await handler(request)

    return check_host


def _pages_down(hub: Hub) -> Middleware:
    @web.middleware
    async def pages_down(request: web.Request, handler: Handler) -> web.StreamResponse:
        others = request.path.startswith(("/api/", "/sandbox/"))
        if hub.quirks.pages_down and not others:
            return down(request, hub.quirks.pages_down)
        return await handler(request)

    return pages_down


@web.middleware
async def _last_resort(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except web.HTTPException as problem:
        if problem.status < 400:
            raise
        # Express and Next.js know no 405.
        status = 404 if problem.status == 405 else problem.status
        return html_page(status, "Not Found" if status == 404 else problem.reason or "Error")


def _customize(hub: Hub) -> Handler:
    async def customize(request: web.Request) -> web.StreamResponse:
        """What anybody may read about a site; of the real one's many values, the few in use."""
        configuration = {
            "site_name": SITE_NAME,
            "kucalc": "no",
            "email_signup": True,
            "anonymous_signup": False,
            # The real one knows hosts only, by https on port 443. Where this one was told to make
            # an exception for development, it says so.
            "iframe_comm_hosts": [
                *iframe_hosts(hub.store.settings().get("iframe_comm_hosts", "")),
                *hub.config.development_origins,
            ],
        }
        return web.json_response({"configuration": configuration})

    return customize
