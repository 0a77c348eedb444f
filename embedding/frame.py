"""The frame's address, and how a browser signs in to CoCalc with a token: in one step or in two.

In one, `BASE/projects/<id>/files/<path>?auth_token=…` signs in and opens the file (CoCalc, July
2024, observed). In two, `BASE/auth/impersonate?auth_token=…` sets the cookies first: nothing can
be handed through it, and its page leads to where CoCalc's setting `dns` says (July 2026, read in
its source). So it is loaded unseen and without scripts, and the file's address follows.
`fullscreen=kiosk` shows the file alone; `session=` keeps CoCalc from opening what was open last
time.
"""

from typing import Final
from urllib.parse import parse_qs, quote, urlencode

from embedding.cocalc.impersonation import PATH, TOKEN

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


def frame_url(
    base_url: str, project_id: str, path: str, token: str = "", *, kiosk: bool = True
) -> str:
    """Return the file's address.

    With a token it signs in by itself: then it must reach the browser's frame and no log.
    """
    query = {"auth_token": token} if token else {}
    if kiosk:
        query |= {"fullscreen": "kiosk", "session": ""}
    address = f"{base_url}/projects/{project_id}/files/{quote(path)}"
    return f"{address}?{urlencode(query)}" if query else address


def sign_in_url(base_url: str, token: str) -> str:
    """Return the address that signs in and does nothing else; for the browser, and for no log."""
    return f"{base_url}{PATH}?{urlencode({'auth_token': token})}"


def token_in(base_url: str, sign_in: str) -> str:
    """Return the token of such an address; "" where it is none."""
    address, _, query = sign_in.partition("?")
    if address != f"{base_url}{PATH}":
        return ""
    token = parse_qs(query).get("auth_token", [""])[0]
    return token if TOKEN.fullmatch(token) else ""
