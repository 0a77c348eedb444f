"""Scores typed straight into the table: each with what its giver saw, so that none is overwritten.

An undo is such an entry too, with the two scores the other way round: the history keeps both.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from classroom.grading.matrix import Matrix, cell_of, work_seen
from classroom.grading.selection import Filter, students_of
from classroom.models import Course, Submission
from classroom.pages.sections import seen
from classroom.rules.anonymity import is_hidden
from classroom.rules.looks import waits
from classroom.rules.scoring import grade_set, number, number_text, score_check, score_read

MOST = 500  # entries at once
HOW = "table"


@dataclass(frozen=True, slots=True)
class Entry:
    """A score as it was typed, and what the cell showed before."""

    assignment: int
    student: int
    before: str
    work: str
    typed: str


class NotSaved(Exception):
    """Why an entry was not saved, in a sentence."""


def entries_read(body: bytes) -> list[Entry]:
    """Read what the page sends; ValueError for anything else."""
    try:
        given = json.loads(body)
        rows = [
            Entry(
                assignment=_id(each["assignment"]),
                student=_id(each["student"]),
                before=_text(each["before"]),
                work=_text(each["work"]),
                typed=_text(each["typed"]),
            )
            for each in given["entries"]
        ]
    except (TypeError, KeyError, RecursionError):
        raise ValueError("no entries") from None
    if not 0 < len(rows) <= MOST:
        raise ValueError("too many entries")
    return rows


def entries_save(course: Course, entries: Sequence[Entry], *, by: User) -> list[dict[str, Any]]:
    """Save each entry on its own; return how its cell is now, with what is to be said."""
    matrix = Matrix(course, Filter())
    answers = [_saved(matrix, entry, by) for entry in entries]
    here = students_of(course).filter(pk__in={entry.student for entry in entries})
    work = matrix.work_of(list(here.values_list("pk", flat=True)))
    now = timezone.now()
    for answer in answers:
        mine = work.get(answer["student"], {})
        found = mine.get(answer["assignment"])
        if found is None:
            continue
        cell = cell_of(found, now)
        answer |= {
            "value": number(found.score),
            "text": cell.text,
            "state": cell.state,
            "words": cell.words,
            "work": work_seen(found),
            "total": matrix.rule.total_text(mine.values()),
        }
    return answers


def _saved(matrix: Matrix, entry: Entry, by: User) -> dict[str, Any]:
    answer: dict[str, Any] = {"assignment": entry.assignment, "student": entry.student}
    with transaction.atomic():
        row = (
            Submission.objects.select_for_update(no_key=True, of=("self",))
            .select_related("student__user")
            .annotate(asks=waits())
            .filter(
                seen(matrix.course, "student__"),
                student=entry.student,
                student__removed=None,
                assignment=entry.assignment,
                assignment__in=[each.pk for each in matrix.assignments],
            )
            .first()
        )
        if row is None:
            return answer | {"error": _("This student or assignment was removed.")}
        row.assignment = next(each for each in matrix.assignments if each.pk == row.assignment_id)
        if is_hidden(row):
            words = _("%(title)s: names are hidden until the work is returned. Grade it there.")
            return answer | {"error": words % {"title": row.assignment.title}}
        try:
            _give(row, entry, by)
        except ValidationError as error:
            return answer | {"error": _of(row, " ".join(error.messages))}
        except NotSaved as error:
            return answer | {"error": _of(row, str(error))}
    words = (
        _("%(student)s, %(assignment)s: score removed.")
        if row.score is None
        else _("%(student)s, %(assignment)s: %(score)s saved.")
    )
    return answer | {
        "said": words
        % {
            "student": row.student.name,
            "assignment": row.assignment.title,
            "score": number_text(row.score),
        }
    }


def _of(row: Submission, why: str) -> str:
    return _("%(student)s: %(why)s") % {"student": row.student.name, "why": why}


def _give(row: Submission, entry: Entry, by: User) -> None:
    """Write one score. Raises NotSaved, and ValidationError where it cannot be one."""
    score = score_check(row.assignment, score_read(entry.typed[:30]))
    if number(row.score) != entry.before and row.score != score:
        raise NotSaved(_somebody_else(row.score))
    if work_seen(row) != entry.work:
        raise NotSaved(
            _("Newer work was collected while this page was open. Look at it, then type again.")
        )
    grade_set(row, score=score, by=by, how=HOW)


def _somebody_else(score: Decimal | None) -> str:
    if score is None:
        return _("Somebody removed the score while this page was open. Type it again.")
    return _("Somebody entered %(score)s while this page was open. Type your score again.") % {
        "score": number_text(score)
    }


def _id(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 2**62:
        raise TypeError("no id")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str) or len(value) > 100:
        raise TypeError("no text")
    return value
