"""What follows where students' own times have changed, whatever changed them.

1. Each student's own times are written down, and with them what is late (`rules.deadlines`).
2. Who has the files finds the new due time in `DUE_DATE.txt`.
3. Where another submission counts by now, work that was collected is collected again; of who
   still has time, it is when it is due.
4. Who has got more time by an extension or an accommodation is told, once.

All is written in one transaction with the change itself; CoCalc's part follows in transfers.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from classroom.engine import queue
from classroom.models import Assignment, Course, Kind, Membership, Notice, Submission
from classroom.notices.telling import tell
from classroom.rules.counting import counting_each
from classroom.rules.deadlines import Moved, is_out, own_times_changes

_PART = 500  # rows a query


def follow(
    course: Course,
    *,
    by: User,
    assignments: Iterable[int] | None = None,
    students: Iterable[int] | None = None,
    tells: bool = False,
) -> list[Moved]:
    """Do all of it for these assignments and students of a course (None: all); see above.

    `tells` is for changes that are meant for the students: extensions and accommodations.
    """
    with transaction.atomic():
        changes = own_times_changes(course, assignments=assignments, students=students)
        moved = changes.moved
        pks = [each.submission for each in moved]
        before = _counting(pks)
        changes.write()
        now = _counting(pks)
        others = [work for work, snapshot in now.items() if before.get(work) != snapshot]
        collect_again(course, others, by=by)
        told_in_project(course, moved, by=by)
        if tells:
            _tell(course, moved)
    return moved


def _counting(pks: Sequence[int]) -> dict[int, int]:
    """Return which snapshot counts of each of these works that was collected."""
    found: dict[int, int] = {}
    for start in range(0, len(pks), _PART):
        found |= counting_each(Submission.objects.filter(pk__in=pks[start : start + _PART]))
    return found


def told_in_project(course: Course, moved: Sequence[Moved], *, by: User) -> list[Submission]:
    """Have the new due times written into the projects of those who have the files already."""
    pks = [each.submission for each in moved]
    rows = _rows(pks, Q(handed_out__isnull=False))
    _start(course, Kind.DUE_DATE, rows, by=by)
    return rows


def collect_again(course: Course, works: Sequence[int], *, by: User) -> None:
    """Collect again from those whose time is over."""
    over = Q(due=None) | Q(due__lte=timezone.now())
    _start(course, Kind.COLLECT, _rows(works, over), by=by)


def _rows(pks: Sequence[int], which: Q) -> list[Submission]:
    """Return these submissions, of who and what is still in the course."""
    found: list[Submission] = []
    for start in range(0, len(pks), _PART):
        found += (
            Submission.objects.filter(which, pk__in=pks[start : start + _PART])
            .filter(student__removed=None, assignment__removed=None)
            .select_related("student", "assignment")
            .order_by("assignment", "student")
        )
    return found


def _start(course: Course, kind: Kind, rows: Sequence[Submission], *, by: User) -> None:
    """Write a step down for one assignment; for several, transfers that belong to none."""
    by_assignment: dict[Assignment, list[Membership]] = defaultdict(list)
    for row in rows:
        by_assignment[row.assignment].append(row.student)
    if len(by_assignment) == 1:
        for assignment, students in by_assignment.items():
            queue.step_start(course, kind, students, actor=by, assignment=assignment)
    elif by_assignment:
        queue.transfers_add(course, kind, [(row.student, row.assignment) for row in rows])


def _tell(course: Course, moved: Sequence[Moved]) -> None:
    """Tell of later due times that lie ahead, those to whom it is out."""
    now = timezone.now()
    later = [
        each
        for each in moved
        if each.due and each.due > now and (each.before is None or each.before < each.due)
    ]
    out = is_out(now) | Q(handed_out__isnull=False)
    due = {each.submission: each.due for each in later}
    groups: dict[tuple[Assignment, datetime], list[int]] = defaultdict(list)
    for row in _rows(list(due), out):
        if moment := due[row.pk]:
            groups[row.assignment, moment].append(row.student.user_id)
    for (assignment, moment), users in groups.items():
        tell(
            Notice.Kind.EXTENSION,
            users,
            course=course,
            assignment=assignment,
            key=f"extension:{assignment.pk}:{moment.isoformat()}",
            details={"due": moment.isoformat()},
        )
