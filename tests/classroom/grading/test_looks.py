"""Answering a student who asks for another look: once, and never half."""

import threading
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.db.models import Count
from django.utils import timezone

from classroom.grading.looks import Outcome, answer
from classroom.grading.matrix import Matrix
from classroom.grading.selection import Filter
from classroom.grading.work_state import state_query
from classroom.models import Kind, Look, Notice, Submission, Transfer
from classroom.rules.counting import returned_set
from classroom.rules.looks import MOST
from embedding.problems import Problem
from tests.classroom.gradebook import Class, assert_staff_only, make_class, removed
from tests.conftest import HttpsClient

TEXT = "Is (b) **really** wrong? $x_1$ <script>alert(1)</script>"


@pytest.fixture
def room(db: None) -> Class:
    return asked(make_class())


def asked(room: Class) -> Class:
    """Ada got 7.5 points, and asks."""
    returned_set(room.collected(score=Decimal("7.5"), graded=timezone.now()), timezone.now())
    work = room.work()
    assert work.returned
    Look.objects.create(
        submission=work, returned=work.returned, text=TEXT, score_before=work.returned_score
    )
    return room


def post(room: Class, outcome: str, text: str = "I looked.", user: User | None = None) -> Any:
    form = {"look": Look.objects.get().pk, "answer": text, "outcome": outcome}
    return HttpsClient(user or room.teacher).post(f"{room.grade_url()}/look?state=look", form)


def returns() -> list[Transfer]:
    return list(Transfer.objects.filter(kind=Kind.RETURN))


def test_who_may_answer(room: Class) -> None:
    assert_staff_only(room, f"{room.grade_url()}/look", method="post")
    assert post(room, "kept", user=room.assistant).status_code == 302
    assert Look.objects.get().answered_by == room.assistant


def test_the_matrix_and_its_filter_show_who_asks(room: Class) -> None:
    page = HttpsClient(room.teacher).get(f"{room.base}/grades").content.decode()
    assert page.count(">look</span></td>") == 1
    rows = Matrix(room.course, Filter(state="look")).rows
    assert [row.student for row in rows] == [room.ada]
    counted = Submission.objects.order_by().values_list("assignment__course")
    assert [*counted.annotate(n=Count("pk", filter=state_query("look")))] == [(room.course.pk, 1)]
    post(room, "kept")
    assert Matrix(room.course, Filter(state="look")).rows == []
    page = HttpsClient(room.teacher).get(f"{room.base}/grades").content.decode()
    assert ">look</span></td>" not in page


def test_the_grading_page_shows_the_text_above_all(room: Class) -> None:
    page = HttpsClient(room.teacher).get(room.grade_url()).content.decode()
    assert "Ada Lovelace asks for another look" in page
    assert 'Is (b) <strong>really</strong> wrong? <code class="math">x_1</code>' in page
    assert "<script>alert" not in page
    assert page.index("asks for another look") < page.index("data-grade")
    assert "Keep the score" in page
    assert "Answer and return the new score" not in page
    room.work(score=Decimal(8))
    page = HttpsClient(room.teacher).get(room.grade_url()).content.decode()
    assert "The score is 8 now." in page
    assert "Keep the score" not in page


def test_keeping_answers_at_once(room: Class) -> None:
    sent = post(room, "kept", " It *stays*.\r\n")
    assert sent["Location"] == f"{room.grade_url()}?state=look"
    look = Look.objects.get()
    assert (look.outcome, look.answer, look.answered_by) == ("kept", "It *stays*.", room.teacher)
    assert look.answered
    assert returns() == []
    told = Notice.objects.get(kind=Notice.Kind.LOOK_ANSWERED)
    assert (told.user, told.assignment) == (room.ada.user, room.assignment)
    page = HttpsClient(room.teacher).get(room.grade_url()).content.decode()
    assert "Answered requests" in page
    assert "It <em>stays</em>." in page
    assert "asks for another look" not in page


def test_a_changed_score_is_returned_with_the_answer(room: Class) -> None:
    room.work(score=Decimal(8), graded=timezone.now())
    assert post(room, "changed", "").status_code == 302
    look = Look.objects.get()
    assert (look.outcome, look.score_before, look.score_after) == (
        "changed",
        Decimal("7.5"),
        Decimal(8),
    )
    [row] = returns()
    assert (row.member, row.assignment, row.options) == (room.ada, room.assignment, {})
    assert row.batch
    assert row.batch.actor == room.teacher


def test_a_score_that_was_taken_away_is_returned_too(room: Class) -> None:
    room.work(score=None, graded=None)
    post(room, "changed")
    assert [row.options for row in returns()] == [{"ungraded": True}]


def test_a_score_that_lost_a_part_is_returned_too(room: Class) -> None:
    """Points of a question were taken away, and there is a comment: it is no grade."""
    room.work(score=None, comment="See (b).", unfinished=True, graded=None)
    post(room, "changed")
    assert [row.options for row in returns()] == [{"ungraded": True}]


def test_what_was_returned_already_is_not_returned_again(room: Class) -> None:
    returned_set(room.work(score=Decimal(8)), timezone.now())
    assert post(room, "changed").status_code == 302
    assert returns() == []
    assert Look.objects.get().score_before == Decimal("7.5")


@pytest.mark.parametrize(
    ("score", "outcome", "words"),
    [
        ("8", "kept", "changed since the student asked"),
        ("7.5", "changed", "Save the new score on the grading page first"),
    ],
)
def test_an_answer_that_is_not_true_is_refused(
    room: Class, score: str, outcome: str, words: str
) -> None:
    room.work(score=Decimal(score))
    refused = post(room, outcome, "My long answer.")
    assert refused.status_code == 409
    assert words in refused.content.decode()
    assert "My long answer.</textarea>" in refused.content.decode()
    assert Look.objects.get().answered is None
    assert not Notice.objects.exists()
    assert returns() == []


def test_nothing_is_answered_while_an_older_score_is_being_returned(room: Class) -> None:
    """That step would be joined, and the student would be left with the old score."""
    row = Transfer.objects.create(
        course=room.course,
        kind=Kind.RETURN,
        assignment=room.assignment,
        member=room.ada,
        lane=Transfer.lane_of(room.course, room.ada),
        key="return",
        state=Transfer.State.RUNNING,
    )
    room.work(score=Decimal(8))
    refused = post(room, "changed")
    assert refused.status_code == 409
    assert "being returned right now" in refused.content.decode()
    assert Look.objects.get().answered is None
    Transfer.objects.filter(pk=row.pk).update(state=Transfer.State.DONE)
    assert post(room, "changed").status_code == 302


def test_who_answers_second_sees_the_first_answer_and_loses_nothing(room: Class) -> None:
    post(room, "kept", "Of the first.", user=room.assistant)
    refused = post(room, "kept", "Of the second.")
    assert refused.status_code == 409
    page = refused.content.decode()
    assert "Someone else has already answered" in page
    assert "Of the first." in page
    assert "Of the second.</textarea>" in page
    assert Look.objects.get().answer == "Of the first."
    assert Notice.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_at_once_one_answers() -> None:
    room = asked(make_class())
    look, together = Look.objects.get().pk, threading.Barrier(2)

    def send(user: User) -> str:
        try:
            together.wait(30)
            work = room.work()
            work.assignment, work.student = room.assignment, room.ada
            answer(work, look, f"By {user}.", Outcome.KEPT, by=user)
        except Problem as problem:
            return problem.code
        finally:
            connection.close()
        return "sent"

    with ThreadPoolExecutor(2) as pool:
        found = sorted(pool.map(send, (room.teacher, room.assistant)))
    assert found == ["answered", "sent"]
    assert Notice.objects.filter(kind=Notice.Kind.LOOK_ANSWERED).count() == 1


def test_a_student_who_left_is_answered_without_being_told(room: Class) -> None:
    removed(room.ada)
    room.work(score=Decimal(8))
    assert post(room, "changed").status_code == 302
    assert not Notice.objects.exists()
    assert returns() == []


def test_what_makes_no_sense_is_not_found_or_refused(room: Class) -> None:
    client, url = HttpsClient(room.teacher), f"{room.grade_url()}/look"
    pk = Look.objects.get().pk
    for form in (
        {},
        {"outcome": "kept"},
        {"outcome": "kept", "look": "9" * 30},
        {"outcome": "lost", "look": pk},
    ):
        assert client.post(url, form).status_code == 404, form
    other = client.post(
        f"{room.grade_url(room.bob)}/look", {"outcome": "kept", "look": pk, "answer": ""}
    )
    assert other.status_code == 404
    assert post(room, "kept", "x" * (MOST + 1)).status_code == 400
    assert post(room, "kept", "a\0b").status_code == 400
    assert Look.objects.get().answered is None
