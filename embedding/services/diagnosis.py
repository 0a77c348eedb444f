"""Why a frame stays white: what its page cannot know, because a browser does not tell it.

A frame that shows an error page, refuses to be framed, or lacks its cookie looks the same from
outside. Only once something failed, the site asks CoCalc's front page and names the likely cause.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from urllib.parse import urlsplit

import requests
from django.core.cache import cache
from django.utils import timezone

from embedding.cocalc.customize import customize
from embedding.cocalc.errors import CocalcError
from embedding.cocalc.framing import framing_refusal
from embedding.conf import conf
from embedding.models import EmbedSession
from embedding.problems import Problem
from embedding.services.care import access_mended

State = Literal["blocked", "unreachable"]
SEEN = ("silent", "unopened", "channel")
_LIMIT = 5  # seconds for each of two requests
_KEPT = 5  # seconds; many pages fail at once, and for one reason

_TAB = "Try again, or open the file in a tab of its own."


@dataclass(frozen=True, slots=True)
class Cause:
    """A likely cause: for the user, for the administrator, and whether it is sure."""

    code: str
    state: State
    message: str
    admin: str
    certain: bool = False
    mended: bool = False  # so that opening it once more helps


_MENDED = Cause(
    "access_mended",
    "blocked",
    "You had been removed from this project on CoCalc, and are back in it. Try again.",
    "The user was no collaborator of the project on CoCalc any more, or it was marked deleted.",
    certain=True,
    mended=True,
)


@dataclass(frozen=True, slots=True)
class _Facts:
    reachable: bool
    certificate: bool  # is at fault
    refusal: str
    allowed: bool | None  # None: CoCalc does not say


def diagnose(row: EmbedSession, seen: str, origin: str) -> Cause:
    """Name the likely cause and write it down.

    The page has `seen`: "silent", nothing at all from the frame; "unopened", an answer but no
    open file; "channel", an open file but no answer.
    """
    if seen not in SEEN:
        raise Problem("bad_request", "There is no such thing to see.", status=400)
    if seen == "unopened" and access_mended(row):
        cause = _MENDED
    else:
        cause = _cause(seen, origin, _facts(row, origin))
    row.reason, row.detail = cause.code, cause.admin[:500]
    row.save(update_fields=["reason", "detail"])
    return cause


def _cause(seen: str, origin: str, facts: _Facts) -> Cause:
    host = urlsplit(origin).netloc
    not_listed = f"“{host}” is not among CoCalc's iframe_comm_hosts; an administrator can add it."
    if seen == "channel":
        if facts.allowed is False:
            return Cause("host_not_allowed", "blocked", "", f"No message is answered: {not_listed}")
        return Cause(
            "channel_silent",
            "blocked",
            "",
            "No message is answered though this site is allowed: some builds of CoCalc never do.",
        )
    if seen == "unopened":
        return Cause(
            "cookie_blocked",
            "blocked",
            "Your browser seems to block CoCalc's sign-in cookie. Allow third-party cookies for "
            "CoCalc, or open the file in a tab of its own.",
            "CoCalc's page answers but nobody is signed in there. Browsers block its cookie where "
            "the two sites have no common domain, such as learn.example.edu and "
            "cocalc.example.edu.",
        )
    if facts.certificate:
        return Cause(
            "certificate",
            "blocked",
            "CoCalc's certificate is not valid, so your browser does not show it. "
            "Please tell the site's administrator.",
            f"The certificate of {conf().cocalc_origin} is not trusted by this server.",
            certain=True,
        )
    if not facts.reachable:
        return Cause(
            "cocalc_unreachable",
            "unreachable",
            "CoCalc does not answer. Your files are safe.",
            f"This server gets no answer from {conf().cocalc_origin} either.",
            certain=True,
        )
    if facts.refusal:
        return Cause(
            "frame_refused",
            "blocked",
            "CoCalc does not let itself be shown inside this page. "
            "You can open the file in a tab of its own.",
            f"CoCalc, or a proxy before it, sends “{facts.refusal}”.",
            certain=True,
        )
    if facts.allowed is False:
        return Cause(
            "host_not_allowed",
            "blocked",
            "CoCalc does not answer this site, and has not opened the file. Your browser may "
            f"block CoCalc's sign-in cookie. {_TAB}",
            f"Neither an answer nor the project's log was heard. {not_listed}",
        )
    return Cause(
        "cocalc_silent",
        "unreachable",
        "CoCalc does not answer in your browser: it may be out of reach, or its sign-in cookie "
        f"blocked. {_TAB}",
        f"This server reaches {conf().cocalc_origin}, and the site is allowed; the frame is mute.",
    )


def _facts(row: EmbedSession, origin: str) -> _Facts:
    """Look, unless another page has just done so; but never before this session began.

    So whoever tries again is told what holds now.
    """
    key = f"embedding-facts-{conf().cocalc_url}-{origin}"
    known: tuple[datetime, _Facts] | None = cache.get(key)
    if known and known[0] > row.started:
        return known[1]
    began = timezone.now()
    facts = _look(origin)
    cache.set(key, (began, facts), _KEPT)
    return facts


def _look(origin: str) -> _Facts:
    """Ask CoCalc where browsers find it, and where that fails, where the site itself does."""
    certificate = False
    for base in dict.fromkeys((conf().cocalc_url, conf().api_url)):
        try:
            with requests.get(f"{base}/app", timeout=_LIMIT, stream=True) as answer:
                refusal = framing_refusal(answer.headers, origin)
                reachable = answer.status_code < 500
        except requests.exceptions.SSLError:
            certificate = certificate or base == conf().cocalc_url
            continue
        except requests.RequestException:
            continue
        return _Facts(reachable, certificate, refusal, _allowed(base, origin))
    return _Facts(reachable=False, certificate=certificate, refusal="", allowed=None)


def _allowed(base: str, origin: str) -> bool | None:
    try:
        return customize(base, timeout=_LIMIT).answers(urlsplit(origin).netloc)
    except CocalcError:
        return None
