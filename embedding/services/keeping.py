"""How long what is held is kept: what is older is deleted by the workers, in small batches.

A batch is found by an index, and deleted in a transaction of its own, so that nobody waits long
for it and a worker that is told to stop does. Several workers may be at it: what one has deleted,
another does not find.
"""

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from embedding.client import client
from embedding.cocalc.errors import CocalcError
from embedding.conf import conf
from embedding.models import CocalcProject, EmbedSession, Trashed
from embedding.services.trash import trash_take_old

BATCH = 500  # rows of one transaction
PROJECTS = 50  # that are looked at for old trash in one round

Stop = Callable[[], bool]


def never() -> bool:
    """Not to be stopped."""
    return False


def before(now: datetime, days: int) -> datetime | None:
    """Return the moment that what is older than so many days is from before; None: 0, for ever."""
    return now - timedelta(days=days) if days else None


def rows_prune(rows: QuerySet[Any], stop: Stop = never, *, size: int = BATCH) -> int:
    """Delete these rows, which are in the order of an index, by batches; return how many.

    What hangs on them by a foreign key goes with them, and is not counted.
    """
    pruned = 0
    while not stop():
        keys = list(rows.values_list("pk", flat=True)[:size])
        if not keys:
            break
        # As they are now: one of them may have changed meanwhile.
        _, counts = rows.filter(pk__in=keys).order_by().delete()
        gone = counts.get(rows.model._meta.label, 0)
        if not gone:
            break  # another worker has them
        pruned += gone
    return pruned


def sessions_prune(now: datetime, stop: Stop = never) -> int:
    """Delete embed sessions that began long ago, and whose page is not in use any more."""
    if (old := before(now, conf().keep_sessions_days)) is None:
        return 0
    unseen = Q(seen=None) | Q(seen__lt=old)
    rows = EmbedSession.objects.filter(unseen, started__lt=old).order_by("started")
    return rows_prune(rows, stop)


def trash_prune(now: datetime, stop: Stop = never) -> int:
    """Take what is too old out of the trash of projects that run; return of how many projects.

    One that does not run is not started for that: its turn comes when it does.
    """
    if (old := before(now, conf().keep_trash_days)) is None or conf().own_sign_in:
        return 0
    too_old = Trashed.objects.filter(project=OuterRef("pk"), deleted__lt=old)
    there = CocalcProject.objects.filter(Exists(too_old), project_id__isnull=False)
    keys = list(there.values_list("pk", flat=True))
    random.shuffle(keys)  # those that never run keep nobody from their turn
    cleaned = 0
    for project in CocalcProject.objects.filter(pk__in=keys[:PROJECTS]):
        if stop():
            break
        try:
            if client().get_project(str(project.project_id)).state == "running":
                trash_take_old(project)
                cleaned += 1
        except CocalcError:
            continue  # once more in the next round
    return cleaned
