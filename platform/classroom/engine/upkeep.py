"""Deleting what nobody looks at any more."""

from datetime import datetime, timedelta

from axes.models import AccessLog
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from classroom.engine import hearts
from classroom.engine.working import work
from classroom.models import Kind, Transfer
from embedding.services import state

TASKS_KEPT = timedelta(hours=1)
TASKS_LOST = timedelta(days=2)  # of a worker that was killed: they stay "running" for ever
SIGN_INS_KEPT = timedelta(days=90)  # who signed in from where; failures go by themselves
TRANSFERS_KEPT = timedelta(days=30)  # of those that belong to no class step


def prune(now: datetime | None = None) -> None:
    """Delete ended tasks, old transfers in no class step, old sign-ins and signs of life."""
    now = now or timezone.now()
    # Also those of earlier releases, which had the task elsewhere.
    ours = DBTaskResult.objects.filter(
        task_path__startswith="classroom.", task_path__endswith=f".{work.name}"
    )
    ours.filter(finished_at__lt=now - TASKS_KEPT).delete()
    ours.filter(finished_at=None, started_at__lt=now - TASKS_LOST).delete()
    # The last submit, where it failed, is told as long as no other was made.
    later = Transfer.objects.filter(key=OuterRef("key"), pk__gt=OuterRef("pk"))
    failed = (Transfer.State.FAILED, Transfer.State.CANCELLED)
    told = ~Exists(later) & Q(kind=Kind.SUBMIT, state__in=failed)
    Transfer.objects.filter(~told, batch=None, ended__lt=now - TRANSFERS_KEPT).delete()
    AccessLog.objects.filter(attempt_time__lt=now - SIGN_INS_KEPT).delete()
    hearts.prune(now)
    state.prune(now)
