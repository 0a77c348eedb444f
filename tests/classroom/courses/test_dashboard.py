"""All courses of one person, by role, with what waits in those that they teach."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from classroom.courses.dashboard import dashboard_of
from classroom.models import Assignment, Course, Membership, Role, Submission
from tests.classroom import factories
from tests.conftest import HttpsClient

pytestmark = pytest.mark.django_db

Policy = Assignment.LatePolicy
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


def test_somebody_in_no_course_sees_an_empty_page(ada: User) -> None:
    board = dashboard_of(ada)
    assert board.is_empty
    assert (board.studying, board.teaching) == ([], [])


def test_nobody_sees_another_s(emmy: User, ada: User, now: datetime) -> None:
    out(attended(emmy, factories.make_user("olga")), "Olga’s", due=now + DAY)
    gone = attended(emmy, ada, "Left")
    out(gone, "Left behind", due=now + DAY)
    Membership.objects.filter(course=gone, user=ada).update(removed=now)
    board = dashboard_of(ada)
    assert board.is_empty


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
    lines = {line.course.title: line.waiting for line in dashboard_of(emmy).teaching}
    assert (lines["Physics"].students, lines["Physics"].to_grade) == (2, 3)
    assert (lines["Empty"].students, lines["Empty"].to_grade) == (1, 0)


def test_what_waits_for_a_teacher_leads_to_just_that(emmy: User, ada: User, now: datetime) -> None:
    course = attended(emmy, ada)
    work, more, held = (out(course, title, due=now) for title in ("Work", "More", "Held"))
    Submission.objects.update(collected=now)
    Submission.objects.filter(assignment=work).update(submitted=now + DAY)
    Submission.objects.filter(assignment=more).update(graded=now - DAY, score=3)
    Submission.objects.filter(assignment=held).update(held="Why.")
    line = dashboard_of(emmy).teaching[0].waiting
    assert (line.to_grade, line.again, line.held) == (0, 2, 1)
    page = HttpsClient(emmy).get("/courses/").content.decode()
    assert f'<a href="/courses/{course.pk}/grades?state=again">2 submitted again</a>' in page
    assert f'<a href="/courses/{course.pk}/grades?state=held">1 to check by hand</a>' in page
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
