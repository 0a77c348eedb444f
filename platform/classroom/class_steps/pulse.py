"""What happens on its own, because a moment has come: asked every few seconds by the workers.

1. What a dead worker held is freed.
2. An assignment goes out at its release time, if it is ready then; else as soon as it is. A section
   with a release of its own gets it then, all others at everybody's (`rules.deadlines.is_out`).
3. Whoever does not have yet what is out for all gets it: newcomers, and those who come back.
4. At a student's due time the work is collected, by whatever time that is: an extension moves its
   student's. When the due time moves after that, it is collected once more at the new one.
5. What failed is not tried again on its own: a teacher sees it, with its cause, and retries it.
6. While CoCalc is down, what is to be done is written down and waits; nobody is woken for it.
7. In a course that is archived, dates do nothing.
8. While a teacher's step for a student is under way, a date starts none beside it: it waits for
   how that one ends, and is satisfied if that did it.

Each is a fixed number of queries where nothing is to be done, however large the courses are.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from classroom.engine.holding import due_rows, one_at_a_time, reap
from classroom.engine.queue import step_start
from classroom.engine.working import wake
from classroom.models import Assignment, Kind, Role, Submission, Transfer
from classroom.rules.deadlines import is_out
from embedding.models import Event
from embedding.services import state

State = Transfer.State


def pulse(now: datetime | None = None) -> None:
    """Do what is due at this moment."""
    now = now or timezone.now()
    reap(now)
    release(now)
    collect_due(now)
    if due_rows(now).exists() and not state.current(now).is_down:
        wake()


def release(now: datetime) -> None:
    """Hand out what is out, or has its release time, to whoever does not have it."""
    if not _without(now).exists():
        return
    with one_at_a_time():
        for assignment, waiting in _by_assignment(_without(now)):
            _start(assignment, Kind.HAND_OUT, waiting)
            Assignment.objects.filter(pk=assignment.pk, out=None, release__lte=now).update(out=now)


def collect_due(now: datetime) -> None:
    """Collect what has become due."""
    if not _due(now).exists():
        return
    with one_at_a_time():
        for assignment, ripe in _by_assignment(_due(now)):
            _start(assignment, Kind.COLLECT, ripe)


def _start(assignment: Assignment, kind: Kind, rows: list[Submission]) -> None:
    students = [row.student for row in rows]
    step_start(assignment.course, kind, students, actor=None, assignment=assignment)
    Event.log(
        f"course.{kind}",
        str(assignment)[:300],
        course=assignment.course_id,
        assignment=assignment.pk,
        students=len(students),
    )


def _active_students() -> QuerySet[Submission]:
    return Submission.objects.filter(
        assignment__removed=None,
        assignment__course__archived=None,
        student__removed=None,
        student__role=Role.STUDENT,
    )


def _transfers(kind: Kind) -> QuerySet[Transfer]:
    return Transfer.objects.filter(
        kind=kind, assignment=OuterRef("assignment"), member=OuterRef("student")
    )


def _without(now: datetime) -> QuerySet[Submission]:
    tried = _transfers(Kind.HAND_OUT).filter(state__in=(*Transfer.ACTIVE, State.FAILED))
    return _active_students().filter(
        is_out(now), ~Exists(tried), handed_out=None, assignment__version=Assignment.Version.READY
    )


def _due(now: datetime) -> QuerySet[Submission]:
    done = Q(collected_for__isnull=False, collected_for=F("due"))
    # One that was begun before it was due, and is under way, is waited for.
    tried = _transfers(Kind.COLLECT).filter(
        Q(state__in=Transfer.ACTIVE) | Q(state=State.FAILED, created__gte=OuterRef("due"))
    )
    return (
        _active_students()
        .filter(~Exists(tried), due__lte=now, handed_out__isnull=False)
        .filter(assignment__handout=False)
        .exclude(done)
    )


def _by_assignment(
    rows: QuerySet[Submission],
) -> Iterable[tuple[Assignment, list[Submission]]]:
    found: dict[int, list[Submission]] = defaultdict(list)
    for row in rows.select_related("assignment__course__project", "student__user").order_by("pk"):
        row.student.course = row.assignment.course
        found[row.assignment_id].append(row)
    return [(group[0].assignment, group) for group in found.values()]
