"""What CoCalc tells anybody of itself: `GET BASE/customize` (CoCalc, July 2024, observed)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

import requests

from embedding.cocalc.errors import CannotConnect, NotCocalc

Channel = Literal["open", "unlisted", "impossible"]


@dataclass(frozen=True, slots=True)
class Customize:
    """The server's name, and which hosts' pages its kiosk answers."""

    site_name: str
    iframe_comm_hosts: tuple[str, ...]

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


def customize(base_url: str, *, timeout: float = 10) -> Customize:
    """Read it; no key is needed. Raises CannotConnect, and NotCocalc for a foreign answer."""
    try:
        answer = requests.get(f"{base_url}/customize", timeout=timeout, allow_redirects=False)
    except requests.RequestException as error:
        raise CannotConnect("customize", type(error).__name__) from None
    try:
        found = answer.json()["configuration"]
        hosts = found.get("iframe_comm_hosts") or []
        name = found.get("site_name") or "CoCalc"
        sound = isinstance(hosts, Sequence) and all(isinstance(host, str) for host in hosts)
    except (ValueError, KeyError, TypeError, AttributeError):
        sound = False
    if not sound:
        raise NotCocalc("customize", "no configuration", status=answer.status_code)
    return Customize(str(name), tuple(hosts))
