"""The matrix students × assignments: who is shown, in which order, and where each work stands.

Filtering, sorting and paging are the database's, so that the number of queries and the work of a
page do not grow with the course.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import NamedTuple
from urllib.parse import urlencode

from django.core.paginator import Page, Paginator
from django.db.models import Exists, F, FloatField, OuterRef, Q, QuerySet, Sum
from django.db.models.functions import Cast
from django.http import QueryDict
from django.utils import timezone
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from classroom.models import Assignment, Course, Membership, Role, Submission
from classroom.rules.scoring import number

PAGE = 100  # students

# What people look for, as the filter names it.
STATES = {
    "to-grade": "To grade",
    "missing": "Missing",
    "late": "Late",
    "submitted": "Submitted, not collected",
    "graded": "Graded, not returned",
    "returned": "Returned",
}
SORTS = ("name", "number", "total")


@dataclass(frozen=True, slots=True)
class Filter:
    """Who is shown, and in which order; `sort` is one of SORTS or an assignment's id, "-": down."""

    text: str = ""
    state: str = ""
    assignment: int | None = None
    sort: str = "name"

    @classmethod
    def of(cls, given: QueryDict) -> "Filter":
        """Read it from an address; what makes no sense is as if it were not there."""
        sort = given.get("sort", "")
        field = sort.removeprefix("-")
        state = given.get("state", "")
        return cls(
            text=given.get("q", "").replace("\0", "").strip()[:100],
            state=state if state in STATES else "",
            assignment=_id(given.get("assignment", "")),
            sort=sort if field in SORTS or _id(field) else "name",
        )

    @property
    def query(self) -> str:
        """The address's query that says it; empty for everybody by name."""
        given = {
            "q": self.text,
            "state": self.state,
            "assignment": self.assignment,
            "sort": "" if self.sort == "name" else self.sort,
        }
        return urlencode({key: value for key, value in given.items() if value})

    @property
    def is_narrow(self) -> bool:
        """Whether it may leave anybody out."""
        return bool(self.text or self.state)

    def sorted_by(self, field: str) -> "Filter":
        """The same, sorted by a field; by the same field again: the other way round."""
        return replace(self, sort=f"-{field}" if self.sort == field else field)


class Work(NamedTuple):
    """What the matrix needs of a submission, and no more: there are thousands on a page."""

    student_id: int
    assignment_id: int
    due: datetime | None
    handed_out: datetime | None
    opened: datetime | None
    submitted: datetime | None
    collected: datetime | None
    late: bool
    returned: datetime | None
    score: Decimal | None
    graded: datetime | None


@dataclass(frozen=True, slots=True)
class Cell:
    """One student's work on one assignment."""

    state: str  # a CSS class
    text: str  # the score, or the state in words
    words: str  # the state in words
    late: bool
    again: bool  # collected again since it was graded

    def html(self, href: str) -> str:
        """Return it as HTML. `href` is escaped already, and all else is words of ours."""
        title = "" if self.text == self.words else f' title="{self.words}"'
        return (
            f'<td><a class="cell {self.state}" href="{href}"{title}>{self.text}</a>'
            f"{_LATE if self.late else ''}{_AGAIN if self.again else ''}</td>"
        )


_LATE = ' <span class="tag warn">late</span>'
_AGAIN = ' <span class="tag warn" title="Collected again since it was graded">new</span>'


@dataclass(frozen=True, slots=True)
class Row:
    """One student."""

    student: Membership
    cells: SafeString
    total: str


@dataclass(frozen=True, slots=True)
class Column:
    """One assignment, and the address that sorts by it."""

    assignment: Assignment
    points: str
    sort: str


class Matrix:
    """A page of the matrix of a course."""

    def __init__(self, course: Course, wanted: Filter, page: str = "1") -> None:
        self.course = course
        self.wanted = wanted
        self._number = page

    @cached_property
    def assignments(self) -> list[Assignment]:
        """All but handouts, in the order of their due times."""
        return graded_assignments(self.course)

    @cached_property
    def rule(self) -> "Rule":
        """How the total comes about."""
        return Rule(self.assignments)

    @cached_property
    def page(self) -> "Page[Membership]":
        """The students of the page."""
        students = shown(self.course, self.wanted, self.rule).select_related("user")
        return Paginator(students, PAGE).get_page(self._number)

    @cached_property
    def columns(self) -> list[Column]:
        """The assignments as the head shows them."""
        return [
            Column(each, number(each.points), self.wanted.sorted_by(str(each.pk)).query)
            for each in self.assignments
        ]

    @cached_property
    def rows(self) -> list[Row]:
        """The students of the page with their work."""
        students = list(self.page.object_list)
        work = self._work([student.pk for student in students])
        now = timezone.now()
        query = escape(self.wanted.query and f"?{self.wanted.query}")
        base = f"/courses/{self.course.pk}/assignments"
        places = [(f"{base}/{each.pk}/grade/", each.pk) for each in self.assignments]
        rows = []
        for student in students:
            mine = work.get(student.pk, {})
            # By hand: a template takes ten times as long for them.
            cells = [
                cell_of(mine.get(pk), now).html(f"{place}{student.pk}{query}")
                for place, pk in places
            ]
            total = self.rule.total_text(mine.values())
            rows.append(Row(student, mark_safe("".join(cells)), total))  # noqa: S308  see Cell
        return rows

    def _work(self, students: list[int]) -> dict[int, dict[int, Work]]:
        found: dict[int, dict[int, Work]] = {}
        rows = Submission.objects.filter(
            student__in=students, assignment__in=[each.pk for each in self.assignments]
        )
        for values in rows.values_list(*Work._fields):
            each = Work(*values)
            found.setdefault(each.student_id, {})[each.assignment_id] = each
        return found


class Rule:
    """How the total comes about: of weights if any assignment has one, else the sum of scores."""

    def __init__(self, assignments: Iterable[Assignment]) -> None:
        self._by_id = {each.pk: each for each in assignments}
        self.weighted = any(each.weight is not None for each in self._by_id.values())
        if self.weighted:
            self._by_id = {
                pk: each for pk, each in self._by_id.items() if each.weight and each.points
            }

    @property
    def text(self) -> str:
        """The rule, for the head of the page."""
        if self.weighted:
            return (
                "Total: the weighted mean in percent, of the assignments that have a weight, "
                "points and a score. What has no score yet is left out."
            )
        points = sum((each.points or Decimal() for each in self._by_id.values()), Decimal())
        return f"Total: the sum of the scores, of {number(points) or 0} points in all."

    def total(self, work: "Iterable[Submission | Work]") -> Decimal | None:
        """Return a student's total; None where nothing counts yet."""
        scored = [
            (self._by_id[each.assignment_id], each.score)
            for each in work
            if each.score is not None and each.assignment_id in self._by_id
        ]
        if not scored:
            return None
        if not self.weighted:
            return sum((score for _, score in scored), Decimal())
        weights = sum((each.weight or Decimal() for each, _ in scored), Decimal())
        shares = (
            (each.weight or Decimal()) * score / (each.points or Decimal(1))
            for each, score in scored
        )
        return 100 * sum(shares, Decimal()) / weights

    def total_text(self, work: "Iterable[Submission | Work]") -> str:
        """Return a student's total as it is shown."""
        total = self.total(work)
        if total is None:
            return ""
        return f"{total:.1f} %" if self.weighted else number(total)

    def annotate(self, students: "QuerySet[Membership]") -> "QuerySet[Membership]":
        """Give each student the same total, for sorting."""
        counts = Q(submissions__assignment__in=list(self._by_id), submissions__score__isnull=False)
        score = Cast("submissions__score", FloatField())
        if not self.weighted:
            return students.annotate(total=Sum(score, filter=counts))
        weight = Cast("submissions__assignment__weight", FloatField())
        points = Cast("submissions__assignment__points", FloatField())
        return students.annotate(
            total=Sum(score * weight / points, filter=counts) / Sum(weight, filter=counts)
        )


def graded_assignments(course: Course) -> list[Assignment]:
    """Return the assignments of a course that come back."""
    found = list(Assignment.objects.filter(course=course, handout=False, removed=None))
    for each in found:
        each.course = course
    return found


def students_of(course: Course) -> "QuerySet[Membership]":
    """Return the students of a course."""
    return Membership.objects.filter(course=course, role=Role.STUDENT, removed=None)


def matching(
    course: Course, wanted: Filter, assignment: Assignment | None = None
) -> "QuerySet[Membership]":
    """Return the students that a filter shows; with `assignment`, by their work on that one."""
    students = students_of(course)
    for word in wanted.text.split():
        students = students.filter(
            Q(user__first_name__icontains=word)
            | Q(user__last_name__icontains=word)
            | Q(user__username__icontains=word)
            | Q(number__icontains=word)
        )
    if wanted.state:
        work = Submission.objects.filter(
            state_query(wanted.state), student=OuterRef("pk"), assignment__handout=False
        ).filter(assignment__removed=None)
        chosen = assignment.pk if assignment else wanted.assignment
        if chosen:
            work = work.filter(assignment=chosen)
        students = students.filter(Exists(work))
    return students


def ordered(
    course: Course,
    wanted: Filter,
    rule: Rule | None = None,
    students: "QuerySet[Membership] | None" = None,
) -> "QuerySet[Membership]":
    """Return students (all of the course) in the filter's order; nobody is left out."""
    if students is None:
        students = students_of(course)
    field, down = wanted.sort.removeprefix("-"), wanted.sort.startswith("-")
    by_name = ("user__last_name", "user__first_name", "user__username")
    if field == "name":
        return students.order_by(*(f"-{key}" if down else key for key in by_name))
    if field == "total":
        students = (rule or Rule(graded_assignments(course))).annotate(students)
        key = F("total")
    elif field == "number":
        key = F("number")
    else:
        score = Submission.objects.filter(student=OuterRef("pk"), assignment=int(field))
        students = students.annotate(score=score.values("score")[:1])
        key = F("score")
    # Who has none comes last either way.
    order = key.desc(nulls_last=True) if down else key.asc(nulls_last=True)
    return students.order_by(order, *by_name)


def shown(course: Course, wanted: Filter, rule: Rule | None = None) -> "QuerySet[Membership]":
    """Return the students that a filter shows, in its order."""
    return ordered(course, wanted, rule, matching(course, wanted))


def state_query(state: str) -> Q:
    """Return the condition on a submission for one of STATES; the same as `state_of`."""
    graded = Q(graded__isnull=False)
    returned = Q(returned__isnull=False, returned__gte=F("graded"))
    match state:
        case "to-grade":
            return Q(collected__isnull=False, graded=None, returned=None)
        case "missing":
            return Q(
                handed_out__isnull=False, due__lt=timezone.now(), submitted=None, collected=None
            ) & Q(graded=None, returned=None)
        case "late":
            return Q(late=True)
        case "submitted":
            return Q(submitted__isnull=False, collected=None, graded=None, returned=None)
        case "graded":
            return graded & ~returned
        case _:
            return returned | Q(returned__isnull=False, graded=None)


def state_of(work: Submission | Work, now: datetime) -> tuple[str, str]:
    """Return where a work stands: a short name, and words."""
    if work.graded:
        if work.returned and work.returned >= work.graded:
            return "returned", "Returned"
        return "graded", "Graded, not returned"
    if work.returned:
        return "returned", "Returned"
    if work.collected:
        return "to-grade", "To grade"
    if work.submitted:
        return "submitted", "Submitted"
    if work.handed_out is None:
        return "not-out", "Not out"
    if work.due and work.due < now:
        return "missing", "Missing"
    if work.opened:
        return "opened", "Opened"
    return "out", "Handed out"


def cell_of(work: Work | None, now: datetime) -> Cell:
    """Return what the matrix shows of a work."""
    if work is None:
        return Cell("not-out", "–", "Not out", False, False)
    state, words = state_of(work, now)
    again = bool(work.graded and work.collected and work.collected > work.graded)
    text = words if work.score is None else number(work.score)
    if state == "not-out" and work.score is None:
        text = "–"
    return Cell(state, text, words, work.late, again)


def _id(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and 0 < int(text[:19]) < 2**62 else None
