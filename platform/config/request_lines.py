"""A request's id, and its line in the log: what was asked by whom, how it ended, how long it took.

The line names the address by its pattern and nobody by name: an address may let in whoever reads
it, and who somebody is stands in the database. Why a request was refused stands in it, too.
"""

import logging
import re
import secrets
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from django.conf import settings
from django.dispatch import Signal
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import Resolver404, resolve

from embedding import trail

log = logging.getLogger(__name__)

# `method`, `route`, `status` and `seconds` of each request that was answered.
answered = Signal()

_PLAIN = re.compile(r"[A-Za-z0-9._-]{8,64}")
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
QUIET = ("health", "healthz", "readyz", "metrics")  # asked every few seconds by machines


def id_for(environ: WSGIEnvironment) -> str:
    """Return the id that the proxy has given to a request, or a new one."""
    given = str(environ.get("HTTP_X_REQUEST_ID", "")) if settings.BEHIND_PROXY else ""
    return given if _PLAIN.fullmatch(given) else secrets.token_hex(8)


class Line:
    """One request, until it is answered whole; then its line is written, once."""

    def __init__(self, environ: WSGIEnvironment) -> None:
        self.id = id_for(environ)
        self._began = time.monotonic()
        self._method = environ.get("REQUEST_METHOD", "")
        self._level = logging.INFO
        self._why: list[str] = []
        trail.begin(request_id=self.id)

    @staticmethod
    def of(request: object) -> "Line | None":
        """Return the line that is to be written for a request of Django's."""
        line = getattr(request, "request_line", None)
        return line if isinstance(line, Line) else None

    def refused(self, why: str, level: int) -> None:
        """Take down why it was refused."""
        if why not in self._why:
            self._why.append(why)
        self._level = max(self._level, level)

    def write(self, route: str, status: int, size: int | None, user: int | None = None) -> None:
        """Write it, and be at work for nothing any more."""
        seconds = time.monotonic() - self._began
        method = self._method if self._method in METHODS else "other"
        fields: dict[str, Any] = {
            "method": method,
            "route": route,
            "status": status,
            "ms": round(seconds * 1000),
            "bytes": size,
            "user": user,
            "refused": "; ".join(self._why) or None,
        }
        said = [f"{method} {route or 'no page'}: {status}, {fields['ms']:,} ms"]
        if size is not None:
            said.append(f"{size:,} bytes")
        if user is not None:
            said.append(f"user {user}")
        text = ", ".join(said) + "".join(f"; {why}" for why in self._why)
        quiet = route in QUIET and status < 400
        told = {name: value for name, value in fields.items() if value is not None}
        log.log(logging.DEBUG if quiet else self._level, "%s", text, extra={"fields": told})
        trail.begin()
        answered.send_robust(
            sender=None, method=method, route=route, status=status, seconds=seconds
        )


class Lines:
    """Gives each request its id and its line. Before all other middleware."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        line = Line(request.META)
        request.request_line = line  # type: ignore[attr-defined]
        response = self._get_response(request)
        response["X-Request-ID"] = line.id
        size = _Size(request, response)
        close = response.close

        def closed() -> None:
            # After it was sent, and after Django has said why it was refused.
            try:
                close()
            finally:
                line.write(_route(request), response.status_code, size.bytes, _user(request))

        response.close = closed  # type: ignore[method-assign]
        return response


class _Size:
    """How many bytes an answer has: told by it, or counted while it is sent."""

    def __init__(self, request: HttpRequest, response: HttpResponseBase) -> None:
        self.bytes: int | None = None
        length = response.get("Content-Length", "")
        if request.method == "HEAD":
            self.bytes = 0
        elif length.isdecimal():
            self.bytes = int(length)
        elif not response.streaming:
            self.bytes = len(response.content)  # type: ignore[attr-defined]
        elif not getattr(response, "is_async", False):
            pieces = response.streaming_content  # type: ignore[attr-defined]
            response.streaming_content = self._counted(pieces)  # type: ignore[attr-defined]

    def _counted(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        self.bytes = 0
        for piece in pieces:
            self.bytes += len(piece)
            yield piece


def _route(request: HttpRequest) -> str:
    """Return the pattern of the address: never the address itself."""
    if match := request.resolver_match:
        return match.route or "/"
    if request.path_info.startswith(settings.STATIC_URL):
        return "static/"
    try:  # refused before anybody looked
        return resolve(request.path_info).route or "/"
    except Resolver404:
        return ""


def _user(request: HttpRequest) -> int | None:
    """Return who asked, by number; where nobody has looked yet, the database is not asked."""
    pk: int | None = getattr(getattr(request, "_cached_user", None), "pk", None)
    return pk


def with_lines(application: WSGIApplication, route: str) -> WSGIApplication:
    """Return an application beside Django's, whose requests have an id and a line, too.

    It must answer at once with all that it sends.
    """

    def answering(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        line = Line(environ)
        statuses = [500]

        def started(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            statuses[0] = int(status[:3])
            return start(status, [*headers, ("X-Request-ID", line.id)], *more)

        sent = 0
        try:
            content = application(environ, started)
            sent = sum(map(len, content))
            return content
        finally:
            line.write(route, statuses[0], sent)

    return answering
