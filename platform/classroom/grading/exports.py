"""Grades as CSV: what a spreadsheet can open, change, and give back exactly.

One line a student, one column an assignment, and one more for its comments if wanted. Where late
work costs something, the column has the score that counts, and three more say how it comes about;
of these the first is what an import reads (`grading.imports`).
"""

from collections.abc import Sequence

from classroom.grading.selection import Filter as Everybody
from classroom.grading.selection import graded_assignments, shown
from classroom.models import Assignment, Course, Submission
from classroom.pages.spreadsheets import written
from classroom.rules.anonymity import known
from classroom.rules.late_words import late_of
from classroom.rules.penalties import has_rule
from classroom.rules.scoring import number
from classroom.rules.total import Rule

KEY = "Username"
FIXED = (KEY, "Name", "Number")
TOTAL = "Total"
COMMENT = " (comment)"
BEFORE = " (before late penalty)"
LATE = " (late)"
PENALTY = " (late penalty)"
MORE = (COMMENT, BEFORE, LATE, PENALTY)  # what stands behind an assignment's heading


def columns(assignments: Sequence[Assignment]) -> dict[int, str]:
    """Return each assignment's heading: its title, with the folder where that says too little."""
    reserved = {name.casefold() for name in (*FIXED, TOTAL)}
    titles = [each.title.strip().casefold() for each in assignments]
    taken: set[str] = set()
    found: dict[int, str] = {}
    for each, folded in zip(assignments, titles, strict=True):
        heading = each.title.strip()
        clear = titles.count(folded) == 1 and folded not in reserved
        if not clear or folded.endswith(MORE):
            heading = f"{heading} [{each.folder}]"
        while heading.casefold() in taken:
            heading += "'"
        taken |= {(heading + more).casefold() for more in ("", *MORE)}
        found[each.pk] = heading
    return found


def grades_csv(course: Course, *, comments: bool = False, section: str = "") -> str:
    """Return the grades of all students, or of one section's, as CSV, by name.

    The cells of work whose name is hidden are empty.
    """
    assignments = graded_assignments(course)
    headings = columns(assignments)
    commented = (COMMENT,) if comments else ()
    rule = Rule(assignments)
    students = list(shown(course, Everybody(section=section)).select_related("user"))
    work: dict[int, dict[int, Submission]] = {}
    for found in Submission.objects.filter(
        known(),
        assignment__in=[assignment.pk for assignment in assignments],
        student__course=course,
        student__removed=None,
    ).defer("details"):
        work.setdefault(found.student_id, {})[found.assignment_id] = found
    costly = {each.pk for each in assignments if has_rule(each)} | {
        each.assignment_id for mine in work.values() for each in mine.values() if each.penalty
    }
    heads = [
        headings[each.pk] + more
        for each in assignments
        for more in ("", *((BEFORE, LATE, PENALTY) if each.pk in costly else ()), *commented)
    ]
    rows: list[list[str]] = [[*FIXED, *heads, TOTAL]]
    for student in students:
        mine = work.get(student.pk, {})
        cells: list[str] = []
        for each in assignments:
            graded = mine.get(each.pk)
            cells.append(number(graded.final) if graded else "")
            if each.pk in costly:
                cells += _late_cells(graded, each) if graded else ["", "", ""]
            if comments:
                cells.append(graded.comment if graded else "")
        rows.append(
            [
                student.user.get_username(),
                student.name,
                student.number,
                *cells,
                rule.total_number(mine.values()),
            ]
        )
    return written(rows)


def _late_cells(work: Submission, assignment: Assignment) -> list[str]:
    """Return the score before, how late the work was, and what was taken off."""
    work.assignment = assignment
    late = late_of(work)
    how = late.how_late if late else ""
    if late and (late.waived or late.late is None or late.covered):
        how = f"{how}. {late.why}"  # two sentences
    return [number(work.score), how, number(work.penalty) if work.penalty else ""]
