"""Making assignments once more: their rows here at once, their files by the workers.

Taken over is what a teacher wrote and decided: instructions, points, weights, late rules, tests on
submit, and the files with their approval where they come out byte by byte as they were approved.
Never taken over: people, work, scores, sections and their dates, extensions, notices.
"""

import uuid
from collections.abc import Iterable

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from classroom.assignments.assignments import assignment_create
from classroom.courses.courses import course_create
from classroom.engine import queue
from classroom.models import Assignment, Course, KeptComment, Kind, Transfer
from classroom.rules.penalties import RULE
from classroom.rules.test_runs import TESTS
from classroom.terms.plan import Line
from embedding.models import Event

_TAKEN = (
    "title",
    "handout",
    "instructions",
    "points",
    "weight",
    "announced",
    "anonymous",
    *RULE,
    *TESTS,
)


def assignments_to_copy(course: Course) -> list[Assignment]:
    """Return the assignments and handouts of a course that were not removed."""
    found = list(Assignment.objects.filter(course=course, removed=None))
    for each in found:
        each.course = course
    return found


def course_copy(
    earlier: Course, lines: Iterable[Line], *, asked: uuid.UUID, title: str, term: str, by: User
) -> Course:
    """Make a course after an earlier one, with `by` as its only teacher.

    Whoever sends one form (`asked`) twice, even at the same moment, gets one course.
    """
    uid = uuid.uuid5(asked, str(by.pk))  # so that it is nobody else's, whatever was sent
    made = Course.objects.filter(uid=uid).first()
    if made is None:
        try:
            made = _course_copy(earlier, lines, uid=uid, title=title, term=term, by=by)
        except IntegrityError:
            made = Course.objects.get(uid=uid)
    return made


def _course_copy(
    earlier: Course, lines: Iterable[Line], *, uid: uuid.UUID, title: str, term: str, by: User
) -> Course:
    with transaction.atomic():
        made = course_create(
            by,
            uid=uid,
            title=title,
            term=term,
            time_zone=earlier.time_zone,
            description=earlier.description,
        )
        made.late_days = earlier.late_days
        made.save(update_fields=["late_days"])
        KeptComment.objects.bulk_create(
            KeptComment(course=made, text=kept.text)
            for kept in KeptComment.objects.filter(course=earlier).order_by("used", "pk")
        )
        copies = assignments_copy(made, lines, by=by)
        Event.log(
            "course.copied",
            str(made),
            actor=by.get_username(),
            course=made.pk,
            earlier=earlier.pk,
            assignments=len(copies),
        )
    return made


def assignments_copy(course: Course, lines: Iterable[Line], *, by: User) -> list[Assignment]:
    """Make these assignments in the course, each in a folder of its own; their files follow."""
    made = []
    with transaction.atomic():
        for line in lines:
            earlier = line.earlier
            fields = {name: getattr(earlier, name) for name in _TAKEN}
            has_files = bool(earlier.sources or earlier.files)
            has_files |= earlier.version == Assignment.Version.COPYING
            version = Assignment.Version.COPYING if has_files else Assignment.Version.MISSING
            fresh = Assignment(**fields, **line.dates, version=version)
            made.append(assignment_create(course, fresh, by=by))
            if has_files:
                _bring(fresh, {"from": earlier.pk, "by": by.pk})
    return made


def copy_again(assignment: Assignment) -> bool:
    """Copy the files once more where that failed; False where nobody knows any more from where."""
    last = Transfer.objects.filter(assignment=assignment, kind=Kind.BRING).first()
    if assignment.version == Assignment.Version.COPYING and last:
        _bring(assignment, last.options)
    return last is not None


def _bring(assignment: Assignment, options: dict[str, int]) -> None:
    queue.transfer_add(
        assignment.course, Kind.BRING, assignment=assignment, options=options, priority=queue.USUAL
    )
