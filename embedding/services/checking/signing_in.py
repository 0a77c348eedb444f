"""How browsers sign in to CoCalc, and whether the way is open."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import requests
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from embedding.client import sign_in
from embedding.cocalc.customize import own_address
from embedding.cocalc.errors import CocalcError
from embedding.conf import conf
from embedding.services.checking.links import Finding, Link, World, ok, warning
from embedding.services.door import POLICY

_SECONDS = 10.0


def way(_world: World) -> Iterator[Finding]:
    """Which way it is; the door and CoCalc's own name must lead where we think."""
    chosen = sign_in()
    if chosen == "door":
        yield _door()
    elif chosen == "impersonate":
        yield ok(_("Browsers sign in at CoCalc's /auth/impersonate, before the file's address."))
        yield _own_name()
    else:
        yield ok(_("Browsers sign in by the address of the file."))


def _door() -> Finding:
    """Does the web server in front of CoCalc pass the door's location to this site?"""
    values = {"address": f"{conf().cocalc_origin}{conf().door}"}
    try:
        answer = requests.get(values["address"], timeout=_SECONDS, allow_redirects=False)
        is_there = answer.headers.get("Content-Security-Policy") == POLICY
        values["found"] = f"HTTP {answer.status_code}"
    except requests.RequestException as error:
        is_there = False
        values["found"] = _("no answer: %(error)s") % {"error": type(error).__name__}
    if is_there:
        return ok(_("Browsers sign in at %(address)s, which leads to this site.") % values)
    return warning(
        _(
            "Browsers are to sign in at %(address)s, but that does not lead to this site "
            "(%(found)s)."
        )
        % values,
        _("Nobody can open a notebook, unless browsers are led elsewhere than this server."),
        _("Let the web server in front of CoCalc pass it on, or leave out COCALC_DOOR."),
    )


def _own_name() -> Finding:
    """Is the address that CoCalc leads to after signing in the one that we know?"""
    host = urlsplit(conf().cocalc_url).netloc
    try:
        told = own_address(conf().api_url)
    except CocalcError as error:
        return warning(
            _("CoCalc does not tell its setting “dns”: %(error)s") % {"error": error},
            _("It is not known where CoCalc leads browsers after signing in."),
            _("Set “dns” to %(host)s in CoCalc's site settings.") % {"host": host},
        )
    if urlsplit(told).netloc == host:
        return ok(_("CoCalc's setting “dns” is %(host)s.") % {"host": host})
    return warning(
        _("CoCalc's setting “dns” is %(told)s, but browsers find it at %(address)s.")
        % {"told": urlsplit(told).netloc or _("empty"), "address": conf().cocalc_url},
        _("CoCalc's address for signing in leads astray."),
        _("Set “dns” to %(host)s in CoCalc's site settings, and restart CoCalc's server.")
        % {"host": host},
    )


LINKS = (Link("sign-in", gettext_lazy("How browsers sign in"), way, ("cocalc",), needs_key=True),)
