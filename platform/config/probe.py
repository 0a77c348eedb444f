"""`python -m config.probe`: whether the site on this machine answers, for a container's engine.

Exit code 0 where it does. It asks by the name that the site has, as any visitor would.
"""

import http.client
import os
import sys
from urllib.parse import urlsplit

from config.env import Reader

SECONDS = 4.0


def fault(port: int) -> str:
    """Ask `/health` on a port of this machine; return what is wrong, or nothing."""
    host = urlsplit(Reader().text("SITE_URL", kind="the site's address")).hostname or "localhost"
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)
    try:
        connection.request("GET", "/health", headers={"Host": host})
        status = connection.getresponse().status
    except OSError as error:
        return f"no answer on port {port}: {error}"
    finally:
        connection.close()
    return "" if status == http.client.OK else f"HTTP {status} on port {port}"


if __name__ == "__main__":
    sys.exit(fault(int(os.environ.get("PROBE_PORT", "8000"))) or 0)
