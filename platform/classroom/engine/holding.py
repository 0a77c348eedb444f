"""Who holds a transfer: workers take rows, keep them while they live, and write how they ended.

A worker takes rows under a new `holder` each time and moves `held_until` on while it works. What
it writes at the end counts only while the row is still under that holder: a worker that was taken
for dead, and was merely slow, changes nothing any more. All workers together run no more rows
than the settings allow, and one of a lane; that is decided in transactions that exclude each other.
"""

import threading
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db import DatabaseError, connection, connections, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from classroom.conf import conf
from classroom.engine.fairness import chosen
from classroom.models import Transfer
from classroom.steps.registry import done_once, step_of
from embedding.services import state

State = Transfer.State

LOST = "unknown_outcome"
WORKER_LOST = _(
    "This site stopped several times while it worked on this. Try again. If it fails again, tell "
    "the site's administrator."
)


@dataclass(frozen=True, slots=True)
class End:
    """How one attempt at a transfer ended: for good, or QUEUED to be tried again."""

    transfer: Transfer
    state: Transfer.State
    result: dict[str, Any] = field(default_factory=dict)
    code: str = ""
    error: str = ""
    detail: str = ""
    again_in: float = 0.0  # seconds
    counted: bool = True  # whether it was one of the attempts that a transfer has


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Open a transaction that no other of these runs beside, in whatever process."""
    with transaction.atomic():
        # A database that cannot lock a row (SQLite) lets one writing transaction in at a time.
        if connection.features.has_select_for_update:
            ContentType.objects.select_for_update(no_key=True).get(
                app_label="classroom", model="transfer"
            )
        yield


def due_rows(now: datetime) -> QuerySet[Transfer]:
    """Return the rows that may be taken now, the most urgent first."""
    return (
        Transfer.objects.filter(state=State.QUEUED)
        .filter(Q(not_before=None) | Q(not_before__lte=now))
        .order_by("-priority", "pk")
    )


def claim(room: int, *, now: datetime | None = None) -> list[Transfer]:
    """Take up to `room` rows, fairly (`engine.fairness`); they come with all that a step reads.

    None while CoCalc is down: they wait, and lose no attempts.
    """
    now = now or timezone.now()
    if room < 1 or state.current(now).is_down:
        return []
    with one_at_a_time():
        taken = chosen(due_rows(now), room)
        return _take(taken, now) if taken else []


def claim_one(transfer: Transfer) -> Transfer | None:
    """Take a row for somebody who waits for it, however many run; None where its lane is taken."""
    with one_at_a_time():
        if Transfer.objects.filter(lane=transfer.lane, state=State.RUNNING).exists():
            return None
        return next(iter(_take([transfer.pk], timezone.now())), None)


def in_order(rows: QuerySet[Transfer]) -> None:
    """Within a transaction: lock rows before several are changed.

    All lock them in this order, so that no two wait for each other for ever.
    """
    if connection.features.has_select_for_update:
        list(rows.select_for_update(no_key=True).order_by("pk").values_list("pk"))


def cancel(rows: QuerySet[Transfer], *, code: str = "", error: str = "") -> int:
    """Within a transaction: cancel those of these rows that nobody has begun; return how many."""
    queued = rows.filter(state=State.QUEUED)
    in_order(queued)
    return queued.update(state=State.CANCELLED, ended=timezone.now(), error_code=code, error=error)


def renew(rows: Iterable[Transfer]) -> None:
    """Say that whoever holds these rows is alive."""
    holders = {row.holder for row in rows}
    with transaction.atomic():
        held = Transfer.objects.filter(holder__in=holders, state=State.RUNNING)
        in_order(held)
        held.update(held_until=timezone.now() + timedelta(seconds=conf().hold_seconds))


@contextmanager
def kept(row: Transfer) -> Iterator[None]:
    """Say that the holder of a row is alive, as long as the block takes."""
    over = threading.Event()

    def beat() -> None:
        try:
            while not over.wait(conf().hold_seconds / 3):
                with suppress(DatabaseError):
                    renew([row])
        finally:
            connections.close_all()

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def settle(ends: Iterable[End]) -> None:
    """Write down how rows ended, where they are still held as they were."""
    now = timezone.now()
    with transaction.atomic():
        for end in sorted(ends, key=lambda end: end.transfer.pk):  # as `in_order`
            _ours(end.transfer).update(**_written(end, now))


def give_back(rows: Iterable[Transfer]) -> None:
    """Let go of rows that were not finished; what is done once, and may be done, has failed."""
    settle(
        End(row, State.FAILED, code=LOST, error=str(sentence))
        if (sentence := step_of(row.kind).when_lost)
        else End(row, State.QUEUED, counted=False)
        for row in rows
    )


def reap(now: datetime) -> None:
    """Free what dead workers held: to be done again, as long as attempts are left."""
    lost = Transfer.objects.filter(state=State.RUNNING, held_until__lt=now)
    if not lost.exists():
        return
    spent = Q(attempts__gte=conf().attempts)
    once = [(Q(kind=kind), LOST, step.when_lost) for kind, step in done_once().items()]
    with transaction.atomic():
        in_order(lost)
        for which, code, error in (*once, (spent, "worker_lost", WORKER_LOST)):
            lost.filter(which).update(
                state=State.FAILED,
                ended=now,
                holder=None,
                held_until=None,
                error_code=code,
                error=str(error),
            )
        lost.update(state=State.QUEUED, holder=None, held_until=None, not_before=None)


def _take(pks: list[int], now: datetime) -> list[Transfer]:
    """Hold those of these rows that are still queued, under one new holder."""
    holder = uuid.uuid4()
    queued = Transfer.objects.filter(pk__in=pks, state=State.QUEUED)
    in_order(queued)
    queued.update(
        state=State.RUNNING,
        holder=holder,
        held_until=now + timedelta(seconds=conf().hold_seconds),
        started=now,
        attempts=F("attempts") + 1,
    )
    rows = list(
        Transfer.objects.filter(holder=holder, state=State.RUNNING)
        .select_related("course__project", "assignment", "batch")
        .select_related("member__user", "member__project")
        .order_by("-priority", "pk")
    )
    for row in rows:
        for part in (row.assignment, row.member):
            if part:
                part.course = row.course
    return rows


def _ours(row: Transfer) -> QuerySet[Transfer]:
    return Transfer.objects.filter(pk=row.pk, holder=row.holder, state=State.RUNNING)


def _written(end: End, now: datetime) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "state": end.state,
        "holder": None,
        "held_until": None,
        "error_code": end.code[:60],
        "error": end.error[:1000],
        "detail": end.detail[:1000],
    }
    if not end.counted:
        fields["attempts"] = max(end.transfer.attempts - 1, 0)
    if end.state == State.QUEUED:
        fields["not_before"] = now + timedelta(seconds=end.again_in) if end.again_in else None
    else:
        fields |= {"ended": now, "result": end.result}
    return fields
