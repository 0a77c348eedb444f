"""What the site looks after on its own, beside the class steps: that access is as it should be.

1. Whoever was switched off or deleted is taken out of everything on CoCalc, until it is done.
2. So is whoever was removed from a course: a removal that failed is begun anew.
3. The projects of running courses are compared with what they should be, and mended.

The workers ask for it in threads of their own: a slow CoCalc holds up no date and no step.
"""

import logging
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from classroom.engine.working import stopping, wake
from classroom.models import Assignment, Batch, Course, Kind, Transfer
from embedding.cocalc.errors import CocalcError
from embedding.models import CocalcProject
from embedding.services import care, endings, remains, state

State = Transfer.State

LATELY = timedelta(days=30)  # a course in which nothing was or will be done for so long is over
EXPEL_AGAIN = timedelta(minutes=1)

log = logging.getLogger(__name__)


def end_access(now: datetime | None = None) -> None:
    """Take out who is to be out, and delete what is left of whom the site has forgotten.

    While CoCalc is down that waits.
    """
    now = now or timezone.now()
    endings.endings_missed()
    if state.is_down():
        return
    endings.endings_work(now)
    remains.remains_work(now)
    expel_again(now)


def expel_again(now: datetime) -> None:
    """Begin anew what failed: who left a course has left it, however long CoCalc was away."""
    others = Transfer.objects.filter(key=OuterRef("key"), pk__gt=OuterRef("pk"))
    active = Transfer.objects.filter(key=OuterRef("key"), state__in=Transfer.ACTIVE)
    failed = Transfer.objects.filter(
        ~Exists(others), ~Exists(active), kind=Kind.EXPEL, state=State.FAILED
    ).filter(ended__lte=now - EXPEL_AGAIN)
    if not failed.exists():
        return
    with transaction.atomic():
        failed.update(state=State.QUEUED, attempts=0, not_before=None, ended=None)
        transaction.on_commit(wake, robust=True)


def look_after(now: datetime | None = None) -> None:
    """Mend what nobody has looked after for ten minutes, and whatever is to be looked after now."""
    if state.is_down():
        return
    now = now or timezone.now()
    running = _running(now).values("pk")
    of_running = Q(course__in=running) | Q(student_membership__course__in=running)
    rows = CocalcProject.objects.filter(project_id__isnull=False).filter(
        Q(looked=None) | (Q(looked__lt=now - care.EVERY) & of_running)
    )
    try:
        care.look_after(list(rows.order_by("looked", "pk")), stop=stopping.is_set)
    except CocalcError as error:
        log.warning("The projects could not be looked after, trying again: %s", error)


def _running(now: datetime) -> QuerySet[Course]:
    """Return the courses that are not over: made lately, or with something due, out or done."""
    since = now - LATELY
    assignments = Assignment.objects.filter(course=OuterRef("pk"), removed=None).filter(
        Q(due__gte=since) | Q(release__gte=since) | Q(created__gte=since) | Q(late_until__gte=since)
    )
    steps = Batch.objects.filter(course=OuterRef("pk"), created__gte=since)
    return Course.objects.filter(Q(created__gte=since) | Exists(assignments) | Exists(steps))
