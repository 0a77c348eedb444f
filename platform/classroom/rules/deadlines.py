"""When work is due, late, and no longer taken. All times are moments; zones are for people.

A student's own due time comes about like this:

* It is the section's where the student's section has one of its own, else the assignment's. Where
  that is none, there is no due time, and nothing to lengthen.
* An accommodation lengthens it (`rules.accommodations`), counted from the section's release, else
  the assignment's, else from when it went out to all, else from when it was made.
* An extension is a moment of its own. It is never to a student's disadvantage: of all these the
  latest counts.

`own_times_update` writes it down as `Submission.due`, whenever one of them has changed; with
it the section's own release as `Submission.release`. Everything else follows from these two.

Work that comes up to and at the own due time is in time. Later work is late, and is taken as the
assignment's policy says: not at all, until a last moment (never before the student's own due
time), or always.

When work comes:

1. A submission comes when its copy is finished: until then programs in the student's project may
   change it. Where the student pressed before, `GRACE` is left for the copying. So it is in time
   when it is finished by the due time, or was pressed by then and finished at most `GRACE` later.
2. A folder that is collected when it is due is in time where we asked within `AT_THE_DUE_TIME`,
   which is our own waiting, and the project said within `GRACE` what is in it (by hashes, so that
   what is sent afterwards is just that). A project that takes longer has come when it answers.
3. A folder that is collected later is what it was then, and in time, where its hashes say so; else
   it came when the student's project says that it was saved last.
4. What came in time stays so, though the due time be moved back. What came late is late as long as
   it came after the due time as that is now.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q, QuerySet

from classroom.models import (
    Accommodation,
    Assignment,
    Course,
    Extension,
    Membership,
    Role,
    SectionDates,
    Snapshot,
    Submission,
    section_key,
)
from classroom.rules.accommodations import longest
from classroom.rules.penalties import penalties_update

LatePolicy = Assignment.LatePolicy

GRACE = timedelta(seconds=30)  # for a copy that began in time
_PART = 500  # rows a query
AT_THE_DUE_TIME = timedelta(minutes=10)  # until all of a large class were asked


def came(snapshot: Snapshot) -> datetime:
    """Return the moment at which a submission came, which is what the due time is compared with."""
    if snapshot.finished is None:
        return snapshot.taken
    return max(snapshot.taken, snapshot.finished - GRACE)


def came_late(submission: Submission, snapshot: Snapshot) -> bool:
    """Whether a submission is late as it stands now: it was when it came, and still would be."""
    return snapshot.late and is_late(submission, came(snapshot))


def is_late(submission: Submission, at: datetime) -> bool:
    """Whether work that comes at this moment is late."""
    return submission.due is not None and at > submission.due


def is_early(submission: Submission, at: datetime) -> bool:
    """Whether the student still has time at this moment: it is collected when it is due."""
    return submission.due is not None and at < submission.due


def last_moment(submission: Submission) -> datetime | None:
    """Return until when work is taken; None where it always is."""
    assignment = submission.assignment
    if submission.due is None or assignment.late_policy == LatePolicy.ANY:
        return None
    if assignment.late_policy == LatePolicy.UNTIL and assignment.late_until:
        return max(submission.due, assignment.late_until)
    return submission.due


def is_taken(submission: Submission, at: datetime) -> bool:
    """Whether work that comes at this moment is taken."""
    last = last_moment(submission)
    return last is None or at <= last


def is_out(now: datetime) -> Q:
    """Return the condition that a submission's assignment is out for its student.

    A section with a release of its own has it from then on. All others have it from everybody's
    release on, or from when it was handed out to all.
    """
    everybodys = Q(assignment__out__isnull=False) | Q(assignment__release__lte=now)
    return Q(release__lte=now) | (Q(release=None) & everybodys)


@dataclass(frozen=True, slots=True)
class Moved:
    """A submission whose own due time has moved."""

    submission: int
    assignment: int
    student: int
    before: datetime | None
    due: datetime | None


def submissions_ensure(course: Course, students: Iterable[int] | None = None) -> None:
    """Make sure that the course's students, or these of them, have a row for each assignment."""
    members = Membership.objects.filter(course=course, role=Role.STUDENT, removed=None)
    rows = Submission.objects.filter(assignment__course=course)
    if students is not None:
        students = list(students)
        members, rows = members.filter(pk__in=students), rows.filter(student__in=students)
    with transaction.atomic():
        # Held until the rows are there, so that no due time changes between reading and writing.
        own = _OwnTimes(course, students=students)
        there = set(rows.values_list("assignment_id", "student_id"))
        missing = [
            (assignment, student)
            for student in members.values_list("pk", flat=True)
            for assignment in own.assignments.values()
            if assignment.removed is None and (assignment.pk, student) not in there
        ]
        if not missing:
            return
        Submission.objects.bulk_create(
            (
                Submission(assignment=assignment, student_id=student, release=release, due=due)
                for assignment, student in missing
                for release, due in [own.of(assignment.pk, student)]
            ),
            ignore_conflicts=True,
            batch_size=500,
        )


def due_update(assignment: Assignment, students: Iterable[int] | None = None) -> list[Moved]:
    """Do `own_times_update` for one assignment."""
    return own_times_update(assignment.course, assignments=[assignment.pk], students=students)


def own_times_update(
    course: Course,
    *,
    assignments: Iterable[int] | None = None,
    students: Iterable[int] | None = None,
) -> list[Moved]:
    """Write each student's own times down, of these assignments and students; None: of all.

    Whether what was collected is late follows at once. All is read from the database, so that of
    two teachers who save at once none writes what the other has changed. Returned are those whose
    due time has moved. The number of queries grows with the different moments there are, and with
    each couple of hundred students whose times are nobody else's.
    """
    with transaction.atomic():
        changes = own_times_changes(course, assignments=assignments, students=students)
        changes.write()
    return changes.moved


class Changes:
    """What of students' own times is no longer as it is written down, found in a transaction."""

    def __init__(self, rows: QuerySet[Submission], own: "_OwnTimes") -> None:
        self.moved: list[Moved] = []
        self._rows = rows
        self._new: dict[tuple[datetime | None, datetime | None], list[int]] = defaultdict(list)
        for pk, assignment, student, *before in rows.values_list(
            "pk", "assignment_id", "student_id", "release", "due"
        ):
            release, due = own.of(assignment, student)
            if before != [release, due]:
                self._new[release, due].append(pk)
            if before[1] != due:
                self.moved.append(Moved(pk, assignment, student, before[1], due))

    def write(self) -> None:
        """Write them down, within the same transaction."""
        alone = []
        for (release, due), pks in self._new.items():
            if len(pks) == 1:
                alone.append(Submission(pk=pks[0], release=release, due=due))
                continue
            for start in range(0, len(pks), _PART):
                part = Submission.objects.filter(pk__in=pks[start : start + _PART])
                part.update(release=release, due=due)
        if alone:
            Submission.objects.bulk_update(alone, ["release", "due"], batch_size=_PART)
        lateness_update(self._rows)


def own_times_changes(
    course: Course,
    *,
    assignments: Iterable[int] | None = None,
    students: Iterable[int] | None = None,
) -> Changes:
    """Find what `own_times_update` would write; the assignments are held."""
    assignments = None if assignments is None else list(assignments)
    students = None if students is None else list(students)
    rows = Submission.objects.filter(assignment__course=course)
    if assignments is not None:
        rows = rows.filter(assignment__in=assignments)
    if students is not None:
        rows = rows.filter(student__in=students)
    return Changes(rows, _OwnTimes(course, assignments=assignments, students=students))


def dues_without_extension(
    assignment: Assignment, students: Iterable[int]
) -> dict[int, datetime | None]:
    """Return when it is due for each of these students where no extension is given."""
    chosen = list(students)
    with transaction.atomic():
        own = _OwnTimes(assignment.course, assignments=[assignment.pk], students=chosen)
        return {pk: own.without_extension(assignment.pk, pk)[1] for pk in chosen}


def lateness_update(rows: QuerySet[Submission]) -> None:
    """Write down whether what was collected is late, by when it came and by when it is due now.

    And what that costs.
    """
    rows.filter(late=False, came__gt=F("due")).update(late=True)
    rows.filter(Q(due=None) | Q(came__lte=F("due")), late=True).update(late=False)
    penalties_update(rows)


class _OwnTimes:
    """All that students' own times come of, read and held within a transaction."""

    def __init__(
        self,
        course: Course,
        *,
        assignments: list[int] | None = None,
        students: list[int] | None = None,
    ) -> None:
        held = Assignment.objects.filter(course=course)
        held = held.select_for_update(no_key=True).order_by("pk")
        sections = SectionDates.objects.filter(assignment__course=course)
        extensions = Extension.objects.filter(assignment__course=course)
        members = Membership.objects.filter(course=course)
        longer = Accommodation.objects.filter(student__course=course)
        if assignments is not None:
            held = held.filter(pk__in=assignments)
            sections = sections.filter(assignment__in=assignments)
            extensions = extensions.filter(assignment__in=assignments)
        if students is not None:
            members = members.filter(pk__in=students)
            extensions = extensions.filter(student__in=students)
            longer = longer.filter(student__in=students)
        self.assignments = {each.pk: each for each in held}
        self._zone = course.zone
        self._dates = {(each.assignment_id, section_key(each.section)): each for each in sections}
        self._extended = {(each.assignment_id, each.student_id): each.due for each in extensions}
        self._section = {
            pk: section_key(name) for pk, name in members.values_list("pk", "section") if name
        }
        self._longer: dict[int, list[Accommodation]] = defaultdict(list)
        for each in longer:
            self._longer[each.student_id].append(each)

    def of(self, assignment: int, student: int) -> tuple[datetime | None, datetime | None]:
        """Return a student's own release, where the section has one, and own due time."""
        release, due = self.without_extension(assignment, student)
        if due is not None:
            due = max(due, self._extended.get((assignment, student), due))
        return release, due

    def without_extension(
        self, assignment: int, student: int
    ) -> tuple[datetime | None, datetime | None]:
        """Return the same, as it is where no extension is given."""
        row = self.assignments[assignment]
        section = self._section.get(student)
        dates = self._dates.get((assignment, section)) if section else None
        release = dates.release if dates else None
        due = (dates.due if dates else None) or row.due
        if due is None or row.handout:
            return release, None
        if longer := self._longer.get(student):
            start = release or row.release or row.out or row.created
            due = longest(due, longer, start=start, zone=self._zone)
        return release, due
