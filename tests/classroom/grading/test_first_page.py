"""*Grade* leads to the first student whose work waits for it."""

from typing import Any

import pytest
from django.utils import timezone

from classroom.models import Assignment
from tests.classroom.gradebook import Class, ago, assert_staff_only, make_class
from tests.conftest import HttpsClient


@pytest.fixture
def room(db: None) -> Class:
    return make_class()


def leads_to(room: Class) -> str:
    url = f"{room.base}/assignments/{room.assignment.pk}/grade/"
    location: str = HttpsClient(room.assistant).get(url)["Location"]
    return location


def test_only_staff_is_led(room: Class) -> None:
    assert_staff_only(room, f"{room.base}/assignments/{room.assignment.pk}/grade/")


def test_with_nothing_collected_it_says_so(room: Class) -> None:
    page = f"{room.base}/assignments/{room.assignment.pk}/"
    assert leads_to(room) == page
    answer = HttpsClient(room.teacher).get(f"{page}grade/", follow=True)
    assert "Nothing was collected yet, so you cannot grade anything." in answer.content.decode()


def test_what_waits_comes_first(room: Class) -> None:
    """By name: Babbage before Lovelace."""
    ada, bob = room.grade_url(room.ada), room.grade_url(room.bob)
    room.collected(room.ada, score=1, graded=timezone.now())
    assert leads_to(room) == ada  # nothing waits: to look at it once more
    room.collected(room.bob, held="Look at it.")
    assert leads_to(room) == f"{bob}?state=held"
    room.collected(room.ada, score=None, graded=None)
    assert leads_to(room) == f"{ada}?state=to-grade"
    room.work(room.ada, score=1, graded=ago(3))
    room.work(room.bob, held="", score=1, graded=timezone.now())
    assert leads_to(room) == f"{ada}?state=again"


@pytest.mark.parametrize(
    ("fields", "state"),
    [
        ({"unfinished": True, "given": {"points": {"a": 1}}}, "to-grade"),
        ({"held": "Look at it."}, "held"),
    ],
)
def test_what_waits_though_it_was_returned_is_what_comes_next(
    room: Class, fields: dict[str, Any], state: str
) -> None:
    """The assignment's page offers it as long as *Grade* and *Today* find it."""
    room.collected(score=None, comment="Nearly.", returned=timezone.now(), **fields)
    assert leads_to(room) == f"{room.grade_url()}?state={state}"
    page = HttpsClient(room.teacher).get(f"{room.base}/assignments/{room.assignment.pk}/")
    assert page.context["totals"]["to_grade"] == 1


def test_a_handout_is_not_graded(room: Class) -> None:
    Assignment.objects.update(handout=True)
    url = f"{room.base}/assignments/{room.assignment.pk}/grade/"
    assert HttpsClient(room.teacher).get(url).status_code == 404
