"""Extensions: a later due time for some students, who see it and its reason."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy

from classroom.models import Assignment, Course, Extension, Membership, Submission
from classroom.rules.accommodations import later_by
from classroom.rules.deadlines import dues_without_extension, submissions_ensure
from classroom.sections.following import follow
from embedding.models import Event

NOTHING = gettext_lazy("This has no due time, so there is nothing to extend.")
TOO_EARLY = gettext_lazy("The new due time must be later than the one without an extension.")

# From a student's own due time to the one that is given.
When = Callable[[datetime], datetime]


@dataclass(frozen=True, slots=True)
class Given:
    """Who has got more time, and for whom it changed nothing."""

    later: Sequence[Membership]
    unchanged: Sequence[Membership]


def until(due: datetime) -> When:
    """Return the way to a due time that is the same for all."""
    return lambda own: due


def longer_by(course: Course, *, days: int, hours: int) -> When:
    """Return the way to a due time so much after each one's own: days are the calendar's."""
    return lambda own: later_by(own, days=days, hours=hours, zone=course.zone)


def extensions_give(
    assignment: Assignment, students: Iterable[Membership], when: When, *, reason: str, by: User
) -> Given:
    """Give students more time, all at once, or change what was given; they are told.

    A moment that is no later than a student's own due time changes nothing, and is not kept: the
    own one counts with an extension that there is already, so “two days longer” twice is four days.
    ValueError, with a sentence, where there is nothing to extend.
    """
    chosen = {student.pk: student for student in students}
    if assignment.handout:
        raise ValueError(str(NOTHING))
    with transaction.atomic():
        Assignment.objects.select_for_update(no_key=True).get(pk=assignment.pk)
        submissions_ensure(assignment.course, chosen)
        rows = Submission.objects.filter(assignment=assignment, student__in=chosen)
        own = {pk: due for pk, due in rows.values_list("student", "due") if due is not None}
        if not own:
            raise ValueError(str(NOTHING))
        later = {pk: due for pk, before in own.items() if (due := when(before)) > before}
        _write(assignment, {chosen[pk]: due for pk, due in later.items()}, reason, by)
        follow(assignment.course, assignments=[assignment.pk], students=later, by=by, tells=True)
    return Given(
        [student for pk, student in chosen.items() if pk in later],
        [student for pk, student in chosen.items() if pk not in later],
    )


def extension_set(
    assignment: Assignment, student: Membership, *, due: datetime, reason: str, by: User
) -> Extension:
    """Give one student a due time of their own, or change what was given, also to an earlier one.

    ValueError, with a sentence, where there is nothing to extend.
    """
    base = dues_without_extension(assignment, [student.pk])[student.pk]
    if assignment.handout or base is None:
        raise ValueError(str(NOTHING))
    if due <= base:
        raise ValueError(str(TOO_EARLY))
    with transaction.atomic():
        _write(assignment, {student: due}, reason, by)
        follow(
            assignment.course,
            assignments=[assignment.pk],
            students=[student.pk],
            by=by,
            tells=True,
        )
    return Extension.objects.get(assignment=assignment, student=student)


def extension_remove(extension: Extension, *, by: User) -> None:
    """Take an extension back: the due time is the student's again that they had without it."""
    assignment, student = extension.assignment, extension.student
    with transaction.atomic():
        _log("course.extension_removed", assignment, {student: extension.due}, by)
        extension.delete()
        follow(assignment.course, assignments=[assignment.pk], students=[student.pk], by=by)


def moot_extensions(assignment: Assignment) -> list[Extension]:
    """Return the extensions that give nothing: everybody's, or the section's, is no earlier."""
    given = list(Extension.objects.filter(assignment=assignment).select_related("student__user"))
    without = dues_without_extension(assignment, [each.student_id for each in given])
    dues = ((each, without[each.student_id]) for each in given)
    return [each for each, due in dues if due is None or each.due <= due]


def _write(
    assignment: Assignment, dues: Mapping[Membership, datetime], reason: str, by: User
) -> None:
    Extension.objects.bulk_create(
        (
            Extension(
                assignment=assignment,
                student=student,
                due=due,
                reason=reason,
                granted_by=by,
                granted=timezone.now(),
            )
            for student, due in dues.items()
        ),
        update_conflicts=True,
        unique_fields=["assignment", "student"],
        update_fields=["due", "reason", "granted_by", "granted"],
    )
    _log("course.extension_given", assignment, dues, by)


def _log(
    action: str, assignment: Assignment, dues: Mapping[Membership, datetime], by: User
) -> None:
    Event.objects.bulk_create(
        Event.made(
            action,
            str(assignment.course),
            actor=by.get_username(),
            course=assignment.course_id,
            assignment=assignment.folder,
            student=student.user.get_username(),
            due=due.isoformat(),
        )
        for student, due in dues.items()
    )
