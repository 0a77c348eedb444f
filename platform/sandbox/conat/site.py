"""What a site of conat tells anybody about itself."""

import json
from typing import Any

from aiohttp import web

from sandbox.conat.bodies import BareResponse
from sandbox.config import SITE_NAME
from sandbox.hub import Hub
from sandbox.settings import iframe_hosts


def routes(hub: Hub) -> list[web.RouteDef]:
    site = Site(hub)
    return [
        web.get("/alive", site.alive),
        web.get("/customize", site.customize),
        # After all that is there.
        web.get("/static/{rest:.*}", site.nothing),
    ]


def same_site(hub: Hub) -> str:
    """The setting for the cookie `remember_me`."""
    return hub.store.settings().get("samesite_remember_me", "strict")


class Site:
    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    async def alive(self, request: web.Request) -> web.Response:
        return web.Response(text="alive: YES")

    async def nothing(self, request: web.Request) -> web.Response:
        return BareResponse(404, "")

    async def customize(self, request: web.Request) -> web.Response:
        """Of the real one's many values, the few in use."""
        if request.query.get("type") == "manifest":
            manifest = {"name": SITE_NAME, "short_name": SITE_NAME, "start_url": "/app"}
            return web.json_response(manifest, content_type="application/manifest+json")
        configuration: dict[str, Any] = {
            "site_name": SITE_NAME,
            # Not the setting of that name.
            "dns": request.headers.get("Host", ""),
            "kucalc": "no",
            "samesite_remember_me": same_site(self._hub),
            "version_min_browser": 0,
            "is_authenticated": False,
        }
        setting = self._hub.store.settings().get("iframe_comm_hosts")
        # The real one knows hosts only, by https on port 443. Where this one was told to make
        # an exception for development, it says so.
        hosts = [*iframe_hosts(setting or ""), *self._hub.config.development_origins]
        # Absent as long as nobody has set it.
        if setting is not None or hosts:
            configuration["iframe_comm_hosts"] = hosts
        answer = {
            "configuration": configuration,
            "registration": True,
            "strategies": [],
            "software": None,
            "ollama": {},
            "custom_openai": {},
        }
        return web.json_response(answer, dumps=lambda found: json.dumps(found, indent=2))
