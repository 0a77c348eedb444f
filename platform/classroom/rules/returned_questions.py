"""Points per question, as they are returned to a student."""

from typing import TypedDict

from django.utils.translation import gettext as _

from classroom.models import Submission
from classroom.rules.questions import hidden_names, tally_of


class Question(TypedDict):
    """One question; its score is None where a person grades it within the whole.

    The adjustment comes last, and has no maximum.
    """

    name: str
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
    found = [
        Question(
            name=f"Hidden test {hidden.index(each.name) + 1}" if each.name in secret else each.name,
            score=None if each.score is None else float(each.score),
            max=float(each.most),
        )
        for each in tally.questions
    ]
    if tally.adjustment:
        found.append(Question(name=_("Adjustment"), score=float(tally.adjustment), max=None))
    return found
