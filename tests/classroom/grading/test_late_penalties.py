"""Late penalties on the pages: what counts is the score less the penalty, everywhere."""

import csv
import io
import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from classroom.grading.exports import grades_csv
from classroom.grading.imports import apply, plan
from classroom.grading.matrix import Matrix
from classroom.grading.selection import Filter, shown
from classroom.grading.statistics import statistics_of
from classroom.models import Assignment, GradeChange, Submission
from classroom.pages.spreadsheets import BOM
from classroom.rules.counting import returned_set
from classroom.rules.deadlines import due_update, lateness_update
from classroom.rules.scoring import grade_set
from classroom.steps.return_work import grade_text
from tests.classroom import factories
from tests.classroom.gradebook import Class, make_class
from tests.conftest import HttpsClient

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
RULE = {"late_policy": "any", "late_penalty": "percent", "late_amount": Decimal(10)}


@pytest.fixture
def room(db: None) -> Class:
    """Ada's work came a day and two hours late and got 10, Bob's came in time and got 9."""
    room = make_class()
    for name, value in {**RULE, "due": timezone.now() - 3 * DAY}.items():
        setattr(room.assignment, name, value)
    room.assignment.save()
    due_update(room.assignment)
    work = room.collected()
    assert work.due
    Submission.objects.filter(pk=work.pk).update(came=work.due + DAY + 2 * HOUR)
    lateness_update(Submission.objects.filter(pk=work.pk))
    work.refresh_from_db()
    grade_set(work, score=Decimal(10), by=room.teacher, how="page")
    grade_set(room.collected(room.bob), score=Decimal(9), by=room.teacher, how="page")
    return room


def words(answer: Any) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


def cells(room: Class) -> list[dict[str, str]]:
    text = grades_csv(room.course).removeprefix(BOM)
    return list(csv.DictReader(io.StringIO(text)))


def text_of(lines: list[dict[str, str]], *without: str) -> str:
    names = [name for name in lines[0] if name not in without]
    file = io.StringIO()
    writer = csv.DictWriter(file, names, extrasaction="ignore")
    writer.writeheader()
    writer.writerows(lines)
    return file.getvalue()


def test_all_pages_count_the_score_after_its_penalty(room: Class) -> None:
    matrix = Matrix(room.course, Filter())
    by_name = {row.student.user.username: row for row in matrix.rows}
    assert by_name["ada"].total == "8"
    assert 'title="Graded, not returned. 10 less 2 for being late.">8</a>' in by_name["ada"].cells
    # Best last: 8 is less than 9, though 10 was given.
    for sort in ("total", str(room.assignment.pk)):
        order = [each.user.username for each in shown(room.course, Filter(sort=sort))]
        assert order == ["ada", "bob"]
    histogram = statistics_of(room.course)[1][0].histogram
    assert histogram
    assert (histogram.lowest, histogram.highest) == ("8", "9")
    page = HttpsClient(room.teacher).get(f"{room.base}/assignments/{room.assignment.pk}/")
    assert re.search(r'>8<span class="unseen"> Grade Ada Lovelace<', page.content.decode())


def test_it_is_waived_for_chosen_students_at_once(room: Class) -> None:
    table = f"{room.base}/assignments/{room.assignment.pk}/"
    client = HttpsClient(room.assistant)
    assert 'value="waive"' in client.get(table).content.decode()
    form = {"kind": "waive", "who": "chosen", "member": [room.ada.pk, room.bob.pk]}
    page = words(client.post(f"{table}step", form, follow=True))
    assert "The late penalty of 1 student was waived." in page
    assert room.work().final == 10
    assert room.work(room.bob).waived is None, "Bob's is not late"
    again = words(client.post(f"{table}step", form, follow=True))
    assert "None of the chosen students has a late penalty" in again
    assert HttpsClient(room.ada.user).post(f"{table}step", form).status_code == 403


def test_the_grading_page_says_how_it_comes_about_and_waives_it(room: Class) -> None:
    client = HttpsClient(room.assistant)
    page = words(client.get(room.grade_url()))
    assert "10 − 2 (1 day 2 h late) = 8" in page
    assert "Late work" not in words(client.get(room.grade_url(room.bob)))
    answer = client.post(f"{room.grade_url()}/late?state=late", {"waive": "yes"})
    assert answer["Location"] == f"{room.grade_url()}?state=late"
    page = words(client.get(room.grade_url()))
    assert "The late penalty was waived." in page
    assert "Theo Assistant" in page
    assert "late penalty waived" in page
    assert room.work().final == 10
    client.post(f"{room.grade_url()}/late", {"waive": "no"})
    room.work().refresh_from_db()
    assert room.work().final == 8
    assert GradeChange.objects.filter(how__in=("waive", "unwaive")).count() == 2


def test_what_is_returned_says_before_and_after(room: Class) -> None:
    work = Submission.objects.select_related("assignment").get(pk=room.work().pk)
    assert "8 / 10\n\n10 − 2 (1 day 2 h late) = 8" in grade_text(work.assignment, work)
    returned_set(work, timezone.now())
    # A rule that is changed later changes nothing of what the student was told.
    Assignment.objects.update(late_penalty="none", late_amount=None)
    page = words(HttpsClient(room.ada.user).get(f"{room.base}/"))
    assert "8 of 10 points" in page
    assert "10 − 2 (1 day 2 h late) = 8" in page


def test_the_student_knows_the_rule_before(room: Class) -> None:
    room.course.late_days = 3
    room.course.save()
    Submission.objects.filter(pk=room.work(room.bob).pk).update(collected=None, graded=None)
    page = words(HttpsClient(room.bob.user).get(f"{room.base}/"))
    assert "Late: −10 % of the score for each day begun. 3 of 3 late days left." in page
    assert "If you submit now, it is 3 days 1 min late. That uses 3 of your late days." in page


def test_an_export_imported_as_it_is_changes_nothing(room: Class) -> None:
    lines = cells(room)
    ada = next(line for line in lines if line["Username"] == "ada")
    assert ada["Homework 1"] == "8"
    assert ada["Homework 1 (before late penalty)"] == "10"
    assert ada["Homework 1 (late)"] == "1 day 2 h late"
    assert ada["Homework 1 (late penalty)"] == "2"
    assert ada["Total"] == "8"
    for without in ((), ("Homework 1 (before late penalty)",)):
        found = plan(room.course, text_of(lines, *without))
        assert not found.changes
        assert not found.faults
        assert not found.ignored


def test_an_import_reads_the_score_before_the_penalty(room: Class) -> None:
    lines = cells(room)
    ada = next(line for line in lines if line["Username"] == "ada")
    ada["Homework 1 (before late penalty)"] = "5"
    found = plan(room.course, text_of(lines))
    assert [(each.before, each.after) for each in found.changes] == [("10", "5")]
    apply(room.course, text_of(lines), found.digest, room.teacher)
    assert room.work().score == 5
    assert room.work().final == 4


def test_an_import_refuses_a_score_that_is_worked_out(room: Class) -> None:
    lines = cells(room)
    ada = next(line for line in lines if line["Username"] == "ada")
    ada["Homework 1"] = "7"
    found = plan(room.course, text_of(lines))
    assert not found.changes
    assert len(found.faults) == 1
    assert "in the column “Homework 1 (before late penalty)”" in found.faults[0][1]


def test_an_old_export_may_be_imported_after_others_have_graded(room: Class) -> None:
    text = text_of(cells(room))
    grade_set(room.work(), score=Decimal(6), by=room.assistant, how="page")
    found = plan(room.course, text)
    assert not found.faults
    assert [(each.before, each.after) for each in found.changes] == [("6", "10")]


def test_without_a_rule_an_export_is_as_it_was(room: Class) -> None:
    send(room, late_penalty="none", seen=_seen(send(room, late_penalty="none")), scores="keep")
    assert list(cells(room)[0]) == ["Username", "Name", "Number", "Homework 1", "Total"]


def send(room: Class, **fields: Any) -> Any:
    """Send the form of the assignment as it is, with fields changed."""
    due = timezone.localtime(room.assignment.due, room.course.zone)
    form = {
        "title": "Homework 1",
        "handout": "no",
        "points": "10",
        "due": due.isoformat(timespec="seconds")[:19],
        "late_policy": "any",
        "late_penalty": "percent",
        "late_amount": "10",
        "late_per": "day",
        "late_grace": "",
        "late_floor": "",
    }
    url = f"{room.base}/assignments/{room.assignment.pk}/edit"
    return HttpsClient(room.teacher).post(url, form | fields)


def _seen(answer: Any) -> str:
    found = re.search(r'name="seen" value="(\w+)"', answer.content.decode())
    assert found
    return found[1]


def test_another_rule_is_shown_before_it_is_saved(room: Class) -> None:
    answer = send(room, late_amount="30")
    assert answer.status_code == 200
    page = words(answer)
    assert "Late: −10 % of the score for each day begun." in page
    assert "Late: −30 % of the score for each day begun." in page
    assert "Ada Lovelace 8 4 8 4" in page
    assert "Bob Babbage" not in page.split("Nothing is saved yet.")[1]
    assert room.work().final == 8
    answer = send(room, late_amount="30", seen=_seen(answer), scores="keep")
    assert answer.status_code == 302
    assert room.work().final == 4
    # The same once more is no change, and asks nothing.
    assert send(room, late_amount="30").status_code == 302


def test_other_points_are_rescaled_with_their_penalty(room: Class) -> None:
    answer = send(room, points="20")
    assert "Ada Lovelace 10 20 8 8 16" in words(answer)
    send(room, points="20", seen=_seen(answer), scores="rescale")
    work = room.work()
    work.refresh_from_db()
    assert work.score == 20
    assert work.penalty == 4
    assert work.final == 16


def test_the_form_says_what_is_wrong_and_shows_an_example(room: Class) -> None:
    assert "Enter how much is taken off." in words(send(room, late_amount=""))
    assert "At most 100 per cent can be taken off." in words(send(room, late_amount="101"))
    assert "less than or equal to 100" in words(send(room, late_floor="101"))
    url = f"{room.base}/assignments/{room.assignment.pk}/edit"
    page = HttpsClient(room.teacher).get(url)
    assert "10 of 10 points, submitted 1 day 2 h late, become 8." in words(page)


def test_late_work_that_is_not_taken_costs_nothing(room: Class) -> None:
    answer = send(room, late_policy="closed")
    send(room, late_policy="closed", seen=_seen(answer), scores="keep")
    room.assignment.refresh_from_db()
    assert (room.assignment.late_penalty, room.assignment.late_amount) == ("none", None)
    assert room.work().final == 10


def test_late_days_are_a_setting_of_the_course_and_count_at_once(room: Class) -> None:
    form = {"title": "Physics", "time_zone": "Europe/Berlin", "late_days": "1"}
    answer = HttpsClient(room.teacher).post(f"{room.base}/settings", form, follow=True)
    assert "1 score has changed because of this." in words(answer)
    assert room.work().late_days == 1
    assert room.work().final == 9
    HttpsClient(room.teacher).post(f"{room.base}/settings", form | {"late_days": ""})
    assert room.work().late_days == 0
    assert room.work().final == 8


def test_a_new_assignment_takes_its_rule_over(room: Class) -> None:
    other = factories.make_course(room.teacher, "Physics 2")
    page = HttpsClient(room.teacher).get(
        f"/courses/{other.pk}/assignments/new?from={room.assignment.pk}"
    )
    assert 'name="late_amount" value="10"' in page.content.decode()
