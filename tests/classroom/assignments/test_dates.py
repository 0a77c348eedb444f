"""The dates of a course in one table: changed together, moved, and never over another's change."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from classroom.assignments.dates import moved_text
from classroom.assignments.numbers import NumberField
from classroom.models import Assignment, Profile, Submission, Transfer
from tests.classroom import factories
from tests.classroom.gradebook import Class, make_class
from tests.conftest import HttpsClient

SUMMER = datetime(2060, 3, 20, 22, 59, tzinfo=UTC)  # 23:59 in Berlin, a week before summer time
Policy = Assignment.LatePolicy


@pytest.fixture
def room(db: None) -> Class:
    found = make_class()
    Assignment.objects.filter(pk=found.assignment.pk).update(due=SUMMER, weight=1)
    return found


@pytest.fixture
def second(room: Class) -> Assignment:
    return factories.make_assignment(
        room.course, "Homework 2", due=SUMMER + timedelta(days=7), points=5
    )


def sent(html: str) -> dict[str, str]:
    """What a browser sends of the page, as it is shown."""
    found = {}
    for tag in re.findall(r"<input [^>]*>", html):
        values = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        if "disabled" not in tag and (values.get("type") != "checkbox" or "checked" in tag):
            found[values.get("name", "")] = values.get("value", "").replace("&quot;", '"')
    for name, options in re.findall(r'<select name="([^"]+)".*?>(.*?)</select>', html, re.DOTALL):
        found[name] = [*re.findall(r'value="(\w+)" selected', options), ""][0]
    return found


class Page:
    def __init__(self, room: Class) -> None:
        self.url = f"{room.base}/dates"
        self.browser = HttpsClient(room.teacher)
        self.fields = sent(self.browser.get(self.url).content.decode())

    def change(self, assignment: Assignment, **values: object) -> None:
        for name, value in values.items():
            key = f"a{assignment.pk}-{name}"
            assert key in self.fields
            self.fields[key] = str(value)

    def send(self, **more: str) -> Any:
        answer = self.browser.post(self.url, self.fields | more, follow=True)
        self.fields = sent(answer.content.decode())
        return answer


def stored(assignment: Assignment) -> Assignment:
    return Assignment.objects.get(pk=assignment.pk)


def number(assignment: Assignment, name: str) -> str:
    """A number as it is stored: "7", or "None"."""
    return f"{getattr(stored(assignment), name)}".removesuffix(".00")


def words(answer: Any) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


def test_many_are_saved_at_once_and_nothing_else(room: Class, second: Assignment) -> None:
    Submission.objects.update(handed_out=timezone.now())
    before = stored(room.assignment)
    page = Page(room)
    page.change(room.assignment, due="2060-03-22T12:00", late_policy="any")
    page.change(second, release="2060-03-01T08:00", weight="2", points="")
    assert "Saved. 2 assignments were changed." in words(page.send())
    one, two = stored(room.assignment), stored(second)
    assert (one.due, one.late_policy) == (datetime(2060, 3, 22, 11, tzinfo=UTC), Policy.ANY)
    assert (two.release, two.points) == (datetime(2060, 3, 1, 7, tzinfo=UTC), None)
    assert two.weight == 2
    assert (one.title, one.points, one.weight) == (before.title, before.points, before.weight)
    # What follows from a due time follows: each student's own, and a line in their projects.
    assert set(Submission.objects.filter(assignment=one).values_list("due", flat=True)) == {one.due}
    assert set(Transfer.objects.values_list("kind", "assignment")) == {("due_date", one.pk)}
    assert "Nothing was changed." in words(page.send())


def test_a_moment_stays_to_the_second_where_nobody_touched_it(room: Class) -> None:
    due = SUMMER.replace(second=17, microsecond=5)
    Assignment.objects.update(due=due)
    page = Page(room)
    page.change(room.assignment, points="11")
    page.send()
    assert stored(room.assignment).due == due
    assert stored(room.assignment).points == 11


def test_what_is_wrong_is_said_at_its_field_and_all_is_kept(
    room: Class, second: Assignment
) -> None:
    page = Page(room)
    page.change(room.assignment, due="2060-03-28T02:30", points="-1")
    page.change(second, points="7")
    answer = page.send()
    assert answer.status_code == 400
    said = words(answer)
    assert "Nothing was saved." in said
    assert "the clocks go forward" in said
    assert "greater than or equal to 0" in said
    assert stored(second).points == 5
    # The page holds what was entered, and saves it once it is right.
    page.change(room.assignment, due="2060-03-28T03:30", points="1")
    page.send()
    assert stored(room.assignment).due == datetime(2060, 3, 28, 1, 30, tzinfo=UTC)
    assert (number(room.assignment, "points"), number(second, "points")) == ("1", "7")


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"release": "2060-04-01T00:00"}, "The due time must be later than the release."),
        ({"late_policy": "until"}, "Enter until when late work is accepted."),
        (
            {"late_policy": "until", "late_until": "2060-01-01T00:00"},
            "This must be later than the due time.",
        ),
        ({"due": "soon"}, "Enter a date and a time"),
        ({"late_policy": "never"}, "Select a valid choice."),
    ],
)
def test_dates_are_checked_as_on_the_page_of_one(
    room: Class, fields: dict[str, str], error: str
) -> None:
    page = Page(room)
    page.change(room.assignment, **fields)
    answer = page.send()
    assert answer.status_code == 400
    assert error in words(answer)
    assert stored(room.assignment).due == SUMMER


def test_a_row_that_somebody_else_changed_is_told_so(room: Class, second: Assignment) -> None:
    page = Page(room)
    other = SUMMER + timedelta(days=1)
    Assignment.objects.filter(pk=room.assignment.pk).update(due=other, title="Renamed")
    page.change(room.assignment, weight="3")
    page.change(second, weight="4")
    answer = page.send()
    assert answer.status_code == 409
    assert "Someone else has changed this row: Due Sun 21 Mar 2060, 23:59." in words(answer)
    assert (number(room.assignment, "weight"), number(second, "weight")) == ("1", "None")
    # Seen now, it is saved with the next press, and theirs stays.
    assert page.send().status_code == 200
    found = stored(room.assignment)
    assert (found.due, found.title) == (other, "Renamed")
    assert found.weight == 3
    assert stored(second).weight == 4


def test_what_others_changed_in_rows_of_their_own_stays(room: Class, second: Assignment) -> None:
    page = Page(room)
    Assignment.objects.filter(pk=second.pk).update(points=99)
    page.change(room.assignment, weight="3")
    assert page.send().status_code == 200
    assert (number(room.assignment, "weight"), number(second, "points")) == ("3", "99")


def test_what_changes_scores_leads_to_the_page_that_says_so(
    room: Class, second: Assignment
) -> None:
    room.collected(score=Decimal(8), graded=timezone.now())
    page = Page(room)
    page.change(room.assignment, points="20", due="2060-03-21T23:59")
    page.change(second, due="2060-04-21T23:59")
    answer = page.send()
    assert answer.status_code == 400
    assert "This would change scores or totals." in words(answer)
    assert f'href="{room.base}/assignments/{room.assignment.pk}/edit">Open its page' in (
        answer.content.decode()
    )
    assert stored(room.assignment).points == 10
    assert stored(second).due == second.due
    # Without that, all the rest is saved.
    page.change(room.assignment, points="10")
    page.send()
    assert stored(room.assignment).due == SUMMER + timedelta(days=1)
    assert stored(second).due == datetime(2060, 4, 21, 21, 59, tzinfo=UTC)


def test_all_is_moved_by_the_clock_and_saved_only_then(room: Class, second: Assignment) -> None:
    """Over the change to summer time it stays 23:59."""
    over = timezone.now() - timedelta(days=3)
    Assignment.objects.filter(pk=second.pk).update(
        late_policy=Policy.UNTIL, late_until=SUMMER + timedelta(days=9)
    )
    past = factories.make_assignment(room.course, "Past", due=over)
    out = factories.make_assignment(room.course, "Out", out=over, release=over, due=SUMMER)
    page = Page(room)
    page.change(room.assignment, weight="3")
    answer = page.send(move="1", days="7")
    assert "These are the new dates. Nothing is saved yet." in words(answer)
    assert "was Sat 20 Mar 2060, 23:59" in words(answer)
    assert stored(room.assignment).due == SUMMER
    page.fields.pop("move", None)
    assert "Saved. 3 assignments were changed." in words(page.send())
    week = timedelta(days=7)
    summer_time = timedelta(hours=1)
    assert stored(room.assignment).due == SUMMER + week  # the 27th: summer time is from the 28th
    assert stored(room.assignment).weight == 3
    assert stored(second).due == SUMMER + 2 * week - summer_time
    assert stored(second).late_until == SUMMER + timedelta(days=16)  # both in summer
    assert stored(past).due == over
    assert (stored(out).release, stored(out).due) == (over, SUMMER + week)


def test_what_is_over_is_moved_only_if_chosen(room: Class) -> None:
    over = datetime(2020, 1, 1, 12, tzinfo=UTC)
    Assignment.objects.update(due=over)
    page = Page(room)
    page.send(move="1", days="-7")
    page.send()
    assert stored(room.assignment).due == over
    page.send(move="1", days="-7", all="yes")
    assert stored(room.assignment).due == over
    answer = page.send()
    assert stored(room.assignment).due == over - timedelta(days=7)
    assert "Homework 1: The due time has passed" in words(answer)


@pytest.mark.parametrize("days", ["", "x", "0", "9999", "9" * 400, "1.5"])
def test_a_number_of_days_that_is_none(room: Class, days: str) -> None:
    page = Page(room)
    page.change(room.assignment, weight="3")
    answer = page.send(move="1", days=days)
    assert answer.status_code == 400
    assert "Enter a number of days" in words(answer)
    assert page.fields[f"a{room.assignment.pk}-weight"] == "3"


@pytest.mark.parametrize(
    ("text", "days", "then"),
    [
        ("2060-03-20T23:59", 7, "2060-03-27T23:59"),
        ("2060-03-01T00:00", -1, "2060-02-29T00:00"),
        ("2060-12-31T08:00", 1, "2061-01-01T08:00"),
        ("", 7, ""),
        ("soon", 7, "soon"),
        ("9999-12-31T08:00", 7, "9999-12-31T08:00"),
    ],
)
def test_a_date_is_moved_by_days(text: str, days: int, then: str) -> None:
    assert moved_text(text, days) == then


def test_a_handout_has_a_release_alone(room: Class) -> None:
    slides = factories.make_assignment(room.course, "Slides", handout=True)
    page = Page(room)
    mine = {name for name in page.fields if name.startswith(f"a{slides.pk}-")}
    assert mine == {f"a{slides.pk}-seen", f"a{slides.pk}-release"}
    page.change(slides, release="2060-03-01T08:00")
    page.send(**{f"a{slides.pk}-due": "2060-03-01T09:00"})
    found = stored(slides)
    assert (found.release, found.due) == (datetime(2060, 3, 1, 7, tzinfo=UTC), None)
    assert found.handout


@pytest.mark.parametrize("seen", [None, "", "x", "[]", "null", '{"due": {}}'])
def test_a_row_that_no_page_of_ours_sent_changes_nothing_unseen(
    room: Class, seen: str | None
) -> None:
    page = Page(room)
    page.change(room.assignment, due="2061-01-01T00:00")
    if seen is None:
        del page.fields[f"a{room.assignment.pk}-seen"]
    else:
        page.change(room.assignment, seen=seen)
    page.send()
    assert stored(room.assignment).due == SUMMER


@pytest.mark.parametrize("typed", ["8,25", "8.25"])
def test_numbers_are_shown_and_taken_as_the_reader_s_language_writes_them(
    room: Class, typed: str
) -> None:
    Profile.objects.create(user=room.teacher, language="de")
    Assignment.objects.update(points=Decimal("7.5"), weight=Decimal("0.5"))
    page = Page(room)
    points = f"a{room.assignment.pk}-points"
    assert page.fields[points] == "7,5"
    assert page.send().redirect_chain
    assert number(room.assignment, "points") == "7.50"
    page.change(room.assignment, points=typed)
    assert page.send().redirect_chain
    assert number(room.assignment, "points") == "8.25"
    assert number(room.assignment, "weight") == "0.50"


@pytest.mark.parametrize("typed", ["1,234.5", "1.234,5", "7,5,1", "NaN", "seven"])
def test_what_may_be_two_numbers_is_none(typed: str) -> None:
    with pytest.raises(ValidationError):
        NumberField(max_digits=8, decimal_places=2).clean(typed)


def test_of_another_course_nothing_is_changed(room: Class) -> None:
    theirs = factories.make_assignment(room.other, "Theirs", due=SUMMER)
    page = Page(room)
    mine = f"a{room.assignment.pk}-"
    for name, value in list(page.fields.items()):
        if name.startswith(mine):
            page.fields[f"a{theirs.pk}-{name.removeprefix(mine)}"] = value
    page.fields[f"a{theirs.pk}-due"] = "2061-01-01T00:00"
    page.send()
    assert stored(theirs).due == SUMMER


def test_without_assignments_it_says_what_to_do(room: Class) -> None:
    Assignment.objects.update(removed=timezone.now())
    answer = HttpsClient(room.teacher).get(f"{room.base}/dates")
    assert "No assignments yet" in words(answer)
