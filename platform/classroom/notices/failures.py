"""What failed, read from the transfers: each step once for its teacher, and submissions.

The workers ask every few seconds. The rows are the truth, however a transfer came to fail: by its
own end, with its worker, or given back.
"""

from datetime import datetime, timedelta

from django.db.models import CharField, Count, Exists, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Cast, Concat

from classroom.models import Batch, Kind, Membership, Notice, Role, Transfer
from classroom.notices.telling import staff_ids, tell
from classroom.rules.last_submit import UNCHANGED, pressed

LATELY = timedelta(days=1)  # what failed before is old news, also after all workers were away
SUBMIT_AGAIN = timedelta(hours=1)  # who tries again and again is told of one work no more often

State = Transfer.State


def failures_tell(now: datetime) -> None:
    """Tell what failed and was not told."""
    failed = Transfer.objects.filter(state=State.FAILED, ended__gte=now - LATELY).order_by()
    if failed.exists():
        _steps(failed)
        _submits(failed, now)


def _steps(failed: QuerySet[Transfer]) -> None:
    active = Transfer.objects.filter(batch=OuterRef("pk"), state__in=Transfer.ACTIVE)
    told = Notice.objects.filter(
        kind=Notice.Kind.STEP_FAILED, course=OuterRef("course"), key=_key("step-failed:")
    )
    batches = Batch.objects.filter(~Exists(active), ~Exists(told), pk__in=failed.values("batch"))
    counted = batches.select_related("course", "assignment").annotate(
        failures=Count("transfers", filter=Q(transfers__state=State.FAILED))
    )
    for batch in counted:
        tell(
            Notice.Kind.STEP_FAILED,
            _whose(batch),
            course=batch.course,
            key=f"step-failed:{batch.pk}",
            assignment=batch.assignment,
            details={"batch": batch.pk, "step": batch.kind, "count": vars(batch)["failures"]},
        )


def _whose(batch: Batch) -> list[int]:
    """Return who started a step, if they still teach; else, and for a date's own, all staff."""
    mine = Membership.objects.filter(course=batch.course_id, user=batch.actor_id, removed=None)
    if batch.actor_id and mine.exclude(role=Role.STUDENT).exists():
        return [batch.actor_id]
    return staff_ids(batch.course)


def _submits(failed: QuerySet[Transfer], now: datetime) -> None:
    later = Transfer.objects.filter(key=OuterRef("key"), pk__gt=OuterRef("pk"))
    theirs = Notice.objects.filter(user=OuterRef("member__user"))
    lately = theirs.filter(
        kind=Notice.Kind.SUBMIT_FAILED,
        assignment=OuterRef("assignment"),
        created__gt=now - SUBMIT_AGAIN,
    )
    told = theirs.filter(key=_key("submit-failed:"))
    rows = failed.filter(~Exists(later), ~Exists(told), ~Exists(lately), kind=Kind.SUBMIT).exclude(
        error_code=UNCHANGED
    )
    for row in rows.filter(member__removed=None).select_related("course", "assignment", "member"):
        if row.member and row.assignment:
            tell(
                Notice.Kind.SUBMIT_FAILED,
                [row.member.user_id],
                course=row.course,
                key=f"submit-failed:{row.pk}",
                assignment=row.assignment,
                details={"at": pressed(row).isoformat()},
            )


def _key(prefix: str) -> Concat:
    return Concat(Value(prefix), Cast(OuterRef("pk"), CharField()))
