"""Which page a request comes from. The cookie goes with requests of any page: it is SameSite=None.

So everything that the cookie opens asks here first, and another site's page gets nothing done.
"""

import json
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web

from sandbox.api.transport import html_page

Door = Callable[[web.Request], Awaitable[web.StreamResponse]]


def from_own_page(request: web.Request) -> bool:
    """Whether one of our pages sent this, or no page at all (a program, the address bar)."""
    origin = request.headers.get("Origin")
    if origin is not None and origin != "null":
        return urlsplit(origin).netloc == request.headers.get("Host")
    if origin == "null":
        return False
    return request.headers.get("Sec-Fetch-Site", "none") in ("same-origin", "none")


def own(door: Door) -> Door:
    """Open a door to our own pages only."""

    async def handle(request: web.Request) -> web.StreamResponse:
        if not from_own_page(request):
            return html_page(403, "Not from another site's page")
        return await door(request)

    return handle


async def sent(request: web.Request) -> dict[str, Any]:
    """The JSON object that a page sent, or an empty one."""
    try:
        given = json.loads(await request.text())
    except ValueError:
        return {}
    return given if isinstance(given, dict) else {}


def is_read_by_visit(request: web.Request) -> bool:
    """Whether this is somebody following a link from elsewhere, in a tab of his own."""
    return (
        request.method == "GET"
        and request.headers.get("Sec-Fetch-Mode") == "navigate"
        and request.headers.get("Sec-Fetch-Dest") == "document"
    )
