"""Assignments and handouts: made, changed, approved, removed and restored.

What students have already got is never taken back by any of it: a change of the files reaches
only those to whom they are handed out anew, and a removed assignment keeps its work.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from classroom.assignments import sources
from classroom.engine.holding import cancel
from classroom.models import Assignment, Course, Submission, Transfer
from classroom.rules import going_out, names
from classroom.rules.anonymity import TOO_LATE, may_begin
from classroom.rules.counting import counting_each
from classroom.rules.deadlines import due_update, submissions_ensure
from classroom.rules.penalties import RULE, is_same, penalties_update
from classroom.rules.source_folder import digest
from classroom.rules.test_runs import TESTS
from classroom.sections import following
from classroom.steps.approved import approved_now, version_of
from embedding.models import Event
from embedding.problems import Problem

Version = Assignment.Version
_NAMES = 1_000  # so many assignments of one title


def assignment_create(course: Course, assignment: Assignment, *, by: User) -> Assignment:
    """Store a new assignment of the course, under a folder's name of its own."""
    assignment.course = course
    for _attempt in range(3):  # where another of this title is made at the same moment
        assignment.folder = free_folder(course, assignment.title)
        try:
            with transaction.atomic():
                assignment.save(force_insert=True)
                submissions_ensure(course)
                _log("course.assignment_created", assignment, by)
            return assignment
        except IntegrityError:
            assignment.pk = None
    raise Problem(
        "exists",
        _("Someone else just created an assignment with this title. Try again."),
        status=409,
    )


def free_folder(course: Course, title: str) -> str:
    """Return a folder's name for a title that no other assignment of the course has.

    None begins with `graded-`: that is where returned work goes.
    """
    base = names.folder_from(title)
    if base.startswith("graded-"):
        base = f"work-{base}"
    taken = set(
        Assignment.objects.filter(course=course, folder__startswith=base).values_list(
            "folder", flat=True
        )
    )
    numbered = (f"{base}-{number}" for number in range(2, _NAMES))
    return next(name for name in [base, *numbered] if name not in taken)


def assignment_change(assignment: Assignment, *, by: User) -> int:
    """Store the changed fields, and follow a changed due time; return how many are told.

    Told are the students who have it: the due time is written into their projects.
    """
    with transaction.atomic(), counted_anew(assignment, by=by):
        was = Assignment.objects.select_for_update(no_key=True).get(pk=assignment.pk)
        if assignment.anonymous and not was.anonymous and not may_begin(was):
            raise ValidationError(str(TOO_LATE))
        assignment.save(
            update_fields=[
                "title",
                "handout",
                "instructions",
                "points",
                "weight",
                "release",
                "announced",
                "due",
                "late_policy",
                "late_until",
                "look_until",
                "anonymous",
                *RULE[1:],
                *TESTS,
            ]
        )
        if not is_same(was, assignment):
            penalties_update(Submission.objects.filter(assignment=assignment))
        if was.anonymous != assignment.anonymous:
            _log("course.names_hidden", assignment, by, hidden=assignment.anonymous)
        if was.due != assignment.due:
            _log(
                "course.due_changed",
                assignment,
                by,
                due=assignment.due.isoformat() if assignment.due else "",
                was=was.due.isoformat() if was.due else "",
            )
        # A changed release moves the due times of those who have longer by a percentage.
        moved = due_update(assignment)
        return following.told_in_project(assignment.course, moved, by=by)


@contextmanager
def counted_anew(assignment: Assignment, *, by: User) -> Iterator[None]:
    """Collect again, of work that was collected, where the block lets another submission count."""
    rows = Submission.objects.filter(assignment=assignment)
    before = counting_each(rows)
    yield
    now = counting_each(rows)
    others = [work for work, snapshot in now.items() if before.get(work) != snapshot]
    following.collect_again(assignment.course, others, by=by)


def assignment_approve(assignment: Assignment, seen: str, *, by: User, allow: bool = False) -> None:
    """Let the files be handed out that the teacher has seen, and grade by their sources.

    `seen` is what `seen_of` gave; `allow` says that all that was found in them may go out. Problem
    `changed` where the files have changed since, `not_decided` where something was found.
    """
    sources.files_check(assignment, by=by)
    with transaction.atomic():
        row = Assignment.objects.select_for_update(no_key=True).get(pk=assignment.pk)
        if row.version not in (Version.CHECK, Version.READY) or seen_of(row) != seen:
            raise Problem(
                "changed",
                _("The files have changed since you looked at them. Please look again."),
                status=409,
            )
        found = going_out.open_of(row.going_out)
        if found:
            if not allow:
                raise Problem(
                    "not_decided",
                    _("First tick that students may get these files, or take the files out."),
                    status=409,
                )
            row.going_out = going_out.allowed(
                row.going_out, by=by.get_full_name() or by.get_username()
            )
        row.version = Version.READY
        if row.version_report:
            row.version_report["approved"] = digest(row.files)
        row.approved = approved_now(row, by=by.get_username())
        row.save(update_fields=["version", "version_report", "going_out", "approved"])
        more = {"allowed": [each["path"] for each in found]} if found else {}
        _log("course.version_approved", row, by, version=version_of(row), **more)
    assignment.refresh_from_db()


def seen_of(assignment: Assignment) -> str:
    """Return a hash of what a teacher looks at: a hidden test differs in the sources alone."""
    return digest([*assignment.files, *assignment.sources])


def blocked_reason(assignment: Assignment) -> str:
    """Say why the assignment cannot be handed out now; empty where it can."""
    if assignment.removed is not None:
        return _("It was removed from the course.")
    if assignment.version == Version.READY and assignment.files:
        return ""
    if assignment.version == Version.COPYING:
        return _("Its files are being copied from an earlier course.")
    if assignment.version == Version.MAKING:
        return _("Its student version is being made.")
    if assignment.version == Version.CHECK and not assignment.version_report:
        return _(
            "Its files may contain solutions or hidden tests. First decide whether students may "
            "get them."
        )
    if assignment.version == Version.CHECK:
        return _("First look at its student version and approve it.")
    if assignment.version == Version.FAILED:
        return assignment.version_error or _("Its student version could not be made.")
    return _("It has no files yet.")


def students_with(assignment: Assignment) -> int:
    """Return how many students of the course have it."""
    return Submission.objects.filter(
        assignment=assignment, handed_out__isnull=False, student__removed=None
    ).count()


def assignment_remove(assignment: Assignment, *, by: User) -> None:
    """Take it out of the course. All work is kept; what has not begun does not begin any more."""
    with transaction.atomic():
        here = Assignment.objects.filter(pk=assignment.pk, removed=None)
        if here.update(removed=timezone.now()):
            cancel(Transfer.objects.filter(assignment=assignment))
            _log("course.assignment_removed", assignment, by)


def assignment_restore(assignment: Assignment, *, by: User) -> None:
    """Bring a removed assignment back, as it was."""
    with transaction.atomic():
        if Assignment.objects.filter(pk=assignment.pk, removed__isnull=False).update(removed=None):
            submissions_ensure(assignment.course)
            due_update(assignment)
            _log("course.assignment_restored", assignment, by)
    assignment.refresh_from_db()


def earlier_assignments(course: Course, user: User) -> list[Assignment]:
    """Return the assignments that may be taken over: of all courses where the user is teacher."""
    return list(
        Assignment.objects.filter(
            course__memberships__user=user,
            course__memberships__role="teacher",
            course__memberships__removed=None,
            removed=None,
        )
        .exclude(course=course)
        .select_related("course__project")
        .order_by("-course__created", "course", "title")
    )


def _log(action: str, assignment: Assignment, by: User, **detail: Any) -> None:
    Event.log(
        action,
        str(assignment.course)[:300],
        actor=by.get_username(),
        course=assignment.course_id,
        assignment=assignment.title,
        folder=assignment.folder,
        **detail,
    )
