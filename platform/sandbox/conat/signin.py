"""Signing in on a CoCalc of 2025 and 2026: `/auth/impersonate` and its two cookies.

The page needs both. `remember_me`, which no script reads, is the session; `account_id`, which
the page's script reads, says whose answers it waits for (read in CoCalc's source, July 2026).
"""

import json
import secrets
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import cached_property
from typing import Final, Literal

from aiohttp import web

from sandbox.conat import site
from sandbox.hub import Hub
from sandbox.ids import random_text
from sandbox.settings import site_url
from sandbox.store import HALF_DAY, Account, Project

ACCOUNT_ID = "account_id"
REMEMBER_ME = "remember_me"
_LOCALES = {"de", "en", "es", "fr", "it", "ja", "nl", "pl", "pt", "ru", "tr", "zh"}  # and more
_REDIRECT = """<head>
<title>Redirect</title>
<script>
window.addEventListener("load", () => {
  const target = %s;
  window.location.href = target;
  setTimeout(() => {
    document.getElementById("target").href = target;
    document.getElementById("by-hand").style.display = "block";
  }, 3000);
});
</script>
</head>
<body>
<p id="by-hand" style="display: none">If nothing happens, <a id="target">go on by this link</a>.</p>
</body>
"""


class TwoCookies:
    """The face of conat."""

    generation: Final[Literal["conat"]] = "conat"

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/auth/impersonate", self.impersonate), *site.routes(self._hub)]

    def signed_in(self, request: web.Request) -> Account | None:
        cookie = request.cookies.get(REMEMBER_ME)
        if not cookie or self._hub.quirks.cookie_refused:
            return None
        return self._hub.store.holder("session", cookie)

    def may_open(self, account: Account, project: Project) -> bool:
        """Members may. A site admin is none: conat asks about membership only."""
        return project.has_member(account.account_id)

    async def impersonate(self, request: web.Request) -> web.Response:
        """Trade a token for the cookies; the page's script then goes on to the site's address.

        By a script, so that strict cookies travel. A token can be used again, and another user's
        replaces the session of the browser.
        """
        token = request.query.get("auth_token", "")
        if not token:
            return _refusal("invalid empty token")
        account = self._hub.store.holder("token", token)
        if account is None:
            return _refusal(f"unknown or expired token: '{token}'")
        banned = self._hub.caches.is_banned(account.account_id)
        # A deleted account signs in all the same.
        response = (
            _refusal("user is banned")
            if banned
            else _page(_REDIRECT % json.dumps(self._target(request)))
        )
        if not self._hub.quirks.cookie_refused:
            self._set_cookie(response, f"{ACCOUNT_ID}={account.account_id}")
            if not banned:
                self._set_session(request, response, account)
        return response

    def _target(self, request: web.Request) -> str:
        locale = request.query.get("lang_temp")
        return f"{self._site_url}/app{f'?lang_temp={locale}' if locale in _LOCALES else ''}"

    @cached_property
    def _site_url(self) -> str:
        """Asked once in the life of the process, as on CoCalc."""
        return site_url(self._hub.store.settings().get("dns", ""))

    def _set_session(self, request: web.Request, response: web.Response, account: Account) -> None:
        session = f"sha512${secrets.token_hex(16)}$1000${random_text(36)}"
        self._hub.store.admit("session", account.account_id, session)
        scheme = request.headers.get("X-Forwarded-Proto", request.scheme)
        secure = "secure; " if scheme == "https" else ""
        more = f"; samesite={site.same_site(self._hub)}; {secure}httponly"
        self._set_cookie(response, f"{REMEMBER_ME}={session}", more)

    def _set_cookie(self, response: web.Response, cookie: str, more: str = "") -> None:
        """As CoCalc spells it: half a day, no Domain, no Max-Age."""
        ends = datetime.fromtimestamp(self._hub.clock.now() + HALF_DAY, UTC)
        expires = format_datetime(ends, usegmt=True)
        response.headers.add("Set-Cookie", f"{cookie}; path=/; expires={expires}{more}")


def _page(text: str) -> web.Response:
    return web.Response(text=text, content_type="text/html", charset="utf-8")


def _refusal(why: str) -> web.Response:
    """CoCalc writes the token into the page as it came, and so does this.

    The policy, which CoCalc lacks, keeps that from running: what runs here runs as you.
    """
    response = _page(f"ERROR: impersonate error -- Error: {why}")
    response.headers["Content-Security-Policy"] = "default-src 'none'"
    return response
