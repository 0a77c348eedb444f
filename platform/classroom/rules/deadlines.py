"""When work is due, late, and no longer taken. All times are moments; zones are for people.

A student's own due time is the extension's where that is later than the assignment's. Work that
comes up to and at that moment is in time. Later work is late, and is taken as the assignment's
policy says: not at all, until a last moment (never before the student's own due time), or always.

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

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q, QuerySet

from classroom.models import (
    Assignment,
    Course,
    Extension,
    Membership,
    Role,
    Snapshot,
    Submission,
)
from classroom.rules.penalties import penalties_update

LatePolicy = Assignment.LatePolicy

GRACE = timedelta(seconds=30)  # for a copy that began in time
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


def submissions_ensure(course: Course, students: Iterable[int] | None = None) -> None:
    """Make sure that the course's students, or these of them, have a row for each assignment."""
    members = Membership.objects.filter(course=course, role=Role.STUDENT, removed=None)
    rows = Submission.objects.filter(assignment__course=course)
    extensions = Extension.objects.filter(assignment__course=course)
    if students is not None:
        chosen = list(students)
        members = members.filter(pk__in=chosen)
        rows, extensions = rows.filter(student__in=chosen), extensions.filter(student__in=chosen)
    with transaction.atomic():
        # Held until the rows are there, so that no due time changes between reading and writing.
        assignments = list(
            Assignment.objects.select_for_update().filter(course=course, removed=None)
        )
        there = set(rows.values_list("assignment_id", "student_id"))
        extended = {(e.assignment_id, e.student_id): e.due for e in extensions}
        Submission.objects.bulk_create(
            (
                Submission(
                    assignment=assignment,
                    student_id=student,
                    due=_own_due(assignment.due, extended.get((assignment.pk, student))),
                )
                for student in members.values_list("pk", flat=True)
                for assignment in assignments
                if (assignment.pk, student) not in there
            ),
            ignore_conflicts=True,
            batch_size=500,
        )


def due_update(assignment: Assignment, students: Iterable[int] | None = None) -> None:
    """After a due time or an extension changed: write each student's own due time down.

    Whether what was collected is late follows at once. The assignment's due time is read from the
    database, so that of two teachers who save at once none writes what the other has changed.
    """
    rows = Submission.objects.filter(assignment=assignment)
    extensions = Extension.objects.filter(assignment=assignment)
    if students is not None:
        chosen = list(students)
        rows, extensions = rows.filter(student__in=chosen), extensions.filter(student__in=chosen)
    with transaction.atomic():
        due = Assignment.objects.select_for_update().get(pk=assignment.pk).due
        extended = dict(extensions.values_list("student_id", "due"))
        rows.exclude(student__in=list(extended)).update(due=due)
        for student, own in extended.items():
            rows.filter(student=student).update(due=_own_due(due, own))
        lateness_update(rows)


def lateness_update(rows: QuerySet[Submission]) -> None:
    """Write down whether what was collected is late, by when it came and by when it is due now.

    And what that costs.
    """
    rows.filter(late=False, came__gt=F("due")).update(late=True)
    rows.filter(Q(due=None) | Q(came__lte=F("due")), late=True).update(late=False)
    penalties_update(rows)


def _own_due(due: datetime | None, extension: datetime | None) -> datetime | None:
    """An extension is never to a student's disadvantage, whatever becomes of the due time."""
    return due if due is None or extension is None else max(due, extension)
