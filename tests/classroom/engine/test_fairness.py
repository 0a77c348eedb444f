"""Whose row comes next: courses take turns, and a deadline's work finds a place."""

from collections import Counter

import pytest
from django.contrib.auth.models import User
from django.db import connection
from pytest_django import Settings

from classroom.engine.holding import End, claim, settle
from classroom.engine.queue import QUIET, URGENT
from classroom.models import Course, Kind, Transfer
from tests.classroom import factories

pytestmark = pytest.mark.django_db
State = Transfer.State


@pytest.fixture(autouse=True)
def ten(settings: Settings) -> None:
    """Ten at once: two for Submit and Collect alone, five at most that may last minutes."""
    settings.CLASSROOM = {"CONCURRENCY": 10}


@pytest.fixture
def emmy() -> User:
    return factories.make_user("emmy", teacher=True)


def course_with(emmy: User, title: str, kind: Kind, rows: int, *, priority: int = 0) -> Course:
    """A course whose queue holds so many rows."""
    course = factories.make_course(emmy, title)
    add(course, kind, rows, priority=priority)
    return course


def add(course: Course, kind: Kind, rows: int, *, priority: int = 0, lane: str = "") -> None:
    Transfer.objects.bulk_create(
        Transfer(
            course=course,
            kind=kind,
            lane=lane or f"{course.pk}-{kind}-{n}",
            key=f"{course.pk}-{kind}-{priority}-{n}",
            priority=priority,
        )
        for n in range(rows)
    )


def running() -> Counter[str]:
    rows = Transfer.objects.filter(state=State.RUNNING).values_list("course__title", flat=True)
    return Counter(rows)


def end(rows: list[Transfer]) -> None:
    settle(End(row, State.DONE) for row in rows)


def test_one_courses_commands_leave_place_for_anothers_collect(emmy: User) -> None:
    course_with(emmy, "Commands", Kind.RUN, 10)
    assert len(claim(10)) == 5, "what may last minutes has half"
    course_with(emmy, "Homework", Kind.COLLECT, 1)
    assert [row.kind for row in claim(10)] == [Kind.COLLECT]


def test_the_reserved_share_is_for_submit_and_collect_alone(emmy: User) -> None:
    large = course_with(emmy, "Large", Kind.HAND_OUT, 1000)
    assert len(claim(10)) == 8
    assert claim(2) == []
    add(large, Kind.SUBMIT, 5)
    small = course_with(emmy, "Small", Kind.PREPARE, 5, priority=URGENT)
    add(small, Kind.COLLECT, 1)
    assert {row.kind for row in claim(10)} == {Kind.SUBMIT, Kind.COLLECT}
    assert running() == {"Large": 9, "Small": 1}


def test_what_was_reserved_is_not_all_that_they_get(emmy: User) -> None:
    course_with(emmy, "Deadline", Kind.COLLECT, 1000)
    assert len(claim(10)) == 10


def test_a_small_class_waits_for_one_transfer_of_a_large_one(emmy: User) -> None:
    course_with(emmy, "Large", Kind.HAND_OUT, 1000, priority=URGENT)
    under_way = claim(10)
    course_with(emmy, "Small", Kind.HAND_OUT, 5, priority=QUIET)
    taken: list[Transfer] = []
    for row in under_way:
        end([row])
        taken += claim(10)
    # As soon as there is place, and until both have as many.
    assert [row.course.title for row in taken[:4]] == ["Small"] * 4
    assert running() == {"Large": 4, "Small": 4}


def test_a_course_has_no_more_than_its_share_while_others_wait(
    emmy: User, settings: Settings
) -> None:
    settings.CLASSROOM = {"CONCURRENCY": 10, "RESERVED": 0}
    course_with(emmy, "Large", Kind.HAND_OUT, 1000)
    other = course_with(emmy, "Other", Kind.HAND_OUT, 1)
    # Its lane is taken, and its next row is to find a place as soon as that ends.
    add(other, Kind.COLLECT, 3, lane=f"{other.pk}-{Kind.HAND_OUT}-0")
    assert len(claim(10)) == 6
    assert running() == {"Large": 5, "Other": 1}
    assert claim(4) == []


def test_alone_it_has_all(emmy: User, settings: Settings) -> None:
    settings.CLASSROOM = {"CONCURRENCY": 10, "RESERVED": 0}
    course_with(emmy, "Large", Kind.HAND_OUT, 1000)
    assert len(claim(10)) == 10


def test_with_one_place_courses_take_turns(emmy: User, settings: Settings) -> None:
    """The oldest queue does not win again and again."""
    settings.CLASSROOM = {"CONCURRENCY": 1}
    for title in ("A", "B", "C"):
        course_with(emmy, title, Kind.HAND_OUT, 3)
    turns = ""
    while rows := claim(1):
        turns += rows[0].course.title
        end(rows)
    assert turns == "ABCABCABC"


def test_within_a_course_the_most_urgent_comes_first(emmy: User, settings: Settings) -> None:
    settings.CLASSROOM = {"CONCURRENCY": 1}
    one = course_with(emmy, "One", Kind.PREPARE, 2, priority=QUIET)
    add(one, Kind.HAND_OUT, 1, priority=URGENT)
    course_with(emmy, "Two", Kind.PREPARE, 2, priority=URGENT)
    found = []
    while rows := claim(1):
        found.append((rows[0].course.title, rows[0].priority))
        end(rows)
    assert found == [
        ("One", URGENT),
        ("Two", URGENT),
        ("One", QUIET),
        ("Two", URGENT),
        ("One", QUIET),
    ]


def test_few_places_are_shared_too(emmy: User, settings: Settings) -> None:
    for number, most in ((1, 1), (2, 1), (4, 2)):
        settings.CLASSROOM = {"CONCURRENCY": number}
        Transfer.objects.all().delete()
        course_with(emmy, f"Commands {number}", Kind.RUN, 10)
        assert len(claim(10)) == most
        course_with(emmy, f"Homework {number}", Kind.COLLECT, 10)
        assert len(claim(10)) == number - most


def test_many_rows_and_courses_cost_no_more_queries(
    emmy: User, django_assert_max_num_queries: object
) -> None:
    for number in range(20):
        course_with(emmy, f"Course {number}", Kind.HAND_OUT, 50)
    most = 11 if connection.features.has_select_for_update else 10
    with django_assert_max_num_queries(most):  # type: ignore[operator]
        assert len(claim(10)) == 8
    assert set(running().values()) == {1}
