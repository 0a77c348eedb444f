"""Site settings that mean something here."""

import re


def iframe_hosts(setting: str) -> list[str]:
    """The hosts that may use the kiosk's channel: lower case only, and no way to say a port."""
    return re.findall(r"[a-z0-9.-]+", setting)
