"""What the sandbox is told at its start, and what it derives from that."""

import ipaddress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

SITE_NAME = "CoCalc sandbox (stand-in)"
ADMIN_EMAIL = "admin@sandbox.local"


@dataclass(frozen=True)
class Config:
    data: Path
    admin_key: str
    host: str = "127.0.0.1"
    port: int = 0
    public_url: str = ""
    tls_cert: Path | None = None
    tls_key: Path | None = None
    other_tls_cert: Path | None = None
    other_tls_key: Path | None = None
    iframe_hosts: str | None = None

    @property
    def database(self) -> Path:
        return self.data / "sandbox.sqlite3"

    def home(self, project_id: str) -> Path:
        return self.data / "projects" / project_id

    def knows_host(self, header: str) -> bool:
        """Whether a Host header names us. Any other name may be a rebound one: refused."""
        name = urlsplit(f"//{header}").hostname or ""
        return is_loopback(name) or name == urlsplit(self.public_url).hostname


def is_loopback(name: str) -> bool:
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
