"""Points per question, as they are returned to a student."""

from typing import TypedDict

from classroom.models import Submission


class Question(TypedDict):
    """One question; its score is None where a person grades it within the whole."""

    name: str
    score: float | None
    max: float


def as_returned(submission: Submission) -> list[Question]:
    """Return what a submission's score is made of, for its student; empty where nobody knows.

    A question is called as its cell is in the notebook that the student was given. Of a test that
    is hidden as a whole not even the name is told: it is “Hidden test 1”.
    """
    details = submission.details
    cells = details.get("cells") if isinstance(details, dict) else None
    if not isinstance(cells, dict):
        return []
    hidden = [name for name in cells if name in details.get("hidden", ())]
    return [
        Question(
            name=f"Hidden test {hidden.index(name) + 1}" if name in hidden else name,
            score=score,
            max=most,
        )
        for name, (score, most) in cells.items()
    ]
