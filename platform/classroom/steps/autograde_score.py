"""What the autograder's result makes of a score, together with what people gave by question."""

from decimal import Decimal
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from classroom.models import Submission
from classroom.rules import questions, scoring


def result_keep(
    submission: Submission, details: dict[str, Any], *, held: str, by: User | None
) -> Decimal | None:
    """Keep a result; set and return the score where no question waits for a person.

    What people gave by question for this very work counts. Where questions are graded by hand, a
    score that was given as a whole stays. Where a test is held, a score of the autograder's own
    goes. Raises ValidationError, with nothing kept, for a score that cannot be one.
    """
    with transaction.atomic():
        rows = Submission.objects.select_for_update(no_key=True, of=("self",))
        row = rows.select_related("assignment").get(pk=submission.pk)
        as_a_whole = questions.is_from_elsewhere(row, questions.tally_of(row))
        row.details, row.held = details, held
        row.save(update_fields=["details", "held"])
        found = questions.by_question(row)
        total = found.total
        if not details["cells"] and not details["manual"]:
            total = Decimal()  # nothing in it is graded
        if total is not None and not (as_a_whole and details["manual"]):
            scoring.grade_set(row, score=total, by=by, how="autograder", questions=found)
            return total
        if held:
            _take_back(row, by)
        return None


def _take_back(row: Submission, by: User | None) -> None:
    """Take away what the autograder gave before; what a person gave stays."""
    last = scoring.last_change(row)
    if last is not None and last.how == "autograder" and last.score is not None:
        scoring.grade_set(row, score=None, by=by, how="autograder")
