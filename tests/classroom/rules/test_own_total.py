"""A student's own total: the teacher's rule, of what was returned and of nothing else."""

from decimal import Decimal

import pytest
from django.utils import timezone

from classroom.models import Assignment, Course, Membership, Submission
from classroom.rules.own_total import OwnTotal, own_total
from classroom.rules.total import Rule
from tests.classroom import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def course() -> Course:
    return factories.make_course(factories.make_user("emmy", teacher=True))


@pytest.fixture
def ada(course: Course) -> Membership:
    return factories.enrol(course, factories.make_user("ada"))


def work(
    ada: Membership, title: str, score: str, of: str | None = "10", **fields: object
) -> Assignment:
    """An assignment that Ada got back with a score."""
    assignment = factories.make_assignment(
        ada.course, title, points=None if of is None else Decimal(of), **fields
    )
    Submission.objects.filter(assignment=assignment, student=ada).update(
        score=Decimal(score),
        returned=timezone.now(),
        returned_score=Decimal(score),
        returned_points=assignment.points,
    )
    return assignment


def total_of(ada: Membership) -> OwnTotal:
    found = own_total(ada)
    assert found
    return found


def test_there_is_none_before_anything_is_returned(ada: Membership) -> None:
    factories.make_assignment(ada.course, points=10)
    Submission.objects.update(score=7, graded=timezone.now())
    assert own_total(ada) is None
    Submission.objects.update(returned=timezone.now())  # without a score
    assert own_total(ada) is None


def test_it_is_the_sum_of_what_was_returned(ada: Membership) -> None:
    work(ada, "A", "7.5")
    work(ada, "B", "15", "20")
    hidden = factories.make_assignment(ada.course, "Secret", points=99)
    Submission.objects.filter(assignment=hidden).update(score=98, graded=timezone.now())
    found = total_of(ada)
    assert found.text == "22.5 of 30 points"
    assert [(line.title, line.score) for line in found.lines] == [
        ("A", "7.5 of 10 points"),
        ("B", "15 of 20 points"),
    ]
    assert "Secret" not in str(found)
    assert "99" not in str(found)


def test_what_changed_since_is_not_in_it(ada: Membership) -> None:
    """Neither a new score nor new points, which would tell what the new score is."""
    assignment = work(ada, "A", "5")
    Submission.objects.update(score=10)
    Assignment.objects.filter(pk=assignment.pk).update(points=20)
    assert total_of(ada).text == "5 of 10 points"


def test_with_weights_it_is_the_teachers_mean(ada: Membership) -> None:
    work(ada, "A", "5")
    work(ada, "B", "20", "20", weight=3)
    factories.make_assignment(ada.course, "C", points=10, weight=50)
    found = total_of(ada)
    teachers = Rule(Assignment.objects.all()).total_text(Submission.objects.all())
    assert found.text == teachers == "61.54 %"  # (10 × 0.5 + 3 × 1) / 13
    assert found.weighted
    assert [line.weight for line in found.lines] == ["10", "3"]


def test_a_weight_that_is_elsewhere_makes_it_a_mean_too(ada: Membership) -> None:
    work(ada, "A", "5")
    factories.make_assignment(ada.course, "C", points=10, weight=50)
    assert total_of(ada).text == "50 %"


def test_what_does_not_count_is_summed_up(ada: Membership) -> None:
    work(ada, "A", "5", weight=0)
    found = total_of(ada)
    assert found.text == "5 points"
    assert "do not count" in found.rule


def test_without_points_there_is_no_most(ada: Membership) -> None:
    work(ada, "A", "5")
    work(ada, "B", "3", None)
    assert total_of(ada).text == "8 points"


def test_removed_assignments_and_other_students_are_left_out(ada: Membership) -> None:
    work(ada, "A", "5")
    work(ada, "Gone", "9", removed=timezone.now())
    bob = factories.enrol(ada.course, factories.make_user("bob"))
    assert total_of(ada).text == "5 of 10 points"
    assert own_total(bob) is None
