"""The join link: whoever has it and is a user of the site becomes a student."""

import uuid

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from django.utils import timezone

from classroom.models import Course, Kind, Membership, Role, Transfer
from classroom.people.join_link import join_link_close, join_link_renew
from embedding.models import Event
from tests.classroom import factories
from tests.conftest import HttpsClient

pytestmark = pytest.mark.django_db


@pytest.fixture
def course() -> Course:
    teacher = factories.make_user("tess", teacher=True)
    made = factories.make_course(teacher, "Physics <1>", description="For insiders")
    join_link_renew(made, actor=teacher)
    return made


def url(course: Course) -> str:
    return reverse("classroom:join", args=[course.join_code])


def test_joining(course: Course) -> None:
    browser = HttpsClient(factories.make_user("ada", first_name="Ada"))
    page = browser.get(url(course)).content.decode()
    assert "Physics &lt;1&gt;" in page
    assert "For insiders" not in page
    assert not Membership.objects.filter(user__username="ada").exists()
    answer = browser.post(url(course), follow=True)
    assert answer.redirect_chain == [(reverse("classroom:course", args=[course.pk]), 302)]
    assert "You have joined" in answer.content.decode()
    ada = Membership.objects.get(user__username="ada")
    assert ada.role == Role.STUDENT
    assert ada.project
    # Somebody who comes on their own waits in front of the page.
    assert Transfer.objects.get(member=ada, kind=Kind.PREPARE).priority == 10
    assert Event.objects.get(action="course.member_added").actor == "ada"
    assert browser.get(url(course)).status_code == 302
    assert browser.post(url(course)).status_code == 302
    assert Membership.objects.count() == 2


def test_staff_stay_what_they_are(course: Course) -> None:
    browser = HttpsClient(User.objects.get(username="tess"))
    for answer in (browser.get(url(course)), browser.post(url(course))):
        assert answer["Location"] == reverse("classroom:course", args=[course.pk])
    assert Membership.objects.get().role == Role.TEACHER


def test_signed_out_one_reads_the_title_and_the_two_ways_on(course: Course) -> None:
    factories.make_user("ada")
    browser = HttpsClient()
    answer = browser.get(url(course))
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    for words in ("Physics &lt;1&gt;", "I have an account", "I have no account", "invitation"):
        assert words in page
    assert "For insiders" not in page
    assert "tess" not in page
    assert f'name="next" value="{url(course)}"' in page
    form = {"username": "ada", "password": "notebook", "next": url(course)}
    joined = browser.post(reverse("login"), form, follow=True).content.decode()
    assert "signed in as ada" in joined
    assert not Membership.objects.filter(user__username="ada").exists()


def test_signed_out_nobody_joins(course: Course) -> None:
    answer = HttpsClient().post(url(course))
    assert answer["Location"].startswith(reverse("login"))
    assert Membership.objects.count() == 1


def test_removed_people_do_not_come_back_by_it(course: Course) -> None:
    ada = factories.enrol(course, factories.make_user("ada"))
    Membership.objects.filter(pk=ada.pk).update(removed=timezone.now())
    browser = HttpsClient(ada.user)
    for answer in (browser.get(url(course)), browser.post(url(course))):
        assert answer.status_code == 403
        assert "Only its teachers can add you again" in answer.content.decode()
    ada.refresh_from_db()
    assert ada.removed


def test_closed_and_renewed(course: Course) -> None:
    browser = HttpsClient(factories.make_user("ada"))
    teacher = User.objects.get(username="tess")
    old = url(course)
    join_link_renew(course, actor=teacher)
    new = url(course)
    assert old != new
    closed = [old, reverse("classroom:join", args=[uuid.uuid4()])]
    assert browser.get(new).status_code == 200
    join_link_close(course, actor=teacher)
    for address in (*closed, new):
        asked = (browser.get(address), browser.post(address), HttpsClient().get(address))
        for answer in asked:
            assert answer.status_code == 404
            assert "Physics" not in answer.content.decode()
            assert "no longer works" in answer.content.decode()
    assert Membership.objects.count() == 1
    actions = Event.objects.filter(action__startswith="course.join_link")
    assert actions.count() == 3
    assert not any(new.split("/")[-2] in str(event.detail) for event in actions)


def test_the_page_of_people_makes_and_closes_it(course: Course) -> None:
    browser = HttpsClient(User.objects.get(username="tess"))
    people = reverse("classroom:people", args=[course.pk])
    assert f"https://learn.school.test{url(course)}" in browser.get(people).content.decode()
    change = reverse("classroom:join-link", args=[course.pk])
    assert "is closed" in browser.post(change, {"do": "close"}, follow=True).content.decode()
    course.refresh_from_db()
    assert course.join_code is None
    browser.post(change, {"do": "renew"})
    course.refresh_from_db()
    assert course.join_code


@pytest.mark.parametrize("method", ["put", "delete", "patch"])
def test_other_methods(course: Course, method: str) -> None:
    browser = HttpsClient(factories.make_user("ada"))
    assert getattr(browser, method)(url(course)).status_code == 405
    assert browser.get("/join/not-a-uuid/").status_code == 404
