"""Which page a request comes from. The cookie goes with requests of any page: it is SameSite=None.

So everything that the cookie opens asks here first, and another site's page gets nothing done.
"""

from urllib.parse import urlsplit

from aiohttp import web


def from_own_page(request: web.Request) -> bool:
    """Whether one of our pages sent this, or no page at all (a program, the address bar)."""
    origin = request.headers.get("Origin")
    if origin is not None and origin != "null":
        return urlsplit(origin).netloc == request.headers.get("Host")
    if origin == "null":
        return False
    return request.headers.get("Sec-Fetch-Site", "none") in ("same-origin", "none")


def is_read_by_visit(request: web.Request) -> bool:
    """Whether this is somebody following a link from elsewhere, in a tab of his own."""
    return (
        request.method == "GET"
        and request.headers.get("Sec-Fetch-Mode") == "navigate"
        and request.headers.get("Sec-Fetch-Dest") == "document"
    )
