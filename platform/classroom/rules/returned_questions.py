"""Points per question, as they are returned to a student."""

from collections.abc import Mapping
from typing import Any, NotRequired, TypedDict

from django.utils.translation import gettext as _

from classroom.models import Submission
from classroom.rules.questions import hidden_names, tally_of


class Question(TypedDict):
    """One question; its score is None where a person grades it within the whole.

    The adjustment comes last, and has no maximum. `name_of` says its name to people.
    """

    name: str
    hidden: NotRequired[int]  # of a hidden test: which of them it is, from 1
    score: float | None
    max: float | None


def as_returned(submission: Submission) -> list[Question]:
    """Return what a submission's score is made of, for its student.

    Empty where nobody knows, and where nothing was graded by question. A question is called as its
    cell is in the notebook that the student was given. Of a test that is hidden as a whole not
    even the name is told: it is “Hidden test 1”.
    """
    details, tally = submission.details, tally_of(submission)
    cells = details.get("cells") if isinstance(details, dict) else None
    if not cells and not any(each.given is not None for each in tally.questions):
        return []
    secret = hidden_names(submission)
    hidden = [each.name for each in tally.questions if each.name in secret]
    found = []
    for each in tally.questions:
        row = Question(
            name=each.name,
            score=None if each.score is None else float(each.score),
            max=float(each.most),
        )
        if each.name in secret:
            row["hidden"] = hidden.index(each.name) + 1
            row["name"] = f"Hidden test {row['hidden']}"
        found.append(row)
    if tally.adjustment:
        found.append(Question(name="Adjustment", score=float(tally.adjustment), max=None))
    return found


def name_of(question: Question | Mapping[str, Any]) -> str:
    """Return what a question is called, in the reader's language."""
    if number := question.get("hidden"):
        return _("Hidden test %(number)s") % {"number": number}
    return _("Adjustment") if question["max"] is None else str(question["name"])
