"""Return one student's collected work, with score and comment: `graded-<folder>/GRADE.md`.

It may be returned again after the score has changed: what differs is kept beside it as `name~`.
"""

from typing import Any

from django.utils import timezone

from classroom.carrying.calls import Refused
from classroom.carrying.incoming import take
from classroom.carrying.items import Item, files_of, item_of
from classroom.carrying.outgoing import Load, put, put_sparing
from classroom.models import Assignment, Kind, Submission, Transfer
from classroom.rules import manifest, names
from classroom.rules.counting import returned_set
from classroom.rules.late_words import late_of
from classroom.rules.scoring import number
from classroom.steps import folders
from classroom.steps.prepare import student_ready
from classroom.steps.registry import Skip, step
from embedding.problems import Problem

NAME = "GRADE.md"


@step(Kind.RETURN)
def run(transfer: Transfer) -> dict[str, Any]:
    """Write the grade, copy, verify; then it is returned. Skip where there is no grade yet.

    With the option `ungraded` it is returned without one.
    """
    assignment, student = transfer.assignment, transfer.member
    if assignment is None or student is None:
        raise Skip("There is no assignment.")
    if assignment.handout:
        raise Skip("A handout is never returned.")
    began = timezone.now()  # a grade that is given from now on is not what is returned
    # Score and points as they were at one moment, also while both are being rescaled.
    rows = Submission.objects.select_related("assignment")
    submission = rows.get(assignment=assignment, student=student)
    assignment = submission.assignment
    if submission.collected is None:
        raise Skip("Not collected, so there is nothing to return.")
    if not (is_graded(submission) or transfer.options.get("ungraded")):
        raise Skip("Not graded yet: give a score or a comment first.")
    source, project = folders.course_project(transfer.course), student_ready(student)
    path, grade = names.collected_of(submission), grade_text(assignment, submission)
    items = [*_collected(source, path), item_of(NAME, grade.encode())]
    put(source, path, Load([]), how="keep", texts={NAME: grade})
    graded = names.graded_path(assignment)
    try:
        found = put_sparing(project, graded, items, seek=graded, how="replace")
    except Refused as refused:
        raise folders.for_teacher(refused) from None
    if missing := manifest.missing(files_of(items), found):
        raise Problem(
            "not_arrived",
            f"{folders.few(missing)} did not arrive as sent.",
            status=502,
            recoverable=True,
        )
    returned_set(submission, began)
    return {"count": len(items)}


def _collected(project: str, path: str) -> list[Item]:
    """Return what was collected, without what it replaced, and without a grade from before."""
    try:
        items = take(project, path)
    except Refused as refused:
        if refused.code != "missing":
            raise folders.for_teacher(refused) from None
        raise Problem(
            "collected_missing",
            f"“{path}” is not in the course's project any more. Collect again first.",
            status=409,
        ) from None
    return [item for item in items if not item.path.endswith("~") and item.path != NAME]


def is_graded(submission: Submission) -> bool:
    """Whether there is anything to tell the student."""
    return submission.score is not None or bool(submission.comment.strip())


def grade_text(assignment: Assignment, submission: Submission) -> str:
    """Return GRADE.md, in CoCalc's order: grade, comments, nbgrader's table.

    What the autograder left to a person is graded as soon as the work has a score or a comment.
    """
    parts = [f"# {assignment.title}"]
    if submission.score is not None:
        points = "" if assignment.points is None else f" / {number(assignment.points)}"
        late = late_of(submission)
        said = f"\n\n{late.sum}" if late and late.sum else ""
        parts.append(f"# Your grade\n\n{number(submission.final)}{points}{said}")
    if submission.comment.strip():
        parts.append(f"# Instructor comments\n\n{submission.comment.strip()}")
    if not is_graded(submission):
        parts.append("Returned without a grade.")
    by_hand = "by hand" if is_graded(submission) else "not graded yet"
    if table := _table(submission.details.get("cells"), by_hand):
        parts.append(f"# nbgrader\n\n{table}")
    return "\n\n".join(parts) + "\n"


def _table(cells: object, by_hand: str) -> str:
    """Lay out the autograder's scores, {grade_id: [score, points]}; none: `by_hand`."""
    if not isinstance(cells, dict) or not cells:
        return ""
    rows = ["| Problem | Score | Points |", "| --- | ---: | ---: |"]
    for name, both in cells.items():
        score, points = both
        shown = by_hand if score is None else number(score)
        rows.append(f"| {str(name).replace('|', chr(92) + '|')} | {shown} | {number(points)} |")
    return "\n".join(rows)
