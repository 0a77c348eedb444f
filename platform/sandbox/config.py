"""What the sandbox is told at its start, and what it derives from that."""

import ipaddress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args
from urllib.parse import urlsplit

SITE_NAME = "CoCalc sandbox (stand-in)"
ADMIN_EMAIL = "admin@sandbox.local"
Generation = Literal["v1", "conat"]
"""Which CoCalc an address plays: API v1 (2024), or the bridges of 2025 and 2026."""
GENERATIONS: tuple[Generation, ...] = get_args(Generation)


@dataclass(frozen=True)
class Config:
    data: Path
    admin_key: str
    host: str = "127.0.0.1"
    port: int = 0
    public_url: str = ""
    generation: Generation = "v1"
    both: bool = False
    second_port: int = 0
    second_public_url: str = ""
    dns: str | None = None
    tls_cert: Path | None = None
    tls_key: Path | None = None
    other_tls_cert: Path | None = None
    other_tls_key: Path | None = None
    iframe_hosts: str | None = None
    development_origins: tuple[str, ...] = ()

    @property
    def faces(self) -> tuple[Generation, ...]:
        """The generations played, the one at the main address first."""
        others = (name for name in GENERATIONS if name != self.generation)
        return (self.generation, *others) if self.both else (self.generation,)

    def public_url_of(self, generation: Generation) -> str:
        """The address that browsers use for this generation, or ""."""
        return self.public_url if generation == self.generation else self.second_public_url

    @property
    def database(self) -> Path:
        return self.data / "sandbox.sqlite3"

    def home(self, project_id: str) -> Path:
        return self.data / "projects" / project_id

    def knows_host(self, header: str) -> bool:
        """Whether a Host header names us. Any other name may be a rebound one: refused."""
        name = urlsplit(f"//{header}").hostname or ""
        ours = {urlsplit(url).hostname for url in (self.public_url, self.second_public_url)}
        return is_loopback(name) or name in ours


def development_origins(text: str) -> tuple[str, ...]:
    """Read a list of origins, `http://` and this machine's; ValueError names what is none."""
    origins = tuple(text.replace(",", " ").split())
    for origin in origins:
        parts = urlsplit(origin)
        whole = f"http://{parts.netloc}" == origin
        if not whole or "@" in origin or not is_loopback(parts.hostname or ""):
            raise ValueError(f"{origin} is no http origin of this machine.")
    return origins


def is_loopback(name: str) -> bool:
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
