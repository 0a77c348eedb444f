"""What one person sees over all courses: what is due next, and the courses by role."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.template.loader import render_to_string
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from classroom.courses.dashboard import NEXT, dashboard_of
from classroom.models import Assignment, Course, Membership, Role, Snapshot, Submission
from classroom.students.standing import State
from tests.classroom import factories
from tests.conftest import HttpsClient

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


def titles(user: User) -> list[str]:
    return [standing.assignment.title for standing in dashboard_of(user).due_next]


def test_somebody_in_no_course_sees_an_empty_page(ada: User) -> None:
    board = dashboard_of(ada)
    assert board.is_empty
    assert (board.due_next, board.studying, board.teaching) == ([], [], [])


def test_what_is_due_next_comes_first_whatever_the_course(
    emmy: User, ada: User, now: datetime
) -> None:
    physics, maths = attended(emmy, ada), attended(emmy, ada, "Maths", time_zone="Asia/Kolkata")
    out(physics, "P3", due=now + 3 * DAY)
    out(maths, "M1", due=now + DAY)
    out(physics, "P2", due=now + 2 * DAY)
    out(maths, "Never due")
    assert titles(ada) == ["M1", "P2", "P3"]
    first = dashboard_of(ada).due_next[0]
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
    factories.make_assignment(course, "Announced", due=now + 2 * DAY, release=now + DAY)
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
    assert [standing.is_late for standing in dashboard_of(ada).due_next] == [True, True, False]


def test_submitted_work_stays_until_it_is_due(emmy: User, ada: User, now: datetime) -> None:
    course = attended(emmy, ada)
    assignment = out(course, "Homework", due=now + DAY)
    row = Submission.objects.get(assignment=assignment)
    Snapshot.objects.create(submission=row, taken=now, path="x")
    Submission.objects.update(submitted=now)
    assert [standing.state for standing in dashboard_of(ada).due_next] == [State.SUBMITTED]
    assert titles(ada) == ["Homework"]


def test_an_extension_moves_it_for_its_student(emmy: User, ada: User, now: datetime) -> None:
    course = attended(emmy, ada)
    first = out(course, "First", due=now + DAY)
    out(course, "Second", due=now + 2 * DAY)
    Submission.objects.filter(assignment=first).update(due=now + 3 * DAY)
    assert titles(ada) == ["Second", "First"]


def test_ten_are_enough(emmy: User, ada: User, now: datetime) -> None:
    course = attended(emmy, ada)
    for number in range(NEXT + 2):
        out(course, f"Work {number}", due=now + (number + 1) * DAY)
    assert titles(ada) == [f"Work {number}" for number in range(NEXT)]


def test_nobody_sees_another_s(emmy: User, ada: User, now: datetime) -> None:
    out(attended(emmy, factories.make_user("olga")), "Olga’s", due=now + DAY)
    gone = attended(emmy, ada, "Left")
    out(gone, "Left behind", due=now + DAY)
    Membership.objects.filter(course=gone, user=ada).update(removed=now)
    board = dashboard_of(ada)
    assert board.is_empty
    assert board.due_next == []


def test_courses_by_role_the_newest_first(emmy: User, ada: User) -> None:
    old, new = attended(emmy, ada, "Old"), attended(emmy, ada, "New")
    helped = factories.make_course(emmy, "Helped")
    factories.enrol(helped, ada, Role.ASSISTANT)
    board = dashboard_of(ada)
    assert [line.course for line in board.studying] == [new, old]
    assert [line.course for line in board.teaching] == [helped]
    assert [line.course for line in dashboard_of(emmy).teaching] == [helped, new, old]
    assert not board.is_empty


def test_teachers_see_how_many_students_and_what_is_to_grade(
    emmy: User, ada: User, now: datetime
) -> None:
    course = attended(emmy, ada)
    factories.enrol(course, factories.make_user("olga"))
    factories.enrol(course, factories.make_user("asta"), Role.ASSISTANT)
    leaver = factories.enrol(course, factories.make_user("leo"))
    out(course, "Work", due=now)
    more = out(course, "More", due=now)
    gone = out(course, "Gone", due=now)
    Submission.objects.update(collected=now)
    Submission.objects.filter(assignment=more, student__user=ada).update(graded=now)
    Membership.objects.filter(pk=leaver.pk).update(removed=now)
    Assignment.objects.filter(pk=gone.pk).update(removed=now)
    attended(emmy, ada, "Empty")
    lines = {line.course.title: line for line in dashboard_of(emmy).teaching}
    assert (lines["Physics"].students, lines["Physics"].to_grade) == (2, 3)
    assert (lines["Empty"].students, lines["Empty"].to_grade) == (1, 0)


def test_what_waits_for_a_teacher_leads_to_just_that(emmy: User, ada: User, now: datetime) -> None:
    course = attended(emmy, ada)
    work, more, held = (out(course, title, due=now) for title in ("Work", "More", "Held"))
    Submission.objects.update(collected=now)
    Submission.objects.filter(assignment=work).update(submitted=now + DAY)
    Submission.objects.filter(assignment=more).update(graded=now - DAY, score=3)
    Submission.objects.filter(assignment=held).update(held="Why.")
    line = dashboard_of(emmy).teaching[0]
    assert (line.to_grade, line.again, line.held) == (0, 2, 1)
    page = HttpsClient(emmy).get("/courses/").content.decode()
    assert f'<a href="/courses/{course.pk}/grades?state=again">2 with new work</a>' in page
    assert f'<a href="/courses/{course.pk}/grades?state=held">1 held</a>' in page
    assert "to grade" not in page


def test_thirty_courses_cost_as_much_as_three(emmy: User, ada: User, now: datetime) -> None:
    browser = HttpsClient(ada)
    costs: list[tuple[int, int]] = []
    for number in range(30):
        course = attended(emmy, ada, f"Course {number}")
        out(course, "Work", due=now + DAY)
        helped = factories.make_course(emmy, f"Helped {number}")
        factories.enrol(helped, ada, Role.ASSISTANT)
        if number in (2, 29):
            with CaptureQueriesContext(connection) as service:
                dashboard_of(ada)
            with CaptureQueriesContext(connection) as page:
                assert browser.get("/courses/").status_code == 200
            costs.append((len(service), len(page)))
    assert costs[0] == costs[1]
    assert costs[0][0] <= 7  # one of them: which assistants look after some sections only


def test_the_part_of_the_page(emmy: User, ada: User) -> None:
    course = attended(emmy, ada, "A <b>course</b>")
    due = datetime.fromisoformat("2060-11-26T22:59:00+00:00")
    assignment = out(course, "Homework", due=due)
    board = dashboard_of(ada)
    html = render_to_string("classroom/students/due.html", {"due_next": board.due_next})
    assert f'href="/courses/{course.pk}/#a{assignment.pk}"' in html
    assert "Fri 26 Nov 2060, 23:59 CET" in html
    assert "<b>course" not in html
    assert not render_to_string("classroom/students/due.html", {"due_next": []}).strip()
