"""Statistics: how far each assignment is, and how scores are spread."""

import re
from decimal import Decimal
from xml.etree import ElementTree

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from classroom.grading.statistics import BOTTOM, HEIGHT, TOP, WIDTH, histogram, statistics_of
from classroom.models import Assignment
from tests.classroom import factories
from tests.classroom.gradebook import Class, ago, assert_staff_only, fill, make_class, removed
from tests.conftest import HttpsClient


@pytest.fixture
def room(db: None) -> Class:
    return make_class()


def test_who_may_see_them(room: Class) -> None:
    for user in (room.teacher, room.assistant):
        assert HttpsClient(user).get(f"{room.base}/statistics").status_code == 200
    assert_staff_only(room, f"{room.base}/statistics")


def test_every_step_is_counted_and_removed_people_are_not(room: Class) -> None:
    room.work(handed_out=ago(5), opened=ago(4), submitted=ago(3))
    room.collected(room.bob, score=4, graded=timezone.now(), returned=timezone.now())
    cid = factories.enrol(room.course, factories.make_user("cid"))
    room.collected(cid, score=9, graded=timezone.now())
    removed(cid)
    students, (steps,) = statistics_of(room.course)
    assert students == 2
    assert steps.counts == [
        ("Handed out", 2),
        ("Opened", 1),
        ("Submitted", 1),
        ("Collected", 1),
        ("Graded", 1),
        ("Returned", 1),
    ]
    assert steps.histogram
    assert steps.histogram.count == 1


def test_a_handout_is_handed_out_and_opened_and_no_more(room: Class) -> None:
    Assignment.objects.update(handout=True)
    _, (steps,) = statistics_of(room.course)
    assert [count for _, count in steps.counts] == [0, 0, None, None, None, None]
    page = HttpsClient(room.teacher).get(f"{room.base}/statistics").content.decode()
    assert "handout" in page
    assert "<svg" not in page.partition("<main")[2]


def test_a_large_class_takes_as_few_queries(
    room: Class, django_assert_max_num_queries: object
) -> None:
    fill(room.other, 150, 6)
    with django_assert_max_num_queries(4):  # type: ignore[operator]
        students, steps = statistics_of(room.other)
    assert (students, len(steps)) == (150, 6)


def test_questions_are_told_by_mean_and_shares_of_graded_work_alone(room: Class) -> None:
    def details(test: float, why: float | None) -> dict[str, object]:
        return {"cells": {"test": [test, 2.0], "why": [why, 3.0], "extra": [0.0, 0.0]}}

    now, cid = timezone.now(), factories.enrol(room.course, factories.make_user("cid"))
    given = {"points": {"why": 3.0}}
    room.collected(graded=now, details=details(1, None), given=given)
    room.collected(room.bob, graded=now, details=details(0, None), given={"points": {"why": 2}})
    room.collected(cid, details=details(2, 3))  # not graded
    gone = factories.enrol(room.course, factories.make_user("dan"))
    room.collected(gone, graded=now, details=details(2, 3))
    removed(gone)
    _, (steps,) = statistics_of(room.course)
    assert [
        (each.name, each.count, each.mean, each.full, each.none) for each in steps.questions
    ] == [
        ("test", 2, "0.5", "0 %", "50 %"),
        ("why", 2, "2.5", "50 %", "0 %"),
        ("extra", 2, "0", "", "100 %"),
    ]
    page = HttpsClient(room.assistant).get(f"{room.base}/statistics").content.decode()
    assert "0.5 of 2" in page
    assert "Lovelace" not in page


def test_the_drawing_has_a_text_and_no_style(room: Class) -> None:
    Assignment.objects.update(title="<i>Title</i>")
    room.work(score=Decimal("7.5"))
    room.work(room.bob, score=10)
    page = HttpsClient(room.teacher).get(f"{room.base}/statistics").content.decode()
    assert "<i>Title" not in page
    assert "2 scores. Mean 8.75, median 8.75, from 7.5 to 10." in page
    drawn = re.search(r"<svg.*?</svg>", page.partition("<main")[2], re.DOTALL)
    assert drawn
    svg = ElementTree.fromstring(drawn[0])
    assert svg.attrib["role"] == "img"
    assert svg.attrib["aria-label"] == "Scores by number of students: 7–8: 1, 9–10: 1."
    assert not any("style" in element.attrib for element in svg.iter())
    assert len(svg.findall("rect")) == 2


def test_what_is_empty_says_so(room: Class) -> None:
    other = HttpsClient(room.other_teacher).get(f"/courses/{room.other.pk}/statistics")
    assert "There is no assignment yet." in other.content.decode()
    page = HttpsClient(room.teacher).get(f"{room.base}/statistics").content.decode()
    assert "No scores yet." in page


def test_borders_belong_to_the_higher_bar_and_the_top_to_the_last() -> None:
    drawn = histogram([Decimal(text) for text in ("0", "0.99", "1", "10", "9")], Decimal(10))
    assert [bar.count for bar in drawn.bars] == [2, 1, 0, 0, 0, 0, 0, 0, 0, 2]


def test_a_bonus_stretches_the_drawing() -> None:
    drawn = histogram([Decimal(15)], Decimal(10))
    assert drawn.bars[-1].label == "13.5–15"
    assert drawn.bars[-1].count == 1


@given(
    st.lists(st.decimals(min_value=0, max_value=999999, places=2), min_size=1, max_size=50),
    st.none() | st.decimals(min_value=0, max_value=999999, places=2),
)
def test_any_scores_are_all_drawn_within_the_picture(
    scores: list[Decimal], points: Decimal | None
) -> None:
    drawn = histogram(scores, points)
    assert sum(bar.count for bar in drawn.bars) == len(scores)
    for bar in drawn.bars:
        assert bar.x >= 0
        assert bar.x + bar.width <= WIDTH
        assert TOP <= bar.y <= HEIGHT - BOTTOM
        assert bar.y + bar.height <= HEIGHT - BOTTOM + 0.2
