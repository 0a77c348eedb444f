"""CoCalc: whether it answers and since when, which one it is, and how long its answers took.

All of it is read; CoCalc itself is asked nothing here, however it fares.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from administration.overview.causes import words
from administration.overview.links import Links
from administration.overview.plot import Plot, plot
from embedding import which
from embedding.cocalc.kinds import KINDS, Kind
from embedding.conf import conf
from embedding.models import CocalcReading
from embedding.services import state

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Cocalc:
    """What the card shows; `kind` is "" while it is not known which CoCalc it is."""

    now: state.Now
    address: str
    cause: str
    kind: str
    advice: str  # where it cannot be embedded
    wrong: str  # a generation that is set, and is another one
    own: bool
    check: str
    plot: Plot


def cocalc(now: datetime, links: Links) -> Cocalc:
    """Read what is known."""
    known = state.current(now)
    remembered = which.glance()
    found = remembered.found if remembered else None
    chosen = conf().generation
    if found and not found.is_certain and chosen != "auto":
        found = None  # so what is set is taken for true
    kind = found.kind if found else KINDS[chosen] if chosen != "auto" else Kind("")
    is_wrong = found and chosen not in ("auto", found.generation)
    readings = CocalcReading.objects.filter(at__gt=now - DAY, at__lte=now).order_by("at")
    return Cocalc(
        now=known,
        address=conf().cocalc_url,
        cause=words(known.cause) if known.cause else "",
        kind=_(kind.name) if kind.name else "",
        advice=f"{_(kind.why)} {_(kind.advice)}" if kind.why else "",
        wrong=chosen if is_wrong else "",
        own=conf().own_sign_in,
        check=links.page("check"),
        plot=plot(list(readings.values_list("at", "ms", "code")), now - DAY, now),
    )
