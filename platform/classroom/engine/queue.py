"""Writing down what is to be done: rows of `Transfer`, which the workers take.

A step's rows come in one transaction, and the workers are woken when it is committed. Of one key
at most one transfer is queued or running: who presses a second time joins the first.
"""

from collections.abc import Iterable
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.crypto import salted_hmac

from classroom.engine.working import wake
from classroom.models import Assignment, Batch, Course, Kind, Membership, Transfer

URGENT, USUAL, QUIET = 10, 0, -10  # somebody waits; a step; in the background


def step_start(
    course: Course,
    kind: Kind,
    members: Iterable[Membership],
    *,
    actor: User | None,
    assignment: Assignment | None = None,
    options: dict[str, Any] | None = None,
    priority: int = USUAL,
) -> Batch:
    """Write down a step for these people; those for whom it is under way are left to that.

    With no `actor` it is a date that came. The batch may be empty; its transfers say for whom it
    is done.
    """
    with transaction.atomic():
        batch = Batch.objects.create(
            course=course, kind=kind, actor=actor, assignment=assignment, options=options or {}
        )
        _add(
            [
                _transfer(course, kind, member, assignment, options, priority, batch)
                for member in members
            ]
        )
        transaction.on_commit(wake, robust=True)
    return batch


def transfer_add(
    course: Course,
    kind: Kind,
    member: Membership | None = None,
    *,
    assignment: Assignment | None = None,
    options: dict[str, Any] | None = None,
    priority: int = QUIET,
) -> Transfer:
    """Write down one transfer outside any step, or return the active one with its key.

    A more urgent call moves a queued one forward.
    """
    fresh = _transfer(course, kind, member, assignment, options, priority, None)
    with transaction.atomic():
        found = None
        while found is None:  # the active one may end between the two
            _add([fresh])
            found = Transfer.objects.filter(key=fresh.key, state__in=Transfer.ACTIVE).first()
        if found.priority < priority:
            Transfer.objects.filter(pk=found.pk).update(priority=priority)
        transaction.on_commit(wake, robust=True)
    return found


def transfers_add(
    course: Course, kind: Kind, pairs: Iterable[tuple[Membership, Assignment]]
) -> None:
    """Write down transfers for students and assignments outside any step, in the background."""
    fresh = [
        _transfer(course, kind, member, assignment, None, QUIET, None)
        for member, assignment in pairs
    ]
    with transaction.atomic():
        _add(fresh)
        transaction.on_commit(wake, robust=True)


def _add(transfers: list[Transfer]) -> None:
    # What conflicts with the constraint on active keys is left out, in whatever order it came.
    # In one order for all: who adds the same at the same time waits for the first, and not both.
    transfers.sort(key=_place)
    Transfer.objects.bulk_create(transfers, ignore_conflicts=True, batch_size=500)


def _transfer(
    course: Course,
    kind: Kind,
    member: Membership | None,
    assignment: Assignment | None,
    options: dict[str, Any] | None,
    priority: int,
    batch: Batch | None,
) -> Transfer:
    return Transfer(
        batch=batch,
        course=course,
        kind=kind,
        member=member,
        assignment=assignment,
        lane=Transfer.lane_of(course, member),
        key=Transfer.key_of(
            kind,
            f"c{course.pk}",
            f"a{assignment.pk}" if assignment else "",
            f"m{member.pk}" if member else "",
        ),
        options=options or {},
        priority=priority,
    )


def _place(transfer: Transfer) -> tuple[int, bytes, int]:
    """Return where a row stands among others: by its member, or where names are hidden, by lot.

    The lot is the site's key's, so it is the same for whoever adds the row.
    """
    member, assignment = transfer.member_id or 0, transfer.assignment
    if assignment is None or not assignment.anonymous:
        return (transfer.assignment_id or 0, b"", member)
    lot = salted_hmac("classroom.engine.queue", f"{assignment.pk}:{member}", algorithm="sha256")
    return (assignment.pk, lot.digest(), member)
