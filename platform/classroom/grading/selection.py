"""Which students and assignments are shown, and in which order.

Filtering and sorting are the database's, so that the number of queries and the work of a page do
not grow with the course.
"""

from dataclasses import dataclass, replace
from urllib.parse import urlencode

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.http import QueryDict

from classroom.grading.work_state import STATES, state_query
from classroom.models import Assignment, Course, Membership, Role, Submission
from classroom.pages.sections import seen
from classroom.rules.anonymity import known
from classroom.rules.penalties import final_score
from classroom.rules.total import Rule

SORTS = ("name", "number", "total")


@dataclass(frozen=True, slots=True)
class Filter:
    """Who is shown, and in which order; `sort` is one of SORTS or an assignment's id, "-": down."""

    text: str = ""
    state: str = ""
    assignment: int | None = None
    sort: str = "name"
    section: str = ""  # as `pages.sections` names it

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
            section=given.get("section", "").replace("\0", "")[:60],
        )

    @property
    def query(self) -> str:
        """The address's query that says it; empty for everybody by name."""
        given = {
            "q": self.text,
            "state": self.state,
            "assignment": self.assignment,
            "sort": "" if self.sort == "name" else self.sort,
            "section": self.section,
        }
        return urlencode({key: value for key, value in given.items() if value})

    @property
    def is_narrow(self) -> bool:
        """Whether it may leave anybody out."""
        return bool(self.text or self.state or self.section)

    def sorted_by(self, field: str) -> "Filter":
        """The same, sorted by a field; by the same field again: the other way round."""
        return replace(self, sort=f"-{field}" if self.sort == field else field)


def graded_assignments(course: Course) -> list[Assignment]:
    """Return the assignments of a course that come back."""
    found = list(Assignment.objects.filter(course=course, handout=False, removed=None))
    for each in found:
        each.course = course
    return found


def students_of(course: Course) -> "QuerySet[Membership]":
    """Return the students of a course, those whom the reader sees."""
    return Membership.objects.filter(seen(course), course=course, role=Role.STUDENT, removed=None)


def matching(
    course: Course, wanted: Filter, assignment: Assignment | None = None
) -> "QuerySet[Membership]":
    """Return the students that a filter shows; with `assignment`, by their work on that one."""
    students = students_of(course)
    if wanted.section:
        students = students.filter(seen(course, section=wanted.section))
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
        ).filter(known(), assignment__removed=None)
        chosen = assignment.pk if assignment else wanted.assignment
        if chosen:
            work = work.filter(assignment=chosen)
        students = students.filter(Exists(work))
    if assignment and assignment.anonymous:
        named = Submission.objects.filter(known(), assignment=assignment)
        students = students.filter(pk__in=named.values("student"))
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
        work = Submission.objects.filter(known(), student=OuterRef("pk"), assignment=int(field))
        counts = work.annotate(counts=final_score()).values("counts")[:1]
        students = students.annotate(score=counts)
        key = F("score")
    # Who has none comes last either way.
    order = key.desc(nulls_last=True) if down else key.asc(nulls_last=True)
    return students.order_by(order, *by_name)


def shown(course: Course, wanted: Filter, rule: Rule | None = None) -> "QuerySet[Membership]":
    """Return the students that a filter shows, in its order."""
    return ordered(course, wanted, rule, matching(course, wanted))


def _id(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and 0 < int(text[:19]) < 2**62 else None
