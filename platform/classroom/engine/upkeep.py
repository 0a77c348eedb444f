"""Deleting what nobody looks at any more, in small batches (`embedding.services.keeping`)."""

from datetime import datetime, timedelta

from axes.models import AccessLog
from django.contrib.sessions.models import Session
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from classroom.conf import conf
from classroom.engine import hearts
from classroom.engine.working import stopping, work
from classroom.models import Batch, Kind, Transfer
from embedding.services import state
from embedding.services.keeping import before, rows_prune

TASKS_KEPT = timedelta(hours=1)
TASKS_LOST = timedelta(days=2)  # of a worker that was killed: they stay "running" for ever
SIGN_INS_KEPT = timedelta(days=90)  # who signed in from where; failures go by themselves
TRANSFERS_KEPT = timedelta(days=30)  # of those that belong to no class step

State = Transfer.State


def prune(now: datetime | None = None) -> None:
    """Delete what is over: tasks, transfers, class steps, sign-ins, sessions, signs of life."""
    now = now or timezone.now()
    stop = stopping.is_set
    # Also those of earlier releases, which had the task elsewhere.
    ours = DBTaskResult.objects.filter(
        task_path__startswith="classroom.", task_path__endswith=f".{work.name}"
    )
    rows_prune(ours.filter(finished_at__lt=now - TASKS_KEPT).order_by("pk"), stop)
    lost = ours.filter(finished_at=None, started_at__lt=now - TASKS_LOST)
    rows_prune(lost.order_by("pk"), stop)
    rows_prune(_outside_steps(now).order_by("ended"), stop)
    if old := before(now, conf().keep_transfers_days):
        rows_prune(_of_steps(old).order_by("ended"), stop)
        empty = Batch.objects.filter(~Exists(Transfer.objects.filter(batch=OuterRef("pk"))))
        rows_prune(empty.filter(created__lt=old).order_by("pk"), stop)
    logs = AccessLog.objects.filter(attempt_time__lt=now - SIGN_INS_KEPT)
    rows_prune(logs.order_by("attempt_time"), stop)
    rows_prune(Session.objects.filter(expire_date__lt=now).order_by("expire_date"), stop)
    hearts.prune(now)
    state.prune(now)


def _outside_steps(now: datetime) -> QuerySet[Transfer]:
    # The last submit, where it failed, is told as long as no other was made.
    told = Q(kind=Kind.SUBMIT, state__in=(State.FAILED, State.CANCELLED)) & ~Exists(_later())
    return Transfer.objects.filter(~told, batch=None, ended__lt=now - TRANSFERS_KEPT)


def _of_steps(old: datetime) -> QuerySet[Transfer]:
    # What failed is not begun again on its own, as long as it is known to have failed.
    told = ~Q(state=State.DONE) & ~Exists(_later())
    return Transfer.objects.filter(~told, batch__isnull=False, ended__lt=old)


def _later() -> QuerySet[Transfer]:
    """Return the transfers of the same kind for the same student and assignment that came later."""
    return Transfer.objects.filter(
        member=OuterRef("member"),
        kind=OuterRef("kind"),
        key=OuterRef("key"),
        pk__gt=OuterRef("pk"),
    )
