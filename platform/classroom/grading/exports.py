"""Grades as CSV: what a spreadsheet can open, change, and give back exactly.

One line a student, one column an assignment, and one more for its comments if wanted.
"""

from collections.abc import Sequence

from classroom.grading.selection import Filter as Everybody
from classroom.grading.selection import graded_assignments, shown
from classroom.models import Assignment, Course, Submission
from classroom.pages.spreadsheets import written
from classroom.rules.scoring import number
from classroom.rules.total import Rule

KEY = "Username"
FIXED = (KEY, "Name", "Number")
TOTAL = "Total"
COMMENT = " (comment)"


def columns(assignments: Sequence[Assignment]) -> dict[int, str]:
    """Return each assignment's heading: its title, with the folder where that says too little."""
    reserved = {name.casefold() for name in (*FIXED, TOTAL)}
    titles = [each.title.strip().casefold() for each in assignments]
    taken: set[str] = set()
    found: dict[int, str] = {}
    for each, folded in zip(assignments, titles, strict=True):
        heading = each.title.strip()
        clear = titles.count(folded) == 1 and folded not in reserved
        if not clear or folded.endswith(COMMENT):
            heading = f"{heading} [{each.folder}]"
        while heading.casefold() in taken:
            heading += "'"
        taken |= {heading.casefold(), (heading + COMMENT).casefold()}
        found[each.pk] = heading
    return found


def grades_csv(course: Course, *, comments: bool = False, section: str = "") -> str:
    """Return the grades of all students, or of one section's, as CSV, by name."""
    assignments = graded_assignments(course)
    headings = columns(assignments)
    rule = Rule(assignments)
    students = list(shown(course, Everybody(section=section)).select_related("user"))
    work: dict[int, dict[int, Submission]] = {}
    for found in Submission.objects.filter(
        assignment__in=[assignment.pk for assignment in assignments],
        student__course=course,
        student__removed=None,
    ).defer("details"):
        work.setdefault(found.student_id, {})[found.assignment_id] = found
    wide = [[headings[each.pk]] + [headings[each.pk] + COMMENT] * comments for each in assignments]
    rows: list[list[str]] = [[*FIXED, *(name for names in wide for name in names), TOTAL]]
    for student in students:
        mine = work.get(student.pk, {})
        cells: list[str] = []
        for each in assignments:
            graded = mine.get(each.pk)
            cells.append(number(graded.score) if graded else "")
            if comments:
                cells.append(graded.comment if graded else "")
        rows.append(
            [
                student.user.get_username(),
                student.name,
                student.number,
                *cells,
                rule.total_text(mine.values()).removesuffix(" %"),
            ]
        )
    return written(rows)
