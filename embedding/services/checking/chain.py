"""Running the chain: all of it in order, or one link at a time.

A link whose needs do not hold is skipped, and says so. All calls to CoCalc that a link makes end
with its time; so do all links together.
"""

import logging
import time
from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from django.utils.translation import gettext as _

from embedding.cocalc.errors import CocalcError
from embedding.conf import conf
from embedding.problems import Busy, Problem, of_cocalc
from embedding.services.checking import browsers, connection, network, own, signing_in
from embedding.services.checking.links import (
    Again,
    Finding,
    Link,
    State,
    World,
    failed,
    skipped,
)
from embedding.turns import within

TOTAL = 300.0  # seconds for all links together
_PAUSE = 0.5  # before a link is asked again
_ORDER: tuple[State, ...] = ("failed", "warning", "skipped", "ok")  # the worst first

log = logging.getLogger(__name__)

_more: dict[str, Link] = {}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a link has found, and in how many milliseconds."""

    link: Link
    findings: tuple[Finding, ...]
    milliseconds: int

    @property
    def state(self) -> State:
        """The worst of what was found."""
        states = {finding.state for finding in self.findings}
        return next((state for state in _ORDER if state in states), "ok")

    def as_json(self) -> dict[str, Any]:
        """Return it as the page and `--json` have it."""
        return {
            "name": self.link.name,
            "title": str(self.link.title),
            "state": self.state,
            "milliseconds": self.milliseconds,
            "findings": [asdict(finding) for finding in self.findings],
        }


def register(*links: Link) -> None:
    """Add links of the site's own, after embedding's; once each, by their names."""
    _more.update({link.name: link for link in links})


def links() -> list[Link]:
    """Return all links, in their order."""
    ours = (
        connection.SETTINGS,
        *network.LINKS,
        *connection.LINKS,
        *signing_in.LINKS,
        *own.LINKS,
        connection.HOMES,
        *browsers.LINKS,
    )
    return [*ours, *_more.values()]


def run(link: Link, lost: Collection[str] = (), *, waited: float = 0) -> Outcome:
    """Look at one link, which has been waited for so many seconds already.

    `lost` are the links that do not hold. Raises Again while it has time.
    """
    began = time.monotonic()
    try:
        findings = _found(link, lost, World(), link.seconds)
    except Again as again:
        if waited < link.seconds:
            raise
        findings = [_late(str(again))]
    return Outcome(link, tuple(findings), round((time.monotonic() - began) * 1000))


def run_all(only: Collection[str] = (), total: float = TOTAL) -> Iterator[Outcome]:
    """Look at all links, or at these and what they need, in `total` seconds."""
    world, lost = World(), set[str]()
    end = time.monotonic() + total
    for link in _wanted(only):
        began = time.monotonic()
        seconds = min(link.seconds, end - began)
        findings: list[Finding] | None = None
        while findings is None:
            left = seconds - (time.monotonic() - began)
            try:
                findings = _found(link, lost, world, left)
            except Again as again:
                if left < _PAUSE:
                    findings = [_late(str(again))]
                else:
                    time.sleep(_PAUSE)
        outcome = Outcome(link, tuple(findings), round((time.monotonic() - began) * 1000))
        if outcome.state in ("failed", "skipped"):
            lost.add(link.name)
        yield outcome


def _wanted(only: Collection[str]) -> list[Link]:
    every = {link.name: link for link in links()}
    if not only:
        return list(every.values())
    wanted: set[str] = set()
    asked = list(only)
    while asked:
        name = asked.pop()
        wanted.add(name)
        asked += [need for need in every[name].needs if need not in wanted]
    return [link for link in every.values() if link.name in wanted]


def _found(link: Link, lost: Collection[str], world: World, seconds: float) -> list[Finding]:
    if link.needs_key and conf().own_sign_in:
        return [skipped(_("Users sign in to CoCalc themselves, so the site has no key there."))]
    missing = [str(each.title) for each in links() if each.name in link.needs and each.name in lost]
    if missing:
        return [skipped(_("Not tried, because of: %(link)s.") % {"link": "; ".join(missing)})]
    if seconds <= 0:
        return [skipped(_("Not tried: the time for the whole check is over."))]
    findings: list[Finding] = []
    try:
        with within(seconds):
            findings += link.look(world)
    except Busy as busy:
        raise Again(busy.step) from None
    except CocalcError as error:
        findings.append(_refused(error))
    except Problem as problem:
        findings.append(failed(problem.detail or problem.code, problem.message, ""))
    except Again:
        raise
    except Exception as error:
        log.exception("The check of %s failed", link.name)
        findings.append(
            failed(
                _("The check itself failed (%(error)s).") % {"error": type(error).__name__},
                _("This is a mistake in this site, and nothing can be said of the link."),
                _("Look into the site's log."),
            )
        )
    return findings


def _refused(error: CocalcError) -> Finding:
    """Tell of an error of CoCalc's that the link had nothing better to say of."""
    problem = of_cocalc(error)
    again = _("Try again in a moment.")
    look = _("Ask whoever runs CoCalc, and tell them what was seen.")
    return failed(str(error), problem.message, again if error.recoverable else look)


def _late(what: str) -> Finding:
    return failed(
        _("It still goes on: %(what)s.") % {"what": what},
        _("It takes longer than people wait."),
        _("Run the check again. If that does not help, ask whoever runs CoCalc."),
    )
