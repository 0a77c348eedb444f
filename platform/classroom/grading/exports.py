"""Grades as CSV: what a spreadsheet can open, change, and give back exactly.

One line a student, one column an assignment, and one more for its comments if wanted. What a
spreadsheet would take for a formula gets an apostrophe in front; so does what already looks like
that, so that reading takes off exactly what writing put on.
"""

import csv
import io
import re
from collections.abc import Iterable, Sequence

from classroom.grading.selection import Filter as Everybody
from classroom.grading.selection import graded_assignments, ordered
from classroom.models import Assignment, Course, Submission
from classroom.rules.scoring import number
from classroom.rules.total import Rule

BOM = "\ufeff"
KEY = "Username"
FIXED = (KEY, "Name", "Number")
TOTAL = "Total"
COMMENT = " (comment)"
# What starts a formula, wide forms included; and where a cell may start: where the spreadsheet
# cuts at semicolons, as in half of Europe, it does so within our quotation marks as well.
_BEGIN, _FORMULA = "(^|[;\t\r\n])", "(?=[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20])"
_UNSAFE = re.compile(f"{_BEGIN}('*){_FORMULA}")
_SAFE = re.compile(f"{_BEGIN}'('*){_FORMULA}")


def safe(text: str) -> str:
    """Make a text one that no spreadsheet runs."""
    return _UNSAFE.sub(r"\1'\2", text)


def plain(cell: str) -> str:
    """Undo `safe`."""
    return _SAFE.sub(r"\1\2", cell)


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


def grades_csv(course: Course, *, comments: bool = False) -> str:
    """Return the grades of all students as CSV, by name."""
    assignments = graded_assignments(course)
    headings = columns(assignments)
    rule = Rule(assignments)
    students = list(ordered(course, Everybody()).select_related("user"))
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


def written(rows: Iterable[Iterable[str]]) -> str:
    """Write rows as CSV that spreadsheets open as UTF-8."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    for row in rows:
        # A negative number, which no score is, would be taken for a formula too.
        writer.writerow([safe(cell) for cell in row])
    return BOM + text.getvalue()
