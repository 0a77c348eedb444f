"""The frame's address: how a browser signs in to CoCalc, in the style of 2024 and before.

`BASE/projects/<id>/files/<path>?auth_token=…` signs in and opens the file in one address
(CoCalc, July 2024, observed). `fullscreen=kiosk` shows the file alone; `session=` keeps CoCalc
from opening what was open last time.
"""

from urllib.parse import quote, urlencode


def frame_url(base_url: str, project_id: str, path: str, token: str, *, kiosk: bool = True) -> str:
    """Return the address; it holds the token, so it must reach the browser's frame and no log."""
    query = {"auth_token": token}
    if kiosk:
        query |= {"fullscreen": "kiosk", "session": ""}
    return f"{base_url}/projects/{project_id}/files/{quote(path)}?{urlencode(query)}"
