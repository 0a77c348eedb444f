"""Which work a grading page is about: by its student, or by its code while the name is hidden."""

from copy import copy
from dataclasses import dataclass
from datetime import datetime

from django.http import Http404
from django.urls import reverse
from django.utils import timezone

from classroom.grading.neighbours import Place
from classroom.grading.work_state import STATES, state_of
from classroom.models import Assignment, Course, Membership, Submission
from classroom.pages.access import submission_of
from classroom.pages.sections import seen
from classroom.rules.anonymity import called, hidden_of, refuse_hidden

# What may be known of a work without a name; when it came is told beside the name.
SHOWN_STATES = ("to-grade", "again", "held", "graded")


def shown_by_name(assignment: Assignment, student: Membership) -> Submission:
    """Return where a student's work stands; NamesHidden while nobody may see whose it is."""
    found = submission_of(assignment, student)
    if not assignment.handout:
        refuse_hidden(found)
    return found


def shown_by_code(course: Course, assignment: Assignment, code: str) -> Submission:
    """Return the work of this code, also of one returned since; Http404 where there is none."""
    found = (
        Submission.objects.filter(seen(course, "student__"), assignment=assignment, code=code)
        .exclude(code="")
        .filter(collected__isnull=False)
        .select_related("student__user", "student__project")
        .first()
    )
    if found is None:
        raise Http404
    found.assignment, found.student.course = assignment, course
    return found


@dataclass(frozen=True, slots=True)
class Nameless:
    """A work as the list without names shows it."""

    work: Submission
    name: str  # “Student 7F3K”
    state: str
    words: str


def nameless(course: Course, assignment: Assignment, state: str = "") -> list[Nameless]:
    """Return the works whose names are hidden, by code; of one of SHOWN_STATES, or all."""
    works = hidden_of(assignment).filter(seen(course, "student__")).defer("details")
    now = timezone.now()
    found = []
    for work in works:
        work.assignment = assignment
        each = Nameless(work, called(work), *state_without_name(work, now))
        if not state or each.state == state:
            found.append(each)
    return found


def state_without_name(work: Submission, now: datetime) -> tuple[str, str]:
    """Return where a work stands, as `state_of`; that it was submitted again is told by name."""
    masked = copy(work)
    masked.submitted = None
    state, words = state_of(masked, now)
    return (state, words) if state in SHOWN_STATES else ("to-grade", str(STATES["to-grade"]))


def nameless_place(course: Course, work: Submission, state: str) -> Place:
    """Find the neighbours of a work in the list without names."""
    everything = [each.work.code for each in nameless(course, work.assignment)]
    shown = {each.work.code for each in nameless(course, work.assignment, state)}
    before = [code for code in everything if code < work.code and code in shown]
    after = [code for code in everything if code > work.code and code in shown]
    position = len(before) + 1 if work.code in shown else 0
    return Place(before[-1] if before else None, after[0] if after else None, position, len(shown))


def page_of(assignment: Assignment, whose: int | str) -> str:
    """Return the address of a work's grading page: by its student's id, or by its code."""
    name = "grade-hidden" if isinstance(whose, str) else "grade"
    return reverse(f"classroom:{name}", args=[assignment.course_id, assignment.pk, whose])
