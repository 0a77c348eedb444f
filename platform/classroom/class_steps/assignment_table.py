"""The students of one assignment and where each step stands for them, a page at a time."""

from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Count, Max, Q, QuerySet
from django.db.models.functions import Lower

from classroom.class_steps.class_steps import (
    GRADED,
    NOT_AS_RETURNED,
    TO_COLLECT,
    early,
    held_back,
    rows_of,
    steps_of,
)
from classroom.class_steps.stayed import stayed_of, with_stayed
from classroom.models import Assignment, Kind, Submission, Transfer
from classroom.rules.last_submit import Failure, failures
from classroom.rules.renewal import is_new, news

PAGE = 100
State = Transfer.State

FILTERS = {
    "": "All students",
    "failed": "Failed",
    "not-out": "Not handed out",
    "not-submitted": "Not submitted",
    "not-collected": "Not collected",
    "again": "New work",
    "late": "Late",
    "not-graded": "Not graded",
    "not-returned": "Not returned",
}


@dataclass(slots=True)
class Cell:
    """One step for one student: when it was done, and the last transfer where that matters."""

    kind: Kind
    student: int
    at: Any
    transfer: Transfer | None
    late: bool = False
    origin: str = ""

    @property
    def waiting(self) -> bool:
        """Queued, or to be tried again."""
        return self.transfer is not None and self.transfer.state == State.QUEUED

    @property
    def running(self) -> bool:
        """Under way."""
        return self.transfer is not None and self.transfer.state == State.RUNNING

    @property
    def failed(self) -> bool:
        """The last one failed."""
        return self.transfer is not None and self.transfer.state == State.FAILED

    @property
    def skipped(self) -> bool:
        """There was nothing to do, and that is still so."""
        return self.transfer is not None and self.transfer.error_code == "skipped" and not self.at

    @property
    def stayed(self) -> str:
        """Which files stayed as the student has changed them, in a sentence."""
        return "" if self.transfer is None else stayed_of(self.transfer)


@dataclass(slots=True)
class Row:
    """One student."""

    submission: Submission
    cells: list[Cell]
    failure: Failure | None  # of the student's last submit

    @property
    def news(self) -> str:
        """What is newer than what was collected or graded, in words."""
        return news(self.submission)


def filters_of(assignment: Assignment) -> dict[str, str]:
    """Return the filters that there are for it."""
    if not assignment.handout:
        return FILTERS
    return {name: FILTERS[name] for name in ("", "failed", "not-out")}


def totals(assignment: Assignment, section: str = "") -> dict[str, int]:
    """Count, in one query, what the page's head and buttons say."""
    out = Q(handed_out__isnull=False)
    return rows_of(assignment, section).aggregate(
        students=Count("pk"),
        hand_out_done=Count("pk", filter=Q(handed_out__isnull=False)),
        collect_done=Count("pk", filter=Q(collected__isnull=False)),
        return_done=Count("pk", filter=Q(returned__isnull=False)),
        hand_out_all=Count("pk", filter=~held_back()),
        hand_out_missing=Count("pk", filter=Q(handed_out=None) & ~held_back()),
        held_back=Count("pk", filter=held_back()),
        collect_all=Count("pk", filter=out & ~early()),
        collect_missing=Count("pk", filter=out & TO_COLLECT & ~early()),
        still_working=Count("pk", filter=out & early()),
        collect_early=Count("pk", filter=out & TO_COLLECT),
        return_all=Count("pk", filter=GRADED & Q(collected__isnull=False)),
        return_missing=Count("pk", filter=GRADED & NOT_AS_RETURNED & Q(collected__isnull=False)),
    )


def page_of(assignment: Assignment, number: object, show: str, section: str = "") -> Page[Row]:
    """Return one page of students by last name; an odd number is the nearest page."""
    rows = _shown(assignment, show, section).select_related("student__user")
    paginator: Paginator[Any] = Paginator(
        rows.order_by(
            Lower("student__user__last_name"), Lower("student__user__first_name"), "student"
        ),
        PAGE,
    )
    page = paginator.get_page(number)  # type: ignore[arg-type]  # what an address says
    submissions = list(page.object_list)
    last = _last_transfers(assignment, [row.student_id for row in submissions])
    failed = failures(submissions)
    page.object_list = [
        _row(assignment, row, last, failed.get(row.student_id)) for row in submissions
    ]
    return page


def _row(
    assignment: Assignment,
    submission: Submission,
    last: dict[tuple[int, str], Transfer],
    failure: Failure | None,
) -> Row:
    submission.assignment = assignment
    at = {
        Kind.HAND_OUT: submission.handed_out,
        Kind.COLLECT: submission.collected,
        Kind.RETURN: submission.returned,
    }
    return Row(
        submission,
        [
            Cell(
                kind,
                submission.student_id,
                at[kind],
                last.get((submission.student_id, kind)),
                late=kind == Kind.COLLECT and submission.late,
                origin=_origin(submission) if kind == Kind.COLLECT else "",
            )
            for kind in steps_of(assignment)
        ],
        failure,
    )


def _origin(submission: Submission) -> str:
    return submission.collected_from if submission.collected else ""


def _shown(assignment: Assignment, show: str, section: str) -> QuerySet[Submission]:
    rows = rows_of(assignment, section)
    if show == "failed":
        failed = Transfer.objects.filter(pk__in=_last(assignment), state=State.FAILED).values(
            "member"
        )
        return rows.filter(student__in=failed)
    conditions = {
        "not-out": Q(handed_out=None),
        "not-submitted": Q(handed_out__isnull=False, submitted=None),
        "not-collected": Q(handed_out__isnull=False, collected=None),
        "again": is_new(),
        "late": Q(late=True),
        "not-graded": Q(collected__isnull=False) & ~GRADED,
        "not-returned": Q(collected__isnull=False) & NOT_AS_RETURNED,
    }
    return rows.filter(conditions.get(show, Q()))


def _last(assignment: Assignment) -> QuerySet[Any, Any]:
    """Return the ids of the last transfer of each student and step."""
    return (
        Transfer.objects.filter(assignment=assignment, kind__in=steps_of(assignment))
        .order_by()
        .values("member", "kind")
        .annotate(last=Max("pk"))
        .values("last")
    )


def _last_transfers(assignment: Assignment, students: list[int]) -> dict[tuple[int, str], Transfer]:
    rows = Transfer.objects.filter(pk__in=_last(assignment).filter(member__in=students))
    return {(row.member_id or 0, row.kind): row for row in with_stayed(rows)}
