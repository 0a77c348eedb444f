"""Return one student's collected work, with score and comment: `graded-<folder>/GRADE.md`.

It may be returned again after the score has changed: what differs is kept beside it as `name~`.
"""

from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from classroom.carrying.calls import Refused
from classroom.carrying.incoming import take
from classroom.carrying.items import Item, files_of, item_of
from classroom.carrying.outgoing import Load, put, put_sparing
from classroom.models import Assignment, Kind, Notice, Profile, Submission, Transfer
from classroom.notices.telling import tell
from classroom.rules import anonymity, manifest, names
from classroom.rules.counting import returned_set
from classroom.rules.late_words import late_of
from classroom.rules.questions import is_from_elsewhere, signed, tally_of
from classroom.rules.returned_questions import as_returned, name_of
from classroom.rules.scoring import number_text
from classroom.steps import folders
from classroom.steps.autograde import autograded
from classroom.steps.prepare import student_ready
from classroom.steps.registry import Skip, step
from embedding.cocalc.paths import is_notebook
from embedding.problems import Problem

NAME = "GRADE.md"
LONGEST = 1000  # characters of a path that is kept


@step(Kind.RETURN)
def run(transfer: Transfer) -> dict[str, Any]:
    """Write the grade, copy, verify; then it is returned. Skip where there is no grade yet.

    With the option `ungraded` it is returned without one.
    """
    assignment, student = transfer.assignment, transfer.member
    if assignment is None or student is None:
        raise Skip(_("There is no assignment."))
    if assignment.handout:
        raise Skip(_("Handouts are not returned."))
    began = timezone.now()  # a grade that is given from now on is not what is returned
    # Score and points as they were at one moment, also while both are being rescaled.
    rows = Submission.objects.select_related("assignment")
    submission = rows.get(assignment=assignment, student=student)
    assignment = submission.assignment
    if submission.collected is None:
        raise Skip(_("Not collected, so there is nothing to return."))
    if not (is_graded(submission) or transfer.options.get("ungraded")):
        raise Skip(_("Not graded yet: give a score or a comment first."))
    source, project = folders.course_project(transfer.course), student_ready(student)
    path = names.collected_of(submission)
    with translation.override(Profile.language_of(student.user)):
        grade = grade_text(assignment, submission)
    with anonymity.said_by_name(submission):
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
            folders.not_arrived(missing),
            status=502,
            recoverable=True,
        )
    with transaction.atomic():
        returned_set(submission, began, _notebook(items))
        tell(
            Notice.Kind.RETURNED,
            [student.user_id],
            course=transfer.course,
            key=f"returned:{transfer.pk}",
            assignment=assignment,
        )
    return {"count": len(items)}


def _notebook(items: list[Item]) -> str:
    """Return the only notebook, besides what the autograder made of it; else nothing.

    No page has the address of one whose name holds a line's end.
    """
    paths = [item.path for item in items if is_notebook(item.path)]
    made = {autograded(path) for path in paths}
    own = [path for path in paths if path not in made]
    known = len(own) == 1 and own[0].isprintable() and len(own[0]) <= LONGEST
    return own[0] if known else ""


def _collected(project: str, path: str) -> list[Item]:
    """Return what was collected, without what it replaced, and without a grade from before."""
    try:
        items = take(project, path)
    except Refused as refused:
        if refused.code != "missing":
            raise folders.for_teacher(refused) from None
        raise Problem(
            "collected_missing",
            _("The folder “%(path)s” is no longer in the course's project. Collect again first.")
            % {"path": path},
            status=409,
        ) from None
    return [item for item in items if not item.path.endswith("~") and item.path != NAME]


def is_graded(submission: Submission) -> bool:
    """Whether there is anything to tell the student."""
    if submission.score is not None:
        return True
    return bool(submission.comment.strip()) and not submission.unfinished


def grade_text(assignment: Assignment, submission: Submission) -> str:
    """Return GRADE.md, in CoCalc's order: grade, comments, nbgrader's table; in any language.

    What the autograder left to a person is graded as soon as the work has a score or a comment.
    """
    parts = [f"# {assignment.title}"]
    if submission.score is not None:
        points = "" if assignment.points is None else f" / {number_text(assignment.points)}"
        late = late_of(submission)
        said = f"\n\n{late.sum}" if late and late.sum else ""
        parts.append(f"# {_('Your grade')}\n\n{number_text(submission.final)}{points}{said}")
    if submission.comment.strip():
        parts.append(f"# {_('Instructor comments')}\n\n{submission.comment.strip()}")
    if not is_graded(submission):
        parts.append(_("Returned without a grade."))
    by_hand = _("by hand") if is_graded(submission) else _("not graded yet")
    if table := _table(submission, by_hand):
        parts.append(f"# nbgrader\n\n{table}")
    return "\n\n".join(parts) + "\n"


def _table(submission: Submission, by_hand: str) -> str:
    """Lay out what was given for each question; what has no score of its own: `by_hand`."""
    questions = as_returned(submission)
    if not questions:
        return ""
    head = (_("Question"), _("Score"), _("of"))
    rows = [f"| {' | '.join(head)} |", "| --- | ---: | ---: |"]
    for each in questions:
        name, score, most = name_of(each).replace("|", chr(92) + "|"), each["score"], each["max"]
        shown = by_hand if score is None else number_text(score)
        if most is None and score is not None:
            shown = signed(Decimal(str(score)))
        rows.append(f"| {name} | {shown} | {number_text(most)} |")
    tally = tally_of(submission)
    if tally.total is not None and is_from_elsewhere(submission, tally):
        rows += ["", _("The grade was given as a whole, not as the sum of these.")]
    return "\n".join(rows)
