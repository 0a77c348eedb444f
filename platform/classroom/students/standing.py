"""Where a student stands with an assignment or handout, as the student sees it.

What is not out and not announced is not there at all; what is announced shows its title and when
it comes, and nothing else.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy

from classroom.models import (
    Assignment,
    Membership,
    Snapshot,
    Submission,
    TestRun,
    Transfer,
)
from classroom.pages.text import left
from classroom.rules.counting import counting_of
from classroom.rules.deadlines import came_late, is_late, is_taken, last_moment
from classroom.rules.last_submit import Failure, failure_of, last_submits
from classroom.rules.late_words import (
    Late,
    LateDays,
    cost_text,
    late_days_of,
    late_kept,
    rule_text,
)
from classroom.rules.own_due import OwnDue, own_dues
from classroom.rules.test_runs import runs_of
from classroom.students.receipts import Receipt, receipt_of
from classroom.students.tests import Tests, tests_of

JUST_NOW = timedelta(minutes=2)


class State(StrEnum):
    """One word for it."""

    COMING = "coming"  # not yet out
    ON_ITS_WAY = "on its way"  # out, and not yet in the student's project
    OPEN = "open"
    SUBMITTED = "submitted"
    CLOSED = "closed"  # no longer taken, and not yet collected
    COLLECTED = "collected"
    RETURNED = "returned"


LABELS = {
    State.COMING: pgettext_lazy("state of an assignment", "Not out yet"),
    State.ON_ITS_WAY: pgettext_lazy("state of an assignment", "On its way"),
    State.OPEN: pgettext_lazy("state of an assignment", "In progress"),
    State.SUBMITTED: pgettext_lazy("state of an assignment", "Submitted"),
    State.CLOSED: pgettext_lazy("state of an assignment", "Closed"),
    State.COLLECTED: pgettext_lazy("state of an assignment", "Collected"),
    State.RETURNED: pgettext_lazy("state of an assignment", "Returned"),
}
HANDED_OUT = pgettext_lazy("state of an assignment", "Handed out")


@dataclass(slots=True)
class Standing:
    """One assignment or handout, and where one student stands with it at one moment."""

    submission: Submission
    now: datetime
    snapshots: Sequence[Snapshot] = field(default_factory=list)  # newest first, without files
    submitting: Transfer | None = None  # the last submit
    own_due: OwnDue | None = None  # known on the course's page
    latest: Snapshot | None = None  # the newest snapshot, with its files
    late_days: LateDays | None = None  # of the student; None: the course gives none
    test_runs: Sequence[TestRun] = field(default_factory=list)  # latest first

    @property
    def assignment(self) -> Assignment:
        return self.submission.assignment

    @property
    def state(self) -> State:
        row = self.submission
        if row.returned:
            return State.RETURNED
        if row.collected and not (row.submitted and row.submitted > row.collected):
            return State.COLLECTED
        if row.submitted:
            return State.SUBMITTED
        if row.handed_out:
            open_ = row.assignment.handout or self.is_taken
            return State.OPEN if open_ else State.CLOSED
        out = row.release is None and row.assignment.out is not None
        coming = not out and (self.release or self.now) > self.now
        return State.COMING if coming else State.ON_ITS_WAY

    @property
    def release(self) -> datetime | None:
        """When it comes to this student: the section's release, or everybody's."""
        return self.submission.release or self.assignment.release

    @property
    def label(self) -> str:
        """The state in a word or two for the page."""
        if self.assignment.handout and self.state == State.OPEN:
            return str(HANDED_OUT)
        return str(LABELS[self.state])

    @property
    def is_out(self) -> bool:
        """Whether the student may see what it is about."""
        return self.state != State.COMING

    @property
    def is_taken(self) -> bool:
        """Whether work is taken now."""
        return not self.assignment.handout and is_taken(self.submission, self.now)

    @property
    def is_late(self) -> bool:
        """Whether what counts is late, or, with nothing submitted, whether it would be now."""
        if self.state in (State.COLLECTED, State.RETURNED):
            return self.submission.late
        if self.state == State.SUBMITTED:
            return self.counting is not None and self.counting.late
        return self.state == State.OPEN and is_late(self.submission, self.now)

    @property
    def late_rule(self) -> str:
        """What late work costs, and which late days are left; empty where it costs nothing."""
        rule = rule_text(self.assignment)
        if not rule or self.due is None or not self.is_taken:
            return ""
        return f"{rule} {self.late_days.text}" if self.late_days else rule

    @property
    def late_cost(self) -> str:
        """What it would cost to submit now; empty where that is nothing."""
        if not self.can_submit or self.state in (State.COLLECTED, State.RETURNED):
            return ""
        return cost_text(self.submission, self.now, self.late_days)

    @property
    def returned_late(self) -> Late | None:
        """How the returned score comes about, where the work was late."""
        return late_kept(self.submission.returned_late)

    @property
    def counting(self) -> Snapshot | None:
        """What was submitted and counts."""
        return counting_of(self.submission, self.snapshots)

    @property
    def receipt(self) -> Receipt | None:
        """What the student is told of the newest snapshot."""
        return receipt_of(self.latest, self.assignment.course.zone) if self.latest else None

    @property
    def is_new(self) -> bool:
        """Whether the newest snapshot was taken just now."""
        return self.latest is not None and self.now - self.latest.taken < JUST_NOW

    @property
    def earlier(self) -> Sequence[Snapshot]:
        """What was submitted before the latest."""
        return self.snapshots[1:]

    @property
    def due(self) -> datetime | None:
        """When it is due for this student."""
        return self.submission.due

    @property
    def last_moment(self) -> datetime | None:
        """Until when late work is taken, where that is later than the due time."""
        last = last_moment(self.submission)
        return last if last != self.submission.due else None

    @property
    def left(self) -> str:
        """The time until it is due, in words: "2 days"; empty when it is over, or never due."""
        if self.due is None or self.due < self.now or self.state == State.RETURNED:
            return ""
        return left(self.due - self.now)

    @property
    def can_submit(self) -> bool:
        """Whether *Submit* is there to be pressed."""
        is_over = self.assignment.course.archived is not None
        return bool(self.submission.handed_out) and self.is_taken and not is_over

    @property
    def is_submitting(self) -> bool:
        """Whether a submit is under way."""
        return self.submitting is not None and self.submitting.state in Transfer.ACTIVE

    @property
    def failure(self) -> Failure | None:
        """How the last submit failed, if it did; whatever became of the work meanwhile."""
        return failure_of(self.submitting, self.snapshots[0].taken if self.snapshots else None)

    @property
    def way_on(self) -> str:
        """What to do about a failure where *Submit* is not there any more; else nothing."""
        if self.can_submit:
            return ""
        return _("It is too late to submit again. Show this message to your teacher.")

    @property
    def is_moving(self) -> bool:
        """Whether something is under way that is soon over."""
        return self.is_submitting or self.state == State.ON_ITS_WAY

    @property
    def tests(self) -> Tests | None:
        """What the tests gave for the newest snapshot, where tests run on submit."""
        newest = self.snapshots[0] if self.snapshots else None
        return tests_of(self.assignment, self.test_runs, newest, self.now)

    @property
    def would_be_late(self) -> bool:
        """Whether what is submitted now is late."""
        return is_late(self.submission, self.now)

    @property
    def latest_is_late(self) -> bool:
        """Whether the newest snapshot is late, as it stands now."""
        return bool(self.snapshots) and came_late(self.submission, self.snapshots[0])

    @property
    def finished_late(self) -> bool:
        """Whether the newest snapshot is late though its student pressed in time."""
        return self.latest_is_late and not is_late(self.submission, self.snapshots[0].taken)

    @property
    def is_past(self) -> bool:
        """Whether there is nothing left to do, so that it comes further down."""
        if self.state == State.COLLECTED:
            # What a teacher collects early can be worked on until it is due.
            return self.due is None or self.due < self.now
        return self.state in (State.CLOSED, State.RETURNED)


@dataclass(frozen=True, slots=True)
class CourseStandings:
    """A student's whole course, in the order of the page."""

    to_do: list[Standing]
    handouts: list[Standing]
    past: list[Standing]


def course_standings(student: Membership, now: datetime | None = None) -> CourseStandings:
    """Return where a student stands with all of a course: what is due next comes first."""
    found = standings(Submission.objects.filter(student=student), now)
    dues = own_dues(student, [standing.submission for standing in found])
    newest = [standing.snapshots[0].pk for standing in found if standing.snapshots]
    latest = {row.submission_id: row for row in Snapshot.objects.filter(pk__in=newest)}
    days = late_days_of(student)
    for standing in found:
        standing.late_days = days
        standing.assignment.course = student.course
        standing.submission.student = student
        standing.own_due = dues[standing.assignment.pk]
        standing.latest = latest.get(standing.submission.pk)
    given = [standing for standing in found if standing.assignment.handout]
    work = [standing for standing in found if not standing.assignment.handout]
    return CourseStandings(
        to_do=sorted((row for row in work if not row.is_past), key=_when_due),
        handouts=sorted(given, key=lambda row: row.submission.pk, reverse=True),
        past=sorted((row for row in work if row.is_past), key=_when_due, reverse=True),
    )


def _when_due(standing: Standing) -> tuple[bool, datetime, int]:
    """Order by the due time; what is not out yet comes after what can be worked on."""
    due = standing.due or datetime.max.replace(tzinfo=UTC)
    return not standing.is_out, due, standing.assignment.pk


def seen_by_students() -> Q:
    """Which submissions their students see: what is out, and what its teacher announces."""
    # A section with a release of its own has it from then on, whenever all others do.
    out = Q(release=None, assignment__out__isnull=False) | Q(release__lte=timezone.now())
    there = Q(handed_out__isnull=False) | out
    announced = Q(assignment__announced=True) & (
        Q(assignment__release__isnull=False) | Q(release__isnull=False)
    )
    return Q(assignment__removed=None) & (there | announced)


def standings(
    rows: "QuerySet[Submission]", now: datetime | None = None, *, limit: int | None = None
) -> list[Standing]:
    """Return where students stand with these submissions; four queries, however many."""
    now = now or timezone.now()
    seen = rows.filter(seen_by_students()).select_related("assignment__course")
    found = list(seen[:limit])
    snapshots = _by_submission(found)
    submitting = last_submits(found)
    runs = runs_of(found)
    return [
        Standing(
            row,
            now,
            snapshots[row.pk],
            submitting.get((row.assignment_id, row.student_id)),
            test_runs=runs[row.pk],
        )
        for row in found
    ]


def _by_submission(rows: Iterable[Submission]) -> dict[int, list[Snapshot]]:
    found: dict[int, list[Snapshot]] = defaultdict(list)
    for snapshot in Snapshot.objects.filter(submission__in=[row.pk for row in rows]).defer("files"):
        found[snapshot.submission_id].append(snapshot)
    return found
