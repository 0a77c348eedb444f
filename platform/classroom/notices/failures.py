"""What failed, read from the transfers: each step once for its teacher, and submissions.

The workers ask every few seconds. The rows are the truth, however a transfer came to fail: by its
own end, with its worker, or given back.
"""

from collections import defaultdict
from datetime import datetime, timedelta

from django.db.models import CharField, Count, Exists, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Cast, Concat

from classroom.models import Batch, Kind, Membership, Notice, Role, Transfer
from classroom.notices.telling import staff_counts, tell
from classroom.rules.last_submit import UNCHANGED, pressed

LATELY = timedelta(days=1)  # what failed before is old news, also after all workers were away
# Of one work that is submitted again and again, and of one step that dates start for each newcomer,
# nobody is told more often than so.
AGAIN = timedelta(hours=1)

State = Transfer.State


def failures_tell(now: datetime) -> None:
    """Tell what failed and was not told."""
    failed = Transfer.objects.filter(state=State.FAILED, ended__gte=now - LATELY).order_by()
    if failed.exists():
        _steps(failed, now)
        _submits(failed, now)


def _steps(failed: QuerySet[Transfer], now: datetime) -> None:
    active = Transfer.objects.filter(batch=OuterRef("pk"), state__in=Transfer.ACTIVE)
    batches = Batch.objects.filter(~Exists(active), pk__in=failed.values("batch")).order_by("pk")
    batches = batches.select_related("course", "assignment").annotate(
        failures=Count("transfers", filter=Q(transfers__state=State.FAILED))
    )
    told, lately = _told({batch.course_id for batch in batches}, now)
    groups: dict[object, list[Batch]] = defaultdict(list)
    for batch in batches:
        same = (batch.course_id, batch.assignment_id, batch.kind)
        if batch.pk not in told and (batch.actor_id or same not in lately):
            groups[batch.pk if batch.actor_id else same].append(batch)
    for group in groups.values():
        last = group[-1]
        users: dict[int, list[int]] = defaultdict(list)
        for user, count in _whose(group).items():
            users[count].append(user)
        for count, each in users.items():
            tell(
                Notice.Kind.STEP_FAILED,
                each,
                course=last.course,
                key=f"step-failed:{last.pk}",
                assignment=last.assignment,
                details={
                    "batch": last.pk,
                    "batches": [batch.pk for batch in group],
                    "step": last.kind,
                    "count": count,
                },
            )


def _told(courses: set[int], now: datetime) -> tuple[set[int], set[object]]:
    """Return which batches were told of in these courses, and which steps within the hour."""
    rows = Notice.objects.filter(
        kind=Notice.Kind.STEP_FAILED, course__in=courses, created__gte=now - 2 * LATELY
    )
    batches: set[int] = set()
    lately: set[object] = set()
    for row in rows:
        batches.update(row.details.get("batches", ()))
        if row.created > now - AGAIN:
            lately.add((row.course_id, row.assignment_id, row.details.get("step")))
    return batches, lately


def _whose(group: list[Batch]) -> dict[int, int]:
    """Return whom to tell of one step, and of how many failures.

    That is who started it, if they still teach; else, and for a date's own, all staff, each of the
    students whom they look after.
    """
    batch = group[-1]
    mine = Membership.objects.filter(course=batch.course_id, user=batch.actor_id, removed=None)
    if batch.actor_id and mine.exclude(role=Role.STUDENT).exists():
        return {batch.actor_id: sum(vars(each)["failures"] for each in group)}
    failed = Transfer.objects.filter(batch__in=group, state=State.FAILED).order_by()
    sections = failed.values_list("member__section", flat=True)
    return staff_counts(batch.course, (section or "" for section in sections))


def _submits(failed: QuerySet[Transfer], now: datetime) -> None:
    later = Transfer.objects.filter(key=OuterRef("key"), pk__gt=OuterRef("pk"))
    theirs = Notice.objects.filter(user=OuterRef("member__user"))
    lately = theirs.filter(
        kind=Notice.Kind.SUBMIT_FAILED,
        assignment=OuterRef("assignment"),
        created__gt=now - AGAIN,
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
