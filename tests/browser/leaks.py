"""Looking for known secrets in what was written, sent and kept, in every usual spelling."""

import base64
import html
import json
import re
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus, unquote_plus
from uuid import UUID

from playwright.sync_api import BrowserContext, CDPSession, Error, Page, Request, Response

from tests.browser.store import Store

SHORTEST = 12  # characters; what is shorter is found by chance


@dataclass(frozen=True)
class Secret:
    """A value that is looked for, and the places where it belongs: patterns of their names."""

    kind: str
    value: str
    belongs: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        assert len(self.value) >= SHORTEST, self.kind

    def allows(self, place: str) -> bool:
        return any(re.search(pattern, place) for pattern in self.belongs)


@dataclass(frozen=True)
class Leak:
    """A secret where it does not belong. The value itself is not told."""

    kind: str
    place: str
    spelling: str


@dataclass
class Haystack:
    """All that is searched: the name of a place, and what was found there."""

    parts: dict[tuple[str, str], None] = field(default_factory=dict)  # each once, in order

    def add(self, place: str, content: str | bytes | None) -> None:
        if content:
            text = content.decode("utf-8", "replace") if isinstance(content, bytes) else content
            self.parts[place, text] = None

    def leaks(self, secrets: Iterable[Secret]) -> list[Leak]:
        """Each secret in each place where it does not belong, once."""
        return [
            Leak(secret.kind, place, spelling)
            for secret in secrets
            for place, spelling in self.places(secret)
            if not secret.allows(place)
        ]

    def places(self, secret: Secret) -> Iterator[tuple[str, str]]:
        """Where it stands, also where it belongs."""
        everything = "\n".join(text for _, text in self.parts)
        spellings = {
            name: written
            for name, written in spellings_of(secret.value).items()
            if written in everything
        }
        found: dict[str, str] = {}
        for place, text in self.parts if spellings else ():
            for spelling, written in spellings.items():
                if written in text:
                    found.setdefault(place, spelling)
        yield from found.items()


def spellings_of(value: str) -> dict[str, str]:
    """Each way in which a value may be written, by its name."""
    found = {
        "as it is": value,
        "in an address": quote(value, safe=""),
        "in a form": quote_plus(value),
        "in JSON": json.dumps(value)[1:-1],
        "in JSON in JSON": json.dumps(json.dumps(value))[3:-3],
        "in HTML": html.escape(value),
        "in hex": value.encode().hex(),
        "backwards": value[::-1],
    }
    with suppress(ValueError):
        found |= {"as a number": UUID(value).hex, "as a uuid": str(UUID(value))}
    for offset in range(3):  # wherever it begins within what was encoded
        for name, encode in (("", base64.b64encode), ("url-safe ", base64.urlsafe_b64encode)):
            whole = encode(b"\0" * offset + value.encode()).decode().rstrip("=")
            # The first and last characters also hold bits of what stands beside it.
            found[f"in {name}base64, at {offset}"] = whole[-(-offset * 8 // 6) : -1]
    return found


class Recorder:
    """All that one browser sends, is sent and keeps."""

    def __init__(self, context: BrowserContext, haystack: Haystack, who: str) -> None:
        self._context, self._haystack, self._who = context, haystack, who
        self._requests: list[Request] = []
        self._bodies: dict[Request, bytes] = {}
        self._console: list[str] = []
        self._seen: list[Response] = []
        context.on("request", lambda request: self._requests.append(request))
        context.on("response", lambda response: self._seen.append(response))
        context.on("console", lambda message: self._console.append(message.text))

    def cookies(self) -> list[Any]:
        """Return what the browser keeps now."""
        return list(self._context.cookies())

    def keep(self) -> None:
        """Take the answers' bodies while the browser still has them: before a page is left."""
        for response in self._seen:
            if response.request not in self._bodies:
                self._bodies[response.request] = b""
                with suppress(Error):
                    self._bodies[response.request] = response.body()

    def finish(self) -> None:
        """Put all of it into the haystack; the browser must still be there."""
        self.keep()
        add = self._haystack.add
        for response in self._seen:
            asked = f"{response.request.method} {place_of(response.url)}"
            with suppress(Error):
                for name, value in response.all_headers().items():
                    add(f"response header {name} of {asked}", value)
            add(f"response body of {asked}", self._bodies.get(response.request))
        for request in self._requests:
            asked = f"{request.method} {place_of(request.url)}"
            add(f"request url of {asked}", request.url)
            add(f"request body of {asked}", request.post_data_buffer)
            with suppress(Error):
                for name, value in request.all_headers().items():
                    if not name.startswith(":"):  # the address once more
                        add(f"request header {name} of {asked}", value)
        for text in self._console:
            add(f"console of {self._who}", text)
        for cookie in self._context.cookies():
            add(f"cookie {cookie.get('name')} of {cookie.get('domain')}", cookie.get("value", ""))
        for page in self._context.pages:
            self._finish_page(page)

    def _finish_page(self, page: Page) -> None:
        session: CDPSession = self._context.new_cdp_session(page)
        for entry in session.send("Page.getNavigationHistory")["entries"]:
            for part in ("url", "userTypedURL", "title"):
                self._haystack.add(f"history at {place_of(entry['url'])}", entry[part])
        for frame in page.frames:
            kept: dict[str, Any] = {}
            with suppress(Error):
                kept = frame.evaluate(
                    """() => ({ "localStorage": JSON.stringify({ ...localStorage }),
                        "sessionStorage": JSON.stringify({ ...sessionStorage }),
                        "document.referrer": document.referrer, "window.name": window.name,
                        "history.state": JSON.stringify(history.state),
                        "document.cookie": document.cookie,
                        "the page's text": document.documentElement?.outerHTML ?? "" })"""
                )
            for name, value in kept.items():
                self._haystack.add(f"{name} at {place_of(frame.url)}", value)


def place_of(url: str) -> str:
    """An address as the name of a place: without its query, which may hold anything."""
    return url.partition("?")[0].partition("#")[0]


def rows_into(haystack: Haystack, store: Store) -> None:
    """Put every column of every row of a database into the haystack."""
    for table in store.tables():
        for row in store.rows(f'SELECT * FROM "{table}"'):
            for column, value in row.items():
                text = value if isinstance(value, str | bytes) else str(value or "")
                haystack.add(f"row {table}.{column}", text)
                if (table, column) == ("django_session", "session_data"):
                    haystack.add(f"row {table}.{column}", session_text(str(value)))


def session_text(stored: str) -> str:
    """What stands in a session of Django's, which is packed."""
    packed = stored.partition(":")[0]
    raw = base64.urlsafe_b64decode(packed.lstrip(".") + "==")
    return (zlib.decompress(raw) if packed.startswith(".") else raw).decode()


def logs_into(haystack: Haystack, *logs: Path) -> None:
    """Put each line of these files into the haystack."""
    for log in logs:
        for line in log.read_text(errors="replace").splitlines():
            haystack.add(f"log {log.name}", line)
            if line.startswith("{"):  # as whoever reads it has it
                for name, value in json.loads(line).items():
                    haystack.add(f"log {log.name}, {name}", unquote_plus(str(value)))
