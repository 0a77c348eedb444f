"""Points by question: whose score counts, what it comes to, and for which work."""

from dataclasses import astuple
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from classroom.models import Assignment, Submission
from classroom.nbgrader.question_cells import question_cells
from classroom.rules.questions import (
    hidden_names,
    is_from_elsewhere,
    notebooks_of,
    questions_of,
    signed,
    tally_of,
    typed,
)
from classroom.rules.returned_questions import Question, as_returned, name_of
from tests.marked import HIDDEN, marked_notebook

MONDAY, TUESDAY = (datetime(2026, 11, day, tzinfo=UTC) for day in (23, 24))
DETAILS = {"cells": {"test": [1.5, 2.0], "why": [None, 3.0]}}
APPROVED = {
    "questions": [{"notebook": "hw.ipynb", "cells": [["test", 2, False], ["why", 3, True]]}]
}


def work(
    points: Decimal | None = None, approved: dict[str, Any] | None = None, **more: Any
) -> Submission:
    assignment = Assignment(points=points, approved=approved or {})
    return Submission(assignment=assignment, collected=MONDAY, **more)


def test_the_cells_that_are_graded_are_known_from_the_teachers_notebook() -> None:
    found = [
        (each.grade_id, each.points, each.by_hand) for each in question_cells(marked_notebook())
    ]
    assert found == [("squares-test", 2.0, False), ("why", 3.0, True)]


def test_questions_are_the_autograders_and_else_the_approved_ones() -> None:
    after = questions_of(work(approved=APPROVED, details=DETAILS))
    before = questions_of(work(approved=APPROVED))
    assert [(each.name, each.most, each.by_hand, each.score) for each in after] == [
        ("test", Decimal(2), False, Decimal("1.5")),
        ("why", Decimal(3), True, None),
    ]
    assert [(each.name, each.most, each.by_hand, each.score) for each in before] == [
        ("test", Decimal(2), False, None),
        ("why", Decimal(3), True, None),
    ]
    assert questions_of(work()) == []
    assert tally_of(work()).total is None


def test_of_a_hidden_test_the_name_is_not_told_where_the_autograder_has_not_run() -> None:
    """A person graded by question; which tests are hidden is known from the teacher's notebook."""
    whole = marked_notebook().replace(b"assert squares(1) == [1]\\n", b"")
    assert HIDDEN.encode() in whole
    cells = [list(astuple(each)) for each in question_cells(whole)]
    approved = {"questions": [{"notebook": "hw.ipynb", "cells": cells}]}
    found = work(approved=approved, given={"points": {"squares-test": 2.0, "why": 1.0}})
    found.given["work"] = MONDAY.isoformat()
    assert hidden_names(found) == {"squares-test"}
    assert [(name_of(each), each["score"]) for each in as_returned(found)] == [
        ("Hidden test 1", 2.0),
        ("why", 1.0),
    ]


def test_what_is_kept_of_a_question_holds_no_words_of_ours() -> None:
    """Rows of earlier releases do, and are said in the reader's language all the same."""
    old: list[Question] = [
        {"name": "Hidden test 2", "score": 0, "max": 1},
        {"name": "Adjustment", "score": 0, "max": 1},  # a cell that is called so
        {"name": "Adjustment", "score": 1, "max": None},
    ]
    new: list[Question] = [
        {"name": "", "score": 0, "max": 1, "hidden": 2},
        {"name": "Adjustment", "score": 0, "max": 1},
        {"name": "", "score": 1, "max": None},
    ]
    names = ["Hidden test 2", "Adjustment", "Adjustment"]
    assert list(map(name_of, old)) == list(map(name_of, new)) == names


def test_several_notebooks_are_told_apart_by_their_names() -> None:
    second = {"notebook": "b.ipynb", "cells": [["test", 1, False]]}
    approved = {"questions": [*APPROVED["questions"], second]}
    found = questions_of(work(approved=approved))
    assert [each.name for each in found] == ["hw.ipynb: test", "hw.ipynb: why", "b.ipynb: test"]
    assert (found[2].notebook, found[2].label) == ("b.ipynb", "test")
    assert notebooks_of(work(approved=approved).assignment) == ["hw.ipynb", "b.ipynb"]


def test_what_a_person_typed_wins_and_the_rest_is_the_autograders() -> None:
    found = typed(work(details=DETAILS), {"test": None, "why": Decimal("2.5")}, Decimal())
    assert (found.total, found.open) == (Decimal(4), 0)
    assert found.given == {"points": {"why": 2.5}, "work": MONDAY.isoformat()}
    assert found.kept == {"points": [["test", 1.5, 2.0], ["why", 2.5, 3.0]]}
    overruled = typed(work(details=DETAILS), {"test": Decimal(2), "why": Decimal(0)}, Decimal())
    assert overruled.total == 2


def test_there_is_no_total_while_a_question_has_no_score() -> None:
    found = typed(work(details=DETAILS), {"test": Decimal(2), "why": None}, Decimal(1))
    assert (found.total, found.open) == (None, 1)
    assert found.given["points"] == {"test": 2.0}


def test_the_sum_is_in_the_assignments_points_and_the_adjustment_is_not_scaled() -> None:
    found = typed(work(Decimal(10), details=DETAILS), {"why": Decimal(1)}, Decimal("-0.5"))
    assert found.total == Decimal("4.5")  # 2.5 of 5, of 10 points: 5; and less a half
    assert found.kept["adjustment"] == -0.5


def test_tenths_add_up() -> None:
    cells = {name: [0.1, 1.0] for name in "abc"}
    assert tally_of(work(details={"cells": cells})).total == Decimal("0.3")


def test_what_was_given_for_earlier_work_is_told_and_does_not_count() -> None:
    given = {"points": {"why": 3.0}, "adjustment": 1.0, "work": MONDAY.isoformat()}
    before = tally_of(work(details=DETAILS, given=given))
    assert (before.total, before.adjustment) == (Decimal("5.5"), Decimal(1))
    after = tally_of(work(details=DETAILS, given=given, renewed=TUESDAY))
    assert (after.total, after.open, after.adjustment) == (None, 1, Decimal())
    assert after.questions[1].earlier == 3
    assert after.earlier_adjustment == 1


def test_the_autograders_scores_of_earlier_work_do_not_count_either() -> None:
    details = DETAILS | {"work": MONDAY.isoformat()}
    assert questions_of(work(details=details))[0].score == Decimal("1.5")
    renewed = questions_of(work(details=details, renewed=TUESDAY))
    assert [(each.score, each.by_hand) for each in renewed] == [(None, False), (None, True)]


@pytest.mark.parametrize("points", ["-1", "6.01", "1.001", "NaN", "Infinity"])
def test_what_cannot_be_given_for_a_question_is_refused(points: str) -> None:
    with pytest.raises(ValidationError):
        typed(work(details=DETAILS), {"why": Decimal(points)}, Decimal())


def test_a_bonus_for_a_question_goes_up_to_twice_and_freely_where_it_has_no_points() -> None:
    assert typed(work(details=DETAILS), {"why": Decimal(6)}, Decimal()).total == Decimal("7.5")
    extra = work(details={"cells": {"extra": [None, 0.0]}})
    assert typed(extra, {"extra": Decimal(2)}, Decimal()).total == 2


def test_a_score_that_the_questions_do_not_come_to_was_given_as_a_whole() -> None:
    given = {"points": {"why": 3.0}}
    for score, elsewhere in ((Decimal("4.50"), False), (Decimal(4), True), (None, False)):
        row = work(details=DETAILS, given=given, score=score)
        assert is_from_elsewhere(row, tally_of(row)) is elsewhere


@pytest.mark.parametrize(
    "details",
    [{"cells": 3}, {"cells": {}}, {"cells": {"x": 3}}, {"cells": {"x": ["1", True]}}, {}],
)
def test_a_strange_result_breaks_nothing(details: dict[str, Any]) -> None:
    tally = tally_of(work(details=details))
    assert (tally.sum, tally.most, tally.total) == (Decimal(), Decimal(), None)


def test_an_adjustment_is_said_with_its_sign() -> None:
    assert (signed(Decimal("0.50")), signed(Decimal(-2))) == ("+0.5", "\N{MINUS SIGN}2")
