"""The administrator's pages about courses: what they cost, and what they cannot do."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from classroom.models import (
    Assignment,
    Batch,
    Course,
    Extension,
    GradeChange,
    Invitation,
    Kind,
    Letter,
    Look,
    Membership,
    Notice,
    Role,
    Snapshot,
    Submission,
    Transfer,
)
from embedding.models import Event, Member
from tests.classroom import factories
from tests.conftest import HttpsClient

pytestmark = pytest.mark.django_db

LISTS = (
    *("course", "membership", "invitation", "assignment", "extension", "submission"),
    *("snapshot", "gradechange", "look", "batch", "transfer", "notice", "letter"),
)


@pytest.fixture
def boss() -> User:
    return factories.make_user("boss", is_staff=True, is_superuser=True)


def fill(count: int) -> Course:
    """Make so many of everything that the lists show."""
    first = User.objects.count()
    for number in range(first, first + count):
        teacher = factories.make_user(f"teacher{number}", last_name=f"Teach{number}")
        course = factories.make_course(teacher, f"Course {number}")
        ada = factories.enrol(course, factories.make_user(f"ada{number}", last_name="Lovelace"))
        homework = factories.make_assignment(course)
        row = factories.submission(homework, ada)
        now = timezone.now()
        Invitation.objects.create(course=course, email=f"new{number}@x.edu")
        Extension.objects.create(assignment=homework, student=ada, due=now, granted_by=teacher)
        Snapshot.objects.create(submission=row, taken=now, path="submitted/x")
        GradeChange.objects.create(submission=row, score=3, by=teacher, how="page")
        Look.objects.create(submission=row, returned=now, text="Please.", answered_by=teacher)
        batch = Batch.objects.create(
            course=course, kind=Kind.COLLECT, assignment=homework, actor=teacher
        )
        Notice.objects.create(user=ada.user, kind="returned", course=course, key="1")
        Letter.objects.create(user=ada.user, not_before=now)
        for state in ("done", "failed"):
            Transfer.objects.create(
                batch=batch,
                course=course,
                kind=Kind.COLLECT,
                member=ada,
                assignment=homework,
                lane="x",
                key=f"x{number}",
                state=state,
                error="No such folder",
            )
    return course


@pytest.mark.parametrize("name", LISTS)
def test_a_list_costs_the_same_however_long(boss: User, name: str) -> None:
    browser = HttpsClient(boss)
    browser.get(f"/admin/classroom/{name}/")  # the first look is an event
    costs = []
    for more in (2, 15):
        fill(more)
        for query in ("", "?q=love", "?q=course"):
            with CaptureQueriesContext(connection) as queries:
                answer = browser.get(f"/admin/classroom/{name}/{query}")
            assert answer.status_code == 200
            costs.append(len(queries))
    assert costs[:3] == costs[3:]


@pytest.mark.parametrize("name", LISTS)
def test_lists_are_for_administrators_and_read(boss: User, name: str) -> None:
    fill(1)
    url = f"/admin/classroom/{name}/"
    assert HttpsClient().get(url).status_code == 302
    assert HttpsClient(User.objects.get(username="ada1")).get(url).status_code == 302
    helper = factories.make_user("helper", is_staff=True)
    assert HttpsClient(helper).get(url).status_code == 403
    browser = HttpsClient(boss)
    assert browser.get(url + "add/").status_code == 403
    page = browser.get(url).content.decode()
    key = re.findall(rf"/admin/classroom/{name}/(\d+)/change/", page)[0]
    shown = browser.get(f"{url}{key}/change/")
    assert shown.status_code == 200
    assert ('name="_save"' in shown.content.decode()) == (name == "course")
    assert browser.post(f"{url}{key}/delete/").status_code == 403


def test_no_page_shows_what_lets_somebody_in(boss: User) -> None:
    course = fill(1)
    invitation = Invitation.objects.get()
    course.join_code = invitation.nonce
    course.save()
    browser = HttpsClient(boss)
    for name, key in (("course", course.pk), ("invitation", invitation.pk)):
        for url in (f"/admin/classroom/{name}/", f"/admin/classroom/{name}/{key}/change/"):
            page = browser.get(url).content.decode()
            assert str(invitation.nonce) not in page
            assert invitation.nonce.hex not in page


def test_counts(boss: User) -> None:
    course = fill(1)
    page = HttpsClient(boss).get("/admin/classroom/course/").content.decode()
    assert 'field-students">1<' in page
    assert 'field-staff">1<' in page
    page = HttpsClient(boss).get("/admin/classroom/batch/").content.decode()
    step = Batch.objects.get()
    address = "/admin/classroom/transfer/?batch="
    assert f'field-transfers"><a href="{address}{step.pk}">2</a>' in page
    assert f'field-failed"><a href="{address}{step.pk}&amp;state__exact=failed">1</a>' in page
    assert 'field-queued">–<' in page
    assert str(course) in page


def test_changing_a_course_is_logged(boss: User) -> None:
    course = fill(1)
    url = f"/admin/classroom/course/{course.pk}/change/"
    form = {"title": "New", "term": "", "time_zone": "Europe/Berlin", "description": ""}
    assert HttpsClient(boss).post(url, form).status_code == 302
    course.refresh_from_db()
    assert course.title == "New"
    event = Event.objects.get(action="course.changed")
    assert (event.actor, event.detail["fields"]) == ("boss", ["title"])
    wrong = HttpsClient(boss).post(url, form | {"time_zone": "Mars"})
    assert "No time zone has this name" in wrong.content.decode()


class TestPeople:
    def act(self, boss: User, action: str, *members: Membership) -> str:
        data = {"action": action, "_selected_action": [member.pk for member in members]}
        answer = HttpsClient(boss).post("/admin/classroom/membership/", data, follow=True)
        return answer.content.decode()

    def test_a_course_without_a_teacher_gets_one(self, boss: User) -> None:
        course = fill(1)
        Membership.objects.filter(role=Role.TEACHER).delete()
        ada = Membership.objects.get()
        assert "is now a teacher of" in self.act(boss, "make_teacher", ada)
        ada.refresh_from_db()
        assert ada.is_teacher
        assert Member.objects.filter(user=ada.user, project=course.project).exists()

    def test_out_and_in_again(self, boss: User) -> None:
        fill(1)
        teacher, ada = Membership.objects.order_by("pk")
        page = self.act(boss, "take_out", teacher, ada)
        assert "is the only teacher" in page
        assert "is no longer in" in page
        ada.refresh_from_db()
        assert ada.removed
        assert not Member.objects.filter(user=ada.user).exists()
        assert "is back in" in self.act(boss, "let_in", ada)
        ada.refresh_from_db()
        assert ada.removed is None

    def test_who_may_only_look(self) -> None:
        fill(1)
        looker = factories.make_user("looker", is_staff=True)
        looker.user_permissions.add(Permission.objects.get(codename="view_membership"))
        page = self.act(looker, "take_out", *Membership.objects.all())
        assert "take_out" not in page
        assert not Membership.objects.filter(removed__isnull=False).exists()

    def test_a_user_goes_with_all_that_is_theirs(self, boss: User) -> None:
        fill(1)
        ada = Membership.objects.get(role=Role.STUDENT)
        url = f"/admin/auth/user/{ada.user.pk}/delete/"
        assert HttpsClient(boss).post(url, {"post": "yes"}).status_code == 302
        assert not User.objects.filter(pk=ada.user.pk).exists()
        assert not Membership.objects.filter(pk=ada.pk).exists()


def test_scores_are_written_as_everywhere(boss: User) -> None:
    course = fill(1)
    Submission.objects.update(score="4.50", returned_score="4.50", returned_points="7.50")
    GradeChange.objects.update(score="4.50")
    Assignment.objects.filter(course=course).update(points="7.50", weight="4.50")
    browser = HttpsClient(boss)
    tables: tuple[tuple[str, QuerySet[Any]], ...] = (
        ("assignment", Assignment.objects.all()),
        ("submission", Submission.objects.all()),
        ("gradechange", GradeChange.objects.all()),
    )
    for name, rows in tables:
        for address in (f"{name}/", f"{name}/{rows[0].pk}/change/"):
            page = browser.get(f"/admin/classroom/{address}").content.decode()
            assert "4.50" not in page, address
            assert "7.50" not in page, address
            assert address == "assignment/" or "4.5" in page, address
