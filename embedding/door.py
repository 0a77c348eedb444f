"""The door: one location of CoCalc's own host that its front passes to this site. A WSGI app.

A page of ours sends its frame there with a code. The door signs the user in to CoCalc from the
server's side, gives CoCalc's cookies to the browser, and leads on to the file: no token is ever
in a browser. Signing out, it takes the cookies away again, which only CoCalc's host can do.

    GET <door>in/<code>            303 to the file, with CoCalc's cookies
    GET <door>out/<code>           CoCalc's cookies end; the page around the frame is told
    GET <door>out/<code>/<next>    the same in a tab of its own, which then goes back to the site

Whatever else is asked gets 404. The host is one where students' programs run, so nothing here
trusts a request: a code works once, within a minute, in the place it was made for, for a page of
the site that made it. The site's own cookies never come here. It needs no URLs and no middleware
of Django's, and runs beside the site or in processes of its own (`config.door`).
"""

import logging
import re
from collections.abc import Iterable
from html import escape
from http import HTTPStatus
from urllib.parse import quote, urlsplit
from wsgiref.types import StartResponse, WSGIEnvironment

from django.conf import settings
from django.core.signals import request_finished, request_started
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from embedding import calls, trail
from embedding.client import client
from embedding.cocalc.errors import CocalcError, NotSupported
from embedding.cocalc.impersonation import ACCOUNT_ID, REMEMBER_ME, Cookie, cookies_of
from embedding.cocalc.sites import is_same_site
from embedding.conf import conf
from embedding.frame import frame_url
from embedding.models import CocalcAccount, DoorCode, EmbedSession, Member
from embedding.problems import Problem, of_cocalc
from embedding.services.door import (
    POLICY,
    TELLING,
    code_look,
    code_take,
    cookies_known,
    cookies_remember,
)
from embedding.services.sessions import session_fail
from embedding.turns import Turn, take

log = logging.getLogger(__name__)

Headers = list[tuple[str, str]]

SIGN_IN_SECONDS = 10.0
# Bytes of headers: a page there can make hundreds of cookies, and a front passes on a few kB.
MOST_ENDED = 2500
_CODE = "[A-Za-z0-9_-]{43}"
_PATHS = re.compile(rf"(in|out)/({_CODE})(?:/({_CODE}))?")
_COOKIE = re.compile(r"[0-9A-Za-z!#$%&'*+.^_`|~-]{1,200}")
_SAME_SITES = {"strict": "Strict", "none": "None"}
_PLACES = {
    DoorCode.Kind.FRAME: ("iframe",),
    DoorCode.Kind.TAB: ("document",),
    DoorCode.Kind.OUT: ("iframe", "document"),
}


class _Refused(Exception):
    """Not for this request; `status` and a sentence for whoever sees it."""

    def __init__(self, status: HTTPStatus, words: str, *headers: tuple[str, str]) -> None:
        super().__init__(words)
        self.status, self.words, self.headers = status, words, list(headers)


def is_for_door(environ: WSGIEnvironment) -> bool:
    """Say whether a request to the web server is one for the door."""
    door = conf().door
    return bool(
        door
        and environ.get("HTTP_HOST", "").lower() == urlsplit(conf().cocalc_url).netloc.lower()
        and environ.get("PATH_INFO", "").startswith(door)
    )


def application(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
    """Answer a request (PEP 3333)."""
    request_started.send(sender=application, environ=environ)  # Django sees to the database's
    try:
        with translation.override(_language(environ)):
            try:
                status, headers, body = _answer(environ)
            except _Refused as refused:
                status, headers, body = refused.status, refused.headers, _page(refused.words)
            except Exception:
                log.exception("The door failed")
                status = HTTPStatus.INTERNAL_SERVER_ERROR
                headers, body = [], _page(_("Something went wrong here. Please try again."))
    finally:
        request_finished.send(sender=application)
    content = body.encode()
    start(
        f"{status.value} {status.phrase}",
        [
            *headers,
            ("Content-Type", "text/html; charset=utf-8"),
            ("Content-Length", str(len(content))),
            ("Cache-Control", "no-store"),
            ("X-Content-Type-Options", "nosniff"),
            # The next page is told nothing of where one came from: the address has a code in it.
            ("Referrer-Policy", "no-referrer"),
            ("Content-Security-Policy", POLICY),
        ],
    )
    return [content]


def _answer(environ: WSGIEnvironment) -> tuple[HTTPStatus, Headers, str]:
    found = _PATHS.fullmatch(environ.get("PATH_INFO", "").removeprefix(conf().door))
    if not is_for_door(environ) or not found:
        raise _Refused(HTTPStatus.NOT_FOUND, _("There is nothing here."))
    way, code, onward = found.groups()
    if environ["REQUEST_METHOD"] != "GET":
        words = _("There is nothing here.")
        raise _Refused(HTTPStatus.METHOD_NOT_ALLOWED, words, ("Allow", "GET"))
    row = code_look(code)
    if row is None or (row.kind == DoorCode.Kind.OUT) != (way == "out"):
        raise _Refused(
            HTTPStatus.GONE, _("This sign-in is over. Go back to the page and reload it.")
        )
    _check_place(environ, row)
    if not code_take(row):
        raise _Refused(
            HTTPStatus.GONE, _("This sign-in is over. Go back to the page and reload it.")
        )
    if way == "out":
        return _out(environ, row, onward)
    if row.session is None or onward:
        raise _Refused(HTTPStatus.NOT_FOUND, _("There is nothing here."))
    return _in(row, row.session)


def _check_place(environ: WSGIEnvironment, row: DoorCode) -> None:
    """Refuse whatever is not the navigation that the code was made for.

    A browser says where a request comes from and for what; no page can make it say otherwise. The
    Referer is the origin of the page that sent it (our pages let theirs be told): so no other
    page can sign somebody in here with a code that it has got for itself.
    """
    mode, dest = environ.get("HTTP_SEC_FETCH_MODE"), environ.get("HTTP_SEC_FETCH_DEST")
    parts = urlsplit(environ.get("HTTP_REFERER", ""))
    # Nor by a link on one of our pages to a site that leads on to here: that makes it cross-site.
    near = is_same_site(row.origin, conf().cocalc_url)
    sites = ("same-site",) if near else ("same-site", "cross-site")
    sound = (
        mode in (None, "navigate")
        and (dest is None or dest in _PLACES[DoorCode.Kind(row.kind)])
        and environ.get("HTTP_SEC_FETCH_SITE", "same-site") in sites
        and f"{parts.scheme}://{parts.netloc}" == row.origin
    )
    if not sound:
        raise _Refused(
            HTTPStatus.FORBIDDEN,
            _("This page can only be opened from the site itself. Go back there and try again."),
        )


def _in(code: DoorCode, row: EmbedSession) -> tuple[HTTPStatus, Headers, str]:
    trail.mark(session=str(row.pk))
    turn = Turn(lambda: row.user_id)
    try:
        with turn.on():
            cookies = _signed_in(row)
    except (CocalcError, Problem) as error:
        problem = of_cocalc(error) if isinstance(error, CocalcError) else error
        log.warning("Signing in at the door failed: %s", problem.detail or problem.code)
        session_fail(row, problem)
        return HTTPStatus(problem.status), [], _page(problem.message)
    finally:
        turn.end()
    framed = code.kind == DoorCode.Kind.FRAME
    apart = framed and not is_same_site(code.origin, conf().cocalc_url)
    # Whoever runs CoCalc may have changed them; they are wanted again for signing out.
    cookies_remember(cookie.name for cookie in cookies)
    headers = [("Set-Cookie", _given(cookie, apart=apart)) for cookie in cookies]
    project = row.project.project_id if row.project else None
    target = frame_url(conf().cocalc_url, str(project), row.path, kiosk=framed)
    return HTTPStatus.SEE_OTHER, [*headers, ("Location", target)], ""


def _signed_in(row: EmbedSession) -> list[Cookie]:
    """Sign the session's user in to CoCalc. Asked again: may this be, as things are now?"""
    account = CocalcAccount.objects.filter(user=row.user, account_id__isnull=False).first()
    may_open = Member.objects.filter(project=row.project, user=row.user, added__isnull=False)
    if row.user is None or not row.user.is_active or account is None or not may_open.exists():
        raise Problem("no_member", _("You can no longer open this project."), status=403)
    take(str(row.project.project_id) if row.project else "")
    token = client().mint_token(str(account.account_id))
    try:
        with calls.timed("conat", "impersonate"):
            return cookies_of(
                conf().api_url, str(account.account_id), token, timeout=SIGN_IN_SECONDS
            )
    finally:
        _revoke(token)


def _revoke(token: str) -> None:
    """End the token, which nobody needs any more; it ends by itself where that fails."""
    try:
        client().revoke_token(token)
    except NotSupported:
        pass
    except CocalcError as error:
        log.warning("A token could not be ended: %s", error)


def _given(cookie: Cookie, *, apart: bool) -> str:
    """Give one of CoCalc's cookies to the browser.

    Where site and CoCalc are apart, it is the frame's cookie in this site's pages alone
    (`Partitioned`), which browsers do not block.
    """
    parts = [f"{cookie.name}={cookie.value}", "Path=/"]
    if expires := cookie.attribute("expires"):
        parts.append(f"Expires={expires}")
    if cookie.http_only:
        parts.append("HttpOnly")
    if apart:
        parts += ["Secure", "SameSite=None", "Partitioned"]
    else:
        parts += ["Secure"] if _is_secure() else []
        same_site = cookie.attribute("samesite").lower()
        parts.append(f"SameSite={_SAME_SITES.get(same_site, 'Lax')}")
    return "; ".join(parts)


def _out(
    environ: WSGIEnvironment, code: DoorCode, onward: str | None
) -> tuple[HTTPStatus, Headers, str]:
    """End CoCalc's cookies: all that came, and those that a strict browser has not sent here."""
    came = [each.partition("=")[0].strip() for each in environ.get("HTTP_COOKIE", "").split(";")]
    names = [*_usual_names(), *cookies_known(), *came]
    headers: Headers = []
    for name in dict.fromkeys(name for name in names if _COOKIE.fullmatch(name)):
        if sum(len(line) for _, line in headers) > MOST_ENDED:
            break
        ended = f"{name}=; Path=/; Max-Age=0"
        if _is_secure():  # one of the two is it: the frame's own, or that of CoCalc's pages
            headers.append(("Set-Cookie", f"{ended}; Secure; SameSite=None; Partitioned"))
            ended += "; Secure"
        headers.append(("Set-Cookie", ended))
    if environ.get("HTTP_SEC_FETCH_DEST") != "iframe" and onward:
        # What comes after the # is told to no server: the page there uses the other code.
        back = ("Location", f"{code.origin}{reverse('embedding:signed-out')}#{onward}")
        return HTTPStatus.SEE_OTHER, [*headers, back], ""
    return HTTPStatus.OK, headers, _page(_("You are signed out of CoCalc."), script=TELLING)


def _usual_names() -> list[str]:
    """Return the names of CoCalc's cookies, which has its base path before them."""
    base = quote(urlsplit(conf().cocalc_url).path, safe="")
    return [f"{base}{name}" for name in (ACCOUNT_ID, REMEMBER_ME)]


def _is_secure() -> bool:
    return conf().cocalc_url.startswith("https:")


def _page(words: str, *, script: str = "") -> str:
    script = f"<script>{script}</script>" if script else ""
    head = "<!DOCTYPE html>\n<meta charset=utf-8><title>CoCalc</title>"
    return f"{head}<p>{escape(words)}</p>{script}\n"


def _language(environ: WSGIEnvironment) -> str:
    """Return the browser's language, of those that the site speaks."""
    for part in environ.get("HTTP_ACCEPT_LANGUAGE", "").split(","):
        code = part.partition(";")[0].strip()
        try:
            return translation.get_supported_language_variant(code)
        except LookupError:
            continue
    return settings.LANGUAGE_CODE
