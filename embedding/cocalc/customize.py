"""What CoCalc tells anybody of itself: `GET BASE/customize` (CoCalc, July 2024, observed)."""

from collections.abc import Sequence
from dataclasses import dataclass

import requests

from embedding.cocalc.errors import CannotConnect, NotCocalc


@dataclass(frozen=True, slots=True)
class Customize:
    """The server's name, and which hosts' pages its kiosk answers."""

    site_name: str
    iframe_comm_hosts: tuple[str, ...]

    def answers(self, host: str) -> bool:
        """Whether the kiosk answers messages of `https://<host>`; `.h` stands for all below h."""
        return any(
            host == known or (known.startswith(".") and host.endswith(known))
            for known in self.iframe_comm_hosts
        )


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
