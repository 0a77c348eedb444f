"""Which rows come next, so that no course waits for another's class.

Courses take turns: the one with the fewest rows running goes first, then the one whose last turn
is the longest ago; it gives its most urgent row. While others wait, a course has no more than its
share. A part of what may run is kept for *Submit* and *Collect*, which a deadline brings; and what
may last minutes has half of it at most.
"""

from collections import Counter
from collections.abc import Iterable

from django.db.models import Case, F, IntegerField, OuterRef, Q, QuerySet, Subquery, Value, When

from classroom.conf import conf
from classroom.models import Course, Kind, Transfer

PROMPT = (Kind.SUBMIT, Kind.COLLECT)
LONG = (Kind.RUN, Kind.TEST, Kind.START, Kind.STOP, Kind.DELETE)
USUAL = tuple(kind for kind in Kind if kind not in (*PROMPT, *LONG))


def chosen(due: QuerySet[Transfer], room: int) -> list[int]:
    """Return the ids of up to `room` of the rows that are due, given in the order of urgency.

    The queries are as many as courses take turns, not as rows wait. Only for who excludes all
    others meanwhile.
    """
    running = list(
        Transfer.objects.filter(state=Transfer.State.RUNNING).only("course", "kind", "lane")
    )
    most = min(room, conf().concurrency - len(running))
    taken: list[int] = []
    others_wait: dict[int, bool] = {}  # than a course, which has its share

    def over() -> set[int]:
        usual = Counter(row.course_id for row in running if row.kind not in PROMPT)
        full = {course for course, count in usual.items() if count >= conf().course_most}
        for course in full - others_wait.keys():
            others_wait[course] = due.exclude(course=course).exists()
        return {course for course in full if others_wait[course]}

    while len(taken) < most:
        began = len(taken)
        for row in _round(due, running, over(), most - began):
            # Each one changes what may be taken beside it.
            may = row.kind in PROMPT or (
                row.kind in _kinds(running) and row.course_id not in over()
            )
            if may and row.lane not in {other.lane for other in running}:
                running.append(row)
                taken.append(row.pk)
        if len(taken) == began:
            break
    return taken


def _round(
    due: QuerySet[Transfer], running: list[Transfer], over: set[int], most: int
) -> Iterable[Transfer]:
    """Return a row of each course, the course first whose turn it is; of a single one, several."""
    free = due.exclude(lane__in=[row.lane for row in running]).filter(
        Q(kind__in=PROMPT) | (Q(kind__in=_kinds(running)) & ~Q(course__in=over))
    )
    count = Counter(row.course_id for row in running)
    started = Transfer.objects.filter(started__isnull=False).order_by("-started")
    turns = list(
        Course.objects.alias(
            # With no case it would be a bare 0, which an ORDER BY takes for a column's place.
            running=Case(
                When(pk__isnull=True, then=Value(0)),
                *(When(pk=pk, then=Value(number)) for pk, number in count.items()),
                default=Value(0),
                output_field=IntegerField(),
            ),
            last=Subquery(started.filter(course=OuterRef("pk")).values("started")[:1]),
        )
        .annotate(row=Subquery(free.filter(course=OuterRef("pk")).values("pk")[:1]))
        .filter(row__isnull=False)
        .order_by("running", F("last").asc(nulls_first=True), "row")
        .values_list("pk", "row")[: most + 1]
    )
    fields = ("course", "kind", "lane")
    if len(turns) == 1:
        return free.filter(course=turns[0][0]).only(*fields)[:most]
    found = Transfer.objects.only(*fields).in_bulk([row for _, row in turns[:most]])
    return [found[row] for _, row in turns[:most] if row in found]


def _kinds(running: Iterable[Transfer]) -> list[Kind]:
    """Return the kinds of which one more may run, besides those of `PROMPT`."""
    count = Counter(row.kind for row in running)
    usual = count.total() - sum(count[kind] for kind in PROMPT)
    if usual >= conf().concurrency - conf().reserved:
        return []
    long = sum(count[kind] for kind in LONG)
    return [*USUAL, *LONG] if long < conf().long_most else list(USUAL)
