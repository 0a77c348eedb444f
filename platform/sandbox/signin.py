"""Signing in on a CoCalc of 2024: an auth token in a page's address becomes one cookie.

As observed in July 2024: the page trades the token for the cookie `remember_me` and reloads. A
token can be used again, and another user's token replaces the session of the browser.
"""

from typing import Final, Literal

from aiohttp import web

from sandbox.hub import Hub
from sandbox.origin import own, sent
from sandbox.store import Account, Project

COOKIE = "remember_me"
_BROWSER_SECONDS = 180 * 24 * 3600
_LENGTH = 48


class TokenInAddress:
    """The face of API v1."""

    generation: Final[Literal["v1"]] = "v1"

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def routes(self) -> list[web.RouteDef]:
        return [web.post("/hub/sign-in", own(self.sign_in))]

    def signed_in(self, request: web.Request) -> Account | None:
        cookie = request.cookies.get(COOKIE)
        if not cookie or self._hub.quirks.cookie_refused:
            return None
        return self._hub.store.holder("session", cookie)

    def may_open(self, account: Account, project: Project) -> bool:
        return self._hub.may_use(account, project)

    async def sign_in(self, request: web.Request) -> web.Response:
        """Set the cookie for a valid token's account. It outlives its session, as on CoCalc."""
        given = await sent(request)
        account = self._hub.store.holder("token", str(given.get("auth_token")))
        if account is None:
            return web.json_response({"error": "auth_token is not valid"}, status=403)
        response = web.json_response({})
        if not self._hub.quirks.cookie_refused:
            response.set_cookie(
                COOKIE,
                self._hub.store.issue("session", account.account_id, _LENGTH),
                max_age=_BROWSER_SECONDS,
                path="/",
                secure=True,
                httponly=True,
                samesite="None",
            )
        return response
