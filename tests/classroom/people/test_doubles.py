"""One person with two accounts in one course: pointed out, and nothing done about it."""

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from classroom.models import Course, Invitation, Membership, UnprovenAddress
from classroom.people import invitations
from classroom.people.doubles import doubles
from embedding.models import Event
from tests.classroom import factories
from tests.conftest import HttpsClient

pytestmark = pytest.mark.django_db


@pytest.fixture
def teacher() -> User:
    return factories.make_user("tess", teacher=True)


@pytest.fixture
def course(teacher: User) -> Course:
    return factories.make_course(teacher, "Physics")


def student(
    course: Course, username: str, name: str = "", number: str = "", email: str = ""
) -> Membership:
    first, _, last = name.partition(" ")
    user = factories.make_user(username, first_name=first, last_name=last, email=email)
    return factories.enrol(course, user, number=number)


def found(course: Course) -> list[tuple[str, str, str]]:
    return [(str(two.one.user), str(two.other.user), two.why) for two in doubles(course)]


class TestWhichAreFound:
    def test_an_address_that_moves_to_a_second_account(self, course: Course, teacher: User) -> None:
        """An administrator gives it to the new account, and a list lets that one in as well."""
        one, two = student(course, "one", email="A@x.edu"), student(course, "two")
        browser = HttpsClient(factories.make_user("boss", is_staff=True, is_superuser=True))
        change = "/admin/auth/user/{}/change/"
        for member, email in ((one, "old@x.edu"), (two, "a@x.edu")):
            address = change.format(member.user_id)
            form = browser.get(address).context["adminform"].form
            given = {key: form[key].value() for key in form.fields if key != "password"}
            joined = given.pop("date_joined")
            given |= {"date_joined_0": f"{joined:%Y-%m-%d}", "date_joined_1": f"{joined:%H:%M}"}
            sent = {key: value for key, value in given.items() if value} | {"email": email}
            answer = browser.post(address, sent, follow=True)
            assert "was changed successfully" in answer.content.decode()
        assert found(course) == [("one", "two", "Both have or had the e-mail address a@x.edu.")]

    def test_the_address_of_the_invitation_that_let_one_in(self, course: Course) -> None:
        one, _ = student(course, "one"), student(course, "two", email="a@x.edu")
        Invitation.objects.create(
            course=course, email="a@x.edu", accepted=timezone.now(), accepted_by=one.user
        )
        assert [(a, b) for a, b, _ in found(course)] == [("one", "two")]

    def test_a_number(self, course: Course) -> None:
        student(course, "one", "Ada King", "s7"), student(course, "two", "Ada Lovelace", "S7")
        assert found(course) == [("one", "two", "Both have the number s7.")]

    def test_a_name(self, course: Course) -> None:
        student(course, "one", "José Nuñez"), student(course, "two", "JOSE NUNEZ")
        student(course, "three", "Nuñez José", "3")
        assert {(a, b) for a, b, _ in found(course)} == {
            *(("one", "two"), ("one", "three"), ("two", "three"))
        }

    def test_two_people_are_two_people(self, course: Course, teacher: User) -> None:
        student(course, "a", "Wei Zhang", "1"), student(course, "b", "Wei Zhang", "2")
        student(course, "c", "Kim Lee", email="c@x.edu"), student(course, "d", "Kim Lee", "", "d@x")
        student(course, "e", "Ada"), student(course, "f", "Ada"), student(course, "g")
        gone = student(course, "h", "Wei Zhang", "1")
        Membership.objects.filter(pk=gone.pk).update(removed=timezone.now())
        elsewhere = factories.make_course(teacher)
        student(elsewhere, "i", "Wei Zhang", "1")
        assert found(course) == []
        # An address that anybody may have taken tells nobody apart.
        d = User.objects.get(username="d")
        UnprovenAddress.objects.create(user=d, email="d@x")
        assert found(course) == [("c", "d", "They have the same name.")]

    def test_a_class_in_which_all_are_alike(self, course: Course) -> None:
        for more in (3, 40):
            for number in range(more):
                student(course, f"s{more}-{number}", "Same Name", "0", "same@x.edu")
            with CaptureQueriesContext(connection) as queries:
                assert doubles(course)
            assert len(queries) == 3
        assert len(doubles(course)) == 20


def test_teachers_are_told(course: Course, teacher: User) -> None:
    student(course, "one", "Ada <b>King</b>", "7"), student(course, "two", "Ada King", "7")
    address = reverse("classroom:people", args=[course.pk])
    page = HttpsClient(teacher).get(address).content.decode()
    assert "One person with two accounts?" in page
    assert "Both have the number 7." in page
    assert '<a href="?q=one">' in page
    assert "<b>King" not in page
    Membership.objects.filter(user__username="two").update(removed=timezone.now())
    assert "two accounts" not in HttpsClient(teacher).get(address).content.decode()


def test_it_is_said_when_an_invitation_is_taken(course: Course) -> None:
    student(course, "home", email="Ada@x.edu")
    row = Invitation.objects.create(course=course, email="ada@x.edu")
    browser = HttpsClient(factories.make_user("second"))
    link = invitations.link(row).removeprefix("https://learn.school.test")
    page = browser.post(link, follow=True).content.decode()
    assert "Another account in this course has the e-mail address of your invitation" in page
    event = Event.objects.get(action="course.address_of_two")
    assert (event.actor, event.detail["other"]) == ("second", "home")


def test_an_administrator_is_told(course: Course) -> None:
    factories.make_user("first", email="A@x.edu")
    boss = factories.make_user("boss", is_staff=True, is_superuser=True)
    browser = HttpsClient(boss)
    form = {"username": "boss", "email": "a@x.edu", "is_active": "on", "is_staff": "on"}
    joined = {"date_joined_0": "2026-01-01", "date_joined_1": "10:00", "is_superuser": "on"}
    address = f"/admin/auth/user/{boss.pk}/change/"
    answer = browser.post(address, form | joined, follow=True)
    assert "“first” has this e-mail address too" in answer.content.decode()
    answer = browser.post(address, form | joined, follow=True)
    assert "has this e-mail address too" not in answer.content.decode()
