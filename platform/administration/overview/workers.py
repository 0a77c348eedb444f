"""The workers that are alive, and whether they run the same version as the site's pages."""

from dataclasses import dataclass
from datetime import datetime

from classroom.engine import hearts
from classroom.models import WorkerHeart


@dataclass(frozen=True, slots=True)
class Workers:
    """Who is alive, which of them run another version, and when the last one that is not was."""

    alive: list[WorkerHeart]
    others: list[WorkerHeart]
    last_seen: datetime | None


def workers(now: datetime) -> Workers:
    """Look whose heart beats."""
    alive = list(hearts.alive(now).order_by("started"))
    last = None
    if not alive:
        last = WorkerHeart.objects.order_by("-seen").values_list("seen", flat=True).first()
    return Workers(alive, [one for one in alive if one.version != hearts.version()], last)
