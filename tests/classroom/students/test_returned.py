"""The page of returned work, and asking for another look at it."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from classroom.courses.courses import course_archive
from classroom.models import Assignment, Look, Notice, Submission
from classroom.rules.counting import returned_set
from classroom.rules.looks import MOST
from tests.classroom import factories
from tests.classroom.gradebook import Class, ago, make_class, removed
from tests.conftest import HttpsClient

HOUR = timedelta(hours=1)
SCRIPT = '<script>alert(1)</script><img src=x onerror="alert(1)"> [go](javascript:alert(1))'


@pytest.fixture
def room(db: None) -> Class:
    """Ada's work was returned, and she may ask."""
    room = make_class()
    Assignment.objects.update(look_until=timezone.now() + HOUR)
    room.assignment.refresh_from_db()
    give_back(room.collected(score=Decimal("7.5"), comment="Look at *(b)*: $x_1$."))
    return room


def give_back(work: Submission, notebook: str = "") -> None:
    returned_set(work, timezone.now(), notebook)


def address(room: Class) -> str:
    return f"{room.base}/assignments/{room.assignment.pk}/returned"


def page(room: Class) -> str:
    answer = HttpsClient(room.ada.user).get(address(room))
    assert answer.status_code == 200
    return answer.content.decode()


def ask(room: Class, text: str = "Please look at (b) again.", **form: Any) -> Any:
    form.setdefault("seen", getattr(room.work().returned, "isoformat", str)())
    return HttpsClient(room.ada.user).post(address(room), {"text": text} | form)


# --- the result


def test_score_comment_and_points_per_question(room: Class) -> None:
    details = {"cells": {"loops": [2.5, 5], "essay": [None, 3], "secret": [0, 2]}}
    give_back(room.work(details=details | {"hidden": ["secret"]}))
    html = page(room)
    assert "<strong>7.5</strong> of 10 points" in html
    assert 'Look at <em>(b)</em>: <code class="math">x_1</code>.' in html
    rows = html.split("<tbody>")[1].split("</tbody>")[0]
    assert '<th scope="row">loops</th><td class="number">2.5</td><td class="number">5</td>' in rows
    assert "by hand" in rows
    assert "Hidden test 1" in rows
    assert "secret" not in html


def test_it_shows_what_was_returned_and_not_what_is_typed_now(room: Class) -> None:
    give_back(room.work(details={"cells": {"loops": [2.5, 5]}}))
    room.work(
        score=Decimal("1.25"), comment="Not yet said.", details={"cells": {"loops": [0.75, 5]}}
    )
    html = page(room)
    for text in ("1.25", "Not yet said", "0.75"):
        assert text not in html
    assert "7.5" in html
    assert "2.5" in html


def test_work_returned_by_an_earlier_version_has_no_table(room: Class) -> None:
    room.work(details={"cells": {"loops": [2.5, 5]}}, returned_questions=[])
    html = page(room)
    assert "Points per question" not in html
    assert "<strong>7.5</strong>" in html


def test_questions_that_do_not_add_up_are_explained(room: Class) -> None:
    give_back(room.work(details={"cells": {"loops": [2.5, 5]}}))
    assert "The score above counts." in page(room)
    give_back(room.work(details={"cells": {"loops": [2.5, 5], "more": [5, 5]}}))
    assert "The score above counts." not in page(room)


def test_without_a_score_it_says_so(room: Class) -> None:
    give_back(room.work(score=None, comment="", details={"cells": {"essay": [None, 3]}}))
    html = page(room)
    assert "Returned without a score." in html
    assert "not graded yet" in html


def test_the_notebook_opens_where_it_is_known(room: Class) -> None:
    assert "graded-homework-1" not in page(room)  # there is no project yet
    assert room.ada.project
    room.ada.project.project_id = uuid4()
    room.ada.project.save()
    at = f"/projects/{room.ada.project.project_id}"
    assert f'href="{at}/files/graded-homework-1/"' in page(room)
    give_back(room.work(), "hw 1.ipynb")
    html = page(room)
    assert f'href="{at}/open/graded-homework-1/hw%201.ipynb"' in html
    assert "Open the commented notebook" in html


def test_there_is_no_page_for_what_was_not_returned(room: Class) -> None:
    bob = HttpsClient(room.bob.user)
    assert bob.get(address(room)).status_code == 404
    assert bob.post(address(room), {"text": "x", "seen": ""}).status_code == 404
    Assignment.objects.update(removed=timezone.now())
    assert HttpsClient(room.ada.user).get(address(room)).status_code == 404


def test_the_courses_page_leads_there_and_shows_the_total(room: Class) -> None:
    html = HttpsClient(room.ada.user).get(f"{room.base}/").content.decode()
    assert f'href="{address(room)}"' in html
    assert "<strong>7.5 of 10 points</strong>" in html
    assert (
        "Your total so far" not in HttpsClient(room.bob.user).get(f"{room.base}/").content.decode()
    )


# --- asking


def test_a_student_asks_once_and_the_staff_is_told(room: Class) -> None:
    answer = ask(room, "  **Please** look.\r\nThanks. ")
    assert answer.status_code == 302
    look = Look.objects.get()
    assert (look.text, look.score_before) == ("**Please** look.\nThanks.", Decimal("7.5"))
    assert look.returned == room.work().returned
    told = Notice.objects.filter(kind=Notice.Kind.LOOK_ASKED)
    assert {each.user for each in told} == {room.teacher, room.assistant}
    assert {each.member for each in told} == {room.ada}
    html = page(room)
    assert "Your teacher will look at it." in html
    assert "<strong>Please</strong> look." in html
    assert "<textarea" not in html
    again = ask(room, "Once more.")
    assert again.status_code == 409
    assert "You have already asked." in again.content.decode()
    assert "Once more." in again.content.decode()  # it is not lost
    assert Look.objects.count() == 1


def test_what_is_asked_is_no_html(room: Class) -> None:
    ask(room, SCRIPT)
    html = page(room)
    assert "<script>alert" not in html
    assert "<img" not in html.partition("<main")[2]
    assert 'href="javascript' not in html
    refused = ask(room, f"</textarea>{SCRIPT}").content.decode()
    assert "</textarea><script>" not in refused


@pytest.mark.parametrize("text", ["", " \n ", "x" * (MOST + 1), "a\0b"])
def test_a_text_that_cannot_be_taken_is_shown_again(room: Class, text: str) -> None:
    answer = ask(room, text)
    assert answer.status_code == 400
    assert 'role="alert"' in answer.content.decode()
    assert not Look.objects.exists()
    assert not Notice.objects.exists()


def test_lines_count_once_though_browsers_send_two_characters(room: Class) -> None:
    assert ask(room, "a\r\n" * (MOST // 2 - 1) + "ab").status_code == 302


def test_the_time_ends_while_one_writes(room: Class) -> None:
    Assignment.objects.update(look_until=ago(0.001))
    answer = ask(room, "It took me a while.")
    assert answer.status_code == 409
    html = answer.content.decode()
    assert "It is too late to ask for another look here" in html
    assert "It took me a while." in html
    assert not Look.objects.exists()
    assert "That time is over." in page(room)


def test_without_a_time_nobody_can_ask(room: Class) -> None:
    Assignment.objects.update(look_until=None)
    assert "Another look" not in page(room)
    assert ask(room).status_code == 409
    assert not Look.objects.exists()


def test_work_that_is_returned_meanwhile_is_looked_at_first(room: Class) -> None:
    seen = room.work().returned
    assert seen
    give_back(room.work())
    answer = ask(room, seen=seen.isoformat())
    assert answer.status_code == 409
    assert "returned your work again" in answer.content.decode()
    assert "Please look at (b) again.</textarea>" in answer.content.decode()
    assert ask(room, seen="").status_code == 409
    assert ask(room).status_code == 302


def test_after_an_answer_one_may_ask_about_the_next_return_alone(room: Class) -> None:
    ask(room)
    Look.objects.update(answered=timezone.now(), outcome=Look.Outcome.KEPT, answer="It *stays*.")
    html = page(room)
    assert "Your score stays as it is." in html
    assert "It <em>stays</em>." in html
    assert "<textarea" not in html
    assert ask(room).status_code == 409
    give_back(room.work())
    assert ask(room).status_code == 302
    assert Look.objects.count() == 2
    assert "It <em>stays</em>." in page(room)  # the history stays


def test_an_open_request_outlives_the_next_return(room: Class) -> None:
    ask(room)
    give_back(room.work())
    assert "Your teacher will look at it." in page(room)
    assert ask(room).status_code == 409


def test_a_changed_score_is_not_told_before_it_is_returned(room: Class) -> None:
    ask(room)
    room.work(score=Decimal("9.25"))
    Look.objects.update(
        answered=timezone.now(), outcome=Look.Outcome.CHANGED, score_after=Decimal("9.25")
    )
    html = page(room)
    assert "The new one will be here in a few minutes." in html
    assert "9.25" not in html
    give_back(room.work())
    assert "Your score was changed from 7.5 to 9.25." in page(room)


def test_in_an_archived_course_it_is_read_and_not_asked_about(room: Class) -> None:
    assert "Ask for another look" in page(room)
    course_archive(room.course, actor=room.teacher)
    assert "Ask for another look" not in page(room)
    assert "7.5" in page(room)


def test_who_was_removed_cannot_ask(room: Class) -> None:
    removed(room.ada)
    assert ask(room).status_code == 404
    assert not Look.objects.exists()


def test_nobody_asks_for_another(room: Class) -> None:
    for user, status in ((room.teacher, 403), (room.assistant, 403), (room.stranger, 404)):
        answer = HttpsClient(user).post(address(room), {"text": "x"})
        assert answer.status_code == status
    elsewhere = factories.make_assignment(room.other)
    url = address(room).replace(f"/{room.assignment.pk}/", f"/{elsewhere.pk}/")
    assert HttpsClient(room.ada.user).post(url, {"text": "x"}).status_code == 404
    assert not Look.objects.exists()
