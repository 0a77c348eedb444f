"""Courses: who makes them, what is shown of them, what their teachers change."""

import re

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from classroom.courses.courses import course_create
from classroom.models import Course, Kind, Membership, Role, Transfer
from embedding.models import Event, Member
from tests.classroom import factories
from tests.conftest import HttpsClient

pytestmark = pytest.mark.django_db

WORDS = {"title": "Physics", "term": "Autumn", "time_zone": "Europe/Rome", "description": "*Hi*"}


@pytest.fixture
def teacher() -> User:
    return factories.make_user("tess", teacher=True, first_name="Tess", last_name="Teacher")


def test_the_group_of_teachers_is_there() -> None:
    assert Group.objects.filter(name="Teachers").exists()


class TestMaking:
    def test_a_teacher_makes_a_course_and_is_its_teacher(self, teacher: User) -> None:
        browser = HttpsClient(teacher)
        assert "New course" in browser.get(reverse("classroom:courses")).content.decode()
        answer = browser.post(reverse("classroom:course-new"), WORDS)
        course = Course.objects.get()
        assert answer["Location"] == reverse("classroom:people", args=[course.pk])
        assert (course.title, course.time_zone) == ("Physics", "Europe/Rome")
        member = Membership.objects.get(course=course)
        assert (member.user, member.role, member.project) == (teacher, Role.TEACHER, None)
        assert Member.objects.filter(project=course.project, user=teacher).exists()
        assert Transfer.objects.get().kind == Kind.PREPARE
        assert Event.objects.filter(action="course.created", actor="tess").count() == 1

    def test_others_make_none(self) -> None:
        url = reverse("classroom:course-new")
        browser = HttpsClient(factories.make_user("ada"))
        assert browser.get(url).status_code == 403
        assert browser.post(url, WORDS).status_code == 403
        assert "New course" not in browser.get(reverse("classroom:courses")).content.decode()
        assert HttpsClient().post(url, WORDS).status_code == 302
        assert not Course.objects.exists()

    @pytest.mark.parametrize("zone", ["Mars/Base", "", "../../etc/passwd", "europe/rome\0"])
    def test_a_zone_that_is_none_is_refused_and_the_rest_is_kept(
        self, teacher: User, zone: str
    ) -> None:
        url = reverse("classroom:course-new")
        answer = HttpsClient(teacher).post(url, WORDS | {"time_zone": zone})
        page = answer.content.decode()
        assert answer.status_code == 200
        assert "errorlist" in page
        assert 'value="Physics"' in page
        assert not Course.objects.exists()

    def test_zones_to_choose_from(self, teacher: User) -> None:
        page = HttpsClient(teacher).get(reverse("classroom:course-new")).content.decode()
        assert '<option value="Europe/Rome">' in page
        assert "posixrules" not in page


class TestSettings:
    def test_changing(self, teacher: User) -> None:
        course = course_create(teacher, title="Physics", time_zone="UTC")
        url = reverse("classroom:course-settings", args=[course.pk])
        browser = HttpsClient(teacher)
        assert 'value="Physics"' in browser.get(url).content.decode()
        assert browser.post(url, WORDS | {"title": "Physics 2"})["Location"] == url
        course.refresh_from_db()
        assert (course.title, course.term, course.time_zone) == (
            "Physics 2",
            "Autumn",
            "Europe/Rome",
        )
        event = Event.objects.get(action="course.changed")
        assert sorted(event.detail["fields"]) == ["description", "term", "time_zone", "title"]
        browser.post(url, WORDS | {"title": "Physics 2"})
        assert Event.objects.filter(action="course.changed").count() == 1

    def test_what_is_wrong_changes_nothing_and_the_page_keeps_the_old_name(
        self, teacher: User
    ) -> None:
        course = course_create(teacher, title="Physics", time_zone="UTC")
        url = reverse("classroom:course-settings", args=[course.pk])
        answer = HttpsClient(teacher).post(url, WORDS | {"title": "Other", "time_zone": "No"})
        page = answer.content.decode()
        assert 'value="Other"' in page
        assert "<title>Settings · Physics" in page
        course.refresh_from_db()
        assert course.title == "Physics"


class TestPages:
    def test_the_course_for_its_staff(self, teacher: User) -> None:
        course = factories.make_course(teacher, description="Read **this**")
        ada = factories.enrol(course, factories.make_user("ada"))
        gone = factories.enrol(course, factories.make_user("gone"))
        files = [{"path": "a.ipynb", "size": 1, "sha256": "0" * 64}]
        first = factories.make_assignment(course, "Homework 1", files=files)
        factories.make_assignment(course, "Slides", handout=True, files=files)
        for student in (ada, gone):
            row = factories.submission(first, student)
            row.handed_out = row.submitted = course.created
            row.save()
        gone.removed = course.created
        gone.save()
        url = reverse("classroom:course", args=[course.pk])
        page = HttpsClient(teacher).get(url).content.decode()
        assert "Homework 1" in page
        read = " ".join(re.sub(r"<[^>]+>", " ", page).split())
        line = "handed out 1 /1 → submitted 1 → collected 0 → graded 0 → returned 0"
        assert f"{line} Collect from 1 student" in read
        assert "Slides Handout – handed out 0 /1 Hand out to 1 student" in read
        assert "<strong>this</strong>" in page

    def test_an_empty_course_says_what_comes_first(self, teacher: User) -> None:
        course = factories.make_course(teacher)
        url = reverse("classroom:course", args=[course.pk])
        page = HttpsClient(teacher).get(url).content.decode()
        assert "Add students" in page
        assert "Nothing to hand out yet" in page

    def test_the_dashboard(self, teacher: User) -> None:
        browser = HttpsClient(factories.make_user("ada"))
        url = reverse("classroom:courses")
        assert "No courses yet" in browser.get(url).content.decode()
        course = factories.make_course(teacher, "<b>Physics</b>")
        factories.enrol(course, User.objects.get(username="ada"))
        page = browser.get(url).content.decode()
        assert "&lt;b&gt;Physics" in page
        assert "<b>Physics" not in page
        assert "1 student" in HttpsClient(teacher).get(url).content.decode()

    def test_the_course_page_costs_the_same_however_many_there_are(self, teacher: User) -> None:
        course = factories.make_course(teacher)
        browser, url = HttpsClient(teacher), reverse("classroom:course", args=[course.pk])
        costs = []
        for number in (1, 7):
            for more in range(number):
                factories.enrol(course, factories.make_user(f"student-{number}-{more}"))
                factories.make_assignment(course, f"Homework {number} {more}")
            with CaptureQueriesContext(connection) as queries:
                assert browser.get(url).status_code == 200
            costs.append(len(queries))
        assert costs[0] == costs[1]

    def test_a_student_who_looks_comes_first(self, teacher: User) -> None:
        course = factories.make_course(teacher)
        ada = factories.enrol(course, factories.make_user("ada"))
        browser, url = HttpsClient(ada.user), reverse("classroom:course", args=[course.pk])
        assert browser.get(url).status_code == 200
        row = Transfer.objects.get(member=ada)
        assert (row.kind, row.state, row.priority) == (Kind.PREPARE, "queued", 10)
        Transfer.objects.filter(pk=row.pk).update(priority=-10, not_before=row.created)
        browser.get(url)
        row.refresh_from_db()
        assert (row.priority, row.not_before) == (10, None)
        Transfer.objects.filter(pk=row.pk).update(not_before=row.created)
        browser.get(url)  # looking again does not press CoCalc again
        row.refresh_from_db()
        assert row.not_before is not None
        Transfer.objects.filter(pk=row.pk).update(state="failed", ended=row.created)
        browser.get(url)
        assert Transfer.objects.filter(member=ada).count() == 1
