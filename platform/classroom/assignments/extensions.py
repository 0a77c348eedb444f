"""Extensions: a later due time for one student, who sees it and its reason."""

from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction

from classroom.assignments.assignments import counted_anew, due_changed
from classroom.models import Assignment, Extension, Membership
from classroom.notices.telling import tell_more_time
from embedding.models import Event


def extension_set(
    assignment: Assignment, student: Membership, *, due: datetime, reason: str, by: User
) -> Extension:
    """Give a student more time, or change what was given; those who have the files are told.

    ValueError, with a sentence, where there is nothing to extend.
    """
    if assignment.handout or assignment.due is None:
        raise ValueError("It has no due time that could be extended.")
    if due <= assignment.due:
        raise ValueError("An extension ends later than the assignment is due.")
    with transaction.atomic(), counted_anew(assignment, student, by=by):
        rows = Extension.objects.filter(assignment=assignment, student=student)
        before = rows.values_list("due", flat=True).first()
        extension, _ = Extension.objects.update_or_create(
            assignment=assignment,
            student=student,
            defaults={"due": due, "reason": reason, "granted_by": by},
        )
        due_changed(assignment, [student.pk], by=by)
        if before is None or due > before:
            tell_more_time(assignment, [student.pk])
        _log("course.extension_given", extension, by, due=due.isoformat())
    return extension


def extension_remove(extension: Extension, *, by: User) -> None:
    """Take an extension back: the assignment's due time is the student's again."""
    assignment, student = extension.assignment, extension.student
    with transaction.atomic(), counted_anew(assignment, student, by=by):
        _log("course.extension_removed", extension, by, due=extension.due.isoformat())
        extension.delete()
        due_changed(assignment, [student.pk], by=by)


def _log(action: str, extension: Extension, by: User, *, due: str) -> None:
    Event.log(
        action,
        str(extension.assignment.course)[:300],
        actor=by.get_username(),
        assignment=extension.assignment.folder,
        student=extension.student.user.get_username(),
        due=due,
    )
