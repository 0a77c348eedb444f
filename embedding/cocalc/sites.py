"""Whether two hosts are of one site, as browsers see it: that decides which cookies a frame has."""

import ipaddress
from functools import cache
from urllib.parse import urlsplit

from publicsuffixlist import PublicSuffixList


def is_same_site(one: str, other: str) -> bool:
    """Say whether two addresses share scheme and registrable domain (public suffix list).

    So learn.school.example and cocalc.school.example do, and two projects of one hoster do not.
    """
    ours, theirs = urlsplit(one), urlsplit(other)
    if ours.scheme != theirs.scheme:
        return False
    return site_of(ours.hostname or "") == site_of(theirs.hostname or "")


def site_of(host: str) -> str:
    """Return a host's registrable domain; the host itself where it has none."""
    host = host.lower().rstrip(".")
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        return _list().privatesuffix(host) or host


@cache
def _list() -> PublicSuffixList:
    return PublicSuffixList()
