"""An administrator looks into a course: who may, with which reason, for how long."""

import time
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.urls import reverse

from classroom.models import Course
from classroom.pages import looking_into as looking
from embedding.models import Event, Member
from tests.classroom import factories
from tests.conftest import HttpsClient

pytestmark = pytest.mark.django_db


@pytest.fixture
def course() -> Course:
    return factories.make_course(factories.make_user("tess", teacher=True))


@pytest.fixture
def boss() -> User:
    return factories.make_user("boss", is_staff=True, is_superuser=True)


def look(client: HttpsClient, course: Course, reason: str = "Ada asked.") -> Any:
    return client.post(reverse("admin:course-look", args=[course.pk]), {"reason": reason})


def page(client: HttpsClient, course: Course) -> int:
    return int(client.get(reverse("classroom:course", args=[course.pk])).status_code)


def test_with_a_reason_for_an_hour(
    boss: User, course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = HttpsClient(boss)
    assert page(client, course) == 404
    asked = client.get(reverse("admin:course-look", args=[course.pk])).content.decode()
    assert "For one hour you see" in asked
    assert page(client, course) == 404  # to have asked is not to have said why
    answer = look(client, course)
    assert answer["Location"] == reverse("classroom:course", args=[course.pk])
    shown = client.get(answer["Location"]).content.decode()
    assert "You look into this course as an administrator. Nothing can be changed." in shown
    event = Event.objects.get(action="course.looked_into")
    assert (event.actor, event.target) == ("boss", "Physics")
    assert event.detail == {"course": course.pk, "reason": "Ada asked."}
    assert not Member.objects.filter(user=boss).exists()
    assert not course.memberships.filter(user=boss).exists()
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + looking.SECONDS + 5)
    assert page(client, course) == 404


def test_it_ends_with_the_button(boss: User, course: Course) -> None:
    client = HttpsClient(boss)
    look(client, course)
    stop = reverse("admin:course-look-stop")
    assert client.get(stop).status_code == 405
    assert page(client, course) == 200
    answer = client.post(stop)
    assert answer["Location"] == reverse("admin:classroom_course_change", args=[course.pk])
    assert page(client, course) == 404
    assert Event.objects.filter(action="course.look_ended", actor="boss").count() == 1
    assert client.post(stop)["Location"] == reverse("admin:index")
    assert Event.objects.filter(action="course.look_ended").count() == 1


def test_it_ends_with_signing_out_and_is_of_one_browser(boss: User, course: Course) -> None:
    client, other = HttpsClient(boss), HttpsClient(boss)
    look(client, course)
    assert page(other, course) == 404
    client.post(reverse("logout"))
    client.force_login(boss)
    assert page(client, course) == 404


def test_it_is_of_one_course(boss: User, course: Course) -> None:
    other = factories.make_course(factories.make_user("toby"), "Chemistry")
    client = HttpsClient(boss)
    look(client, course)
    assert page(client, other) == 404
    look(client, other)
    assert (page(client, other), page(client, course)) == (200, 404)


def test_a_refused_write_says_why(boss: User, course: Course) -> None:
    client = HttpsClient(boss)
    look(client, course)
    url = reverse("classroom:course-settings", args=[course.pk])
    answer = client.post(url, {"title": "Other", "time_zone": "UTC"})
    assert answer.status_code == 403
    assert "so you can read and not change" in answer.content.decode()
    json = client.post(url, {}, headers={"accept": "application/json"}).json()
    assert json["error"]["code"] == "looks_only"
    course.refresh_from_db()
    assert course.title == "Physics"


@pytest.mark.parametrize("reason", ["", "   ", "\n", "x" * 201])
def test_without_a_reason_nobody_looks(boss: User, course: Course, reason: str) -> None:
    client = HttpsClient(boss)
    assert look(client, course, reason).status_code == 200
    assert page(client, course) == 404
    assert not Event.objects.filter(action="course.looked_into").exists()


def test_who_may_look(boss: User, course: Course) -> None:
    url = reverse("admin:course-look", args=[course.pk])
    helper = factories.make_user("helper", is_staff=True)
    tess = User.objects.get(username="tess")
    for method in ("get", "post"):
        for user, status in ((None, 302), (tess, 302), (helper, 403)):
            answer = getattr(HttpsClient(user), method)(url, {"reason": "x"})
            assert answer.status_code == status, (method, user)
        unknown = getattr(HttpsClient(boss), method)(url.replace(str(course.pk), "999999"))
        assert unknown.status_code == 404
    assert HttpsClient(boss).put(url).status_code == 405
    assert not Event.objects.filter(action="course.looked_into").exists()
    helper.user_permissions.add(Permission.objects.get(codename="view_course"))
    client = HttpsClient(User.objects.get(pk=helper.pk))
    look(client, course)
    assert page(client, course) == 200
    helper.user_permissions.clear()  # at once, not after the hour
    assert page(client, course) == 404


def test_whoever_is_no_longer_staff_looks_no_longer(boss: User, course: Course) -> None:
    client = HttpsClient(boss)
    look(client, course)
    User.objects.filter(pk=boss.pk).update(is_staff=False)
    assert page(client, course) == 404


def test_whoever_is_in_the_course_goes_there_as_themselves(boss: User, course: Course) -> None:
    factories.enrol(course, boss)
    client = HttpsClient(boss)
    assert look(client, course).status_code == 302
    assert not Event.objects.filter(action="course.looked_into").exists()
    settings = client.get(reverse("classroom:course-settings", args=[course.pk]))
    assert settings.status_code == 403  # a student here


def test_the_list_of_courses_leads_there(boss: User, course: Course) -> None:
    shown = HttpsClient(boss).get("/admin/classroom/course/").content.decode()
    assert reverse("admin:course-look", args=[course.pk]) in shown
    row = HttpsClient(boss).get(f"/admin/classroom/course/{course.pk}/change/").content.decode()
    assert reverse("admin:course-look", args=[course.pk]) in row
