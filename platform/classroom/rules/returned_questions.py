"""Points per question, as they are returned to a student."""

import re
from typing import NotRequired, TypedDict

from django.utils.translation import gettext as _

from classroom.models import Submission
from classroom.rules.questions import hidden_names, tally_of

# As rows of earlier releases name what has no name of its own.
_HIDDEN, _ADJUSTMENT = re.compile(r"Hidden test (\d+)"), "Adjustment"


class Question(TypedDict):
    """One question; its score is None where a person grades it within the whole.

    The adjustment comes last, and has neither a name nor a maximum. Of a test that is hidden as a
    whole not even the name is told: it has a number.
    """

    name: str
    score: float | None
    max: float | None
    hidden: NotRequired[int]


def name_of(question: Question) -> str:
    """Say which question it is, in the reader's language: “loops”, “Hidden test 1”."""
    name, hidden = question["name"], question.get("hidden")
    if found := _HIDDEN.fullmatch(name):
        hidden = int(found[1])
    if hidden:
        return _("Hidden test %(number)s") % {"number": hidden}
    if question["max"] is None and name in ("", _ADJUSTMENT):
        return _("Adjustment")
    return name


def as_returned(submission: Submission) -> list[Question]:
    """Return what a submission's score is made of, for its student.

    Empty where nobody knows, and where nothing was graded by question. A question is called as its
    cell is in the notebook that the student was given. It is kept, so it holds no words of ours:
    these are said by `name_of`.
    """
    details, tally = submission.details, tally_of(submission)
    cells = details.get("cells") if isinstance(details, dict) else None
    if not cells and not any(each.given is not None for each in tally.questions):
        return []
    secret = hidden_names(submission)
    hidden = [each.name for each in tally.questions if each.name in secret]
    found = [
        Question(
            name="" if each.name in secret else each.name,
            score=None if each.score is None else float(each.score),
            max=float(each.most),
        )
        for each in tally.questions
    ]
    for question, each in zip(found, tally.questions, strict=True):
        if each.name in secret:
            question["hidden"] = hidden.index(each.name) + 1
    if tally.adjustment:
        found.append(Question(name="", score=float(tally.adjustment), max=None))
    return found
