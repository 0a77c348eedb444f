"""The matrix students × assignments: a page of it, with what each cell says."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from django.core.paginator import Page, Paginator
from django.utils import timezone
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from classroom.grading.selection import Filter, graded_assignments, shown
from classroom.grading.work_state import Work, state_of
from classroom.models import Assignment, Course, Membership, Submission
from classroom.rules.anonymity import known
from classroom.rules.looks import waits
from classroom.rules.renewal import Moments, work_of
from classroom.rules.scoring import number, number_text
from classroom.rules.total import Rule

PAGE = 100  # students


@dataclass(frozen=True, slots=True)
class Cell:
    """One student's work on one assignment."""

    state: str  # a CSS class
    text: str  # the score, or the state in words
    words: str  # the state in words
    late: bool
    asks: bool = False  # for another look
    before: str = ""  # the score before its late penalty, in words

    def html(self, href: str) -> str:
        """Return it as HTML. `href` is escaped already."""
        words = escape(f"{self.words}. {self.before}" if self.before else self.words)
        text = escape(self.text)
        # A name that holds what is seen, so that one who speaks to the page is understood.
        named = f' aria-label="{text}, {words}" title="{words}"' if self._has_score else ""
        link = f'<a class="cell {self.state}" href="{href}"{named}>{text}</a>'
        return f"<td>{link}{self._tags}</td>"

    def entry_html(self, assignment: int, student: int, value: str, work: str) -> str:
        """Return it as a cell of the table that scores are typed into."""
        return (
            f'<td class="entry" tabindex="-1" data-assignment="{assignment}" '
            f'data-student="{student}" data-value="{value}" data-work="{work}">'
            f'<span class="cell {self.state}" title="{escape(self.words)}">'
            f"{escape(self.text)}</span>"
            f"{self._tags}</td>"
        )

    @property
    def _has_score(self) -> bool:
        return self.text != self.words

    @property
    def _tags(self) -> str:
        tags = []
        if self.late:
            tags.append(_tag(_("late")))
        if self._has_score and self.state == "again":
            tags.append(_tag(pgettext("work", "new"), self.words))
        if self.asks:
            tags.append(_tag(pgettext("tag", "look"), _("Asked for another look")))
        return "".join(tags)


def _tag(text: str, title: str = "") -> str:
    titled = f' title="{escape(title)}"' if title else ""
    return f' <span class="tag warn"{titled}>{escape(text)}</span>'


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

    def __init__(
        self, course: Course, wanted: Filter, page: str = "1", *, entering: bool = False
    ) -> None:
        self.course = course
        self.wanted = wanted
        self._number = page
        self._entering = entering  # whether scores are typed into it

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
            Column(each, number_text(each.points), self.wanted.sorted_by(str(each.pk)).query)
            for each in self.assignments
        ]

    @cached_property
    def rows(self) -> list[Row]:
        """The students of the page with their work."""
        students = list(self.page.object_list)
        work = self.work_of([student.pk for student in students])
        now = timezone.now()
        query = escape(self.wanted.query and f"?{self.wanted.query}")
        base = f"/courses/{self.course.pk}/assignments"
        places = [(f"{base}/{each.pk}/grade/", each.pk) for each in self.assignments]
        rows = []
        for student in students:
            mine = work.get(student.pk, {})
            # By hand: a template takes ten times as long for them.
            if self._entering:
                cells = [
                    self._hidden(mine, pk) or _entry(mine.get(pk), now, pk, student.pk)
                    for _, pk in places
                ]
            else:
                cells = [
                    self._hidden(mine, pk)
                    or cell_of(mine.get(pk), now).html(f"{place}{student.pk}{query}")
                    for place, pk in places
                ]
            total = self.rule.total_text(mine.values())
            rows.append(Row(student, mark_safe("".join(cells)), total))  # noqa: S308  see Cell
        return rows

    @cached_property
    def anonymous(self) -> list[Assignment]:
        """The assignments of which there is work whose names are hidden."""
        there = {each.pk for each in self.assignments if each.anonymous}
        works = Submission.objects.filter(assignment__in=there, returned=None)
        hidden = set(works.filter(collected__isnull=False).values_list("assignment", flat=True))
        return [each for each in self.assignments if each.pk in hidden]

    def _hidden(self, mine: dict[int, Work], assignment: int) -> str:
        """Return the cell that says no more than that names are hidden; empty where they are not.

        All work that was not returned looks alike, whether there is any or not.
        """
        if assignment in mine or assignment not in self._anonymous:
            return ""
        words = escape(_("Hidden until returned"))
        return (
            f'<td><span class="cell hidden-name" title="{words}">{escape(_("hidden"))}</span></td>'
        )

    @cached_property
    def _anonymous(self) -> set[int]:
        return {each.pk for each in self.assignments if each.anonymous}

    def work_of(self, students: list[int]) -> dict[int, dict[int, Work]]:
        """Return the work of some students that may be shown by name: by student, by assignment."""
        found: dict[int, dict[int, Work]] = {}
        rows = Submission.objects.filter(
            known(), student__in=students, assignment__in=[each.pk for each in self.assignments]
        )
        for values in rows.annotate(asks=waits()).values_list(*Work._fields):
            each = Work(*values)
            found.setdefault(each.student_id, {})[each.assignment_id] = each
        return found


def work_seen(work: Moments) -> str:
    """Name the work that a cell shows, for whoever types a score for it."""
    since = work_of(work)
    return since.isoformat() if since else ""


def _entry(work: Work | None, now: datetime, assignment: int, student: int) -> str:
    if work is None:
        return '<td><span class="cell not-out">–</span></td>'
    return cell_of(work, now).entry_html(assignment, student, number(work.score), work_seen(work))


def cell_of(work: Work | None, now: datetime) -> Cell:
    """Return what the matrix shows of a work."""
    if work is None:
        return Cell("not-out", "–", _("Not handed out"), False)
    state, words = state_of(work, now)
    text = words if work.score is None else number_text(work.final)
    if state == "not-out" and work.score is None:
        text = "–"
    before = ""
    if work.score is not None and work.penalty:
        before = _("%(before)s less %(penalty)s for being late.") % {
            "before": number_text(work.score),
            "penalty": number_text(work.penalty),
        }
    return Cell(state, text, words, work.late, work.asks, before)
