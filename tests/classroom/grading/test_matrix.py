"""The matrix: who is shown, in which order, what each cell says, and that it does not grow."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from classroom.grading.matrix import Matrix
from classroom.grading.selection import Filter, shown
from classroom.grading.work_state import STATES, state_of
from classroom.models import Assignment, Submission
from tests.classroom import factories
from tests.classroom.gradebook import Class, ago, assert_staff_only, fill, make_class, removed
from tests.conftest import HttpsClient


@pytest.fixture
def room(db: None) -> Class:
    return make_class()


def names(room: Class, query: str = "") -> list[str]:
    students = shown(room.course, Filter.of(QueryDict(query))).select_related("user")
    return [student.user.first_name for student in students]


def test_who_may_see_it(room: Class) -> None:
    for user in (room.teacher, room.assistant):
        assert HttpsClient(user).get(f"{room.base}/grades").status_code == 200
    assert_staff_only(room, f"{room.base}/grades")


def test_a_cell_says_the_score_or_the_state_and_leads_to_the_grading_page(room: Class) -> None:
    room.collected(score=Decimal("7.50"), graded=timezone.now(), late=True)
    page = HttpsClient(room.teacher).get(f"{room.base}/grades?sort=-name&q=ada").content.decode()
    assert f'href="{room.grade_url()}?q=ada&amp;sort=-name"' in page
    assert ">7.5</a>" in page
    assert ">late<" in page
    assert "Babbage" not in page


def test_a_course_with_nothing_in_it_says_what_comes(room: Class) -> None:
    other = HttpsClient(room.other_teacher)
    page = other.get(f"/courses/{room.other.pk}/grades").content.decode()
    assert "There is no assignment yet." in page
    factories.make_assignment(room.other)
    page = other.get(f"/courses/{room.other.pk}/grades").content.decode()
    assert "There are no students in this course yet." in page
    page = HttpsClient(room.teacher).get(f"{room.base}/grades?q=nobody").content.decode()
    assert "No student matches." in page


def test_names_and_titles_are_no_html(room: Class) -> None:
    Assignment.objects.update(title="<b>Title</b>")
    User.objects.filter(username="ada").update(last_name='"><script>')
    page = HttpsClient(room.teacher).get(f"{room.base}/grades").content.decode()
    assert "<b>Title" not in page
    assert '"><script>' not in page


def test_removed_students_and_handouts_are_left_out(room: Class) -> None:
    factories.make_assignment(room.course, "Slides", handout=True)
    removed(room.ada)
    matrix = Matrix(room.course, Filter())
    assert [row.student for row in matrix.rows] == [room.bob]
    assert [column.assignment for column in matrix.columns] == [room.assignment]


# --- the order


def test_by_name_and_number_and_back(room: Class) -> None:
    assert names(room) == ["Bob", "Ada"]
    assert names(room, "sort=-name") == ["Ada", "Bob"]
    assert names(room, "sort=number") == ["Bob", "Ada"]
    assert names(room, "sort=-number") == ["Ada", "Bob"]


def test_by_one_assignment_who_has_no_score_comes_last_either_way(room: Class) -> None:
    cid = factories.enrol(room.course, factories.make_user("cid", first_name="Cid"))
    room.work(score=3)
    room.work(cid, score=5)
    sort = f"sort={room.assignment.pk}"
    assert names(room, sort) == ["Ada", "Cid", "Bob"]
    assert names(room, sort.replace("=", "=-")) == ["Cid", "Ada", "Bob"]


def test_a_total_is_the_sum_of_the_scores(room: Class) -> None:
    second = factories.make_assignment(room.course, "Homework 2", points=5)
    room.work(score=Decimal("7.5"))
    Submission.objects.filter(assignment=second, student=room.ada).update(score=2)
    Submission.objects.filter(assignment=second, student=room.bob).update(score=4)
    matrix = Matrix(room.course, Filter(sort="-total"))
    assert [(row.student, row.total) for row in matrix.rows] == [
        (room.ada, "9.5"),
        (room.bob, "4"),
    ]
    assert matrix.rule.text == "Total: the sum of all scores, out of 15 points."


def test_with_weights_it_is_the_weighted_mean_of_what_has_a_score(room: Class) -> None:
    Assignment.objects.update(weight=1)
    second = factories.make_assignment(room.course, "Homework 2", points=5, weight=3)
    factories.make_assignment(room.course, "Homework 3", points=5, weight=0)  # counts nothing
    room.work(score=10)  # 100 %
    Submission.objects.filter(assignment=second, student=room.ada).update(score=0)
    Submission.objects.filter(assignment=second, student=room.bob).update(score=4)  # 80 %
    Submission.objects.filter(assignment__title="Homework 3").update(score=5)
    matrix = Matrix(room.course, Filter(sort="-total"))
    assert [(row.student, row.total) for row in matrix.rows] == [
        (room.bob, "80 %"),
        (room.ada, "25 %"),
    ]
    assert "weighted average" in matrix.rule.text


# --- the filter


def test_text_finds_names_usernames_and_numbers(room: Class) -> None:
    for text in ("ada", "LOVE", "20", "ada lovelace", "lovelace ad"):
        assert names(room, f"q={text}") == ["Ada"], text
    assert names(room, "q=ada babbage") == []


State = Callable[[Class], dict[str, Any]]
WORKS: dict[str, dict[str, Any]] = {
    "not-out": {},
    "out": {"handed_out": 5},
    "opened": {"handed_out": 5, "opened": 4},
    "missing": {"handed_out": 5, "due": 1},
    "submitted": {"handed_out": 5, "submitted": 4},
    "to-grade": {"handed_out": 5, "submitted": 4, "collected": 3},
    "graded": {"handed_out": 5, "collected": 3, "graded": 2},
    "graded again": {"handed_out": 5, "collected": 3, "returned": 2, "graded": 1},
    "returned": {"handed_out": 5, "collected": 3, "graded": 2, "returned": 1},
    "returned ungraded": {"handed_out": 5, "collected": 3, "returned": 1},
    # A part of its points was taken away again.
    "to-grade again": {"handed_out": 5, "collected": 3, "returned": 1, "unfinished": True},
    # Submitted again: after collecting, grading, returning; graded without being collected.
    "again": {"handed_out": 9, "submitted": 2, "collected": 3},
    "again graded": {"handed_out": 9, "submitted": 2, "collected": 4, "graded": 3},
    "again returned": {"submitted": 1, "collected": 4, "graded": 3, "returned": 2},
    "again uncollected": {"handed_out": 9, "submitted": 2, "graded": 3},
    # Collected again: other work, or the same.
    "again renewed": {"submitted": 2, "collected": 1, "renewed": 1, "graded": 3},
    "again from folder": {"collected": 1, "renewed": 1, "graded": 3, "returned": 2},
    "again ungraded": {"collected": 1, "renewed": 1, "returned": 2},
    "graded same": {"submitted": 5, "collected": 1, "renewed": 4, "graded": 3},
    "graded same submitted": {"submitted": 2, "collected": 1, "renewed": 4, "graded": 3},
    "returned same": {"collected": 1, "renewed": 4, "graded": 3, "returned": 2},
    "graded unknown": {"graded": 1},
    "held": {"collected": 3, "held": "Why."},
    "held before": {"submitted": 4, "collected": 3, "graded": 2, "held": "Why."},
    "again held": {"submitted": 1, "collected": 3, "held": "Why."},
}


@pytest.mark.parametrize("case", WORKS)
def test_the_filter_finds_what_the_cell_says(room: Class, case: str) -> None:
    kept = ("held", "unfinished")
    fields = {name: value if name in kept else ago(value) for name, value in WORKS[case].items()}
    work = room.work(room.ada, **fields)
    state, _ = state_of(work, timezone.now())
    assert state == case.split()[0]
    found = [each for each in STATES if names(room, f"state={each}") == ["Ada"]]
    assert found == [state] * (state in STATES)


def test_late_work_is_found_whatever_its_state(room: Class) -> None:
    room.collected(late=True)
    assert names(room, "state=late") == ["Ada"]


def test_a_state_may_be_asked_of_one_assignment(room: Class) -> None:
    second = factories.make_assignment(room.course, "Homework 2")
    room.collected()
    assert names(room, "state=to-grade") == ["Ada"]
    assert names(room, f"state=to-grade&assignment={room.assignment.pk}") == ["Ada"]
    assert names(room, f"state=to-grade&assignment={second.pk}") == []


@pytest.mark.parametrize(
    "query",
    [
        "sort=password",
        "sort=user__password",
        "sort=-",
        "sort=0",
        "sort=99999999999999999999999",
        "state=x",
        "assignment=x",
        "assignment=-1",
        "q=%00",
        "page=x",
        "page=999",
        "sort=²",
    ],
)
def test_an_address_that_makes_no_sense_is_as_if_it_said_nothing(room: Class, query: str) -> None:
    answer = HttpsClient(room.teacher).get(f"{room.base}/grades?{query}")
    assert answer.status_code == 200
    assert "Lovelace" in answer.content.decode()


def test_the_filter_survives_its_own_address() -> None:
    wanted = Filter(text="a b&c=d", state="late", assignment=3, sort="-total")
    assert Filter.of(QueryDict(wanted.query)) == wanted
    assert Filter().query == ""


def test_a_second_click_turns_the_order_round() -> None:
    assert Filter().sorted_by("number").sort == "number"
    assert Filter(sort="number").sorted_by("number").sort == "-number"
    assert Filter(sort="-number").sorted_by("number").sort == "number"


def test_a_grade_given_before_it_was_collected_again_is_marked(room: Class) -> None:
    room.work(collected=ago(1), graded=ago(2), score=1)
    cells = Matrix(room.course, Filter(text="ada")).rows[0].cells
    assert '<span class="tag warn" title="New work since it was graded">new</span>' in cells
    assert 'class="cell again"' in cells


# --- size


def test_a_hundred_times_the_class_takes_the_same_queries(db: None) -> None:
    teacher = factories.make_user("tess", teacher=True)
    small, large = (factories.make_course(teacher, title) for title in ("Small", "Large"))
    fill(small, 10, 30)
    fill(large, 1000, 30)
    browser = HttpsClient(teacher)
    for query in ("", "?state=graded&q=name&sort=-total"):
        counts = []
        for course in (small, large):
            with CaptureQueriesContext(
                connection,
            ) as queries:
                answer = browser.get(f"/courses/{course.pk}/grades{query}")
            assert answer.status_code == 200
            counts.append(len(queries))
        assert counts[0] == counts[1] <= 14, query  # two for the event
    page = browser.get(f"/courses/{large.pk}/grades?page=10").content.decode()
    assert "901–1000 on this page" in page
    assert page.count("<tr>") == 101
