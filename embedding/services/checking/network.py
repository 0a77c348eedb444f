"""The way to CoCalc's server: its name, a connection, its certificate, its clock."""

import socket
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import SplitResult, urlsplit

import requests
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from requests.utils import get_environ_proxies

from embedding.cocalc.wire import Session
from embedding.conf import conf
from embedding.services.checking import certificates
from embedding.services.checking.certificates import Certificate
from embedding.services.checking.links import (
    Finding,
    Link,
    World,
    bases,
    failed,
    ok,
    skipped,
    warning,
)
from embedding.turns import beside

_SECONDS = 5.0  # for one look at one address
FEW_DAYS, LAST_DAYS = 21, 5
SKEW, MUCH_SKEW = 30, 300  # seconds
_MOST_ADDRESSES = 4


def _name(base: str, parts: SplitResult) -> Iterator[Finding]:
    """Are CoCalc's names known?"""
    host = parts.hostname or ""
    try:
        found = beside(socket.getaddrinfo, host, None, 0, socket.SOCK_STREAM).result(_SECONDS)
    except TimeoutError:
        why = _("the name server does not answer")
    except OSError as error:
        why = error.strerror or type(error).__name__
    else:
        addresses = ", ".join(dict.fromkeys(str(one[4][0]) for one in found[:_MOST_ADDRESSES]))
        yield ok(
            _("%(host)s has the address %(addresses)s.") % {"host": host, "addresses": addresses}
        )
        return
    yield _only_browsers(
        base,
        _("%(host)s has no address here: %(why)s.") % {"host": host, "why": why},
        _("This server cannot find CoCalc."),
        _("Check the name in COCALC_URL and COCALC_API_URL, and this server's name server."),
    )


def _tcp(base: str, parts: SplitResult) -> Iterator[Finding]:
    """Does somebody listen there?"""
    host, port = parts.hostname or "", _port(parts)
    where = {"host": host, "port": port}
    began = time.monotonic()
    try:
        socket.create_connection((host, port), timeout=_SECONDS).close()
    except OSError as error:
        yield _only_browsers(
            base,
            _("No connection to %(host)s, port %(port)s: %(why)s.")
            % {**where, "why": error.strerror or str(error)},
            _("CoCalc does not run there, or a firewall is in between."),
            _("Check that CoCalc runs, and that a firewall lets this server through to it."),
        )
    else:
        took = round((time.monotonic() - began) * 1000)
        yield ok(
            _("%(host)s, port %(port)s, takes connections (%(ms)s ms).") % {**where, "ms": took}
        )


def _tls(base: str, parts: SplitResult) -> Iterator[Finding]:
    """Is the connection secure, and for how long?"""
    host = parts.hostname or ""
    if parts.scheme != "https":
        yield ok(_("%(base)s does not use https.") % {"base": base})
        return
    try:
        seen = certificates.look(host, _port(parts), _SECONDS)
    except OSError as error:
        yield _only_browsers(
            base,
            _("%(host)s does not speak TLS: %(why)s.")
            % {"host": host, "why": error.strerror or type(error).__name__},
            _("There is no secure connection to CoCalc."),
            _("Check that the port of the address is the one for https."),
        )
        return
    yield _certificate(base, host, seen)


def _certificate(base: str, host: str, seen: Certificate) -> Finding:
    values = {"host": host, "issuer": seen.issuer or "?", "names": ", ".join(seen.names) or "?"}
    if seen.fault:
        return _only_browsers(base, *(text % values for text in _faults()[seen.fault]))
    days = seen.days
    until = ngettext(
        "The certificate of %(host)s, from %(issuer)s, is valid for %(days)s more day.",
        "The certificate of %(host)s, from %(issuer)s, is valid for %(days)s more days.",
        days,
    ) % {**values, "days": days}
    if days >= FEW_DAYS:
        return ok(until, _("The server sends all that is needed to verify it."))
    tell = failed if days < LAST_DAYS and base == conf().api_url else warning
    return tell(
        until,
        _("After that, no browser opens CoCalc, nor can this site use it."),
        _("Renew it, and find out why it was not renewed by itself."),
    )


def _faults() -> dict[certificates.Fault, tuple[str, str, str]]:
    return {
        "expired": (
            _("The certificate of %(host)s has expired."),
            _("No browser opens CoCalc, nor can this site use it."),
            _("Renew the certificate."),
        ),
        "early": (
            _("The certificate of %(host)s is not valid yet."),
            _("The clock of this server, or of the one that made it, is wrong."),
            _("Set the clocks of both servers (NTP)."),
        ),
        "name": (
            _("The certificate of %(host)s is for other names: %(names)s."),
            _("Browsers warn of it, and this site does not use it."),
            _("Get a certificate for this name, or correct COCALC_URL and COCALC_API_URL."),
        ),
        "self-signed": (
            _("The certificate of %(host)s is signed by itself."),
            _("Nobody can tell CoCalc from a stranger there, so browsers refuse it."),
            _("Get a certificate from an authority that browsers know."),
        ),
        "incomplete": (
            _(
                "%(host)s sends its own certificate alone, and none of the issuer “%(issuer)s”, "
                "whom this server does not know."
            ),
            _(
                "Most likely the web server leaves out an intermediate certificate. Browsers may "
                "know it from elsewhere and open CoCalc all the same; this site cannot."
            ),
            _(
                "Let the web server send the whole chain (often “fullchain.pem”). If “%(issuer)s” "
                "is an authority of your own, name its certificate in REQUESTS_CA_BUNDLE."
            ),
        ),
        "unknown": (
            _("This server does not know who issued the certificate of %(host)s: “%(issuer)s”."),
            _("Nobody can tell CoCalc from a stranger there."),
            _(
                "Get a certificate from an authority that browsers know. If “%(issuer)s” is one "
                "of your own, name its certificate in REQUESTS_CA_BUNDLE."
            ),
        ),
    }


def _clock(_world: World) -> Iterator[Finding]:
    """Do the two servers have the same time?"""
    try:
        with Session() as session:
            asked = datetime.now(UTC)
            with session.get(
                f"{conf().api_url}/customize",
                timeout=_SECONDS,
                auth=lambda request: request,
                stream=True,
                allow_redirects=False,
            ) as answer:
                told = answer.headers.get("Date", "")
        heard = datetime.now(UTC)
        theirs = parsedate_to_datetime(told)
    except requests.RequestException as error:
        yield warning(
            _("CoCalc's clock could not be read: %(why)s.") % {"why": type(error).__name__},
            _("It is not known whether both servers have the same time."),
            _("Look at what was found above."),
        )
        return
    except ValueError:
        yield skipped(_("CoCalc's server does not tell its time."))
        return
    # The header has whole seconds, cut off, and was written somewhere in between.
    ahead, behind = (theirs - heard).total_seconds(), (theirs - asked).total_seconds() + 1
    skew = round(ahead if ahead > 0 else min(0, behind))
    if abs(skew) < SKEW:
        yield ok(_("The clocks differ by %(seconds)s s.") % {"seconds": abs(skew)})
        return
    words = (
        _("CoCalc's clock is %(seconds)s s ahead of this server's.")
        if skew > 0
        else _("CoCalc's clock is %(seconds)s s behind this server's.")
    )
    tell = failed if abs(skew) >= MUCH_SKEW else warning
    yield tell(
        words % {"seconds": abs(skew)},
        _(
            "Deadlines go by this server's clock, and the times of files by CoCalc's: work that "
            "is in time may look late. What is valid for minutes, such as a sign-in, may be over "
            "before it begins."
        ),
        _("Let both servers set their clocks by NTP."),
    )


Look = Callable[[str, SplitResult], Iterator[Finding]]


def _at_each_place(look: Look) -> Callable[[World], Iterator[Finding]]:
    """Look at each address of CoCalc's that this server reaches by itself, without a proxy."""

    def look_at_all(_world: World) -> Iterator[Finding]:
        for base in bases():
            if get_environ_proxies(base, no_proxy=None):
                yield ok(_("This server reaches %(base)s through a proxy.") % {"base": base})
            else:
                yield from look(base, urlsplit(base))

    return look_at_all


def _port(parts: SplitResult) -> int:
    return parts.port or (443 if parts.scheme == "https" else 80)


def _only_browsers(base: str, seen: str, means: str, do: str) -> Finding:
    """A failure; a warning where this server need not reach that address, but browsers."""
    if base == conf().api_url:
        return failed(seen, means, do)
    return warning(
        seen,
        _("Seen from this server, browsers do not find CoCalc at COCALC_URL. From theirs they may.")
        + f" {means}",
        do,
    )


LINKS = (
    Link("name", gettext_lazy("CoCalc's name"), _at_each_place(_name)),
    Link("tcp", gettext_lazy("A connection to CoCalc"), _at_each_place(_tcp), ("name",)),
    Link("tls", gettext_lazy("CoCalc's certificate"), _at_each_place(_tls), ("tcp",)),
    Link("clock", gettext_lazy("The clocks"), _clock, ("tcp",)),
)
