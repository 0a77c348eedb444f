"""Class steps that failed lately and were not done since, over several courses."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Max, Q
from django.urls import reverse

from classroom.models import Assignment, Kind, Membership, Transfer
from classroom.pages.sections import seen_by
from classroom.rules.last_submit import HARMLESS

LATELY = timedelta(days=14)
_MOST = 1000  # rows


@dataclass(frozen=True, slots=True)
class FailedStep:
    """One kind of step on one assignment, or for the course's people, and where to see why."""

    kind: Kind
    assignment: Assignment | None
    count: int
    url: str
    why: str = ""  # where that page does not say it


def failed_steps(staff: Collection[Membership], now: datetime) -> dict[int, list[FailedStep]]:
    """Return what failed in the courses of these teachers and assistants, the last first.

    Two queries, and those of `seen_by`.
    """
    courses = [member.course_id for member in staff]
    [mine] = seen_by(staff, "member__")
    rows = {
        row.key: row
        for row in reversed(
            Transfer.objects.filter(mine, course__in=courses, state=Transfer.State.FAILED)
            .filter(ended__gte=now - LATELY, member__removed=None, assignment__removed=None)
            .exclude(error_code__in=HARMLESS)
            .select_related("assignment")
            .defer("result", "detail")
            .order_by("-pk")[:_MOST]
        )
    }
    if not rows:
        return {}
    last = _last_tries(rows.values())
    groups: dict[tuple[int, str, int | None], list[Transfer]] = defaultdict(list)
    for row in sorted(rows.values(), key=lambda each: -each.pk):
        if last.get(row.key, row.pk) == row.pk:
            groups[row.course_id, row.kind, row.assignment_id].append(row)
    found: dict[int, list[FailedStep]] = defaultdict(list)
    for (course, kind, _), failed in groups.items():
        first = failed[0]
        why = first.error if kind == Kind.TEST else ""
        step = FailedStep(Kind(kind), first.assignment, len(failed), _url(first), why)
        found[course].append(step)
    return found


def _last_tries(rows: Collection[Transfer]) -> dict[str, int]:
    """Return the last transfer of each of these keys."""
    same = Q(member__in={row.member_id for row in rows if row.member_id})
    same |= Q(member=None, course__in={row.course_id for row in rows})
    tries = Transfer.objects.filter(same, kind__in={row.kind for row in rows})
    tries = tries.filter(key__in=[row.key for row in rows], pk__gte=min(row.pk for row in rows))
    return dict(tries.order_by().values_list("key").annotate(Max("pk")))


def _url(row: Transfer) -> str:
    """Return the page that says why it failed."""
    course = row.course_id
    if row.batch_id:
        page = "run-result" if row.kind == Kind.RUN else "step-progress"
        return reverse(f"classroom:{page}", args=[course, row.batch_id])
    if row.assignment_id is None:
        return f"{reverse('classroom:people', args=[course])}?state=failed"
    page = "assignment-files" if row.kind in (Kind.VERSION, Kind.BRING) else "assignment"
    return reverse(f"classroom:{page}", args=[course, row.assignment_id])
