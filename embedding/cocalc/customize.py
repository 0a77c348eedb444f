"""What CoCalc tells anybody of itself (CoCalc, July 2024, observed; July 2026, read in its source).

`GET BASE/customize` says how it is set up; its `dns` is only the name it was just asked by. Since
2025 `POST BASE/api/v2/customize` tells the name that CoCalc itself believes to have.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import HTTPError

from embedding.cocalc.errors import CannotConnect, NotCocalc
from embedding.cocalc.reading import Response, json_of
from embedding.cocalc.wire import Session, beginning_of

MOST = 4 * 1024 * 1024  # bytes of an answer that are read

Channel = Literal["open", "unlisted", "impossible"]


@dataclass(frozen=True, slots=True)
class Customize:
    """The server's name, which hosts' pages its kiosk answers, and of its sign-in cookie.

    `samesite` is that cookie's: strict, lax or none; "" on servers that do not tell.
    """

    site_name: str
    iframe_comm_hosts: tuple[str, ...]
    samesite: str = ""

    def channel(self, origin: str) -> Channel:
        """Say whether the kiosk answers messages of this origin.

        It is "unlisted" where an entry for its host would do. Entries are names without scheme or
        port, taken for https on port 443, so elsewhere it is "impossible" (`.h` stands for h and
        all below it). A whole origin among them is a stand-in's, made for development.
        """
        if origin in self.iframe_comm_hosts:
            return "open"
        parts = urlsplit(origin)
        host = parts.hostname or ""
        if parts.scheme != "https" or parts.netloc not in (host, f"{host}:443"):
            return "impossible"
        listed = any(
            host == known or (known.startswith(".") and f".{host}".endswith(known))
            for known in self.iframe_comm_hosts
        )
        return "open" if listed else "unlisted"


def customize_in(answer: Any) -> Customize | None:
    """Return what the JSON of `/customize` says; None for what is not CoCalc's."""
    found = answer.get("configuration") if isinstance(answer, dict) else None
    if not isinstance(found, dict):
        return None
    hosts = found.get("iframe_comm_hosts") or []
    if not isinstance(hosts, Sequence) or not all(isinstance(host, str) for host in hosts):
        return None
    samesite = found.get("samesite_remember_me")
    return Customize(
        str(found.get("site_name") or "CoCalc"),
        tuple(hosts),
        samesite if samesite in ("strict", "lax", "none") else "",
    )


def customize(base_url: str, *, timeout: float = 10) -> Customize:
    """Read it; no key is needed. Raises CannotConnect, and NotCocalc for a foreign answer."""
    status, told = _ask("customize", "GET", f"{base_url}/customize", timeout)
    found = customize_in(told)
    if found is None:
        raise NotCocalc("customize", "no configuration", status=status)
    return found


def own_address(base_url: str, *, timeout: float = 10) -> str:
    """Return the address that a CoCalc since 2025 leads to after signing in; "" where not set.

    It is made of its site setting “dns” (read in its source). Needs no key, and changes nothing.
    Raises CannotConnect, and NotCocalc where it does not tell.
    """
    fields = {"fields": ["dns", "siteURL"]}
    address = f"{base_url}/api/v2/customize"
    status, told = _ask("own_address", "POST", address, timeout, fields)
    if not isinstance(told, dict) or not {"dns", "siteURL"} & told.keys():
        raise NotCocalc("own_address", "no dns", status=status)
    return str(told.get("siteURL") or "") if told.get("dns") else ""


def _ask(
    operation: str, method: str, address: str, timeout: float, fields: Any = None
) -> tuple[int, Any]:
    """Return status and JSON, or None for it; in `timeout` seconds, however slow or long it is."""
    deadline = time.monotonic() + timeout
    try:
        with (
            Session() as session,
            session.request(
                method, address, json=fields, timeout=timeout, allow_redirects=False, stream=True
            ) as answer,
        ):
            body = beginning_of(answer, MOST, deadline)
            return answer.status_code, json_of(Response(answer.status_code, answer.headers, body))
    except (requests.RequestException, HTTPError, OSError) as error:
        raise CannotConnect(operation, type(error).__name__) from None
