"""What a student has to do next, over all courses."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.template.loader import render_to_string
from django.utils import timezone

from classroom.models import Assignment, Course, Membership, Role, Snapshot, Submission
from classroom.students.due_next import FORGOTTEN, MOST, due_next
from classroom.students.standing import Standing, State
from tests.classroom import factories

pytestmark = pytest.mark.django_db

Policy = Assignment.LatePolicy
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture
def now() -> datetime:
    return timezone.now()


@pytest.fixture
def emmy() -> User:
    return factories.make_user("emmy", teacher=True)


@pytest.fixture
def ada() -> User:
    return factories.make_user("ada")


def attended(emmy: User, ada: User, title: str = "Physics", **fields: Any) -> Course:
    course = factories.make_course(emmy, title, **fields)
    factories.enrol(course, ada)
    return course


def out(course: Course, title: str, **fields: Any) -> Assignment:
    assignment = factories.make_assignment(course, title, out=timezone.now(), **fields)
    Submission.objects.filter(assignment=assignment).update(handed_out=timezone.now())
    return assignment


def next_of(user: User) -> list[Standing]:
    members = Membership.objects.filter(user=user, role=Role.STUDENT, removed=None)
    return due_next(list(members.select_related("course")), timezone.now())


def titles(user: User) -> list[str]:
    return [standing.assignment.title for standing in next_of(user)]


def test_what_is_due_next_comes_first_whatever_the_course(
    emmy: User, ada: User, now: datetime
) -> None:
    physics, maths = attended(emmy, ada), attended(emmy, ada, "Maths", time_zone="Asia/Kolkata")
    out(physics, "P3", due=now + 3 * DAY)
    out(maths, "M1", due=now + DAY)
    out(physics, "P2", due=now + 2 * DAY)
    out(maths, "Never due")
    assert titles(ada) == ["M1", "P2", "P3"]
    first = next_of(ada)[0]
    assert first.assignment.course == maths
    assert first.assignment.course.zone.key == "Asia/Kolkata"
    assert first.state == State.OPEN
    assert first.left == "23 hours"


def test_what_is_over_or_not_there_is_left_out(emmy: User, ada: User, now: datetime) -> None:
    course = attended(emmy, ada)
    out(course, "Handout", handout=True, due=now + DAY)
    out(course, "Closed", due=now - HOUR)
    out(course, "Too late", due=now - DAY, late_policy=Policy.UNTIL, late_until=now - HOUR)
    out(course, "Removed", due=now + DAY, removed=now)
    factories.make_assignment(course, "Draft", due=now + DAY)
    factories.make_assignment(
        course, "Announced", due=now + 2 * DAY, release=now + DAY, announced=True
    )
    done = out(course, "Returned", due=now + DAY)
    Submission.objects.filter(assignment=done).update(returned=now)
    assert titles(ada) == []


def test_what_is_late_and_still_taken_comes_first(emmy: User, ada: User, now: datetime) -> None:
    course = attended(emmy, ada)
    out(course, "Soon", due=now + HOUR)
    out(course, "Any time", due=now - 2 * DAY, late_policy=Policy.ANY)
    out(course, "Until", due=now - DAY, late_policy=Policy.UNTIL, late_until=now + HOUR)
    for field in ("submitted", "collected"):
        done = out(course, f"Late but {field}", due=now - DAY, late_policy=Policy.ANY)
        Submission.objects.filter(assignment=done).update(**{field: now})
    assert titles(ada) == ["Any time", "Until", "Soon"]
    assert [standing.is_late for standing in next_of(ada)] == [True, True, False]


def test_submitted_work_stays_until_it_is_due(emmy: User, ada: User, now: datetime) -> None:
    course = attended(emmy, ada)
    assignment = out(course, "Homework", due=now + DAY)
    row = Submission.objects.get(assignment=assignment)
    Snapshot.objects.create(submission=row, taken=now, path="x")
    Submission.objects.update(submitted=now)
    assert [standing.state for standing in next_of(ada)] == [State.SUBMITTED]
    assert titles(ada) == ["Homework"]


def test_an_extension_moves_it_for_its_student(emmy: User, ada: User, now: datetime) -> None:
    course = attended(emmy, ada)
    first = out(course, "First", due=now + DAY)
    out(course, "Second", due=now + 2 * DAY)
    Submission.objects.filter(assignment=first).update(due=now + 3 * DAY)
    assert titles(ada) == ["Second", "First"]


def test_ten_are_enough(emmy: User, ada: User, now: datetime) -> None:
    course = attended(emmy, ada)
    for number in range(MOST + 2):
        out(course, f"Work {number}", due=now + (number + 1) * DAY)
    assert titles(ada) == [f"Work {number}" for number in range(MOST)]


def test_the_part_of_the_page(emmy: User, ada: User) -> None:
    course = attended(emmy, ada, "A <b>course</b>")
    due = datetime.fromisoformat("2060-11-26T22:59:00+00:00")
    assignment = out(course, "Homework", due=due)
    html = render_to_string("classroom/students/due.html", {"due_next": next_of(ada)})
    assert f'href="/courses/{course.pk}/#a{assignment.pk}"' in html
    assert "Fri 26 Nov 2060, 23:59 CET" in html
    assert "<b>course" not in html
    assert not render_to_string("classroom/students/due.html", {"due_next": []}).strip()


def test_late_work_of_long_ago_is_no_longer_asked_for(emmy: User, ada: User, now: datetime) -> None:
    course = attended(emmy, ada)
    out(course, "Last week", due=now - 7 * DAY, late_policy=Policy.ANY)
    out(course, "Last year", due=now - FORGOTTEN - DAY, late_policy=Policy.ANY)
    assert titles(ada) == ["Last week"]
