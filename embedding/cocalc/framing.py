"""Whether a page lets itself be framed, by its headers."""

from collections.abc import Mapping
from urllib.parse import urlsplit


def framing_refusal(headers: Mapping[str, str], origin: str) -> str:
    """Return the header that keeps a page out of a frame of `origin`, or "".

    A policy's `frame-ancestors` goes before X-Frame-Options, as in browsers.
    """
    policies = [
        sources
        for policy in headers.get("Content-Security-Policy", "").split(",")
        for directive in policy.split(";")
        for name, *sources in [directive.lower().split() or [""]]
        if name == "frame-ancestors"
    ]
    for sources in policies:
        if not any(_matches(source, origin) for source in sources):
            return f"Content-Security-Policy: frame-ancestors {' '.join(sources)}"[:200]
    options = headers.get("X-Frame-Options", "").strip()
    if not policies and options.split(",")[0].strip().upper() in {"DENY", "SAMEORIGIN"}:
        return f"X-Frame-Options: {options}"[:200]
    return ""


def _matches(source: str, origin: str) -> bool:
    parts = urlsplit(origin)
    if source in {"*", f"{parts.scheme}:"}:
        return True
    scheme, _, rest = source.rpartition("://")
    host, _, port = rest.partition(":")
    if scheme and scheme != parts.scheme:
        return False
    if port and port != "*" and port != str(parts.port or {"https": 443}.get(parts.scheme, 80)):
        return False
    name = parts.hostname or ""
    return name.endswith(host[1:]) if host.startswith("*.") else name == host
