"""What follows where students' own times have changed, whatever changed them.

1. Each student's own times are written down, and with them what is late (`rules.deadlines`).
2. Who has the files finds the new due time in `DUE_DATE.txt`, of work whose time is not over.
3. Where another submission counts by now, work that was collected is collected again; of who
   still has time, it is when it is due.
4. Who has got more time of their own (an extension, an accommodation, a section) is told, once.

All is written in one transaction with the change itself; CoCalc's part follows in transfers.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
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
_asks: ContextVar[bool] = ContextVar("asks what would follow", default=False)


def follow(
    course: Course,
    *,
    by: User,
    assignments: Iterable[int] | None = None,
    students: Iterable[int] | None = None,
    tells: bool = False,
) -> list[Moved]:
    """Do all of it for these assignments and students of a course (None: all); see above.

    `tells` is for what gives some students another due time than all: extensions,
    accommodations, sections.
    """
    with transaction.atomic():
        changes = own_times_changes(course, assignments=assignments, students=students)
        moved = changes.moved
        if _asks.get() or not moved:
            changes.write()
            return moved
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


@contextmanager
def only_asked() -> Iterator[None]:
    """Let nothing follow but the times themselves, for who asks what would move, and undoes it."""
    token = _asks.set(True)
    try:
        yield
    finally:
        _asks.reset(token)


def told_in_project(course: Course, moved: Sequence[Moved], *, by: User) -> int:
    """Have the new due times written into the projects of those who have the files already.

    Returned is for how many works that is.
    """
    now = timezone.now()
    open_ = [
        each.submission
        for each in moved
        if each.due is None or each.before is None or max(each.before, each.due) > now
    ]
    pairs = _pairs(open_, Q(handed_out__isnull=False))
    _start(course, Kind.DUE_DATE, pairs, by=by)
    return len(pairs)


def collect_again(course: Course, works: Sequence[int], *, by: User) -> None:
    """Collect again from those whose time is over."""
    over = Q(due=None) | Q(due__lte=timezone.now())
    _start(course, Kind.COLLECT, _pairs(works, over), by=by)


def _pairs(pks: Sequence[int], which: Q) -> list[tuple[int, int]]:
    """Return assignment and student of these submissions, of who and what is still there."""
    found: list[tuple[int, int]] = []
    for start in range(0, len(pks), _PART):
        found += (
            Submission.objects.filter(which, pk__in=pks[start : start + _PART])
            .filter(student__removed=None, assignment__removed=None)
            .values_list("assignment", "student")
        )
    return sorted(found)


def _start(course: Course, kind: Kind, pairs: Sequence[tuple[int, int]], *, by: User) -> None:
    """Write a step down for one assignment; for several, transfers that belong to none."""
    assignments = Assignment.objects.in_bulk({assignment for assignment, _student in pairs})
    students = _students({student for _assignment, student in pairs})
    if len(assignments) == 1:
        [assignment] = assignments.values()
        queue.step_start(course, kind, students.values(), actor=by, assignment=assignment)
    elif assignments:
        queue.transfers_add(
            course,
            kind,
            ((students[student], assignments[assignment]) for assignment, student in pairs),
        )


def _students(pks: Iterable[int]) -> dict[int, Membership]:
    left, found = sorted(pks), dict[int, Membership]()
    for start in range(0, len(left), _PART):
        found |= Membership.objects.in_bulk(left[start : start + _PART])
    return found


def _tell(course: Course, moved: Sequence[Moved]) -> None:
    """Tell of later due times that lie ahead, those to whom it is out.

    Who had no due time has not got more time by one.
    """
    if course.archived:
        return
    now = timezone.now()
    later = [
        each for each in moved if each.before and each.due and each.due > max(now, each.before)
    ]
    out = is_out(now) | Q(handed_out__isnull=False)
    due = {each.submission: each.due for each in later}
    groups: dict[tuple[Assignment, datetime], list[int]] = defaultdict(list)
    for start in range(0, len(later), _PART):
        rows = Submission.objects.filter(out, pk__in=list(due)[start : start + _PART])
        rows = rows.filter(student__removed=None, assignment__removed=None)
        for row in rows.select_related("student", "assignment").order_by("pk"):
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
