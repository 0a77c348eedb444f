"""Points by question: what the autograder and people gave for each, and what it comes to.

A question is a marked cell of the assignment's notebooks. Its score is what a person typed for it,
else what the autograder gives. What is given belongs to the work that it was given for: once other
work is collected, it is told as given for earlier work, and counts no longer.

The total is the sum, in the assignment's points where those are other than the notebooks', and the
adjustment. It is formed here and nowhere else. There is none while a question has no score.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from classroom.models import Assignment, Submission
from classroom.rules.renewal import work_of
from classroom.rules.scoring import BONUS, CENT, MOST, ByQuestion, number_text


@dataclass(frozen=True, slots=True)
class Question:
    """A question of one student's work, with its score as far as there is one."""

    name: str  # unique within the assignment: with its notebook where there are several
    most: Decimal
    by_hand: bool  # whether the autograder leaves it to a person
    auto: Decimal | None = None  # what the autograder gives
    given: Decimal | None = None  # what a person gave, which counts
    earlier: Decimal | None = None  # what a person gave for earlier work, which does not

    @property
    def score(self) -> Decimal | None:
        """What it counts; None where nobody has graded it."""
        return self.auto if self.given is None else self.given

    @property
    def notebook(self) -> str:
        """The notebook it stands in; empty where there is one alone."""
        return self.name.rpartition(": ")[0]

    @property
    def label(self) -> str:
        """The cell's own id."""
        return self.name.rpartition(": ")[2]

    def check(self, score: Decimal | None) -> Decimal | None:
        """Return a score for it as it is kept; ValidationError where it cannot be one."""
        if score is None:
            return None
        limit = self.most * BONUS if self.most else MOST
        if not score.is_finite() or not 0 <= score <= limit:
            raise ValidationError(
                _("“%(question)s” can have 0 to %(most)s points, or with a bonus %(limit)s.")
                % {
                    "question": self.label,
                    "most": number_text(self.most),
                    "limit": number_text(limit),
                }
            )
        kept = score.quantize(CENT)
        if kept != score:
            raise ValidationError(_("A score can have at most two decimal places."))
        return kept


@dataclass(frozen=True)
class Tally:
    """The questions of one student's work, and what they come to."""

    questions: tuple[Question, ...]
    adjustment: Decimal
    earlier_adjustment: Decimal  # for earlier work
    points: Decimal | None  # the assignment's

    @cached_property
    def open(self) -> int:
        """How many questions have no score yet."""
        return sum(each.score is None for each in self.questions)

    @cached_property
    def sum(self) -> Decimal:
        """The sum of the scores so far."""
        return sum((each.score or Decimal() for each in self.questions), Decimal())

    @cached_property
    def most(self) -> Decimal:
        """The sum of what there is to be had."""
        return sum((each.most for each in self.questions), Decimal())

    @property
    def is_scaled(self) -> bool:
        """Whether the assignment has other points than its notebooks."""
        return bool(self.points is not None and self.most) and self.points != self.most

    @property
    def scaled(self) -> Decimal:
        """The sum in the assignment's points."""
        return in_points(self.points, self.sum, self.most)

    @property
    def total(self) -> Decimal | None:
        """The score; None while it is not known."""
        if self.open or not self.questions:
            return None
        return self.scaled + self.adjustment


def signed(value: Decimal) -> str:
    """Say an adjustment with its sign."""
    return f"+{number_text(value)}" if value > 0 else f"\N{MINUS SIGN}{number_text(-value)}"


def in_points(points: Decimal | None, score: Decimal, most: Decimal) -> Decimal:
    """Return a score of a notebook's in an assignment's points, where these are others."""
    if points is not None and most:
        score = score * points / most
    return score.quantize(CENT, ROUND_HALF_UP)


def tally_of(submission: Submission) -> Tally:
    """Return the questions of a student's work, and what they come to."""
    given, now = _given(submission), _is_of_now(submission, submission.given)
    adjustment = _decimal(submission.given.get("adjustment")) or Decimal()
    questions = tuple(
        Question(
            *each,
            given=given.get(each[0]) if now else None,
            earlier=None if now else given.get(each[0]),
        )
        for each in _asked(submission)
    )
    return Tally(
        questions,
        adjustment if now else Decimal(),
        Decimal() if now else adjustment,
        submission.assignment.points,
    )


def questions_of(submission: Submission) -> list[Question]:
    """Return the questions of a student's work in the order in which they stand."""
    return list(tally_of(submission).questions)


def hidden_names(submission: Submission) -> set[str]:
    """Return which questions are tests of which students see nothing, not even their names."""
    cells = _cells(submission)
    if cells:
        return set(submission.details.get("hidden", ()))
    return {name for name, cell in _approved_cells(submission.assignment) if cell[3:] == [True]}


def notebooks_of(assignment: Assignment) -> list[str]:
    """Return the marked notebooks of an assignment, as they were approved."""
    return [str(each["notebook"]) for each in assignment.approved.get("questions", [])]


def typed(
    submission: Submission, points: Mapping[str, Decimal | None], adjustment: Decimal | None
) -> ByQuestion:
    """Return what is to be kept where a person gave these points; None: as the autograder has it.

    Raises ValidationError for points that cannot be given for a question.
    """
    questions = {each.name: each for each in questions_of(submission)}
    kept = {name: questions[name].check(value) for name, value in points.items()}
    given: dict[str, Any] = {}
    if numbers := {name: float(value) for name, value in kept.items() if value is not None}:
        given["points"] = numbers
    if adjustment:
        given["adjustment"] = float(adjustment)
    if given:
        given["work"] = work_name(submission)
    found = Submission(
        assignment=submission.assignment,
        details=submission.details,
        given=given,
        submitted=submission.submitted,
        collected=submission.collected,
        renewed=submission.renewed,
    )
    return by_question(found)


def work_name(submission: Submission) -> str | None:
    """Name the work that points are given for: since when it is what it is."""
    since = work_of(submission)
    return since.isoformat() if since else None


def by_question(submission: Submission) -> ByQuestion:
    """Return what is kept of a grade that is given by question, as the work has it now."""
    tally = tally_of(submission)
    return ByQuestion(
        given=submission.given,
        total=tally.total,
        open=tally.open,
        kept=_kept(tally),
    )


def is_from_elsewhere(submission: Submission, tally: Tally) -> bool:
    """Whether the score is another one than the questions come to: given as a whole."""
    return submission.score is not None and submission.score != tally.total


def _kept(tally: Tally) -> dict[str, Any]:
    rows = [
        [each.name, None if each.score is None else float(each.score), float(each.most)]
        for each in tally.questions
    ]
    kept: dict[str, Any] = {"points": rows}
    return kept | ({"adjustment": float(tally.adjustment)} if tally.adjustment else {})


def _asked(submission: Submission) -> list[tuple[str, Decimal, bool, Decimal | None]]:
    """Return (name, most, by hand, the autograder's score) of each question.

    As the autograder has them; where it has not run, as they were approved.
    """
    cells = _cells(submission)
    if not cells:
        return [
            (name, _decimal(cell[1]) or Decimal(), bool(cell[2]), None)
            for name, cell in _approved_cells(submission.assignment)
        ]
    now = _is_of_now(submission, submission.details)
    found = []
    for name, pair in cells.items():
        score, most = (_decimal(each) for each in (pair if _is_pair(pair) else (None, 0)))
        found.append((str(name), most or Decimal(), score is None, score if now else None))
    return found


def _cells(submission: Submission) -> dict[str, Any]:
    """Return the questions as the autograder has them; empty where it has not run."""
    details = submission.details
    cells = details.get("cells") if isinstance(details, dict) else None
    return cells if isinstance(cells, dict) else {}


def _approved_cells(assignment: Assignment) -> Iterator[tuple[str, list[Any]]]:
    """Yield each question as it was approved: its name, and [name, most, by hand, hidden]."""
    notebooks = assignment.approved.get("questions", [])
    for each in notebooks:
        prefix = f"{each['notebook']}: " if len(notebooks) > 1 else ""
        for cell in each["cells"]:
            yield f"{prefix}{cell[0]}", cell


def _given(submission: Submission) -> dict[str, Decimal | None]:
    points = submission.given.get("points", {})
    return {name: _decimal(value) for name, value in points.items()}


def _is_of_now(submission: Submission, kept: Mapping[str, Any]) -> bool:
    """Whether something belongs to the work as it is; what says no moment always does."""
    if "work" not in kept:
        return True
    return bool(kept["work"] == work_name(submission))


def _is_pair(pair: object) -> bool:
    return isinstance(pair, list | tuple) and len(pair) == 2


def _decimal(value: object) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    found = Decimal(str(value))
    return found if found.is_finite() else None
