"""How many students have come how far with an assignment, or with each one of a course."""

from typing import Any

from django.db.models import Count, Min, Q
from django.utils import timezone

from classroom.assignments.assignments import blocked_reason
from classroom.class_steps.class_steps import (
    GRADED,
    NOT_AS_RETURNED,
    TO_COLLECT,
    early,
    held_back,
    rows_of,
)
from classroom.class_steps.failures import failed_of
from classroom.class_steps.next_step import ClassState, Failed, Step, next_step
from classroom.models import Assignment, Course, Membership, Role, Submission, Transfer
from classroom.pages.sections import seen
from classroom.pages.text import moment
from classroom.rules.anonymity import known
from classroom.rules.renewal import UNCOLLECTED, UNTRIED, is_new

Numbers = dict[str, Any]


def totals(assignment: Assignment, section: str = "") -> Numbers:
    """Count, in one query, what the page's head and buttons say, of all or of one section."""
    return rows_of(assignment, section).aggregate(**_counts(apart=bool(section)))


def comes_next(
    assignment: Assignment, numbers: Numbers, viewer: Membership, section: str = ""
) -> Step:
    """Return what comes next with one assignment, whose `numbers` are its totals."""
    state = class_state(
        assignment,
        numbers,
        viewer,
        failed=failed_of([assignment], section).get(assignment.pk),
        under_way=assignment.pk in _under_way([assignment]),
    )
    return next_step(state)


def with_next_steps(course: Course, viewer: Membership) -> list[tuple[Assignment, Numbers, Step]]:
    """Return a course's assignments, each with its totals and what comes next.

    The number of queries does not grow with them.
    """
    listed = list(Assignment.objects.filter(course=course, removed=None))
    for each in listed:
        each.course = course
    rows = Submission.objects.filter(
        seen(course, "student__"),
        assignment__in=listed,
        student__removed=None,
        student__role=Role.STUDENT,
    )
    counted: dict[int, Numbers] = {
        row["assignment"]: dict(row)
        for row in rows.order_by().values("assignment").annotate(**_counts())
    }
    nothing: Numbers = dict.fromkeys(_counts(), 0) | {"next_due": None}
    failed, under_way = failed_of(listed), _under_way(listed)
    found = []
    for each in listed:
        numbers = counted.get(each.pk, nothing)
        state = class_state(
            each,
            numbers,
            viewer,
            failed=failed.get(each.pk),
            under_way=each.pk in under_way,
        )
        found.append((each, numbers, next_step(state)))
    return found


def class_state(
    assignment: Assignment,
    numbers: Numbers,
    viewer: Membership,
    *,
    failed: Failed | None,
    under_way: bool,
) -> ClassState:
    """Return where the class stands, for `next_step`."""
    zone = assignment.course.zone
    release = assignment.release
    is_to_come = assignment.out is None and release is not None and release > timezone.now()
    return ClassState(
        students=numbers["students"],
        has_it=numbers["hand_out_done"],
        to_hand_out=numbers["hand_out_missing"],
        to_collect=numbers["collect_missing"],
        still_working=numbers["still_working"],
        to_autograde=numbers["to_autograde"] if assignment.marked else 0,
        to_grade=numbers["to_grade"],
        to_return=numbers["return_missing"],
        returned=numbers["return_done"],
        handout=assignment.handout,
        version=assignment.version,
        blocked=blocked_reason(assignment),
        for_teacher=viewer.is_teacher,
        under_way=under_way,
        goes_out=moment(release, zone) if is_to_come else "",
        due=moment(numbers["next_due"], zone),
        failed=failed,
    )


def _under_way(assignments: list[Assignment]) -> set[int | None]:
    """Return the assignments of which a step has not ended."""
    rows = Transfer.objects.filter(
        assignment__in=assignments, state__in=Transfer.ACTIVE, batch__isnull=False
    )
    return set(rows.order_by().values_list("assignment", flat=True))


def _counts(*, apart: bool = False) -> dict[str, Any]:
    """Return what is counted; of a section `apart`, not the grading of work without a name.

    A section may be a single student.
    """
    out = Q(handed_out__isnull=False)
    here = Q(collected__isnull=False)
    shown = known() if apart else Q()
    graded = here & GRADED & shown
    # As `grading.work_state` finds what waits, where *Grade* leads.
    waits = (~GRADED & (Q(returned=None) | Q(unfinished=True))) | (~Q(held="") & Q(score=None))
    unseen = waits | (is_new() & ~UNCOLLECTED)

    def many(condition: Q) -> Count:
        return Count("pk", filter=condition)

    return {
        "students": Count("pk"),
        "hand_out_done": many(out),
        "submit_done": many(Q(submitted__isnull=False)),
        "collect_done": many(here),
        "grade_done": many(graded),
        "return_done": many(Q(returned__isnull=False)),
        "hand_out_all": many(~held_back()),
        "hand_out_missing": many(Q(handed_out=None) & ~held_back()),
        "held_back": many(held_back()),
        "collect_all": many(out & ~early()),
        "collect_missing": many(out & TO_COLLECT & ~early()),
        "still_working": many(out & early()),
        "collect_early": many(out & TO_COLLECT),
        "next_due": Min("due", filter=out & early()),
        "to_autograde": many(here & UNTRIED & shown),
        "to_grade": many(here & unseen & shown),
        "return_all": many(graded),
        "return_missing": many(graded & NOT_AS_RETURNED),
    }
