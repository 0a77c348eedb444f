"""Scores as they are given: within the points, with who and when, and never over another's.

A score is a decimal with at most two places from 0 to the assignment's points; what is taken off
it for late work is kept beside it (`rules.penalties`). A bonus goes up to
twice the points and comes with a warning. Nothing is written where nothing changes, and whoever
says which change they have seen last (`seen`) does not overwrite one that came after it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from classroom.models import UNWAIVED, WAIVED, Assignment, GradeChange, Submission
from classroom.rules.acts import works_changed
from classroom.rules.penalties import RULE, penalty_of
from classroom.rules.renewal import is_ungraded

MOST = Decimal("999999.99")  # what the column holds
CENT = Decimal("0.01")
BONUS = 2  # times the points
COMMENT_MOST = 20_000  # characters
AT_ONCE = 500  # rows of one statement
RESCALE = "rescale"
_BY_HAND = ("page", "table", "import")  # each is an event; a run or a rescaling is one for all


class Conflict(Exception):
    """Somebody else has graded meanwhile; `change` is what they wrote."""

    def __init__(self, change: GradeChange) -> None:
        super().__init__(str(change))
        self.change = change


@dataclass(frozen=True, slots=True)
class ByQuestion:
    """A grade that is given by question, as `rules.questions` puts it together."""

    given: dict[str, Any]  # what people gave
    total: Decimal | None  # what it comes to; None while questions are open
    open: int  # how many have no score yet
    kept: dict[str, Any]  # what was given for each, for the history


@dataclass(frozen=True, slots=True)
class Grade:
    """What is to be written. A comment of None stays as it is.

    With `questions` it is given by question: while some are open it does not make the work graded.
    """

    submission: Submission
    score: Decimal | None
    comment: str | None = None
    questions: ByQuestion | None = None


def score_read(text: str) -> Decimal | None:
    """Read a score as people type it, "7.5" or "7,5"; None for nothing. ValidationError."""
    text = text.strip().replace("\N{MINUS SIGN}", "-")
    if not text:
        return None
    if text.count(",") == 1 and "." not in text:
        text = text.replace(",", ".")
    try:
        score = Decimal(text)
    except InvalidOperation:
        score = Decimal("NaN")
    if not score.is_finite() or "_" in text:
        raise ValidationError(
            _("This is not a number. Write a score such as %(example)s.")
            % {"example": number_text(Decimal("7.5"))}
        )
    return score


def score_check(assignment: Assignment, score: Decimal | None) -> Decimal | None:
    """Return the score as it is kept; ValidationError where it cannot be one."""
    if score is None:
        return None
    points = assignment.points
    if not score.is_finite() or score < 0:
        raise ValidationError(_("A score cannot be less than 0."))
    if points is not None and score > points * BONUS:
        raise ValidationError(
            _("A score can be at most %(points)s, or with a bonus %(most)s.")
            % {"points": number_text(points), "most": number_text(points * BONUS)}
        )
    if score > MOST:
        raise ValidationError(_("A score can be at most %(most)s.") % {"most": number_text(MOST)})
    kept = score.quantize(CENT)
    if kept != score:
        raise ValidationError(_("A score can have at most two decimal places."))
    return kept


def is_bonus(assignment: Assignment, score: Decimal | None) -> bool:
    """Whether a score is more than the points, which may well be a slip."""
    return score is not None and assignment.points is not None and score > assignment.points


def number(value: Decimal | float | None) -> str:
    """Write a score or points without idle zeros, for files and fields: 7.5, 10; empty for none.

    What people read says them by `number_text`, so that a score is written in one way.
    """
    if value is None:
        return ""
    text = f"{Decimal(str(value)).quantize(CENT, ROUND_HALF_UP):f}"
    return text.rstrip("0").rstrip(".")


def number_text(value: Decimal | float | None) -> str:
    """Say a score or points as the reader's language writes numbers: 7.5, or 7,5 in German."""
    return formats.number_format(Decimal(number(value))) if value is not None else ""


def grade_set(
    submission: Submission,
    *,
    score: Decimal | None,
    comment: str | None = None,
    by: User | None,
    how: str,
    seen: int | None = None,
    questions: ByQuestion | None = None,
) -> GradeChange | None:
    """Give a score and comment; return the change, or None where there was nothing to change.

    `how` is "page", "import", "autograder", "command", "rescale" or "table". `seen` is the id of
    the last change that its giver knows (0: none): Conflict where there is a later one with other
    content. The same score given to newer work is a change: that work is graded now.
    """
    grade = Grade(submission, score, comment, questions)
    changes = grades_set([grade], by=by, how=how, seen=seen)
    fields = ["score", "penalty", "comment", "graded", "given", "unfinished"]
    submission.refresh_from_db(fields=fields)
    return changes[0] if changes else None


def grades_set(
    grades: Sequence[Grade], *, by: User | None, how: str, seen: int | None = None
) -> list[GradeChange]:
    """Give many scores in one transaction, all or none; return what was changed.

    Raises ValidationError, before anything is written.
    """
    checked = [
        Grade(
            grade.submission,
            score_check(grade.submission.assignment, grade.score),
            None if grade.comment is None else comment_check(grade.comment),
            grade.questions,
        )
        for grade in grades
    ]
    with transaction.atomic():
        return [
            change
            for start in range(0, len(checked), AT_ONCE)
            for change in _write(checked[start : start + AT_ONCE], by, how, seen)
        ]


def comment_check(comment: str) -> str:
    """Return a comment as it is kept; ValidationError where it cannot be one."""
    if "\0" in comment:
        raise ValidationError(_("The comment contains a character that cannot be saved."))
    if len(comment) > COMMENT_MOST:
        raise ValidationError(
            ngettext(
                "A comment can have at most %(most)s character.",
                "A comment can have at most %(most)s characters.",
                COMMENT_MOST,
            )
            % {"most": COMMENT_MOST}
        )
    return comment if comment.strip() else ""  # nothing to read is no comment


def last_change(submission: Submission) -> GradeChange | None:
    """Return the latest change of a submission's grade; waiving its late penalty is none."""
    changes = GradeChange.objects.filter(submission=submission)
    return changes.exclude(how__in=(WAIVED, UNWAIVED)).order_by("-pk").first()


def _write(
    grades: Sequence[Grade], by: User | None, how: str, seen: int | None
) -> list[GradeChange]:
    ids = [grade.submission.pk for grade in grades]
    # The lock makes who comes second see what who came first has written; all lock in one order.
    held = Submission.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk")
    rows = {row.pk: row for row in held}
    assignments = _refuse_other_points(grades)
    now = timezone.now()
    changed: list[Submission] = []
    changes: list[GradeChange] = []
    for grade in grades:
        row = rows.get(grade.submission.pk)
        if row is None:
            continue  # the assignment was deleted under our eyes
        comment = row.comment if grade.comment is None else grade.comment
        questions = grade.questions
        same = (row.score, row.comment) == (grade.score, comment) and (
            questions is None or row.given == questions.given
        )
        given, newer = grade.score is not None or bool(comment), is_ungraded(row)
        if same and not (given and newer):
            continue
        if seen is not None and not same:
            _refuse_older(row, seen)
        row.score, row.comment = grade.score, comment
        row.penalty = penalty_of(row, assignments[row.assignment_id], row.late_days)
        if questions is not None:
            row.given = questions.given
        is_open = bool(questions and questions.open)
        # Where a score is taken away that was given as a whole, the questions are what they were.
        has_parts = bool(row.given) if questions is None else is_open
        row.unfinished = has_parts and row.score is None
        # Rescaling looks at no work: what nobody has looked at stays new. A part of a work's
        # points does not grade it, either: a score that it has stays one for what it was.
        if row.unfinished or not given:
            row.graded = None
        elif not ((how == RESCALE and newer) or is_open):
            row.graded = now
        changed.append(row)
        changes.append(
            GradeChange(
                submission=row,
                score=row.score,
                comment=row.comment,
                by=by,
                how=how,
                questions=questions.kept if questions else {},
            )
        )
    fields = ["score", "penalty", "comment", "graded", "given", "unfinished"]
    Submission.objects.bulk_update(changed, fields, batch_size=100)
    if by and how in _BY_HAND:
        written = {row.pk for row in changed}
        told = Submission.objects.filter(pk__in=written)
        told = told.select_related("assignment", "student__user")
        works_changed("course.graded", told, by=by, how=how)
    return GradeChange.objects.bulk_create(changes)


def _refuse_other_points(grades: Sequence[Grade]) -> dict[int, Assignment]:
    """Return the assignments, with their points and their rules for late work.

    Refuse what was checked against points that somebody has changed since.
    """
    known = {grade.submission.assignment_id: grade.submission.assignment for grade in grades}
    rows = Assignment.objects.only("points", "handout", *RULE).in_bulk(known)
    for pk, row in rows.items():
        if row.points != known[pk].points:
            raise ValidationError(
                _(
                    "Somebody changed the points of this assignment to %(points)s just now. "
                    "Check the score, then save again."
                )
                % {"points": number_text(row.points)}
                if row.points is not None
                else _(
                    "Somebody removed the points of this assignment just now. "
                    "Check the score, then save again."
                )
            )
    return rows


def _refuse_older(row: Submission, seen: int) -> None:
    last = last_change(row)
    if last is not None and last.pk != seen:
        raise Conflict(last)
