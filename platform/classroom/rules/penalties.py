"""What late work costs: worked out here alone, and kept with the work.

An assignment's rule takes per cent of the score, or points, for each hour or day begun after the
student's own due time. The minutes of its grace do not count, and a part of the score remains
however late the work is. A course may give each student late days: one covers a day begun, in the
order in which the student's work is due, and what is covered costs nothing. What a teacher has
waived costs neither points nor late days.

How late work is, is told by when it came. Where that is not known, nothing is taken off.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from math import ceil
from typing import NamedTuple, Protocol

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.expressions import CombinedExpression
from django.utils import timezone

from classroom.models import Assignment, Membership, Submission
from classroom.rules.renewal import is_ungraded

DAY = timedelta(days=1)
_UNITS = {Assignment.LateUnit.HOUR.value: timedelta(hours=1), Assignment.LateUnit.DAY.value: DAY}
_CENT = Decimal("0.01")
_NOTHING = Decimal()
_NEVER = datetime.max.replace(tzinfo=UTC)


class Cost(NamedTuple):
    """What lateness costs a work."""

    late_days: int
    penalty: Decimal


class Rule(Protocol):
    """What an assignment says of late work."""

    handout: bool
    late_policy: str
    late_penalty: str
    late_amount: Decimal | None
    late_per: str
    late_grace: int
    late_floor: int


RULE = ("late_policy", "late_penalty", "late_amount", "late_per", "late_grace", "late_floor")


def is_same(one: Assignment, other: Assignment) -> bool:
    """Whether late work costs the same by both."""
    if not (has_rule(one) and has_rule(other)):
        return has_rule(one) == has_rule(other)
    return all(getattr(one, name) == getattr(other, name) for name in RULE[1:])


def has_rule(assignment: Rule) -> bool:
    """Whether late work costs anything."""
    return (
        assignment.late_penalty != Assignment.LatePenalty.NONE
        and bool(assignment.late_amount)
        and assignment.late_policy != Assignment.LatePolicy.CLOSED
        and not assignment.handout
    )


def late_by(work: Submission) -> timedelta | None:
    """Return how late a collected work is; None where it is in time, or nobody knows."""
    if not work.late or work.came is None or work.due is None:
        return None
    return work.came - work.due


def units_begun(assignment: Rule, late: timedelta, covered: int = 0) -> int:
    """Return how many hours or days count, after the grace and `covered` days."""
    return _begun(late - _grace(assignment) - covered * DAY, _UNITS[assignment.late_per])


def days_begun(assignment: Rule, late: timedelta) -> int:
    """Return how many late days would cover it all."""
    return _begun(late - _grace(assignment), DAY)


def deduction(assignment: Rule, score: Decimal, late: timedelta, covered: int = 0) -> Decimal:
    """Return what is taken off a score."""
    if not has_rule(assignment):
        return _NOTHING
    cost = units_begun(assignment, late, covered) * (assignment.late_amount or _NOTHING)
    if assignment.late_penalty == Assignment.LatePenalty.PERCENT:
        cost = score * cost / 100
    most = score - score * assignment.late_floor / 100
    return max(min(cost, most), _NOTHING).quantize(_CENT, ROUND_HALF_UP)


def penalty_of(work: Submission, assignment: Rule, covered: int) -> Decimal:
    """Return what is taken off a work's score where late days cover so many days."""
    late = late_by(work)
    if work.score is None or work.waived or late is None:
        return _NOTHING
    return deduction(assignment, work.score, late, covered)


def costs(
    works: Iterable[Submission], assignments: Mapping[int, Rule], budget: int | None
) -> dict[int, Cost]:
    """Return what each of one student's works costs; late days go to what is due first."""
    left = budget or 0
    found: dict[int, Cost] = {}
    for work in sorted(works, key=lambda each: (each.due or _NEVER, each.pk)):
        assignment, late, days = assignments[work.assignment_id], late_by(work), 0
        if late is not None and not work.waived and has_rule(assignment):
            days = min(days_begun(assignment, late), left)
        left -= days
        found[work.pk] = Cost(days, penalty_of(work, assignment, days))
    return found


def costly(rows: QuerySet[Submission]) -> QuerySet[Submission]:
    """Return the works among these that may cost something, or did."""
    return rows.filter(Q(late=True) | ~Q(penalty=0) | ~Q(late_days=0))


def penalties_update(rows: QuerySet[Submission]) -> int:
    """After lateness, a rule, late days or a waiver changed: write down what these works cost.

    Late days that one work no longer needs cover the student's next one, which is written, too.
    Return for how many the score that counts has changed.
    """
    with transaction.atomic():
        members = Membership.objects.filter(pk__in=rows.values("student"))
        budgets: dict[int, int | None] = dict(
            members.filter(course__late_days__isnull=False).values_list("pk", "course__late_days")
        )
        # So that of two who write for one student the second one sees what the first one wrote.
        list(members.filter(pk__in=budgets).select_for_update(no_key=True).order_by("pk"))
        concerned = Q(pk__in=rows.values("pk")) | Q(student__in=list(budgets))
        works = list(
            costly(Submission.objects.filter(concerned))
            .select_for_update(no_key=True, of=("self",))
            .select_related("assignment")
            .defer("details")
            .order_by("pk")
        )
        changed = _changed(works, budgets)
        Submission.objects.bulk_update(changed, ["penalty", "late_days", "graded"], batch_size=100)
    return sum(work.score is not None for work in changed)


def _changed(works: Iterable[Submission], budgets: Mapping[int, int | None]) -> list[Submission]:
    """Return those of the works that cost something else now, with what they cost."""
    assignments = {work.assignment_id: work.assignment for work in works}
    by_student: dict[int, list[Submission]] = defaultdict(list)
    for work in works:
        by_student[work.student_id].append(work)
    now = timezone.now()
    changed = []
    for student, theirs in by_student.items():
        found = costs(theirs, assignments, budgets.get(student))
        for work in theirs:
            before, after = Cost(work.late_days, work.penalty), found[work.pk]
            if before == after:
                continue
            work.late_days, work.penalty = after
            # What the student has got back is no longer what counts.
            if before.penalty != after.penalty and work.returned and not is_ungraded(work):
                work.graded = now if work.graded else None
            changed.append(work)
    return changed


def final_score(prefix: str = "") -> CombinedExpression:
    """Return the score that counts, for a query; `prefix` leads to the submission."""
    return F(f"{prefix}score") - F(f"{prefix}penalty")


def _grace(assignment: Rule) -> timedelta:
    return timedelta(minutes=assignment.late_grace)


def _begun(late: timedelta, unit: timedelta) -> int:
    return max(0, ceil(late / unit))
