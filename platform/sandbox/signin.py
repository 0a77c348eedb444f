"""Signing in by auth token, and who is behind a request: the cookie `remember_me`.

As observed in July 2024: the page trades the token for the cookie and reloads. A token can be
used again, and another user's token replaces the session of the browser.
"""

from aiohttp import web

from sandbox.hub import Hub
from sandbox.store import Account

COOKIE = "remember_me"
_BROWSER_SECONDS = 180 * 24 * 3600
_LENGTH = 48


def signed_in(hub: Hub, request: web.Request) -> Account | None:
    cookie = request.cookies.get(COOKIE)
    if not cookie or hub.quirks.cookie_refused:
        return None
    return hub.store.holder("session", cookie)


def sign_in(hub: Hub, token: str, response: web.Response) -> Account | None:
    """Set the cookie for a valid token's account. It outlives its session, as on CoCalc."""
    account = hub.store.holder("token", token)
    if account and not hub.quirks.cookie_refused:
        response.set_cookie(
            COOKIE,
            hub.store.issue("session", account.account_id, _LENGTH),
            max_age=_BROWSER_SECONDS,
            path="/",
            secure=True,
            httponly=True,
            samesite="None",
        )
    return account
