"""Walking from student to student while giving scores."""

from dataclasses import dataclass

from classroom.grading.selection import Filter, matching, ordered
from classroom.models import Assignment, Membership


@dataclass(frozen=True, slots=True)
class Place:
    """Where a student stands among those that a filter shows."""

    previous: int | str | None  # a student's id; a work's code where names are hidden
    next: int | str | None
    position: int  # from 1; 0 where the filter does not show this one
    count: int


def place_of(assignment: Assignment, student: Membership, wanted: Filter) -> Place:
    """Find the neighbours of a student in the matrix's order, also of one no longer shown.

    A student just graded is no longer “to grade”, and yet *next* goes on from there.
    """
    everybody = list(ordered(assignment.course, wanted).values_list("pk", flat=True))
    shown = set(matching(assignment.course, wanted, assignment).values_list("pk", flat=True))
    if student.pk not in everybody:  # removed from the course
        return Place(None, None, 0, len(shown))
    here = everybody.index(student.pk)
    before = [pk for pk in everybody[:here] if pk in shown]
    after = [pk for pk in everybody[here + 1 :] if pk in shown]
    return Place(
        before[-1] if before else None,
        after[0] if after else None,
        len(before) + 1 if student.pk in shown else 0,
        len(shown),
    )
