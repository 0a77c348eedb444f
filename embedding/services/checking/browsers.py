"""What decides whether CoCalc works in a frame of this site, as far as a server can tell."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import requests
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from embedding.cocalc.framing import framing_refusal
from embedding.cocalc.networks import is_private
from embedding.cocalc.sites import is_same_site, site_of
from embedding.conf import conf
from embedding.frame import frame_url
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
from embedding.services.checking.place import known_project

_SECONDS = 5.0


def framing(world: World) -> Iterator[Finding]:
    """May the page with a file be framed by this site?"""
    if not world.origin:
        yield _no_site()
        return
    project = known_project()
    for base in reversed(bases()):  # as browsers find it, else as we do
        address = frame_url(base, project, "check.txt") if project else f"{base}/app"
        try:
            with requests.get(address, timeout=_SECONDS, stream=True) as answer:
                refusal = framing_refusal(answer.headers, world.origin)
                status = answer.status_code
        except requests.RequestException:
            continue
        if refusal:
            yield failed(
                _("CoCalc, or a proxy before it, sends “%(header)s”.") % {"header": refusal},
                _("Browsers do not show its pages in a frame of %(origin)s.")
                % {"origin": world.origin},
                _("Take the header out there, or name %(origin)s in “frame-ancestors”.")
                % {"origin": world.origin},
            )
        elif status >= 500:
            yield failed(
                _("CoCalc answers its page for a file with HTTP %(status)s.") % {"status": status},
                _("Browsers are shown an error."),
                _("Ask whoever runs CoCalc."),
            )
        else:
            yield ok(
                _("CoCalc lets its pages be shown in a frame of %(origin)s (HTTP %(status)s).")
                % {"origin": world.origin, "status": status}
            )
        return
    yield warning(
        _("CoCalc's page for a file could not be looked at from here."),
        _("It is not known whether it may be shown in a frame."),
        _("Run this check in the browser, on the administrator's page."),
    )


def domain(world: World) -> Iterator[Finding]:
    """Do both sites share a domain, so that browsers keep CoCalc's cookies in a frame?"""
    if not world.origin:
        yield _no_site()
        return
    theirs = conf().cocalc_origin
    samesite = world.found.customize.samesite if world.found.customize else ""
    values = {
        "origin": world.origin,
        "cocalc": theirs,
        "domain": site_of(world.host),
        "samesite": samesite or _("not told"),
    }
    if is_same_site(world.origin, theirs):
        yield ok(
            _("%(origin)s and %(cocalc)s are both under %(domain)s.") % values,
            _("Browsers keep CoCalc's sign-in in the frame. Its cookie's SameSite: %(samesite)s.")
            % values,
        )
        return
    if conf().door:
        yield ok(
            _("%(origin)s and %(cocalc)s have no common domain, but there is a door.") % values,
            _("It gives each site's pages a sign-in of their own, which browsers keep."),
        )
        return
    always = samesite in ("strict", "lax")
    tell = failed if always else warning
    yield tell(
        _("%(origin)s and %(cocalc)s have no common domain.") % values,
        _(
            "CoCalc's cookie has SameSite “%(samesite)s” (samesite_remember_me): every browser "
            "keeps it from the frame, so nobody is signed in there."
        )
        % values
        if always
        else _(
            "Safari and Firefox keep CoCalc's cookie from the frame, and Chrome and Edge do in "
            "private windows and where third-party cookies are blocked. People who use them see "
            "no notebook, and can only open it in a new tab."
        ),
        _(
            "Give both names under one domain, such as learn.example.edu and cocalc.example.edu. "
            "Or give CoCalc a door (COCALC_DOOR), where it has the API conat."
        ),
    )


def channel(world: World) -> Iterator[Finding]:
    """Does CoCalc's page answer this site's messages?"""
    setup = world.found.customize
    if not world.origin:
        yield _no_site()
        return
    if setup is None:
        yield skipped(_("CoCalc does not tell whose messages it answers."))
        return
    state = setup.channel(world.origin)
    values = {
        "origin": world.origin,
        "host": world.host,
        "hosts": ", ".join(setup.iframe_comm_hosts) or _("none"),
    }
    if state == "open":
        yield ok(_("CoCalc answers messages of %(origin)s.") % values)
        return
    yield warning(
        _("CoCalc does not answer messages of %(origin)s. It answers: %(hosts)s.") % values,
        _("Opening another file reloads the editor. All else works."),
        _(
            "Add %(host)s to CoCalc's setting “iframe_comm_hosts”; on API v1, "
            "“manage.py check_cocalc --fix” does it."
        )
        % values
        if state == "unlisted"
        else _(
            "CoCalc answers only sites on https and port 443, whatever “iframe_comm_hosts” says: "
            "this site would have to be at https://%(host)s."
        )
        % values,
    )


def local_network(world: World) -> Iterator[Finding]:
    """Is CoCalc on a private network, and this site not?"""
    if not world.origin:
        yield _no_site()
        return
    there = is_private(urlsplit(conf().cocalc_origin).hostname or "")
    here = is_private(world.host)
    if there is None or here is None:
        yield skipped(_("From here it cannot be told on which network both sites are."))
    elif there and not here:
        yield warning(
            _("%(cocalc)s has a private address and %(origin)s a public one.")
            % {"cocalc": conf().cocalc_origin, "origin": world.origin},
            _(
                "Chrome and Edge ask people whether this site may use their local network, and "
                "who says no sees no notebook. From outside of that network nobody sees one."
            ),
            _("Give CoCalc a public address, or this site a private one."),
        )
    else:
        kind = _("private") if there else _("public")
        yield ok(
            _("CoCalc's address is %(kind)s, and no browser minds that here.") % {"kind": kind}
        )


def _no_site() -> Finding:
    return skipped(_("SITE_URL is not set, so it is not known where browsers find this site."))


LINKS = (
    Link("framing", gettext_lazy("CoCalc may be shown in a frame"), framing, ("cocalc",)),
    Link("domain", gettext_lazy("Both sites are under one domain"), domain, ("cocalc",)),
    Link("channel", gettext_lazy("CoCalc answers this site's messages"), channel, ("cocalc",)),
    Link("local-network", gettext_lazy("Local Network Access"), local_network, ("name",)),
)
