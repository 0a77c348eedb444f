"""Scores: within their points, with a history, never over another's; and the grading page."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from classroom.grading.collected import files_of
from classroom.grading.neighbours import place_of
from classroom.grading.selection import Filter
from classroom.models import Assignment, GradeChange, Kind, Snapshot, Transfer
from classroom.rules.scoring import Conflict, grade_set, is_bonus, number, score_check, score_read
from tests.classroom import factories
from tests.classroom.gradebook import Class, ago, assert_staff_only, make_class, removed
from tests.conftest import HttpsClient


@pytest.fixture
def room(db: None) -> Class:
    return make_class()


def give(room: Class, score: str | None, comment: str | None = None, **more: object) -> object:
    return grade_set(
        room.work(),
        score=None if score is None else Decimal(score),
        comment=comment,
        by=room.teacher,
        how="page",
        **more,  # type: ignore[arg-type]
    )


# --- giving a score


def test_a_score_is_kept_with_who_when_and_how(room: Class) -> None:
    before = timezone.now()
    give(room, "7.5", "Well done.")
    work = room.work()
    assert (work.score, work.comment) == (Decimal("7.5"), "Well done.")
    assert work.graded
    assert work.graded >= before
    change = GradeChange.objects.get()
    assert (change.score, change.comment, change.by, change.how) == (
        Decimal("7.5"),
        "Well done.",
        room.teacher,
        "page",
    )


def test_nothing_is_written_where_nothing_changes(room: Class) -> None:
    give(room, "7.5", "Well done.")
    graded = room.work().graded
    assert give(room, "7.50", "Well done.") is None
    assert give(room, "7.5") is None
    assert GradeChange.objects.count() == 1
    assert room.work().graded == graded


def test_a_comment_that_is_not_given_stays(room: Class) -> None:
    give(room, "1", "Well done.")
    give(room, "2")
    assert room.work().comment == "Well done."
    assert [change.score for change in GradeChange.objects.all()] == [Decimal(2), Decimal(1)]


def test_taking_score_and_comment_away_makes_it_ungraded(room: Class) -> None:
    give(room, "1", "x")
    give(room, None, "")
    work = room.work()
    assert (work.score, work.comment, work.graded) == (None, "", None)
    assert GradeChange.objects.count() == 2


@pytest.mark.parametrize("score", ["-0.01", "20.01", "NaN", "Infinity", "1.234", "1e9"])
def test_what_is_no_score_is_refused_and_nothing_written(room: Class, score: str) -> None:
    with pytest.raises(ValidationError):
        give(room, score)
    assert not GradeChange.objects.exists()
    assert room.work().score is None


def test_a_bonus_goes_up_to_twice_the_points(room: Class) -> None:
    give(room, "20")
    assert room.work().score == 20
    assert is_bonus(room.assignment, Decimal("10.01"))
    assert not is_bonus(room.assignment, Decimal(10))


def test_without_points_any_score_will_do(room: Class) -> None:
    Assignment.objects.update(points=None)
    give(room, "999999.99")
    assert room.work().score == Decimal("999999.99")


def test_who_has_not_seen_the_last_change_does_not_overwrite_it(room: Class) -> None:
    first = give(room, "5", seen=0)
    assert isinstance(first, GradeChange)
    second = give(room, "6", "Better.", seen=first.pk)
    with pytest.raises(Conflict) as conflict:
        give(room, "4", "Hm.", seen=first.pk)
    assert conflict.value.change == second
    work = room.work()
    assert (work.score, work.comment) == (Decimal(6), "Better.")
    assert GradeChange.objects.count() == 2


def test_the_same_score_given_twice_is_no_conflict(room: Class) -> None:
    give(room, "5", "x", seen=0)
    assert give(room, "5", "x", seen=0) is None


@pytest.mark.django_db(transaction=True)
def test_of_two_who_save_at_once_one_is_told() -> None:
    room = make_class()
    both = threading.Barrier(2)

    def save(score: int) -> str:
        try:
            both.wait(10)
            change = give(room, str(score), seen=0)
        except Conflict:
            return "conflict"
        else:
            return "saved" if change else "nothing"
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        ends = sorted(pool.map(save, (3, 4)))
    assert ends == ["conflict", "saved"]
    assert GradeChange.objects.get().score == room.work().score


@pytest.mark.parametrize(
    ("text", "score"),
    [("7.5", "7.5"), (" 7,5 ", "7.5"), ("", None), ("0", "0"), ("1e1", "10"), ("−1", "-1")],
)
def test_a_score_is_read_as_people_type_it(text: str, score: str | None) -> None:
    assert score_read(text) == (None if score is None else Decimal(score))


@pytest.mark.parametrize("text", ["a", "1,2,3", "1_0", "1.5.5", "1.000,5", "=1+1", "NaN", "inf"])
def test_what_is_no_number_is_told(text: str) -> None:
    with pytest.raises(ValidationError):
        score_read(text)


@given(st.decimals(min_value=0, max_value=999999, places=2))
def test_every_score_is_shown_as_it_can_be_read_again(score: Decimal) -> None:
    assert score_check(Assignment(), score_read(number(score))) == score


@given(st.text(max_size=20))
def test_reading_a_score_gives_a_number_or_a_sentence(text: str) -> None:
    with suppress(ValidationError):  # and nothing else
        score = score_check(Assignment(points=Decimal(10)), score_read(text))
        assert score is None or 0 <= score <= 20


# --- from student to student


def test_the_walk_follows_the_filter_and_goes_on_from_one_no_longer_shown(room: Class) -> None:
    cid = factories.enrol(room.course, factories.make_user("cid", last_name="Curie"))
    room.collected()
    room.collected(room.bob, score=3, graded=timezone.now())
    room.collected(cid)
    wanted = Filter(state="to-grade")  # Bob Babbage, Cid Curie, Ada Lovelace
    place = place_of(room.assignment, room.bob, wanted)
    assert (place.previous, place.next, place.position, place.count) == (None, cid.pk, 0, 2)
    place = place_of(room.assignment, room.ada, wanted)
    assert (place.previous, place.next, place.position) == (cid.pk, None, 2)


def test_a_removed_student_has_no_neighbours(room: Class) -> None:
    removed(room.ada)
    place = place_of(room.assignment, room.ada, Filter())
    assert (place.previous, place.next, place.position, place.count) == (None, None, 0, 1)


# --- which files are shown


def test_files_are_those_that_were_collected_notebooks_first(room: Class) -> None:
    work = room.collected()
    room.assignment.files = [{"path": "given.ipynb"}]
    work.assignment = room.assignment
    assert files_of(work) == ["given.ipynb"]
    Snapshot.objects.create(
        submission=work, taken=ago(3), path="x", files=[{"path": "b.txt"}, {"path": "a.ipynb"}]
    )
    assert files_of(work) == ["a.ipynb", "b.txt"]
    Transfer.objects.create(
        course=room.course,
        kind=Kind.COLLECT,
        assignment=room.assignment,
        member=room.ada,
        state=Transfer.State.DONE,
        result={"files": [{"path": "c.ipynb"}]},
    )
    assert files_of(work) == ["c.ipynb"]
    work.details = {"notebooks": ["c.ipynb"]}
    assert files_of(work) == ["c.ipynb", "c_autograded.ipynb"]


@pytest.mark.parametrize("result", [{}, {"files": 3}, {"files": [3, {"path": 4}, {}]}])
def test_a_strange_result_of_a_step_breaks_nothing(room: Class, result: dict[str, object]) -> None:
    work = room.collected()
    Transfer.objects.create(
        course=room.course,
        kind=Kind.COLLECT,
        assignment=room.assignment,
        member=room.ada,
        state=Transfer.State.DONE,
        result=result,
    )
    assert files_of(work) == []


# --- the page


def test_who_may_grade(room: Class) -> None:
    for user in (room.teacher, room.assistant):
        assert HttpsClient(user).get(room.grade_url()).status_code == 200
    assert_staff_only(room, room.grade_url())
    assert_staff_only(room, room.grade_url(), method="post")
    assert room.work().score is None


def test_other_peoples_ids_are_not_there(room: Class) -> None:
    foreign = factories.make_assignment(room.other, points=5)
    outsider = factories.enrol(room.other, factories.make_user("olga"))
    teacher = HttpsClient(room.teacher)
    base = f"{room.base}/assignments"
    staff = room.course.memberships.get(user=room.assistant)
    for assignment, member in (
        (foreign.pk, room.ada.pk),
        (foreign.pk, outsider.pk),
        (room.assignment.pk, outsider.pk),
        (room.assignment.pk, staff.pk),
        (room.assignment.pk, 99999),
        (99999, room.ada.pk),
    ):
        url = f"{base}/{assignment}/grade/{member}"
        assert teacher.get(url).status_code == 404
        assert teacher.post(url, {"score": "1", "seen": "0"}).status_code == 404


def test_a_handout_is_not_graded(room: Class) -> None:
    Assignment.objects.update(handout=True)
    assert HttpsClient(room.teacher).get(room.grade_url()).status_code == 404


def test_the_page_shows_the_collected_notebook_in_its_frame(room: Class) -> None:
    room.collected(late=True)
    Assignment.objects.update(files=[{"path": "one.ipynb"}, {"path": "two & 2.ipynb"}])
    room.course.project.project_id = "6f9c8a3e-5f0c-4b0e-9c51-2f2f7a3d1e11"
    room.course.project.save()
    page = HttpsClient(room.teacher).get(room.grade_url()).content.decode()
    assert 'path="collected/homework-1/Ada Lovelace-ada/one.ipynb"' in page
    assert "two%20%26%202.ipynb" in page
    assert ">late<" in page
    for file, shown in (
        ("two+%26+2.ipynb", "two &amp; 2.ipynb"),
        ("../bob/one.ipynb", "one.ipynb"),
    ):
        page = HttpsClient(room.teacher).get(f"{room.grade_url()}?file={file}").content.decode()
        assert f'path="collected/homework-1/Ada Lovelace-ada/{shown}"' in page


def test_where_nothing_is_collected_the_page_says_so_and_offers_the_students_folder(
    room: Class,
) -> None:
    room.work(handed_out=ago(1))
    project = room.ada.project
    assert project
    project.project_id = "6f9c8a3e-5f0c-4b0e-9c51-2f2f7a3d1e12"
    project.save()
    page = HttpsClient(room.teacher).get(room.grade_url()).content.decode()
    assert "Nothing was collected from Ada Lovelace yet." in page
    assert f"/projects/{project.project_id}/files/homework-1/" in page
    assert "<cocalc-notebook" not in page


def test_saving_stays_and_saving_on_goes_to_the_next_with_the_filter(room: Class) -> None:
    room.collected()
    room.collected(room.bob)
    teacher = HttpsClient(room.teacher)
    query = "?state=to-grade"
    given = {"score": "4,5", "comment": "Good.\r\n", "seen": "0"}
    answer = teacher.post(room.grade_url(room.bob) + query, given | {"save": ""})
    assert answer.status_code == 302
    assert answer["Location"] == room.grade_url(room.bob) + query
    work = room.work(room.bob)
    assert (work.score, work.comment) == (Decimal("4.5"), "Good.")
    last = GradeChange.objects.get()
    given = {"score": "5", "comment": "Good.", "seen": str(last.pk), "next": ""}
    answer = teacher.post(room.grade_url(room.bob) + query, given)
    assert answer["Location"] == room.grade_url(room.ada) + query
    answer = teacher.post(room.grade_url() + query, {"score": "1", "seen": "0", "next": ""})
    assert answer["Location"] == room.grade_url(room.ada) + query  # there is no other
    assert room.work(room.ada).score == 1


def test_what_was_typed_stays_where_it_is_wrong(room: Class) -> None:
    answer = HttpsClient(room.teacher).post(
        room.grade_url(), {"score": "seven", "comment": "<b>Fine</b>", "seen": "0"}
    )
    assert answer.status_code == 400
    page = answer.content.decode()
    assert "This is not a number" in page
    assert 'value="seven"' in page
    assert "&lt;b&gt;Fine&lt;/b&gt;" in page
    assert room.work().graded is None


def test_a_conflict_shows_the_others_value_and_loses_nothing(room: Class) -> None:
    teacher, assistant = HttpsClient(room.teacher), HttpsClient(room.assistant)
    teacher.post(room.grade_url(), {"score": "5", "comment": "Mine.", "seen": "0"})
    answer = assistant.post(room.grade_url(), {"score": "6", "comment": "Ours.", "seen": "0"})
    assert answer.status_code == 409
    page = answer.content.decode()
    assert "Tess Teacher graded this while you had the page open" in page
    assert "Mine." in page
    assert 'value="6"' in page
    assert "Ours." in page
    assert room.work().score == 5
    last = GradeChange.objects.get()
    assert f'name="seen" value="{last.pk}"' in page
    answer = assistant.post(room.grade_url(), {"score": "6", "comment": "Ours.", "seen": last.pk})
    assert answer.status_code == 302
    assert room.work().score == 6
    assert [change.by for change in GradeChange.objects.all()] == [room.assistant, room.teacher]


def test_a_bonus_is_saved_with_a_warning(room: Class) -> None:
    teacher = HttpsClient(room.teacher)
    answer = teacher.post(room.grade_url(), {"score": "12", "seen": "0"}, follow=True)
    assert "12 of 10 points: more than the maximum." in answer.content.decode()
    assert room.work().score == 12


def test_comments_and_names_are_no_html(room: Class) -> None:
    user = room.ada.user
    user.first_name = "<script>alert(1)</script>"
    user.save()
    give(room, "1", "<img src=x onerror=alert(1)> **bold**")
    page = HttpsClient(room.teacher).get(room.grade_url()).content.decode()
    assert "<script>alert" not in page
    assert "<img" not in page.split("<main")[1]
    assert "<strong>bold</strong>" in page


def test_the_autograders_table_is_shown(room: Class) -> None:
    details = {
        "cells": {"squares": [2.0, 3.0], "essay<": [None, 5.0]},
        "score": 2.0,
        "max": 8.0,
        "manual": True,
        "notes": ["It was late & slow."],
    }
    room.collected(details=details)
    page = HttpsClient(room.teacher).get(room.grade_url()).content.decode()
    assert "squares" in page
    assert "essay&lt;" in page
    assert "by hand" in page
    assert "It was late &amp; slow." in page


def test_the_work_of_a_removed_student_can_still_be_graded(room: Class) -> None:
    room.collected()
    removed(room.ada)
    teacher = HttpsClient(room.teacher)
    assert "was removed from the course" in teacher.get(room.grade_url()).content.decode()
    teacher.post(room.grade_url(), {"score": "3", "seen": "0"})
    assert room.work().score == 3


# --- new work since it was collected or graded


def test_the_page_says_that_it_was_submitted_again_and_offers_to_collect_it(room: Class) -> None:
    room.collected(submitted=ago(0.5), graded=ago(0.75), score=Decimal("4.50"), due=ago(-1))
    page = HttpsClient(room.teacher).get(room.grade_url()).content.decode()
    assert "<strong>Ada Lovelace submitted again</strong>" in page
    assert "still shows the older work" in page
    assert "The grade is for the older work, too." in page
    assert "The new work is collected automatically when it is due." in page
    assert f'action="{room.base}/assignments/{room.assignment.pk}/step"' in page
    assert "Collect it now" in page
    Transfer.objects.create(
        course=room.course, kind=Kind.COLLECT, member=room.ada, assignment=room.assignment
    )
    page = HttpsClient(room.teacher).get(room.grade_url()).content.decode()
    assert "The new work is being collected" in page
    assert "Collect it now" not in page


def test_the_same_score_given_to_newer_work_grades_it(room: Class) -> None:
    """So a person keeps a score, and the autograder that comes to the same one has graded it."""
    for how, again in (("page", "page"), ("autograder", "autograder")):
        room.collected(graded=ago(3), score=Decimal(4), comment="")
        page = HttpsClient(room.teacher).get(room.grade_url()).content.decode()
        assert "New work since it was graded" in page
        change = grade_set(room.work(), score=Decimal(4), by=room.teacher, how=how)
        assert change is not None
        assert change.how == again
        page = HttpsClient(room.teacher).get(room.grade_url()).content.decode()
        assert "New work since" not in page
        assert grade_set(room.work(), score=Decimal(4), by=room.teacher, how=how) is None


def test_no_score_given_to_newer_work_is_none(room: Class) -> None:
    room.collected(returned=ago(3))
    assert give(room, None) is None
    assert room.work().graded is None


def test_who_looked_at_older_work_grades_nothing(room: Class) -> None:
    browser = HttpsClient(room.teacher)
    room.collected()
    fields = {"score": "4", "comment": "", "seen": "0", "work": room.work().collected.isoformat()}  # type: ignore[union-attr]
    room.work(collected=ago(0.5), renewed=ago(0.5))
    answer = browser.post(room.grade_url(), fields)
    assert answer.status_code == 409
    page = answer.content.decode()
    assert "newer work of this student was collected while you had this page open" in page
    assert 'value="4"' in page
    assert room.work().score is None
    # Who sends it once more has seen it.
    fields["work"] = room.work().renewed.isoformat()  # type: ignore[union-attr]
    assert browser.post(room.grade_url(), fields).status_code == 302
    assert room.work().score == 4
