"""Commands in every project, and the autograder: starting them, and how they went."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.contrib.auth.models import User

from classroom.models import Assignment, Batch, Course, Kind, Membership, Submission, Transfer
from classroom.services.queue import step_start
from embedding.models import Event

State = Transfer.State


@dataclass(frozen=True, slots=True)
class Line:
    """How a run went for one student."""

    transfer: Transfer
    state: str  # "waiting", "running", "good", "failed", "left-out"
    words: str

    @property
    def result(self) -> dict[str, object]:
        """What was kept of it."""
        found = self.transfer.result
        return found if isinstance(found, dict) else {}


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
    Event.log(
        "course.command_run",
        str(course),
        actor=actor.get_username(),
        students=len(members),
        step=batch.pk,
    )
    return batch


def autograde_run(assignment: Assignment, members: Sequence[Membership], *, actor: User) -> Batch:
    """Autograde what is collected from these students."""
    return step_start(
        assignment.course,
        Kind.RUN,
        members,
        actor=actor,
        assignment=assignment,
        options={"autograde": True},
    )


def collected_from(assignment: Assignment, *, ungraded: bool) -> list[Membership]:
    """Return the students whose work is collected; with `ungraded`, those without a score."""
    work = Submission.objects.filter(assignment=assignment, collected__isnull=False)
    if ungraded:
        work = work.filter(score=None)
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
    failed = [line.transfer.member for line in lines_of(batch) if line.state == "failed"]
    members = [member for member in failed if member and member.removed is None]
    return step_start(
        batch.course,
        Kind.RUN,
        members,
        actor=actor,
        assignment=batch.assignment,
        options=batch.options,
    )


def lines_of(batch: Batch) -> list[Line]:
    """Return how a run went for each student, failures first, then by name."""
    transfers = batch.transfers.select_related("member__user")
    lines = [_line(each) for each in transfers]
    order = {"failed": 0, "running": 1, "waiting": 1, "good": 2, "left-out": 3}
    return sorted(lines, key=lambda line: (order[line.state], *_name(line.transfer.member)))


def is_under_way(lines: Iterable[Line]) -> bool:
    """Whether any of it is still to come."""
    return any(line.state in ("waiting", "running") for line in lines)


def _name(member: Membership | None) -> tuple[str, str, str]:
    if member is None:
        return ("", "", "")
    user = member.user
    return (user.last_name.casefold(), user.first_name.casefold(), user.get_username())


def _line(transfer: Transfer) -> Line:
    if transfer.state == State.QUEUED:
        return Line(transfer, "waiting", transfer.error or "Waiting")
    if transfer.state == State.RUNNING:
        return Line(transfer, "running", "Running")
    if transfer.state == State.CANCELLED:
        return Line(transfer, "left-out", transfer.error or "Left out")
    if transfer.state == State.FAILED:
        return Line(transfer, "failed", transfer.error or "Failed")
    result = transfer.result if isinstance(transfer.result, dict) else {}
    if transfer.options.get("autograde"):
        return Line(transfer, "good", _graded(result))
    if result.get("timed_out"):
        return Line(transfer, "failed", "It took too long and was stopped")
    code = result.get("exit_code", 0)
    return Line(transfer, "failed" if code else "good", f"Exit code {code}")


def _graded(result: dict[str, object]) -> str:
    if result.get("manual"):
        return f"{result.get('found')} of {result.get('max')}; the rest is to be graded by hand"
    return f"Score {result.get('score')}"
