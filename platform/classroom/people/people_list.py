"""The people of a course as its staff see them: one query a page, however many they are."""

from dataclasses import dataclass

from django.db.models import Case, Count, Max, OuterRef, Q, QuerySet, Subquery, When
from django.db.models.functions import Lower
from django.utils import timezone

from classroom.models import Course, Kind, Membership, Role, Transfer
from classroom.pages.sections import seen
from classroom.pages.text import ago
from classroom.people.proving import unproven_of
from embedding.models import EmbedSession

READY, COMING, FAILED = "ready", "coming", "failed"


@dataclass(frozen=True, slots=True)
class Filter:
    """What to show; empty means all who are in the course."""

    text: str = ""
    role: str = ""  # a role, or "removed"
    state: str = ""  # of what CoCalc keeps: ready, coming, failed
    section: str = ""  # as `pages.sections` names it


@dataclass(frozen=True, slots=True)
class Person:
    """One line."""

    membership: Membership
    state: str
    error: str
    opened: str  # how long ago; empty for not yet
    unproven: bool  # the e-mail address


def people(course: Course, wanted: Filter) -> QuerySet[Membership]:
    """Return the memberships to show, staff first, then by name; `person` makes lines of them."""
    rows = Membership.objects.filter(
        _theirs(course), course=course, removed__isnull=wanted.role != "removed"
    )
    if wanted.section:
        rows = rows.filter(seen(course, section=wanted.section), role=Role.STUDENT)
    if wanted.role in Role.values:
        rows = rows.filter(role=wanted.role)
    for word in wanted.text.split()[:8]:
        rows = rows.filter(
            Q(user__username__icontains=word)
            | Q(user__first_name__icontains=word)
            | Q(user__last_name__icontains=word)
            | Q(user__email__icontains=word)
            | Q(number__icontains=word)
            | Q(section__icontains=word)
        )
    last = Transfer.objects.filter(member=OuterRef("pk"), kind=Kind.PREPARE).order_by("-pk")
    opened = (
        EmbedSession.objects.filter(project=OuterRef("project"), user=OuterRef("user"))
        .order_by()
        .values("project")
    )
    rows = rows.annotate(
        preparing=Subquery(last.values("state")[:1]),
        preparing_error=Subquery(last.values("error")[:1]),
        opened=Subquery(opened.annotate(at=Max("started")).values("at")),
    )
    failed = Q(prepared=None, preparing=Transfer.State.FAILED)
    if wanted.state == READY:
        rows = rows.filter(prepared__isnull=False)
    elif wanted.state == FAILED:
        rows = rows.filter(failed)
    elif wanted.state == COMING:
        never = Q(preparing=None)
        rows = rows.filter(never | ~Q(preparing=Transfer.State.FAILED), prepared=None)
    return rows.select_related("user__unproven_address", "project").order_by(
        Case(When(role=Role.TEACHER, then=0), When(role=Role.ASSISTANT, then=1), default=2),
        Lower("user__last_name"),
        Lower("user__first_name"),
        "user__username",
    )


def _theirs(course: Course) -> Q:
    """Return the condition of whom the reader sees: the staff, and the own students."""
    if course.only_sections is None:  # an empty condition, of which an “or” makes the other
        return Q()
    return seen(course) | ~Q(role=Role.STUDENT)


def person(row: Membership) -> Person:
    """Make a line of a row that `people` returned."""
    given = vars(row)
    failed = given["preparing"] == Transfer.State.FAILED
    state = READY if row.prepared else FAILED if failed else COMING
    waits = state == COMING and given["preparing_error"]
    error = given["preparing_error"] if failed or waits else ""
    unproven = unproven_of(row.user) is not None
    last = given["opened"]
    opened = ago((timezone.now() - last).total_seconds()) if last else ""
    return Person(row, state, error or "", opened, unproven)


def failed_to_prepare(course: Course) -> QuerySet[Membership]:
    """Return those for whom it has to be tried again."""
    return people(course, Filter(state=FAILED))


@dataclass(frozen=True, slots=True)
class Tally:
    """How many there are."""

    staff: int
    students: int
    removed: int
    prepared: int
    failed: int

    @property
    def coming(self) -> int:
        """How many are still to be prepared."""
        return self.staff + self.students - self.prepared - self.failed


def tally(course: Course) -> Tally:
    """Count the people of a course."""
    here = Q(removed=None)
    found = Membership.objects.filter(_theirs(course), course=course).aggregate(
        all_staff=Count("pk", filter=here & ~Q(role=Role.STUDENT)),
        all_students=Count("pk", filter=here & Q(role=Role.STUDENT)),
        all_removed=Count("pk", filter=~here),
        all_prepared=Count("pk", filter=here & Q(prepared__isnull=False)),
    )
    return Tally(
        staff=found["all_staff"],
        students=found["all_students"],
        removed=found["all_removed"],
        prepared=found["all_prepared"],
        failed=failed_to_prepare(course).count(),
    )
