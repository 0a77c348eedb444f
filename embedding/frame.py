"""The frame's address: how a browser signs in to CoCalc, in the style of 2024 and before.

`BASE/projects/<id>/files/<path>?auth_token=…` signs in and opens the file in one address
(CoCalc, July 2024, observed). `fullscreen=kiosk` shows the file alone; `session=` keeps CoCalc
from opening what was open last time.
"""

from typing import Final
from urllib.parse import quote, urlencode

# What the frame may do: what CoCalc needs, and not to lead the page around it elsewhere. A notebook
# is a program's page; without this a click into it is enough to replace the site's window.
SANDBOX: Final = " ".join(
    (
        "allow-scripts",
        "allow-same-origin",  # with itself: its cookie and storage
        "allow-forms",
        "allow-modals",
        "allow-downloads",
        "allow-popups",
        "allow-popups-to-escape-sandbox",  # a link leads to a whole page
        "allow-pointer-lock",
        "allow-storage-access-by-user-activation",
    )
)


def frame_url(base_url: str, project_id: str, path: str, token: str, *, kiosk: bool = True) -> str:
    """Return the address; it holds the token, so it must reach the browser's frame and no log."""
    query = {"auth_token": token}
    if kiosk:
        query |= {"fullscreen": "kiosk", "session": ""}
    return f"{base_url}/projects/{project_id}/files/{quote(path)}?{urlencode(query)}"
