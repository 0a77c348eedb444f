"""Submissions of long ago that do not count are deleted: their files, then their rows.

What a grade rests on stays, however old: the submission that counts, the last one in time, and
the last one at all. The files lie in the course's project, which is started for it; so only a few
courses have their turn at once.
"""

import logging
from collections import defaultdict
from datetime import datetime
from itertools import islice
from random import shuffle

from django.db.models import Exists, OuterRef
from django.utils import timezone

from classroom.carrying.calls import Refused
from classroom.carrying.outgoing import clear
from classroom.conf import conf
from classroom.engine.working import stopping
from classroom.models import Course, Snapshot, Submission
from classroom.rules.counting import counting_of
from classroom.rules.deadlines import came_late
from embedding.cocalc.errors import CocalcError
from embedding.services.keeping import before

COURSES = 5  # of one round
BATCH = 100  # submissions that are deleted at once

log = logging.getLogger(__name__)


def snapshots_prune(now: datetime | None = None) -> int:
    """Delete old submissions that do not count in a few courses; return how many."""
    now = now or timezone.now()
    if (old := before(now, conf().keep_snapshots_days)) is None:
        return 0
    rows = Snapshot.objects.filter(taken__lt=old)
    courses = list(
        Course.objects.filter(project__project_id__isnull=False)
        .filter(pk__in=rows.order_by().values("submission__assignment__course"))
        .values_list("pk", "project__project_id")
    )
    shuffle(courses)  # one whose project cannot be reached keeps no other from its turn
    pruned = turns = 0
    for course, project in courses:
        if stopping.is_set() or turns == COURSES:
            break
        spare = _spare(course, old)
        turns += bool(spare)
        try:
            pruned += _delete(str(project), spare)
        except (CocalcError, Refused) as error:
            log.warning("Old submissions could not be deleted, trying again: %s", error)
    return pruned


def _spare(course: int, old: datetime) -> dict[int, str]:
    """Return where old snapshots lie that nothing rests on: up to a batch of them, by id."""
    works = Submission.objects.filter(assignment__course=course)
    old_ones = Snapshot.objects.filter(submission=OuterRef("pk"), taken__lt=old)
    touched = works.filter(Exists(old_ones)).select_related("assignment").defer("details")
    found: dict[int, list[Snapshot]] = defaultdict(list)
    for snapshot in Snapshot.objects.filter(submission__in=touched).defer("files"):
        found[snapshot.submission_id].append(snapshot)  # newest first
    spare = (
        (each.pk, each.path)
        for work in touched
        for each in _unneeded(work, found[work.pk])
        if each.taken < old
    )
    return dict(islice(spare, BATCH))


def _unneeded(work: Submission, snapshots: list[Snapshot]) -> list[Snapshot]:
    in_time = next((each for each in snapshots if not came_late(work, each)), None)
    needed = {counting_of(work, snapshots), in_time, *snapshots[:1]}
    return [each for each in snapshots if each not in needed]


def _delete(project: str, spare: dict[int, str]) -> int:
    if not spare:
        return 0
    left = set(clear(project, list(spare.values())))
    gone = [pk for pk, path in spare.items() if path not in left]
    return Snapshot.objects.filter(pk__in=gone).delete()[1].get(Snapshot._meta.label, 0)
