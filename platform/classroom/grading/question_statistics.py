"""How the questions of an assignment came out: nothing of any one student."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Q

from classroom.models import Assignment, Submission
from classroom.rules.questions import Question, questions_of
from classroom.rules.scoring import number_text


@dataclass(frozen=True, slots=True)
class Outcome:
    """One question over all graded work."""

    name: str
    most: str
    count: int  # works in which it has a score
    mean: str
    full: str  # the share with full points, in percent; empty where there are none to be had
    none: str  # the share with no points


def outcomes_of(assignments: Sequence[Assignment], which: Q) -> dict[int, list[Outcome]]:
    """Return how the questions of each assignment came out, in the order in which they stand.

    Graded work counts of those in the course whom `which` chooses. One query, whatever its size.
    """
    known = {each.pk: each for each in assignments}
    rows = (
        Submission.objects.filter(
            which, assignment__in=known, student__removed=None, graded__isnull=False
        )
        .exclude(details={}, given={})
        .only(
            *("assignment_id", "details", "given", "submitted", "collected", "renewed"),
        )
    )
    found: dict[int, dict[str, list[Question]]] = defaultdict(lambda: defaultdict(list))
    for row in rows.iterator(chunk_size=500):
        row.assignment = known[row.assignment_id]
        for each in questions_of(row):
            found[row.assignment_id][each.name].append(each)
    return {
        pk: [_outcome(name, each) for name, each in questions.items()]
        for pk, questions in found.items()
    }


def _outcome(name: str, questions: Sequence[Question]) -> Outcome:
    most = questions[-1].most
    scores = [each.score for each in questions if each.score is not None]
    count = len(scores)
    full = sum(score >= most for score in scores) if most else None
    return Outcome(
        name=name,
        most=number_text(most),
        count=count,
        mean=number_text(sum(scores, Decimal()) / count) if count else "",
        full=_share(full, count),
        none=_share(sum(score == 0 for score in scores), count),
    )


def _share(part: int | None, count: int) -> str:
    return "" if part is None or not count else f"{round(100 * part / count)} %"
