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
from django.utils.translation import gettext as _

from embedding.cocalc.customize import Channel, Customize, customize
from embedding.cocalc.errors import CocalcError
from embedding.cocalc.framing import framing_refusal
from embedding.cocalc.networks import is_private
from embedding.cocalc.sites import is_same_site
from embedding.conf import conf
from embedding.models import EmbedSession
from embedding.problems import bad_request
from embedding.services import state
from embedding.services.care import access_mended
from embedding.turns import take
from embedding.untranslated import Sentence, noop

State = Literal["blocked", "unreachable"]
SEEN = ("sign-in", "silent", "nobody", "unopened", "channel")
_LIMIT = 5  # seconds for each of two requests
_KEPT = 5  # seconds; many pages fail at once, and for one reason

_UNANSWERED: dict[str | None, tuple[str, str]] = {
    "unlisted": (
        "host_not_allowed",
        noop("“%(host)s” is not among CoCalc's iframe_comm_hosts; an administrator can add it."),
    ),
    "impossible": (
        "site_not_on_443",
        noop("CoCalc answers only sites on https and port 443; this one is at “%(origin)s”."),
    ),
}


@dataclass(frozen=True, slots=True)
class Cause:
    """A likely cause: for the user, for the administrator, and whether it is sure.

    What the administrator reads is kept in English, as in a log.
    """

    code: str
    state: State
    message: str
    admin: Sentence
    certain: bool = False
    mended: bool = False  # so that opening it once more helps


@dataclass(frozen=True, slots=True)
class _Facts:
    reachable: bool
    certificate: bool  # is at fault
    refusal: str
    channel: Channel | None  # None: CoCalc does not say
    local: bool = False  # CoCalc is on a private network, and the site is not
    samesite: str = ""  # of its sign-in cookie; "": it does not say


def diagnose(row: EmbedSession, seen: str, origin: str) -> Cause:
    """Name the likely cause and write it down.

    The page has `seen`: "sign-in", the address to sign in at did not load; "silent", nothing at all
    from the frame; "nobody", an answer, but none to the command to open a file, although a token
    was fresh; "unopened", an answer but no open file; "channel", an open file but no answer.
    """
    if seen not in SEEN:
        raise bad_request("There is no such thing to see.")
    if row.state == EmbedSession.State.FAILED:  # at the door, after the page had its address
        cause = _at_the_door(row)
    elif seen == "unopened" and not conf().own_sign_in and access_mended(row):
        cause = _mended()
    else:
        cause = _cause(seen, origin, _facts(row, origin))
    row.reason, row.detail = cause.code, str(cause.admin)[:500]
    row.save(update_fields=["reason", "detail"])
    return cause


def _at_the_door(row: EmbedSession) -> Cause:
    """The door has written down why it signed nobody in (`embedding.door`)."""
    return Cause(
        row.reason,
        "unreachable",
        _("Signing you in to CoCalc failed. Your files are safe; please try again."),
        Sentence(noop("The door could not sign in: %(detail)s"), {"detail": row.detail}),
        certain=True,
    )


def _mended() -> Cause:
    return Cause(
        "access_mended",
        "blocked",
        _("You had been removed from this project on CoCalc. You are back in it now. Try again."),
        Sentence(
            noop(
                "This person was no longer in the project on CoCalc, or the project was marked "
                "as deleted."
            )
        ),
        certain=True,
        mended=True,
    )


def _cause(seen: str, origin: str, facts: _Facts) -> Cause:
    cocalc = conf().cocalc_origin
    code, why = _UNANSWERED.get(facts.channel, ("", ""))
    reason = Sentence(why, {"origin": origin, "host": urlsplit(origin).hostname})
    if seen == "channel":
        return _no_channel(code, reason)
    if conf().own_sign_in and facts.reachable and not facts.certificate and not facts.refusal:
        return _no_session(origin)
    if seen == "nobody":
        return _nobody(origin, facts.samesite)
    if seen == "unopened":
        return Cause(
            "cookie_blocked",
            "blocked",
            _(
                "Your browser seems to block CoCalc's sign-in cookie. Allow third-party cookies "
                "for CoCalc, or open the file in a new tab."
            ),
            Sentence(
                noop(
                    "CoCalc's page answers but nobody is signed in there. Browsers block its "
                    "cookie where the two sites have no common domain, such as learn.example.edu "
                    "and cocalc.example.edu."
                )
            ),
        )
    if facts.certificate:
        return Cause(
            "certificate",
            "blocked",
            _(
                "CoCalc's certificate is not valid, so your browser does not show it. Please tell "
                "the site's administrator."
            ),
            Sentence(
                noop("This server does not trust the certificate of %(cocalc)s."),
                {"cocalc": cocalc},
            ),
            certain=True,
        )
    if not facts.reachable:
        return Cause(
            "cocalc_unreachable",
            "unreachable",
            _("CoCalc does not answer. Your files are safe."),
            Sentence(
                noop("This server gets no answer from %(cocalc)s either."), {"cocalc": cocalc}
            ),
            certain=True,
        )
    if facts.refusal:
        return Cause(
            "frame_refused",
            "blocked",
            _("CoCalc cannot be shown on this page. You can open the file in a new tab."),
            Sentence(
                noop("CoCalc, or a proxy before it, sends “%(header)s”."),
                {"header": facts.refusal},
            ),
            certain=True,
        )
    if facts.local:
        return Cause(
            "local_network",
            "blocked",
            _(
                "Your browser seems to keep this page from showing CoCalc, which is on a private "
                "network. If it asks, let this site use your local network. Or open the file in a "
                "new tab."
            ),
            Sentence(
                noop(
                    "%(cocalc)s has a private address and %(origin)s a public one: browsers let "
                    "no public page frame a private one (in Chromium, Local Network Access)."
                ),
                {"cocalc": cocalc, "origin": origin},
            ),
        )
    if code and seen != "sign-in":
        return Cause(
            code,
            "blocked",
            _(
                "CoCalc does not answer this site, and has not opened the file. Your browser may "
                "block CoCalc's sign-in cookie. Try again, or open the file in a new tab."
            ),
            Sentence(
                noop(
                    "CoCalc sent no answer, and nothing appeared in the project’s log. %(reason)s"
                ),
                {"reason": reason},
            ),
        )
    return Cause(
        "cocalc_silent",
        "unreachable",
        _(
            "CoCalc does not answer in your browser. It may be out of reach, or your browser "
            "blocks its sign-in cookie. Try again, or open the file in a new tab."
        ),
        Sentence(
            noop(
                "This server reaches %(cocalc)s, and the site is allowed, but nothing was heard "
                "from the frame."
            ),
            {"cocalc": cocalc},
        ),
    )


def _nobody(origin: str, samesite: str) -> Cause:
    """Signing in by two cookies has come to nothing, twice (CoCalc, July 2026, read)."""
    values = {"origin": origin, "cocalc": conf().cocalc_origin, "samesite": samesite or "strict"}
    if not is_same_site(origin, conf().cocalc_origin):
        return Cause(
            "other_site",
            "blocked",
            _(
                "Your browser does not let CoCalc sign you in on this page. Open the file in a new "
                "tab, and tell the site's administrator."
            ),
            Sentence(
                noop(
                    "%(origin)s and %(cocalc)s have no common domain, such as learn.example.edu "
                    "and cocalc.example.edu. CoCalc's cookies (its setting samesite_remember_me is "
                    "“%(samesite)s”) then do not work in a frame."
                ),
                values,
            ),
            certain=samesite in ("strict", "lax"),
        )
    return Cause(
        "not_signed_in",
        "blocked",
        _(
            "CoCalc did not sign you in. Your browser may block CoCalc's cookies. Allow them and "
            "try again. If that does not help, tell the site's administrator."
        ),
        Sentence(
            noop(
                "CoCalc's page answers but nobody is signed in there, although the token was new. "
                "Is this person banned on CoCalc? Does a proxy change or drop the cookies "
                "“remember_me” and “account_id”? Where samesite_remember_me is “none” (now "
                "“%(samesite)s”), CoCalc must know that browsers reach it by https."
            ),
            values,
        ),
    )


def _no_session(origin: str) -> Cause:
    """The user signs in to CoCalc: it has not happened, or does not reach the frame."""
    return Cause(
        "no_session",
        "blocked",
        _(
            "CoCalc does not show the file here. Either you are not signed in to CoCalc in this "
            "browser, or the browser keeps that sign-in from this page. Open the file in a new "
            "tab, and sign in to CoCalc there. Then try again here."
        ),
        Sentence(
            noop(
                "Users sign in to CoCalc themselves. That sign-in is sure to reach a frame of "
                "%(origin)s only where both sites are under one domain."
            ),
            {"origin": origin},
        ),
    )


def _no_channel(code: str, reason: Sentence) -> Cause:
    """The file is open, and no message is answered: that is for the administrator alone."""
    admin = (
        Sentence(
            noop(
                "CoCalc does not answer messages, so opening another file reloads the editor: "
                "%(reason)s"
            ),
            {"reason": reason},
        )
        if code
        else Sentence(
            noop(
                "CoCalc does not answer messages, though this site is allowed: some versions of "
                "CoCalc never do."
            )
        )
    )
    return Cause(code or "channel_silent", "blocked", "", admin)


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
    if state.is_down():
        return _Facts(reachable=False, certificate=False, refusal="", channel=None)
    take()
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
        told = _customize(base)
        channel = told.channel(origin) if told else None
        samesite = told.samesite if told else ""
        return _Facts(reachable, certificate, refusal, channel, _local(origin), samesite)
    return _Facts(reachable=False, certificate=certificate, refusal="", channel=None)


def _local(origin: str) -> bool:
    there, here = (urlsplit(each).hostname or "" for each in (conf().cocalc_origin, origin))
    return is_private(there) is True and is_private(here) is False


def _customize(base: str) -> Customize | None:
    try:
        return customize(base, timeout=_LIMIT)
    except CocalcError:
        return None
