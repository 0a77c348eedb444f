"""Commands in every project, and the autograder: starting them, and how they went."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import Any

from django.contrib.auth.models import User
from django.core.paginator import Page, Paginator
from django.db.models import (
    Case,
    Count,
    F,
    IntegerField,
    Max,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    When,
)
from django.urls import reverse
from django.utils.translation import gettext as _

from classroom.engine.queue import step_start
from classroom.models import Assignment, Batch, Course, Kind, Membership, Submission, Transfer
from classroom.pages.sections import seen
from classroom.pages.text import lasted
from classroom.rules.anonymity import called, code_of, in_order
from classroom.rules.renewal import UNTRIED, is_new
from classroom.rules.scoring import number_text
from embedding.models import Event

State = Transfer.State
PAGE = 50  # students of a result
SHOWN = 4_000  # characters of an output in the list

# A command that fails is done as a step, and failed for whoever wanted it run.
FAILED = (
    Q(state=State.FAILED)
    | Q(state=State.DONE, result__timed_out=True)
    | (Q(state=State.DONE, result__has_key="exit_code") & ~Q(result__exit_code=0))
)


@dataclass(frozen=True, slots=True)
class Line:
    """How a run went for one student."""

    transfer: Transfer
    state: str  # "waiting", "running", "good", "held", "failed", "left-out"
    words: str
    hidden: Submission | None = None  # the work, where its name is hidden

    @property
    def name(self) -> str:
        """Whose it is, or what stands for that."""
        if self.hidden:
            return called(self.hidden)
        return self.transfer.member.name if self.transfer.member else ""

    @property
    def href(self) -> str:
        """The address of the work's grading page; empty where there is none."""
        assignment, member = self.transfer.assignment_id, self.transfer.member_id
        if assignment is None or member is None:
            return ""
        if self.hidden:
            args = [self.transfer.course_id, assignment, self.hidden.code]
            return reverse("classroom:grade-hidden", args=args)
        return reverse("classroom:grade", args=[self.transfer.course_id, assignment, member])

    @property
    def result(self) -> dict[str, Any]:
        """What was kept of it."""
        found = self.transfer.result
        return found if isinstance(found, dict) else {}

    @property
    def output(self) -> list[tuple[str, str]]:
        """The beginning of what it printed: ("stdout", …), ("stderr", …), as far as there is."""
        both = ((name, str(self.result.get(name) or "")) for name in ("stdout", "stderr"))
        return [(name, text[:SHOWN]) for name, text in both if text]

    @property
    def score(self) -> str:
        """The score that it gave, for people; empty where it gave none."""
        return _number(self.result.get("score"))

    @property
    def is_long(self) -> bool:
        """Whether more was kept than is shown; without a name nothing leads to it."""
        if self.hidden:
            return False
        return any(len(str(self.result.get(name) or "")) > SHOWN for name in ("stdout", "stderr"))


@dataclass(frozen=True, slots=True)
class Counts:
    """How far a run is."""

    total: int
    ended: int
    failed: int
    took: str  # from the press to the last end, in words; empty while it lasts


def command_run(
    course: Course,
    members: Sequence[Membership],
    *,
    actor: User,
    command: str,
    timeout: int,
    scores: str = "",
    assignment: Assignment | None = None,
) -> Batch:
    """Run a command in these students' projects. Those where another one runs are left to it."""
    options = {"command": command, "timeout": timeout, "scores": scores}
    batch = step_start(
        course, Kind.RUN, members, actor=actor, assignment=assignment, options=options
    )
    _told(batch, "course.command_run", members, actor)
    return batch


def autograde_run(assignment: Assignment, members: Sequence[Membership], *, actor: User) -> Batch:
    """Autograde what is collected from these students."""
    batch = step_start(
        assignment.course,
        Kind.RUN,
        in_order(assignment, members),
        actor=actor,
        assignment=assignment,
        options={"autograde": True},
    )
    _told(batch, "course.autograded", members, actor)
    return batch


def copy_autograde(work: Submission, path: str, copy: str, *, actor: User) -> Batch | None:
    """Autograde one student's file as the notebook whose cells it has, under another name.

    None where the autograder has not named it so.
    """
    copies = work.details.get("copies")
    if not isinstance(copies, dict) or copy not in copies.get(path, []):
        return None
    batch = step_start(
        work.assignment.course,
        Kind.RUN,
        [work.student],
        actor=actor,
        assignment=work.assignment,
        options={"autograde": True, "instead": {path: copy}},
    )
    _told(batch, "course.autograded", [work.student], actor)
    return batch


def collected_from(assignment: Assignment, who: str = "all", section: str = "") -> list[Membership]:
    """Return the students whose work is collected, of all or of one section.

    `who` is "all", "ungraded" (without a score), "untried" (nobody has looked at it, nor has the
    autograder), or "new" (other work since it was graded).
    """
    work = Submission.objects.filter(
        seen(assignment.course, "student__", section=section),
        assignment=assignment,
        collected__isnull=False,
    )
    if who == "ungraded":
        work = work.filter(score=None)
    elif who == "untried":
        work = work.filter(UNTRIED)
    elif who == "new":
        # What was submitted since is to be collected first.
        here = Q(submitted=None) | Q(submitted__lte=F("collected"))
        work = work.filter(is_new(), here)
    students = Membership.objects.filter(
        course=assignment.course, removed=None, pk__in=work.values("student_id")
    )
    return list(students.select_related("user"))


def runs_of(course: Course, assignment: Assignment | None = None) -> list[Batch]:
    """Return the latest runs of a course, or of one assignment."""
    found = Batch.objects.filter(course=course, kind=Kind.RUN).select_related("assignment", "actor")
    if assignment:
        found = found.filter(assignment=assignment)
    return list(found[:10])


def run_again(batch: Batch, *, actor: User) -> Batch:
    """Do a run again for those for whom it failed, and for them alone."""
    members = Membership.objects.filter(
        seen(batch.course), removed=None, pk__in=batch.transfers.filter(FAILED).values("member_id")
    )
    fresh = step_start(
        batch.course,
        Kind.RUN,
        in_order(batch.assignment, members),
        actor=actor,
        assignment=batch.assignment,
        options=batch.options,
    )
    _told(fresh, "course.run_again", members, actor)
    return fresh


def _told(batch: Batch, action: str, members: Iterable[Membership], actor: User) -> None:
    """Write down who had it run, in whose projects."""
    people = list(members)
    Event.log(
        action,
        str(batch.assignment or batch.course),
        actor=actor.get_username(),
        whom=people[0].user.get_username() if len(people) == 1 else "",
        course=batch.course_id,
        students=len(people),
        step=batch.pk,
    )


def transfers_of(batch: Batch) -> "QuerySet[Transfer]":
    """Return the transfers of a run, of the students whom the reader sees."""
    return batch.transfers.filter(seen(batch.course, "member__"))


def counts_of(batch: Batch) -> Counts:
    """Count those for whom it has ended, and those for whom it failed."""
    found = transfers_of(batch).aggregate(
        last_end=Max("ended"),  # before `ended` means another thing here
        total=Count("pk"),
        ended=Count("pk", filter=~Q(state__in=Transfer.ACTIVE)),
        failed=Count("pk", filter=FAILED),
    )
    last_end = found.pop("last_end")
    over = last_end is not None and found["ended"] == found["total"]
    return Counts(**found, took=lasted(last_end - batch.created) if over else "")


def hides(batch: Batch) -> bool:
    """Whether a run is about work whose names may be hidden: what it says is of their grading."""
    return bool(batch.assignment and batch.assignment.anonymous and batch.options.get("autograde"))


def hidden_in(batch: Batch, transfers: Iterable[Transfer]) -> dict[int | None, Submission]:
    """Return the works of these transfers whose names are hidden, by student."""
    if not hides(batch) or batch.assignment is None:
        return {}
    found: dict[int | None, Submission] = {}
    students = [each.member_id for each in transfers]
    works = Submission.objects.filter(assignment=batch.assignment, student__in=students)
    for work in works.filter(returned=None).defer("details"):
        work.assignment = batch.assignment
        code_of(work)
        found[work.student_id] = work
    return found


def page_of(batch: Batch, number: str) -> "Page[Transfer]":
    """Return a page of a run's transfers, failures first, then by name, or by code."""
    rank = Case(
        When(FAILED, then=0),
        When(state__in=Transfer.ACTIVE, then=1),
        When(state=State.DONE, then=2),
        default=3,
        output_field=IntegerField(),
    )
    order = ("user__last_name", "user__first_name", "user__username")
    transfers = transfers_of(batch).select_related("member__user")
    by_name = [f"member__{key}" for key in order]
    if hides(batch):
        works = Submission.objects.filter(assignment=batch.assignment, student=OuterRef("member"))
        code = Subquery(works.filter(returned=None).values("code")[:1])
        transfers = transfers.order_by(rank, code.asc(nulls_last=True), *by_name)
    else:
        transfers = transfers.order_by(rank, *by_name)
    return Paginator(transfers, PAGE).get_page(number)


def lines_of(
    transfers: Iterable[Transfer], hidden: Mapping[int | None, Submission] | None = None
) -> list[Line]:
    """Return how these transfers went; `hidden` is what `hidden_in` gave."""
    works = hidden or {}
    return [replace(_line(each), hidden=works.get(each.member_id)) for each in transfers]


def _line(transfer: Transfer) -> Line:
    if transfer.state == State.QUEUED:
        return Line(transfer, "waiting", transfer.error or _("Waiting"))
    if transfer.state == State.RUNNING:
        return Line(transfer, "running", _("Running"))
    if transfer.state == State.CANCELLED:
        return Line(transfer, "left-out", transfer.error or _("Left out"))
    if transfer.state == State.FAILED:
        return Line(transfer, "failed", transfer.error or _("Failed"))
    result = transfer.result if isinstance(transfer.result, dict) else {}
    if transfer.options.get("autograde"):
        return Line(transfer, "held" if result.get("held") else "good", _graded(result))
    if result.get("timed_out"):
        return Line(transfer, "failed", _("Stopped, because it took too long"))
    code = result.get("exit_code", 0)
    return Line(transfer, "failed" if code else "good", _("Exit code %(code)s") % {"code": code})


def _graded(result: dict[str, object]) -> str:
    if result.get("held"):
        return _("Look at it by hand")
    if result.get("manual"):
        return _("%(found)s of %(most)s. Grade the rest by hand.") % {
            "found": _number(result.get("found")),
            "most": _number(result.get("max")),
        }
    return _("Score %(score)s") % {"score": _number(result.get("score"))}


def _number(kept: object) -> str:
    """Say a score as a step keeps it, "7.5", in the reader's language."""
    try:
        return number_text(Decimal(str(kept)))
    except InvalidOperation:  # none
        return ""
