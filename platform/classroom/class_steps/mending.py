"""Single transfers, done again or called off by an administrator.

1. What failed is done again as it was asked for, by what a teacher's *Try again* does: in a new
   step, for these students alone. What something newer came after is left as it is.
2. What has not begun can be called off. It counts as failed then, not as done: no date starts it
   anew, and the teacher sees who called it off and can try again.
3. What is under way is never stopped: half a copy would be worse than a whole one.
4. What one person has asked for (a submission, say) is theirs to ask for again, and what the site
   sees to on its own is left to it.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from classroom.class_steps.class_steps import retry_failed
from classroom.engine.queue import USUAL, step_start, transfer_add
from classroom.models import Batch, Kind, Transfer
from embedding.models import Event
from embedding.problems import Problem

State = Transfer.State

CALLED_OFF = "called_off"
OF_CLASSES = (
    *(Kind.HAND_OUT, Kind.DUE_DATE, Kind.COLLECT, Kind.RETURN, Kind.RUN, Kind.START, Kind.STOP),
)
MENDED = (*OF_CLASSES, Kind.PREPARE)
MOST = 1_000  # at once

# Who does it instead.
_OTHERS = {
    Kind.EXPEL: gettext_lazy("The site ends somebody's access by itself, until it is done."),
    Kind.VERSION: gettext_lazy("Student versions are made anew on the assignment's page of files."),
    Kind.SUBMIT: gettext_lazy("Only the student can submit again."),
    Kind.TEST: gettext_lazy("Tests run again when the student submits again."),
    Kind.BRING: gettext_lazy(
        "Files are copied again from the course's page of copied assignments."
    ),
    Kind.DELETE: gettext_lazy("A course is deleted from its settings page."),
}


@dataclass(slots=True)
class Mended:
    """What was done, and what was left as it is: how many, for which reason in words."""

    done: int = 0
    left: Counter[str] = field(default_factory=Counter)

    def leave(self, reason: object, count: int = 1) -> None:
        """Say why so many were left."""
        self.left[str(reason)] += count


def transfers_retry(rows: QuerySet[Transfer], *, actor: User) -> Mended:
    """Do again what failed of these."""
    mended = Mended()
    groups: dict[tuple[int | None, int, str, int | None], list[Transfer]] = defaultdict(list)
    for row in _newest(rows, mended):
        if reason := _not_retried(row):
            mended.leave(reason)
        else:
            groups[row.batch_id, row.course_id, row.kind, row.assignment_id].append(row)
    for group in groups.values():
        try:
            mended.done += _again(group, actor)
        except Problem as problem:
            mended.leave(problem.message, len(group))
    return mended


def transfers_call_off(rows: QuerySet[Transfer], *, actor: User) -> Mended:
    """See to it that what has not begun of these does not begin."""
    mended = Mended()
    words = _("An administrator cancelled this before it began.")
    for row in _newest(rows, mended, all_of_them=True):
        if reason := _not_called_off(row):
            mended.leave(reason)
            continue
        with transaction.atomic():
            called_off = Transfer.objects.filter(pk=row.pk, state=State.QUEUED).update(
                state=State.FAILED, ended=timezone.now(), error_code=CALLED_OFF, error=words
            )
            if called_off:
                _log("transfer.called_off", row, actor)
        if called_off:
            mended.done += 1
        else:  # a worker was faster
            mended.leave(_UNDER_WAY)
    return mended


def steps_retry(batches: Iterable[Batch], *, actor: User) -> Mended:
    """Do these class steps again for those for whom they failed."""
    mended = Mended()
    for batch in batches:
        failed = Transfer.objects.filter(batch=batch, state=State.FAILED)
        if not failed.exists():
            mended.leave(_NOTHING_FAILED)
            continue
        one = transfers_retry(failed, actor=actor)
        mended.done += one.done
        mended.left += one.left
    return mended


def steps_call_off(batches: Iterable[Batch], *, actor: User) -> Mended:
    """Call off what has not begun of these class steps."""
    mended = Mended()
    for batch in batches:
        active = Transfer.objects.filter(batch=batch, state__in=Transfer.ACTIVE)
        if not active.exists():
            mended.leave(_ENDED)
            continue
        one = transfers_call_off(active, actor=actor)
        mended.done += one.done
        mended.left += one.left
    return mended


_UNDER_WAY = gettext_lazy("It is under way: to stop it halfway could leave half a copy.")
_ENDED = gettext_lazy("It has already ended.")
_NOTHING_FAILED = gettext_lazy("Nothing of it failed.")
_NEWER = gettext_lazy("It was tried again since.")
_TOO_MANY = gettext_lazy("That is too much at once. Do it again for the rest.")
_ARCHIVED = gettext_lazy("The course is archived.")


def _newest(
    rows: QuerySet[Transfer], mended: Mended, *, all_of_them: bool = False
) -> list[Transfer]:
    """Read the first of these rows, and leave those that something newer came after."""
    newer = Transfer.objects.filter(
        member=OuterRef("member"), kind=OuterRef("kind"), key=OuterRef("key")
    )
    if not all_of_them:
        rows = rows.annotate(has_newer=Exists(newer.filter(pk__gt=OuterRef("pk"))))
    found = list(
        rows.order_by("pk")
        .select_related("batch__assignment", "batch__actor", "course", "assignment", "member__user")
        .defer("result")[: MOST + 1]
    )
    if len(found) > MOST:
        mended.leave(_TOO_MANY, rows.count() - MOST)
    kept = []
    for row in found[:MOST]:
        if getattr(row, "has_newer", False):
            mended.leave(_NEWER)
        else:
            kept.append(row)
    return kept


def _not_retried(row: Transfer) -> object:
    """Say why a transfer is not done again; empty where it can be."""
    if row.state in Transfer.ACTIVE:
        return _("It has not ended yet.")
    if row.state != State.FAILED:
        return _("It did not fail.")
    return _not_mended(row)


def _not_called_off(row: Transfer) -> object:
    if row.state == State.RUNNING:
        return _UNDER_WAY
    if row.state != State.QUEUED:
        return _ENDED
    if row.kind == Kind.SUBMIT:
        return _("A student's submission is always taken in.")
    if row.kind not in MENDED:
        return _("The site needs this itself, so it cannot be cancelled.")
    return ""


def _not_mended(row: Transfer) -> object:
    if row.kind not in MENDED:
        return _OTHERS[Kind(row.kind)]
    if row.course.archived:
        return _ARCHIVED
    if row.member is None or row.member.removed:
        return _("The person is no longer in the course.")
    return ""


def _again(rows: list[Transfer], actor: User) -> int:
    """Do rows of one step again; return for how many. Problem as a teacher's *Try again*."""
    first, members = rows[0], [row.member for row in rows if row.member]
    with transaction.atomic():
        if first.kind == Kind.PREPARE:
            for member in members:
                transfer_add(first.course, Kind.PREPARE, member, priority=USUAL)
            whose = {member.pk for member in members}
        elif first.batch:
            first.batch.course = first.course
            fresh = retry_failed(first.batch, actor=actor, only=[member.pk for member in members])
            whose = set(fresh.transfers.values_list("member", flat=True))
        else:
            step_start(
                first.course,
                Kind(first.kind),
                members,
                actor=actor,
                assignment=first.assignment,
                options=first.options,
            )
            whose = {member.pk for member in members}
        done = [row for row in rows if row.member_id in whose]
        for row in done:
            _log("transfer.retried", row, actor)
    return len(done)


def _log(action: str, row: Transfer, actor: User) -> None:
    Event.log(
        action,
        str(row),
        actor=actor.get_username(),
        user=row.member.user.get_username() if row.member else "",
        course=row.course_id,
        kind=row.kind,
        assignment=row.assignment_id,
        transfer=row.pk,
    )
