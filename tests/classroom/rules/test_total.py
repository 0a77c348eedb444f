"""Totals: no weight empties one, and the database reckons as Python does."""

import random
from decimal import Decimal

import pytest
from django.utils import translation

from classroom.models import Assignment, Membership, Submission
from classroom.rules.total import Rule
from tests.classroom.gradebook import fill, make_class


def assignment(
    pk: int, points: str | None, weight: str | None = None, title: str = ""
) -> Assignment:
    return Assignment(
        pk=pk,
        title=title or f"A{pk}",
        points=points and Decimal(points),
        weight=weight and Decimal(weight),
    )


def work(**scores: str) -> list[Submission]:
    return [
        Submission(assignment_id=int(name[1:]), score=Decimal(score))
        for name, score in scores.items()
    ]


@pytest.mark.parametrize(
    ("assignments", "scores", "total"),
    [
        # No weights: the sum.
        ([(1, "10", None), (2, "5", None)], {"a1": "7.50", "a2": "2"}, "9.5"),
        ([(1, None, None)], {"a1": "3"}, "3"),
        ([(1, "10", None)], {}, ""),
        # One got a weight: what has none counts with its points.
        ([(1, "10", "10"), (2, "5", None)], {"a1": "7.5", "a2": "2.5"}, "66.67 %"),
        ([(1, "10", "1"), (2, "5", None)], {"a2": "4"}, "80 %"),
        ([(1, "10", "1"), (2, "5", None)], {"a1": "4.50"}, "45 %"),
        # 0 leaves out, unless there is nothing else.
        ([(1, "10", "0"), (2, "5", "2")], {"a1": "0", "a2": "5"}, "100 %"),
        ([(1, "10", "0"), (2, "5", "2")], {"a1": "4.50"}, "4.5 points"),
        ([(1, "10", "0")], {"a1": "4"}, "4 points"),
        # So does what cannot be put in percent.
        ([(1, "10", "1"), (2, None, None)], {"a2": "3"}, "3 points"),
        ([(1, "10", "1"), (2, None, "5")], {"a2": "3"}, "3 points"),
        ([(1, "10", "1"), (2, "0", None)], {"a2": "0"}, "0 points"),
        ([(1, "10", "1"), (2, None, None)], {"a1": "5", "a2": "3"}, "50 %"),
        # What is no assignment of the course counts nothing.
        ([(1, "10", "1")], {"a9": "3"}, ""),
    ],
)
def test_a_total(
    assignments: list[tuple[int, str | None, str | None]], scores: dict[str, str], total: str
) -> None:
    rule = Rule(assignment(*each) for each in assignments)
    assert rule.total_text(work(**scores)) == total
    with translation.override("de"):
        assert rule.total_number(work(**scores)) == total.removesuffix(" %"), "as files have it"


def test_the_rule_says_what_it_does() -> None:
    assert Rule([assignment(1, "10"), assignment(2, "4.50")]).text == (
        "Total: the sum of all scores, out of 14.5 points."
    )
    weighted = Rule(
        [assignment(1, "10", "1"), assignment(2, "5"), assignment(3, None, None, "Essay")]
    )
    assert weighted.text == (
        "Total: the weighted average of all scores, in percent. "
        "If an assignment has no weight, its points are its weight. "
        "“Essay” has no points, so it is left out. "
        "If no assignment of a student counts, the total is the sum of that student’s points."
    )
    assert Rule([assignment(1, "10", "1")]).text == (
        "Total: the weighted average of all scores, in percent."
    )


@pytest.mark.django_db
def test_the_database_reckons_the_same() -> None:
    """Of all kinds of assignments, with scores here and there."""
    room = make_class()
    fill(room.course, 12, 6)
    chance = random.Random(7)
    for _ in range(12):
        assignments = list(Assignment.objects.filter(course=room.course))
        for each in assignments:
            each.points = chance.choice([None, Decimal(0), Decimal(10), Decimal("7.5")])
            each.weight = chance.choice([None, None, Decimal(0), Decimal(1), Decimal("2.5")])
        if chance.random() < 0.2:
            for each in assignments:
                each.weight = None
        Assignment.objects.bulk_update(assignments, ["points", "weight"])
        rows = list(Submission.objects.filter(assignment__course=room.course))
        for row in rows:
            row.score = chance.choice([None, None, Decimal(0), Decimal("4.25"), Decimal(9)])
        Submission.objects.bulk_update(rows, ["score"])
        rule = Rule(assignments)
        students = Membership.objects.filter(course=room.course, role="student")
        for student in rule.annotate(students):
            mine = [row for row in rows if row.student_id == student.pk]
            total = rule.total(mine)
            reckoned = student.total  # type: ignore[attr-defined]
            assert (total is None) == (reckoned is None) == all(row.score is None for row in mine)
            assert total is None or float(total) == pytest.approx(reckoned)
