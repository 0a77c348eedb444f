"""A student's own total over a course: of what was returned to them, and of nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from classroom.models import Assignment, Membership, Submission
from classroom.rules.scoring import number_text
from classroom.rules.total import Rule


class _Returned(NamedTuple):
    """A score as `Rule` reads it."""

    assignment_id: int
    final: Decimal | None


@dataclass(frozen=True, slots=True)
class Line:
    """One assignment of the total."""

    assignment: int
    title: str
    score: str  # "7.5 of 10"
    weight: str  # what it counts where weights do; "0" for nothing


@dataclass(frozen=True, slots=True)
class OwnTotal:
    """The total so far, how it comes about, and of what."""

    text: str
    rule: str
    weighted: bool
    lines: Sequence[Line]


def own_total(student: Membership) -> OwnTotal | None:
    """Return a student's total of the scores as they were returned; None while there is none.

    It is the teacher's rule, for scores and points as the student knows them. Of other assignments
    it tells no more than whether any has a weight.
    """
    rows = Submission.objects.filter(student=student, assignment__handout=False)
    rows = rows.filter(assignment__removed=None, returned__isnull=False)
    returned = {row.assignment_id: row for row in rows.exclude(returned_score=None)}
    if not returned:
        return None
    graded = Assignment.objects.filter(course=student.course_id, handout=False, removed=None)
    assignments = list(graded)
    for each in assignments:
        row = returned.get(each.pk)
        if row and row.returned_points is not None:
            each.points = row.returned_points  # what that score was out of
    rule = Rule(assignments)
    own = [each for each in assignments if each.pk in returned]
    text = rule.total_text(_Returned(each.pk, returned[each.pk].returned_score) for each in own)
    return OwnTotal(
        _of_points(text, own) if not rule.weighted else text,
        _said(rule, own),
        rule.weighted,
        [
            Line(
                each.pk,
                each.title,
                _of_points(number_text(returned[each.pk].returned_score), [each]),
                number_text(_weight(each)),
            )
            for each in own
        ],
    )


def _weight(assignment: Assignment) -> Decimal:
    """Return what an assignment counts where weights do."""
    if not assignment.points:
        return Decimal()
    return assignment.points if assignment.weight is None else assignment.weight


def _of_points(score: str, assignments: Sequence[Assignment]) -> str:
    points = [each.points for each in assignments if each.points is not None]
    if len(points) < len(assignments):
        return ngettext("%(points)s point", "%(points)s points", 1 if score == "1" else 2) % {
            "points": score
        }
    most = sum(points, Decimal())
    return ngettext(
        "%(score)s of %(points)s point", "%(score)s of %(points)s points", 1 if most == 1 else 2
    ) % {"score": score, "points": number_text(most)}


def _said(rule: Rule, own: Sequence[Assignment]) -> str:
    if not rule.weighted:
        return _("This is the sum of all scores that you have got back so far.")
    if any(_weight(each) for each in own):
        return _(
            "This is the average of all scores that you have got back so far, in percent. "
            "The higher an assignment’s weight, the more it counts."
        )
    return _("This is the sum of your scores so far. They do not count towards your average.")
