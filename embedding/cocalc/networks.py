"""Which network a host is on, as a browser judges it: its own machine's, a private one, or all."""

import ipaddress
import socket


def is_private(host: str) -> bool | None:
    """Say whether all addresses of a host are private ones or this machine's; None: not known.

    Who asks elsewhere may be given other addresses: a likely answer, and no proof.
    """
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        return all(ipaddress.ip_address(str(each[4][0]).split("%")[0]).is_private for each in found)
    except (OSError, ValueError):
        return None
