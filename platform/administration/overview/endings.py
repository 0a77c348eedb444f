"""Whose access on CoCalc is to end and has not ended yet, and which project that waits for."""

from dataclasses import dataclass

from administration.overview.links import Links
from administration.overview.sessions import Figure
from embedding.models import Ending

SHOWN = 5


@dataclass(frozen=True, slots=True)
class Endings:
    """Those that have waited longest."""

    total: Figure
    first: list[Ending]


def endings(links: Links) -> Endings:
    """Look at the endings that are open."""
    rows = Ending.objects.filter(done=None)
    return Endings(
        total=Figure(rows.count(), links.rows(Ending, done__isempty=1)),
        first=list(rows.select_related("waits_for").order_by("asked")[:SHOWN]),
    )
