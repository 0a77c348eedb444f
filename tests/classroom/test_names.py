"""Wherever a name comes in, nothing is left in it that cannot be seen or turns text around."""

import importlib
import io
import zipfile

import nbformat
import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.core import mail
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from classroom.assignments.uploads import read_upload
from classroom.carrying.zipping import Names
from classroom.models import Assignment, Course, Invitation, Kind, Membership, Transfer
from classroom.people import invitations, roster
from classroom.people.roster_file import line_of
from classroom.rules.names import student_file, student_folder
from tests.classroom import factories
from tests.classroom.gradebook import make_class
from tests.conftest import HttpsClient

TURNED = "A\u202eda\u2066"


@pytest.mark.django_db
class TestComingIn:
    @pytest.fixture
    def teacher(self) -> User:
        return factories.make_user("tess", teacher=True)

    @pytest.fixture
    def course(self, teacher: User) -> Course:
        return factories.make_course(teacher)

    def test_a_course(self, teacher: User) -> None:
        browser = HttpsClient(teacher)
        given = {"title": TURNED, "term": TURNED, "time_zone": "UTC", "description": ""}
        browser.post(reverse("classroom:course-new"), given)
        course = Course.objects.get()
        assert (course.title, course.term, course.project.title) == ("Ada", "Ada", "Ada")
        address = reverse("classroom:course-settings", args=[course.pk])
        page = browser.post(address, given | {"title": "\u200b\u3164"}).content.decode()
        assert "no visible characters" in page
        boss = HttpsClient(factories.make_user("boss", is_staff=True, is_superuser=True))
        boss.post(f"/admin/classroom/course/{course.pk}/change/", given | {"title": "B\u202eob"})
        course.refresh_from_db()
        assert course.title == "Bob"

    def test_an_assignment(self, course: Course, teacher: User) -> None:
        given = {"title": TURNED, "handout": "no", "late_policy": "closed"}
        HttpsClient(teacher).post(reverse("classroom:assignment-new", args=[course.pk]), given)
        assert Assignment.objects.get().title == "Ada"

    def test_who_takes_an_invitation(self, course: Course) -> None:
        row = Invitation.objects.create(course=course, email="a@x.edu")
        link = invitations.link(row).removeprefix("https://learn.school.test")
        secret = {"password1": "analytical engine", "password2": "analytical engine"}
        names = {"first_name": TURNED, "last_name": "K\u00adi\u200bng"}
        page = HttpsClient().post(link, {"username": "a\u3164da", **names, **secret})
        assert "This user name contains an invisible character" in page.content.decode()
        HttpsClient().post(link, {"username": "ada", **names, **secret})
        assert User.objects.get(username="ada").get_full_name() == "Ada King"

    def test_a_user_in_the_administration(self) -> None:
        boss = factories.make_user("boss", is_staff=True, is_superuser=True)
        given = {"username": "boss", "first_name": TURNED, "is_active": "on", "is_staff": "on"}
        joined = {"date_joined_0": "2026-01-01", "date_joined_1": "10:00", "is_superuser": "on"}
        HttpsClient(boss).post(f"/admin/auth/user/{boss.pk}/change/", given | joined)
        boss.refresh_from_db()
        assert boss.first_name == "Ada"

    def test_names_from_before_are_read_without(self, course: Course, teacher: User) -> None:
        user = factories.make_user("ada", first_name=TURNED, last_name="\u202eKing")
        member = roster.student_enrol(course, user, actor=teacher)
        assert member.name == "Ada King"
        assert member.project
        assert member.project.title == "Ada King - Physics"
        assert student_folder(member) == "Ada King-ada"
        assert student_file(member) == "STUDENT - Ada King.txt"
        address = reverse("classroom:people", args=[course.pk])
        assert "\u202e" not in HttpsClient(teacher).get(address).content.decode()

    def test_the_subject_of_a_mail(self, course: Course, settings: Settings) -> None:
        settings.CLASSROOM = {"MAIL": True}
        Course.objects.update(title=TURNED)
        row = Invitation.objects.create(course=course, email="a@x.edu")
        invitations.mail.call([row.pk])
        assert mail.outbox[0].subject == "Your invitation to “Ada”"


def test_a_list() -> None:
    given = {"email": "a\u200bda@x.edu", "first_name": TURNED, "last_name": "K\u2069ing"}
    line = line_of(TURNED, **given, number="\u200e7")
    found = (line.username, line.email, line.first_name, line.last_name, line.number)
    assert found == ("Ada", "ada@x.edu", "Ada", "King", "7")


def test_files_of_an_assignment() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("\u202egpj.exe", b"x")
        archive.writestr("a.ipy\u200bnb", nbformat.writes(nbformat.v4.new_notebook()))
    packed.seek(0)
    plan = ("plan\u2066.txt", io.BytesIO(b"x"))
    upload = read_upload([plan, ("x.zip", packed)], unpack=True)
    assert {*upload.files} == {"plan.txt", "gpj.exe", "a.ipynb"}


def test_files_of_students_in_a_zip() -> None:
    names = Names()
    assert names.name("photo_\u202egpj.exe") == "photo_gpj.exe"
    assert names.name("photo_gpj.exe") == "photo_gpj (2).exe"


def test_no_name_is_the_same_folder_as_anothers() -> None:
    one = Membership(pk=1, user=User(username="ada", first_name="A\u200bda"))
    other = Membership(pk=2, user=User(username="bob", first_name="Ada"))
    assert student_folder(one) != student_folder(other)


@pytest.mark.django_db
def test_names_from_before_are_mended() -> None:
    teacher = factories.make_user("tess", first_name=TURNED, last_name="\u3164")
    course = factories.make_course(teacher, f"{TURNED} 1")
    plain = factories.make_course(teacher, "Physics")
    factories.make_assignment(course, "\u202eLoops", folder="loops")
    importlib.import_module("classroom.migrations.0009_names_hide_nothing").clean(apps, None)
    teacher.refresh_from_db()
    course.refresh_from_db()
    plain.refresh_from_db()
    assert (teacher.first_name, teacher.last_name) == ("Ada", "")
    assert (course.title, course.project.title, plain.title) == ("Ada 1", "Ada 1", "Physics")
    assert Assignment.objects.get().title == "Loops"


@pytest.mark.django_db
def test_what_students_call_their_files_turns_nothing_on_the_desk() -> None:
    room = make_class()
    work = factories.submission(room.assignment, room.ada)
    work.collected = timezone.now()
    notes = ["“\u202ebynpi.a” is no notebook."]
    work.details = {"cells": {"a": [1.0, 2.0]}, "score": 1.0, "max": 2.0, "notes": notes}
    work.save()
    Transfer.objects.create(
        course=room.course,
        kind=Kind.COLLECT,
        assignment=room.assignment,
        member=room.ada,
        lane="x",
        key="x",
        state=Transfer.State.DONE,
        result={"files": ["a.ipynb", "photo_\u202egpj.exe"]},
    )
    address = reverse("classroom:grade", args=[room.course.pk, room.assignment.pk, room.ada.pk])
    for query in ("", "?file=photo_%E2%80%AEgpj.exe"):
        page = HttpsClient(room.teacher).get(address + query).content.decode()
        assert ">photo_\ufffdgpj.exe</a>" in page
        assert "“\ufffdbynpi.a” is no notebook." in page
        assert "\u202e" not in page
    assert '<p class="cocalc-note-title">photo_\ufffdgpj.exe</p>' in page
