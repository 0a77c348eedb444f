"""The students of one assignment and where each step stands for them, a page at a time.

Who is shown, and in which order, is the database's, so that a large course costs no more.
"""

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Page, Paginator
from django.db.models import F, Max, Q, QuerySet
from django.db.models.functions import Lower
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from classroom.class_steps.class_steps import GRADED, NOT_AS_RETURNED, rows_of, steps_of
from classroom.class_steps.failures import last_failed
from classroom.class_steps.stayed import stayed_of, with_stayed
from classroom.models import Assignment, Kind, Submission, Transfer
from classroom.rules.anonymity import is_hidden, known
from classroom.rules.last_submit import Failure, failures
from classroom.rules.renewal import UNCOLLECTED, is_new, news

PAGE = 100
State = Transfer.State

FILTERS = {
    "": _("All students"),
    "failed": _("Something failed"),
    "out": _("Handed out"),
    "not-out": _("Not handed out"),
    "submitted": _("Submitted"),
    "not-submitted": _("Not submitted"),
    "late": _("Late"),
    "collected": _("Collected"),
    "not-collected": _("Not collected"),
    "again": _("New work"),
    "graded": _("Graded"),
    "not-graded": _("Not graded"),
    "returned": _("Returned"),
    "not-returned": _("Not returned"),
}
OF_HANDOUTS = ("", "failed", "out", "not-out")
OF_GRADING = ("graded", "not-graded", "not-returned")
SORTS = {
    "due": "due",
    "out": "handed_out",
    "submitted": "submitted",
    "collected": "collected",
    "score": "score",
    "returned": "returned",
}
_FROM = {
    "submitted": pgettext_lazy("collected from", "submitted"),
    "folder": pgettext_lazy("collected from", "folder"),
}
_APART = ("submitted", "collected", "score")  # what is not told of a name that is hidden
_BY_NAME = (Lower("student__user__last_name"), Lower("student__user__first_name"), "student")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Who is shown, and in which order; `sort` is "" (by name) or one of SORTS, "-": downwards."""

    show: str = ""
    text: str = ""
    sort: str = ""
    page: str = ""
    section: str = ""

    @classmethod
    def of(cls, given: QueryDict) -> "Wanted":
        """Read it from an address or a form; what makes no sense is as if it were not there."""
        show, sort = given.get("show", ""), given.get("sort", "")
        return cls(
            show=show if show in FILTERS else "",
            text=given.get("q", "").replace("\0", "").strip()[:100],
            sort=sort if sort.removeprefix("-") in SORTS or sort == "-name" else "",
            page=given.get("page", "") if given.get("page", "").isdecimal() else "",
            section=given.get("section", "").replace("\0", "").strip()[:60],
        )

    @property
    def query(self) -> str:
        """The address's query that says it; empty for the first page of everybody by name."""
        return self._query(**self._of_pages, page=self.page)

    @property
    def of_pages(self) -> str:
        """The same without the page."""
        return self._query(**self._of_pages)

    @property
    def of_section(self) -> str:
        """The same of the section alone, to stand after another part of a query."""
        return f"&{self._query(section=self.section)}" if self.section else ""

    @property
    def _of_pages(self) -> dict[str, str]:
        return {"show": self.show, "q": self.text, "sort": self.sort, "section": self.section}

    @property
    def is_narrow(self) -> bool:
        """Whether it may leave anybody out."""
        return bool(self.show or self.text)

    @property
    def heads(self) -> dict[str, tuple[str, str]]:
        """Say of each column where its head leads, and how the column is sorted now."""
        return {name: self._head(name) for name in ("name", *SORTS)}

    def _head(self, name: str) -> tuple[str, str]:
        up, down = "" if name == "name" else name, f"-{name}"
        turned = replace(self, sort=down if self.sort == up else up)
        now = {up: "ascending", down: "descending"}.get(self.sort, "")
        return f"?{turned.of_pages}", now

    @staticmethod
    def _query(**given: str) -> str:
        return urlencode({name: value for name, value in given.items() if value})


@dataclass(slots=True)
class Cell:
    """One step for one student: when it was done, and the last transfer where that matters."""

    kind: Kind
    student: int
    at: Any
    transfer: Transfer | None
    late: bool = False
    origin: str = ""
    hides: bool = False  # whether the name is hidden where it is graded, so the moment is here

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
    hides: bool = False  # whether the name is hidden where it is graded

    @property
    def news(self) -> str:
        """What is newer than what was collected or graded, in words."""
        return news(self.submission)


def filters_of(assignment: Assignment) -> dict[str, Any]:
    """Return the filters that there are for it; by name nobody's grading is looked for."""
    names = OF_HANDOUTS if assignment.handout else tuple(FILTERS)
    if assignment.anonymous:
        names = tuple(name for name in names if name not in OF_GRADING)
    return {name: FILTERS[name] for name in names}


def page_of(assignment: Assignment, wanted: Wanted) -> Page[Row]:
    """Return one page of students; an odd number is the nearest page."""
    sort = "" if assignment.anonymous and wanted.sort.removeprefix("-") in _APART else wanted.sort
    rows = _ordered(shown(assignment, wanted), sort).select_related("student__user")
    page: Page[Any] = Paginator(rows, PAGE).get_page(wanted.page)
    submissions = list(page.object_list)
    last = _last_transfers(assignment, [row.student_id for row in submissions])
    failed = failures(submissions)
    page.object_list = [
        _row(assignment, row, last, failed.get(row.student_id)) for row in submissions
    ]
    return page


def shown(assignment: Assignment, wanted: Wanted) -> QuerySet[Submission]:
    """Return the rows of all students that are wanted, whatever their page."""
    rows = rows_of(assignment, wanted.section)
    for word in wanted.text.split():
        rows = rows.filter(
            Q(student__user__first_name__icontains=word)
            | Q(student__user__last_name__icontains=word)
            | Q(student__user__username__icontains=word)
            | Q(student__number__icontains=word)
        )
    if wanted.show == "failed":
        failed = last_failed().filter(assignment=assignment)
        if assignment.anonymous:
            failed = failed.exclude(kind=Kind.RUN)  # the autograder's are told without names
        return rows.filter(student__in=failed.values("member"))
    here = Q(collected__isnull=False)
    conditions = {
        "out": Q(handed_out__isnull=False),
        "not-out": Q(handed_out=None),
        "submitted": Q(submitted__isnull=False),
        "not-submitted": Q(handed_out__isnull=False, submitted=None),
        "late": Q(late=True),
        "collected": here,
        "not-collected": Q(handed_out__isnull=False, collected=None),
        "again": is_new() & (known() | UNCOLLECTED),
        "graded": here & GRADED & known(),
        "not-graded": here & ~GRADED & known(),
        "returned": Q(returned__isnull=False),
        "not-returned": here & NOT_AS_RETURNED & known(),
    }
    return rows.filter(conditions.get(wanted.show, Q()))


def _ordered(rows: QuerySet[Submission], sort: str) -> QuerySet[Submission]:
    field = SORTS.get(sort.removeprefix("-"))
    if field is None:
        by_name = rows.order_by(*_BY_NAME)
        return by_name.reverse() if sort else by_name
    # Who has none comes last either way.
    first = F(field).desc(nulls_last=True) if sort[0] == "-" else F(field).asc(nulls_last=True)
    return rows.order_by(first, *_BY_NAME)


def _row(
    assignment: Assignment,
    submission: Submission,
    last: dict[tuple[int, str], Transfer],
    failure: Failure | None,
) -> Row:
    submission.assignment = assignment
    hides = is_hidden(submission)
    if hides:
        # Nothing of its grading leaves this module.
        submission.score, submission.comment, submission.graded = None, "", None
        submission.penalty, submission.held, submission.details = Decimal(), "", {}
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
                hides=hides and kind == Kind.COLLECT,
            )
            for kind in steps_of(assignment)
        ],
        failure,
        hides,
    )


def _origin(submission: Submission) -> str:
    """Say what was collected; empty where nothing was."""
    return str(_FROM.get(submission.collected_from, "")) if submission.collected else ""


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
