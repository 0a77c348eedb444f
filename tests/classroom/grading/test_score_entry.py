"""Scores typed into the table: saved each on its own, never over another's, and undone."""

import json
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from classroom.grading.score_entry import MOST
from classroom.models import GradeChange, Membership, Submission
from classroom.rules.scoring import grade_set
from tests.classroom import factories
from tests.classroom.gradebook import Class, ago, assert_staff_only, fill, make_class, removed
from tests.conftest import HttpsClient


@pytest.fixture
def room(db: None) -> Class:
    room = make_class()
    for student in (room.ada, room.bob):
        room.collected(student)
    return room


def entry(room: Class, student: Membership, typed: str, before: str = "") -> dict[str, Any]:
    collected = room.work(student).collected
    return {
        "assignment": room.assignment.pk,
        "student": student.pk,
        "before": before,
        "work": collected.isoformat() if collected else "",
        "typed": typed,
    }


def send(room: Class, *entries: dict[str, Any], body: Any = None) -> Any:
    return HttpsClient(room.assistant).post(
        f"{room.base}/grades/enter",
        json.dumps({"entries": entries}) if body is None else body,
        content_type="application/json",
    )


def test_who_may_type_scores(room: Class) -> None:
    assert_staff_only(room, f"{room.base}/grades/enter")
    assert_staff_only(room, f"{room.base}/grades/enter", method="post")


def test_the_page_says_what_each_cell_shows(room: Class) -> None:
    room.work(score=Decimal("7.50"), graded=ago(0))
    page = HttpsClient(room.teacher).get(f"{room.base}/grades/enter?q=ada&page=1").content.decode()
    assert f'data-student="{room.ada.pk}" data-value="7.5"' in page
    assert f'data-work="{room.work().collected.isoformat()}"' in page  # type: ignore[union-attr]
    assert "Babbage" not in page
    assert f'href="{room.base}/grades?q=ada">Done</a>' in page
    page = HttpsClient(room.teacher).get(f"{room.base}/grades?q=ada").content.decode()
    assert f'href="{room.base}/grades/enter?q=ada&amp;page=1">Enter scores</a>' in page
    assert 'aria-label="7.5, Graded, not returned"' in page


def test_a_column_is_saved_and_what_is_wrong_is_said(room: Class) -> None:
    answer = send(room, entry(room, room.ada, "7,5"), entry(room, room.bob, "seven"))
    ada, bob = answer.json()["cells"]
    assert (ada["value"], ada["state"], ada["total"]) == ("7.5", "graded", "7.5")
    assert ada["said"] == "Ada Lovelace, Homework 1: 7.5 saved."
    assert bob["error"].startswith("Bob Babbage: This is not a number")
    assert (bob["value"], bob["state"]) == ("", "to-grade")
    assert room.work().score == Decimal("7.5")
    change = GradeChange.objects.get()
    assert (change.how, change.by) == ("table", room.assistant)
    page = HttpsClient(room.teacher).get(room.grade_url()).content.decode()
    assert "in the table" in page
    over = send(room, entry(room, room.bob, "20.5")).json()["cells"][0]
    assert "A score can be at most 10" in over["error"]


def test_an_undo_is_a_change_of_its_own(room: Class) -> None:
    room.work(comment="Well done.")
    send(room, entry(room, room.ada, "7"))
    send(room, entry(room, room.ada, "8", before="7"))
    send(room, entry(room, room.ada, "7", before="8"))
    answer = send(room, entry(room, room.ada, "", before="7")).json()["cells"][0]
    assert answer["said"] == "Ada Lovelace, Homework 1: score removed."
    assert (room.work().score, room.work().comment) == (None, "Well done.")
    scores = [change.score for change in GradeChange.objects.order_by("pk")]
    assert scores == [Decimal(7), Decimal(8), Decimal(7), None]


def test_nobodys_score_is_overwritten(room: Class) -> None:
    typed = entry(room, room.ada, "3")
    grade_set(room.work(), score=Decimal(9), by=room.teacher, how="page")
    answer = send(room, typed).json()["cells"][0]
    assert "Somebody entered 9 while this page was open" in answer["error"]
    assert answer["value"] == "9"
    assert room.work().score == 9
    grade_set(room.work(), score=None, by=room.teacher, how="page")
    answer = send(room, entry(room, room.ada, "3", before="9")).json()["cells"][0]
    assert "Somebody removed the score" in answer["error"]


def test_who_has_not_seen_newer_work_gives_it_no_score(room: Class) -> None:
    typed = entry(room, room.ada, "3")
    room.work(collected=ago(0.5), renewed=ago(0.5))
    answer = send(room, typed).json()["cells"][0]
    assert "Newer work was collected" in answer["error"]
    assert room.work().score is None
    assert "error" not in send(room, typed | {"work": answer["work"]}).json()["cells"][0]


def test_points_by_question_stay_beside_a_score_from_the_table(room: Class) -> None:
    given = {"points": {"why": 2.0}}
    details = {"cells": {"why": [None, 10.0]}}
    room.work(details=details, given=given, score=Decimal(2), graded=ago(0))
    send(room, entry(room, room.ada, "7", before="2"))
    page = HttpsClient(room.teacher).get(room.grade_url()).content.decode()
    assert "Total entered in the table: 7." in page
    assert room.work().given == given


def test_what_is_of_another_course_or_gone_is_not_there(room: Class) -> None:
    foreign = factories.make_assignment(room.other, points=5)
    outsider = factories.enrol(room.other, factories.make_user("olga"))
    handout = factories.make_assignment(room.course, "Slides", handout=True)
    removed(room.bob)
    good = entry(room, room.ada, "1")
    for more in (
        {"assignment": foreign.pk},
        {"student": outsider.pk},
        {"assignment": foreign.pk, "student": outsider.pk},
        {"assignment": handout.pk},
        {"student": room.bob.pk},
        {"student": 99999},
    ):
        cell = send(room, good | more).json()["cells"][0]
        assert "was removed" in cell["error"], more
        assert "value" not in cell
    assert not Submission.objects.filter(score__isnull=False).exists()


GOOD = {"assignment": 1, "student": 1, "before": "", "work": "", "typed": ""}


@pytest.mark.parametrize(
    "body",
    [
        *("", "[]", "{", '{"entries": []}', '{"entries": 3}', '{"entries": [{}]}', "[" * 20000),
        *(
            json.dumps({"entries": [GOOD | wrong]})
            for wrong in ({"assignment": "1"}, {"student": True}, {"student": 2**63}, {"typed": 5})
        ),
    ],
)
def test_what_the_page_would_not_send_is_refused(room: Class, body: str) -> None:
    answer = send(room, body=body)
    assert answer.status_code == 400
    assert "Reload it" in answer.json()["error"]
    many = [entry(room, room.ada, "1")] * (MOST + 1)
    assert send(room, *many).status_code == 400


def test_the_page_takes_as_few_queries_as_the_matrix(room: Class) -> None:
    fill(room.other, 100, 10)
    browser = HttpsClient(room.other_teacher)
    browser.get(f"/courses/{room.other.pk}/grades")  # the first look is an event
    counts = []
    for page in ("grades", "grades/enter"):
        with CaptureQueriesContext(connection) as queries:
            assert browser.get(f"/courses/{room.other.pk}/{page}").status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]
