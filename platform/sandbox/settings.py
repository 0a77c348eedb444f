"""Site settings that mean something here, and what CoCalc makes of them."""

import re


def iframe_hosts(setting: str) -> list[str]:
    """The hosts that may use the kiosk's channel: lower case only, and no way to say a port."""
    return re.findall(r"[a-z0-9.-]+", setting)


def site_url(dns: str) -> str:
    """The site's address by its setting `dns`, a host; a broken one where that is empty (read).

    An http address of this machine, which no CoCalc takes for a host, is for development.
    """
    if dns.startswith("http://"):
        return dns
    return f"https://{dns}" if dns else "https:"
