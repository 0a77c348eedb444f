"""Points or a weight changed after grading: said before it is done, and done as it was shown."""

import re
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from classroom.assignments import rescoring
from classroom.grading.matrix import Matrix
from classroom.grading.selection import Filter
from classroom.models import Assignment, GradeChange, Submission
from classroom.rules.scoring import Grade, grade_set, grades_set
from embedding.models import Event
from tests.classroom import factories
from tests.classroom.gradebook import Class, ago, fill, make_class, removed
from tests.conftest import HttpsClient


@pytest.fixture
def room(db: None) -> Class:
    room = make_class()
    room.collected(score=Decimal("7.50"), graded=ago(0.5), returned=ago(0.25))
    Submission.objects.update(returned_score="7.50", returned_points=10)
    room.collected(room.bob, score=Decimal(3), graded=ago(0.5))
    return room


def url(room: Class) -> str:
    return f"{room.base}/assignments/{room.assignment.pk}/edit"


def send(room: Class, **fields: Any) -> Any:
    """Send the form of the assignment, with fields changed."""
    form = {"title": "Homework 1", "handout": "no", "points": "10", "late_policy": "closed"}
    return HttpsClient(room.teacher).post(url(room), form | fields)


def seen(answer: Any) -> str:
    found = re.search(r'name="seen" value="(\w+)"', answer.content.decode())
    assert found
    return found[1]


def words(answer: Any) -> str:
    text = re.sub(r"<[^>]+>", " ", answer.content.decode())
    return " ".join(text.split())


def rows(answer: Any) -> list[list[str]]:
    """The lines of the table."""
    body = answer.content.decode().split("<tbody>")[1].split("</tbody>")[0]
    return [
        [
            " ".join(re.sub(r"<[^>]+>", " ", cell).split())
            for cell in re.split(r"</t[hd]>", line)[:-1]
        ]
        for line in body.split("</tr>")[:-1]
    ]


def scores(room: Class) -> tuple[Decimal | None, Decimal | None]:
    return room.work().score, room.work(room.bob).score


def points(room: Class) -> Decimal | None:
    return Assignment.objects.get(pk=room.assignment.pk).points


def test_it_is_said_before_and_nothing_is_saved(room: Class) -> None:
    answer = send(room, points="20", title="New title", instructions="One\nTwo “three” <b>")
    assert answer.status_code == 200
    said = words(answer)
    assert "Nothing is saved yet." in said
    assert "2 students have a score out of 10 points. The assignment would have 20 points." in said
    assert rows(answer) == [
        ["Bob Babbage", "3", "6", "3", "3", "6"],
        ["Ada Lovelace", "7.5", "15", "7.5", "7.5", "15"],
    ]
    assert "out of 10 points" in said
    assert "out of 20 points" in said
    assert "7.50" not in said
    assert (points(room), scores(room)) == (Decimal(10), (Decimal("7.5"), Decimal(3)))
    # What was entered is kept, character by character.
    assert 'name="instructions" value="One\nTwo “three” &lt;b&gt;"' in answer.content.decode()
    answer = send(room, points="20", title="New title", back="1")
    assert 'value="New title"' in answer.content.decode()
    assert "What would change" not in words(answer)


def test_kept(room: Class) -> None:
    shown = send(room, points="20")
    answer = send(room, points="20", seen=seen(shown), scores="keep")
    assert answer.status_code == 302
    assert (points(room), scores(room)) == (Decimal(20), (Decimal("7.5"), Decimal(3)))
    assert not GradeChange.objects.exists()


def test_rescaled_with_a_history_and_not_yet_returned(room: Class) -> None:
    Submission.objects.filter(student=room.bob).update(score="3.33")
    shown = send(room, points="12.5")
    answer = send(room, points="12.5", seen=seen(shown), scores="rescale")
    assert answer.status_code == 302
    # To two places, half up: 9.375 and 4.1625.
    assert scores(room) == (Decimal("9.38"), Decimal("4.16"))
    changes = GradeChange.objects.order_by("score")
    assert [(each.score, each.by, each.how) for each in changes] == [
        (Decimal("4.16"), room.teacher, "rescale"),
        (Decimal("9.38"), room.teacher, "rescale"),
    ]
    page = HttpsClient(room.teacher).get(room.grade_url()).content.decode()
    assert "rescaled to other points" in page
    assert Event.objects.get(action="course.scores_rescaled").detail["scores"] == 2
    # What was returned stays so, out of what it was out of.
    work = room.work()
    assert (work.returned_score, work.returned_points) == (Decimal("7.5"), Decimal(10))
    cells = Matrix(room.course, Filter(text="ada")).rows[0].cells
    assert 'class="cell graded"' in cells
    assert "Graded, not returned" in cells
    said = words(HttpsClient(room.ada.user).get(f"{room.base}/"))
    assert "7.5 of 10 points" in said
    assert "12.5 points" in said


def test_rescaling_looks_at_no_work_so_new_work_stays_new(room: Class) -> None:
    room.work(submitted=timezone.now())
    shown = send(room, points="20")
    send(room, points="20", seen=seen(shown), scores="rescale")
    assert room.work().score == 15
    assert 'class="cell again"' in Matrix(room.course, Filter(text="ada")).rows[0].cells


@pytest.mark.parametrize(
    "meanwhile",
    [
        lambda room: room.work(score=8),
        lambda room: grade_set(room.work(), score=Decimal(9), by=None, how="page"),
        lambda room: Assignment.objects.update(points=11),
        lambda room: factories.make_assignment(room.course, "More", points=3),
    ],
)
def test_what_changed_meanwhile_is_shown_again(room: Class, meanwhile: Any) -> None:
    shown = send(room, points="20")
    meanwhile(room)
    before = (points(room), scores(room))
    answer = send(room, points="20", seen=seen(shown), scores="rescale")
    assert answer.status_code == 409
    assert "Something has changed in the meantime, so nothing was saved." in words(answer)
    assert (points(room), scores(room)) == before
    assert send(room, points="20", seen=seen(answer), scores="rescale").status_code == 302


def test_grading_another_assignment_is_not_in_the_way(room: Class) -> None:
    second = factories.make_assignment(room.course, "Homework 2", points=5)
    shown = send(room, points="20")
    Submission.objects.filter(assignment=second).update(score=3)
    assert send(room, points="20", seen=seen(shown), scores="rescale").status_code == 302


def test_other_points_than_were_shown_are_shown_again(room: Class) -> None:
    shown = send(room, points="20")
    assert send(room, points="30", seen=seen(shown), scores="rescale").status_code == 409
    assert send(room, points="20", seen=seen(shown), scores="both").status_code == 409
    assert points(room) == 10


def test_twice_is_once(room: Class) -> None:
    shown = send(room, points="20")
    for _ in range(2):
        send(room, points="20", seen=seen(shown), scores="rescale")
    assert scores(room) == (Decimal(15), Decimal(6))
    assert GradeChange.objects.count() == 2


def test_scores_that_would_be_over(room: Class) -> None:
    answer = send(room, points="5")
    said = words(answer)
    assert "If you keep the scores, 1 score is over the 5 points." in said
    assert rows(answer)[0][:3] == ["Ada Lovelace", "7.5 over 5", "3.75"]
    assert "Save and keep the scores" in said


def test_scores_that_cannot_be_kept(room: Class) -> None:
    answer = send(room, points="2")
    said = words(answer)
    assert "The scores cannot be kept. Ada Lovelace has 7.5." in said
    assert "or with a bonus 4" in said
    assert "Save and keep" not in said
    answer = send(room, points="2", seen=seen(answer), scores="keep")
    assert answer.status_code == 400
    assert "Nothing was saved. Ada Lovelace has 7.5." in words(answer)
    assert points(room) == 10
    assert send(room, points="2", seen=seen(answer), scores="rescale").status_code == 302
    assert scores(room) == (Decimal("1.5"), Decimal("0.6"))


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("10", "", "The scores stay as they are, without a maximum."),
        (None, "10", "there were no points before"),
        ("0", "10", "there were no points before"),
        ("10", "0", "Scores cannot be rescaled to 0 points."),
    ],
)
def test_where_rescaling_makes_no_sense(
    room: Class, before: str | None, after: str, said: str
) -> None:
    Assignment.objects.update(points=before)
    answer = send(room, points=after)
    assert said in words(answer)
    assert "rescale the scores" not in words(answer)
    refused = send(room, points=after, seen=seen(answer), scores="rescale")
    assert refused.status_code == 400
    assert points(room) == (before and Decimal(before))
    kept = send(room, points=after, seen=seen(answer), scores="keep")
    assert kept.status_code == (400 if after == "0" else 302)
    assert scores(room) == (Decimal("7.5"), Decimal(3))


def test_nothing_is_asked_where_nothing_is_graded_or_changes(room: Class) -> None:
    assert send(room, points="10.00", title="Other").status_code == 302
    Submission.objects.update(score=None)
    assert send(room, points="20", weight="2").status_code == 302


def test_a_first_weight_is_said_before_and_empties_no_total(room: Class) -> None:
    second = factories.make_assignment(room.course, "Homework 2", points=5)
    factories.submission(second, room.bob)
    Submission.objects.filter(assignment=second, student=room.bob).update(score=4)
    room.work(room.bob, score=None)
    answer = send(room, weight="5")
    said = words(answer)
    assert rows(answer) == [["Bob Babbage", "4", "80 %"], ["Ada Lovelace", "7.5", "75 %"]]
    assert "Total: the sum of all scores, out of 15 points." in said
    assert "If an assignment has no weight, its points are its weight." in said
    assert "rescale" not in said.lower().replace("rescaling", "")
    assert Assignment.objects.get(pk=room.assignment.pk).weight is None
    assert send(room, weight="5", seen=seen(answer), scores="keep").status_code == 302
    matrix = Matrix(room.course, Filter(sort="-total"))
    assert [row.total for row in matrix.rows] == ["80 %", "75 %"]
    # And so is the last weight that goes.
    answer = send(room, weight="")
    assert rows(answer) == [["Bob Babbage", "80 %", "4"], ["Ada Lovelace", "75 %", "7.5"]]


def test_a_new_assignment_with_a_first_weight(room: Class) -> None:
    address = f"{room.base}/assignments/new"
    form = {"title": "Exam", "handout": "no", "points": "50", "weight": "3", "late_policy": "any"}
    browser = HttpsClient(room.teacher)
    answer = browser.post(address, form)
    assert rows(answer) == [["Bob Babbage", "3", "30 %"], ["Ada Lovelace", "7.5", "75 %"]]
    assert not Assignment.objects.filter(title="Exam").exists()
    again = browser.post(address, form | {"seen": "x", "scores": "keep"})
    assert again.status_code == 409
    assert browser.post(address, form | {"seen": seen(answer), "scores": "keep"}).status_code == 302
    assert Assignment.objects.get(title="Exam").weight == 3


def test_removed_students_are_rescaled_too(room: Class) -> None:
    """Who comes back has a score out of what the others' are out of."""
    removed(room.ada)
    shown = send(room, points="20")
    assert ["Ada Lovelace", "7.5", "15", "–", "–", "–"] in rows(shown)
    send(room, points="20", seen=seen(shown), scores="rescale")
    assert room.work().score == 15


def test_a_large_class_is_shown_in_part(room: Class) -> None:
    fill(room.course, 30, 0)
    Submission.objects.all().delete()
    Submission.objects.bulk_create(
        Submission(assignment=room.assignment, student=member, score=4)
        for member in room.course.memberships.filter(role="student")
    )
    answer = send(room, points="20")
    assert len(rows(answer)) == 12
    assert "… and 20 more." in words(answer)
    assert "32 students have a score" in words(answer)


def test_who_may_not(room: Class) -> None:
    form = {"title": "Homework 1", "handout": "no", "points": "20", "late_policy": "closed"}
    digest = seen(send(room, points="20"))
    for user, status in (
        (room.assistant, 403),
        (room.ada.user, 403),
        (room.stranger, 404),
        (room.other_teacher, 404),
        (room.admin, 404),
        (None, 302),
    ):
        answer = HttpsClient(user).post(url(room), form | {"seen": digest, "scores": "rescale"})
        assert answer.status_code == status
    assert (points(room), scores(room)) == (Decimal(10), (Decimal("7.5"), Decimal(3)))
    assert HttpsClient(room.teacher).delete(url(room)).status_code == 405


def test_a_score_checked_against_the_old_points_is_refused(room: Class) -> None:
    """As the autograder's, that was reckoned when the points were others."""
    work = room.work()
    assert work.assignment.points == 10
    Assignment.objects.update(points=20)
    with pytest.raises(ValidationError, match="changed the points of this assignment to 20"):
        grades_set([Grade(work, Decimal(9))], by=None, how="autograder")
    assert room.work().score == Decimal("7.5")


def test_nothing_is_stored_where_a_score_cannot_be(room: Class) -> None:
    Submission.objects.filter(student=room.ada).update(score=25)  # from before there were limits
    changed = Assignment.objects.get(pk=room.assignment.pk)
    changed.points = Decimal(5)
    effect = rescoring.effect_of(changed)
    assert not effect.can_rescale
    for rescale in (True, False):
        with pytest.raises(ValidationError):
            rescoring.assignment_change(
                changed, seen=effect.digest, rescale=rescale, by=room.teacher
            )
    assert points(room) == 10
