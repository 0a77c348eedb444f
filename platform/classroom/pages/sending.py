"""Files that are sent to be saved."""

from urllib.parse import quote

from django.http import HttpResponse, StreamingHttpResponse
from django.utils.cache import add_never_cache_headers


def attach(response: HttpResponse | StreamingHttpResponse, name: str) -> None:
    """Have an answer saved under a name; it is never shown as a page, nor kept by a cache."""
    plain = name.encode("ascii", "replace").decode().replace("?", "_").replace('"', "_")
    response["Content-Disposition"] = (
        f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
    )
    response["X-Content-Type-Options"] = "nosniff"
    add_never_cache_headers(response)
