"""Grading by question on the grading page: what is typed, what it comes to, what goes on."""

import json
import re
from decimal import Decimal
from html import unescape
from typing import Any

import pytest

from classroom.class_steps.class_steps import GRADED
from classroom.models import Assignment, GradeChange, KeptComment, Submission
from classroom.rules.scoring import grade_set
from classroom.steps.autograde_score import result_keep
from classroom.steps.return_work import grade_text, is_graded
from tests.classroom import factories
from tests.classroom.gradebook import Class, ago, make_class
from tests.conftest import HttpsClient

DETAILS: dict[str, Any] = {
    "cells": {"test": [1.5, 2.0], "why": [None, 3.0], "how": [None, 5.0]},
    "score": 1.5,
    "max": 10.0,
    "manual": True,
    "notes": [],
}


@pytest.fixture
def room(db: None) -> Class:
    room = make_class()
    for student in (room.ada, room.bob):
        room.collected(student, details=DETAILS)
    return room


def page_of(room: Class, query: str = "", status: int = 200) -> str:
    answer = HttpsClient(room.teacher).get(room.grade_url() + query)
    assert answer.status_code == status
    return str(answer.content.decode())


def values(page: str) -> dict[str, str]:
    """The form's fields as a browser would send them."""
    form = page.partition("data-grade")[2].partition("</form>")[0]
    fields = {}
    for tag in re.findall(r"<input[^>]*>", form):
        name = re.search(r'name="([^"]*)"', tag)
        value = re.search(r'value="([^"]*)"', tag)
        if name and 'type="checkbox"' not in tag:
            fields[name[1]] = unescape(value[1]) if value else ""
    comment = re.search(r"<textarea[^>]*>\n?(.*?)</textarea>", form, re.DOTALL)
    return fields | {"comment": unescape(comment[1]) if comment else ""}


def save(room: Class, fields: dict[str, Any], user: Any = None, **more: Any) -> Any:
    return HttpsClient(user or room.teacher).post(room.grade_url(), fields, **more)


def test_each_question_is_a_row_with_its_maximum(room: Class) -> None:
    page = page_of(room)
    assert 'aria-label="Points for why, of 3"' in page
    fields = values(page)
    assert [fields[f"question-{n}"] for n in range(3)] == ["1.5", "", ""]
    assert "score" not in fields
    assert page.count(">by hand<") == 2
    assert "2 not graded yet" in page


def test_the_questions_add_up_and_the_history_says_what_was_given_for_each(room: Class) -> None:
    fields = values(page_of(room)) | {"question-1": "2,5", "question-2": "4", "adjustment": "-1"}
    assert save(room, fields).status_code == 302
    work = room.work()
    assert work.score == 7
    assert work.graded
    assert work.given["points"] == {"why": 2.5, "how": 4.0}
    change = GradeChange.objects.get()
    assert change.questions["points"][1] == ["why", 2.5, 3.0]
    page = page_of(room)
    assert "2.5 / 3" in page
    assert "\N{MINUS SIGN}1" in page
    assert values(page)["question-2"] == "4"
    assert "| how | 4 | 5 |" in grade_text(work.assignment, work)
    assert "| Adjustment | \N{MINUS SIGN}1 |  |" in grade_text(work.assignment, work)


def test_a_part_may_be_saved_and_is_no_grade_yet(room: Class) -> None:
    fields = values(page_of(room)) | {"question-1": "2", "comment": "So far, so good."}
    answer = save(room, fields, follow=True)
    assert "Not graded yet: 1 question has no points." in answer.content.decode()
    work = room.work()
    assert (work.score, work.graded, work.comment) == (None, None, "So far, so good.")
    assert not is_graded(work), "so it is not returned with all others"
    assert not Submission.objects.filter(GRADED).exists()
    assert values(page_of(room))["question-1"] == "2"
    save(room, values(page_of(room)) | {"question-2": "5"})
    assert room.work().score == Decimal("8.5")
    assert is_graded(room.work())
    save(room, values(page_of(room)) | {"question-2": ""})
    assert (room.work().score, room.work().graded) == (None, None)


def test_the_autograders_score_may_be_overruled_and_taken_up_again(room: Class) -> None:
    full = {"question-1": "3", "question-2": "5"}
    save(room, values(page_of(room)) | full | {"question-0": "2"})
    assert room.work().score == 10
    page = page_of(room)
    assert "the autograder gave 1.5" in page
    save(room, values(page) | {"question-0": ""})
    assert room.work().score == Decimal("9.5")
    assert room.work().given["points"] == {"why": 3.0, "how": 5.0}


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"question-1": "three"}, "This is not a number"),
        ({"question-1": "7"}, "“why” can have 0 to 3 points, or with a bonus 6."),
        ({"question-1": "-1"}, "“why” can have 0 to 3 points"),
        ({"question-1": "1.234"}, "at most two decimal places"),
        ({"question-1": "1", "question-2": "1", "adjustment": "-9"}, "takes away more points"),
        ({"question-1": "1", "question-2": "1", "adjustment": "x"}, "This is not a number"),
        ({"question-1": "1", "question-2": "1", "adjustment": "99"}, "A score can be at most 10"),
        ({"question-1": "1", "adjustment": "1e12"}, "An adjustment is a number"),
    ],
)
def test_what_cannot_be_points_is_told_and_kept(
    room: Class, typed: dict[str, str], words: str
) -> None:
    answer = save(room, values(page_of(room)) | typed)
    assert answer.status_code == 400
    page = answer.content.decode()
    assert words in page
    assert values(page) | typed == values(page), "what was typed is still there"
    assert room.work().given == {}


def test_points_given_meanwhile_are_not_overwritten(room: Class) -> None:
    mine = values(page_of(room)) | {"question-1": "1", "comment": "Mine."}
    theirs = values(page_of(room)) | {"question-1": "3", "question-2": "5"}
    save(room, theirs, room.assistant)
    answer = save(room, mine)
    assert answer.status_code == 409
    page = answer.content.decode()
    assert "Theo Assistant graded this while you had the page open" in page
    assert "3 / 3" in page, "what the other gave for each question"
    assert values(page)["question-1"] == "1"
    assert room.work().score == Decimal("9.5")
    assert save(room, values(page) | {"question-2": "2"}).status_code == 302
    assert room.work().score == Decimal("4.5")


def test_the_autograder_that_ran_meanwhile_is_told_and_nothing_typed_is_lost(room: Class) -> None:
    fields = values(page_of(room)) | {"question-1": "2", "question-2": "5"}
    cells = {"test": [2.0, 2.0], "new": [None, 1.0], "why": [None, 3.0], "how": [None, 4.0]}
    room.work(details=DETAILS | {"cells": cells})
    answer = save(room, fields)
    assert answer.status_code == 409
    page = answer.content.decode()
    assert "the autograder’s scores changed while you had this page open" in page
    found = values(page)
    assert [found[f"question-{n}"] for n in range(4)] == ["2", "", "2", "5"]
    assert room.work().given == {}
    assert save(room, found | {"question-1": "0"}).status_code == 302
    assert room.work().given["points"] == {"new": 0.0, "why": 2.0, "how": 5.0}


def test_a_score_typed_before_there_were_questions_is_told(room: Class) -> None:
    answer = save(room, {"score": "7", "comment": "Hm.", "seen": "0"})
    assert answer.status_code == 409
    page = answer.content.decode()
    assert "You typed the score 7." in page
    assert "Hm." in page
    assert room.work().score is None


@pytest.mark.parametrize("known", ["[", "[[1]]", '{"a": 1}', "[" * 9000, "x" * 200_001])
def test_a_forged_list_of_questions_saves_nothing(room: Class, known: str) -> None:
    answer = save(room, {"seen": "0", "known": known, "question-0": "9"})
    assert answer.status_code == 409
    assert room.work().given == {}


def test_new_work_has_no_points_until_somebody_looked_at_it(room: Class) -> None:
    save(room, values(page_of(room)) | {"question-1": "3", "question-2": "5"})
    room.work(collected=ago(-1), renewed=ago(-1))
    page = page_of(room)
    assert "3 given for earlier work" in page
    assert "Total for earlier work: 9.5." in page
    assert "Use the points for earlier work" in page
    assert values(page)["question-1"] == ""
    save(room, values(page) | {"question-1": "1"})
    work = room.work()
    assert work.score == Decimal("9.5"), "the score stays what it was given for"
    assert "New work since it was graded" in page_of(room)
    save(room, values(page_of(room)) | {"question-2": "1"})
    assert room.work().score == Decimal("3.5")


# --- with the autograder, and what is given as a whole


def test_points_by_hand_stay_when_the_autograder_runs_again(room: Class) -> None:
    save(room, values(page_of(room)) | {"question-1": "3", "question-2": "5"})
    cells = DETAILS["cells"] | {"test": [2.0, 2.0]}
    details = DETAILS | {"cells": cells}
    assert result_keep(room.work(), details, held="", by=room.teacher) == 10
    work = room.work()
    assert (work.score, work.given["points"]) == (Decimal(10), {"why": 3.0, "how": 5.0})
    last = GradeChange.objects.first()
    assert last
    assert (last.how, last.questions["points"][0]) == ("autograder", ["test", 2.0, 2.0])


def test_without_points_by_hand_the_autograder_leaves_the_score_to_a_person(room: Class) -> None:
    assert result_keep(room.work(), DETAILS, held="", by=room.teacher) is None
    assert room.work().score is None
    save(room, values(page_of(room)) | {"question-1": "3", "question-2": "5"})
    held = DETAILS | {"cells": DETAILS["cells"] | {"test": [None, 2.0]}}
    assert result_keep(room.work(), held, held="Look at it by hand.", by=room.teacher) is None
    assert room.work().score == Decimal("9.5"), "a person gave it"


def test_a_total_from_elsewhere_wins_until_somebody_grades_by_question(room: Class) -> None:
    save(room, values(page_of(room)) | {"question-1": "3", "question-2": "5"})
    grade_set(room.work(), score=Decimal("7.5"), by=room.teacher, how="import")
    page = page_of(room)
    assert "Total from an import: 7.5." in page
    assert "The questions add up to 9.5." in page
    # Not by the autograder, and not by who writes a comment alone.
    result_keep(room.work(), DETAILS, held="", by=room.teacher)
    assert room.work().score == Decimal("7.5")
    save(room, values(page_of(room)) | {"comment": "Well done."})
    assert (room.work().score, room.work().comment) == (Decimal("7.5"), "Well done.")
    assert "given as a whole" in grade_text(room.work().assignment, room.work())
    save(room, values(page_of(room)) | {"use_sum": "on"})
    assert room.work().score == Decimal("9.5")
    grade_set(room.work(), score=Decimal(1), by=room.teacher, how="command")
    save(room, values(page_of(room)) | {"question-2": "4"})
    assert room.work().score == Decimal("8.5")


def test_a_total_from_elsewhere_stays_while_questions_are_open(room: Class) -> None:
    grade_set(room.work(), score=Decimal(6), by=room.teacher, how="import")
    page = page_of(room)
    assert "It stays until every question has points." in page
    save(room, values(page) | {"question-1": "1"})
    assert room.work().score == 6
    save(room, values(page_of(room)) | {"question-2": "1"})
    assert room.work().score == Decimal("3.5")


def test_a_whole_score_taken_away_leaves_a_part_as_it_was(room: Class) -> None:
    save(room, values(page_of(room)) | {"question-1": "2", "comment": "So far, so good."})
    grade_set(room.work(), score=Decimal(6), by=room.teacher, how="table")
    assert room.work().graded
    grade_set(room.work(), score=None, by=room.teacher, how="table")
    work = room.work()
    assert (work.graded, work.unfinished, work.given["points"]) == (None, True, {"why": 2.0})


# --- from student to student


def test_the_file_and_the_question_are_kept_and_the_marked_notebook_comes_first(
    room: Class,
) -> None:
    questions = [{"notebook": "work.ipynb", "cells": [["why", 3, True]]}]
    files = [{"path": path} for path in ("a.csv", "other.ipynb", "work.ipynb")]
    Assignment.objects.update(files=files, approved={"sources": [], "questions": questions})
    room.course.project.project_id = "6f9c8a3e-5f0c-4b0e-9c51-2f2f7a3d1e11"
    room.course.project.save()
    page = page_of(room)
    assert re.findall(r'file=([^"]*)"', page) == ["work.ipynb", "other.ipynb", "a.csv"]
    assert 'path="collected/homework-1/Ada Lovelace-ada/work.ipynb"' in page
    answer = save(room, values(page_of(room)) | {"question": "why", "next": ""})
    assert answer["Location"] == room.grade_url() + "?question=why"  # Ada is the last one
    bob = HttpsClient(room.teacher).get(room.grade_url(room.bob) + "?file=a.csv").content.decode()
    assert f'href="{room.grade_url()}?file=a.csv"' in bob
    fields = values(bob) | {"question": "why", "next": ""}
    answer = HttpsClient(room.teacher).post(room.grade_url(room.bob), fields)
    assert answer["Location"] == room.grade_url() + "?file=a.csv&question=why"
    fields |= values(page_of(room)) | {"file": "a%20%26%C3%BC.csv"}  # as the page has it
    assert save(room, fields)["Location"].endswith("?file=a+%26%C3%BC.csv")
    assert 'data-asked="why"' in page_of(room, "?question=why&file=gone.ipynb")


# --- comments that are kept


def test_a_comment_is_kept_once_and_offered_by_use(room: Class) -> None:
    for text in (" Well done. ", "Look at n = 0.", "Well done."):
        save(room, values(page_of(room)) | {"comment": text, "keep": "on"})
    assert KeptComment.objects.count() == 2
    page = page_of(room)
    assert page.index('data-insert="Well done."') < page.index('data-insert="Look at n = 0."')
    save(room, values(page_of(room)) | {"comment": "Look at n = 0.\nAnd mind the gap."})
    save(room, values(page_of(room)) | {"comment": "Look at n = 0."})
    used = KeptComment.objects.get(text="Look at n = 0.")
    assert used.used == 1, "what was there before is not used again"
    assert 'data-insert="Well done."' in page_of(room)


def test_what_cannot_be_kept_is_said_and_the_grade_is_saved(room: Class) -> None:
    for comment, words in (("", "Write a comment to keep it."), ("x" * 501, "at most 500")):
        fields = values(page_of(room)) | {"comment": comment, "keep": "on", "question-1": "1"}
        assert words in save(room, fields, follow=True).content.decode()
        assert room.work().comment == comment
    KeptComment.objects.bulk_create(
        KeptComment(course=room.course, text=f"Text {n}") for n in range(50)
    )
    fields = values(page_of(room)) | {"comment": "One more.", "keep": "on"}
    assert "this course has 50 already" in save(room, fields, follow=True).content.decode()


def test_kept_comments_are_the_courses_own_and_no_html(room: Class) -> None:
    KeptComment.objects.create(course=room.course, text='<img src=x> "quoted"')
    other = KeptComment.objects.create(course=room.other, text="Theirs.")
    page = page_of(room)
    assert "&lt;img src=x&gt; &quot;quoted&quot;" in page
    assert "<img" not in page.split("<main")[1]
    assert "Theirs." not in page
    teacher = HttpsClient(room.teacher)
    answer = teacher.post(f"{room.grade_url()}/kept-comments/{other.pk}/remove")
    assert answer.status_code == 404
    assert KeptComment.objects.filter(pk=other.pk).exists()
    mine = KeptComment.objects.get(course=room.course)
    answer = teacher.post(f"{room.grade_url()}/kept-comments/{mine.pk}/remove")
    assert answer["Location"] == room.grade_url()
    assert not KeptComment.objects.filter(pk=mine.pk).exists()


def test_what_was_approved_says_the_questions_before_anybody_is_autograded(room: Class) -> None:
    questions = [{"notebook": "a.ipynb", "cells": [["one", 4, False], ["two", 6, True]]}]
    assignment = factories.make_assignment(
        room.course, "Homework 2", points=10, approved={"sources": [], "questions": questions}
    )
    room.assignment = assignment
    page = page_of(room)
    assert "not autograded yet" in page
    save(room, values(page) | {"question-0": "4", "question-1": "3"})
    assert room.work().score == 7
    assert json.loads(values(page_of(room))["known"])[1] == ["two", "6", ""]
