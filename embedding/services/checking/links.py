"""What a link of the chain is, and what it finds."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from django.conf import settings

from embedding import which
from embedding.client import client
from embedding.cocalc.client import Identity
from embedding.cocalc.generations import Found
from embedding.conf import conf

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise as StrPromise

State = Literal["ok", "warning", "failed", "skipped"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found: what was seen, what that means, and what to do about it.

    Free of secrets: it is shown, and copied into requests for support.
    """

    state: State
    seen: str
    means: str = ""
    do: str = ""


def ok(seen: str, means: str = "") -> Finding:
    """Say that something is as it must be."""
    return Finding("ok", seen, means)


def warning(seen: str, means: str, do: str) -> Finding:
    """Say that something will trouble somebody, though notebooks open."""
    return Finding("warning", seen, means, do)


def failed(seen: str, means: str, do: str) -> Finding:
    """Say that something keeps notebooks from opening, or class steps from running."""
    return Finding("failed", seen, means, do)


def skipped(seen: str) -> Finding:
    """Say why something was not looked at."""
    return Finding("skipped", seen)


class World:
    """What the links of one run share, each thing looked up with its first use."""

    @property
    def origin(self) -> str:
        """This site's origin, as browsers name it; empty where SITE_URL does not say."""
        parts = urlsplit(getattr(settings, "SITE_URL", ""))
        return f"{parts.scheme}://{parts.netloc}".lower() if parts.netloc else ""

    @property
    def host(self) -> str:
        """This site's host name; empty where SITE_URL does not say."""
        return urlsplit(self.origin).hostname or ""

    @cached_property
    def found(self) -> Found:
        """Which CoCalc it is."""
        return which.current().found

    @cached_property
    def identity(self) -> Identity:
        """Whose key the site has, asked anew."""
        return client().identify()


Look = Callable[[World], Iterable[Finding]]


@dataclass(frozen=True, slots=True)
class Link:
    """One link: its stable name, its title, what it looks at, which links must hold before it.

    `seconds` are all that it may take, however often it says `Again`. With `needs_key` it is left
    out where users sign in to CoCalc themselves.
    """

    name: str
    title: "StrPromise"
    look: Look
    needs: tuple[str, ...] = ()
    seconds: float = 20.0
    needs_key: bool = False


class Again(Exception):
    """What the link waits for still goes on: ask it once more in a moment. Says what that is."""


def bases() -> list[str]:
    """Return CoCalc's addresses: where this server finds it, and where browsers do."""
    return list(dict.fromkeys((conf().api_url, conf().cocalc_url)))
