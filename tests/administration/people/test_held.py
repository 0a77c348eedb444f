"""The export holds all that leads to a person, nothing that lets somebody in, and no one else's."""

import io
import json
import uuid
import zipfile
from typing import Any

import pytest
from axes.models import AccessLog
from django.apps import apps
from django.contrib.auth.models import User
from django.db.models import CASCADE, CharField, Model
from django.utils import timezone

from administration.people.held import HELD, LEFT_OUT
from classroom.models import (
    Course,
    Extension,
    GradeChange,
    Invitation,
    Membership,
    Notice,
    Profile,
    Submission,
    Transfer,
)
from embedding.models import EmbedSession, Event
from embedding.services import mapping
from tests.administration.people.test_access import url_of
from tests.classroom.factories import enrol, make_assignment, make_course, make_user, submission
from tests.conftest import HttpsClient

pytestmark = pytest.mark.django_db

NAMES = {"username", "by", "actor", "whom", "linked_by", "email"}  # of fields with a user's name


def leading_to_users() -> set[str]:
    """Find the tables with a relation to users, however long the way, or with a user's name."""
    personal: set[type[Model]] = {User}
    found: set[type[Model]] = {User}
    grown = True
    every = apps.get_models(include_auto_created=True)
    while grown:
        before = len(personal), len(found)
        for model in every:
            for field in model._meta.get_fields():
                if field.auto_created or not field.is_relation or not field.concrete:
                    if isinstance(field, CharField) and field.name in NAMES:
                        found.add(model)
                    continue
                if field.many_to_many or field.related_model not in personal:
                    continue
                found.add(model)
                if (
                    getattr(field.remote_field, "on_delete", None) is CASCADE
                ):  # it is theirs, and goes with them
                    personal.add(model)
        grown = (len(personal), len(found)) != before
    return {model._meta.label for model in found}


def test_each_table_that_leads_to_users_is_held_or_left_out_with_a_reason() -> None:
    known = {held.model._meta.label for held in HELD} | LEFT_OUT.keys()
    assert leading_to_users() - known == set()
    assert {"embedding.Trashed", "classroom.TestRun", "axes.AccessLog"} <= leading_to_users()
    assert all(LEFT_OUT.values())


def test_what_is_named_in_the_table_is_there() -> None:
    for held in HELD:
        fields = {field.name for field in held.model._meta.concrete_fields}
        assert fields.issuperset(held.only + held.without), held.file
    assert len({held.file for held in HELD}) == len(HELD)


class World:
    """Ada, with something in most tables; and Bob beside her."""

    def __init__(self, ada: User) -> None:
        self.ada, self.teacher = ada, make_user("marie", teacher=True)
        self.bob = make_user("bob", last_name="Boole")
        self.course: Course = make_course(self.teacher)
        self.student, other = enrol(self.course, ada), enrol(self.course, self.bob)
        self.assignment = make_assignment(self.course)
        work = submission(self.assignment, self.student)
        Submission.objects.filter(pk=work.pk).update(score=7, comment="Well done, Ada.")
        GradeChange.objects.create(
            submission=work, score=7, comment="Well done, Ada.", by=self.teacher, how="page"
        )
        GradeChange.objects.create(
            submission=submission(self.assignment, other), score=3, comment="For Bob.", how="page"
        )
        Extension.objects.create(
            assignment=self.assignment,
            student=self.student,
            due=timezone.now(),
            reason="was ill",
            granted_by=self.teacher,
        )
        self.calendar, self.nonce = uuid.uuid4(), uuid.uuid4()
        Profile.objects.create(user=ada, time_zone="Europe/Rome", calendar=self.calendar)
        Invitation.objects.create(
            course=self.course, email="Ada@Home.test", nonce=self.nonce, accepted_by=ada
        )
        Notice.objects.create(user=ada, kind="returned", course=self.course, key="k")
        Transfer.objects.create(
            course=self.course, kind="submit", member=self.student, lane="l", key="t", error="away"
        )
        AccessLog.objects.create(
            username="ada", ip_address="192.0.2.9", session_hash="5e55104", path_info="/"
        )
        mapping.account_row(ada)
        mapping.personal_project(ada)
        self.session = EmbedSession.objects.create(user=ada, username="ada", path="diary.ipynb")
        Event.log("file.deleted", "Notebooks", actor="bob", user="ada", path="old.txt")
        Event.log("file.deleted", "Notebooks", actor="marie", user="bob", path="bobs.txt")


def exported(boss: User, person: User) -> dict[str, Any]:
    answer = HttpsClient(boss).post(url_of(person, "export"))
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/zip"
    assert "no-store" in answer["Cache-Control"]
    content = b"".join(answer.streaming_content)  # type: ignore[attr-defined]
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        texts = {name: archive.read(name).decode() for name in archive.namelist()}
    readme = texts.pop("README.txt")
    assert all(name in readme for name in texts)
    return {"README": readme, "all": "".join(texts.values())} | {
        name: json.loads(text) for name, text in texts.items()
    }


def test_the_export_holds_it_all(boss: User, ada: User) -> None:
    world = World(ada)
    found = exported(boss, ada)
    assert found["user.json"][0]["email"] == "ada@home.test"
    assert found["profile.json"][0]["time_zone"] == "Europe/Rome"
    [work] = found["work.json"]
    assert (work["score"], work["comment"]) == ("7.00", "Well done, Ada.")
    assert work["assignment"]["name"] == "Homework 1"
    assert found["grading.json"][0]["by"]["name"] == "marie"
    assert found["extensions.json"][0]["reason"] == "was ill"
    assert found["transfers.json"][0]["error"] == "away"
    assert found["sign-ins.json"][0]["ip_address"] == "192.0.2.9"
    assert found["sessions.json"][0]["path"] == "diary.ipynb"
    assert {row["project"]["for"] for row in found["projects.json"]} == {
        f"personal:{ada.pk}",
        f"course:{world.course.uid}:student:{ada.pk}",
    }
    assert [row["detail"]["path"] for row in found["events.json"] if "path" in row["detail"]] == [
        "old.txt"
    ]
    assert "Ada Lovelace (user name: ada)" in found["README"]
    event = Event.objects.get(action="user.exported")
    assert (event.actor, event.whom) == ("boss", "ada")


def test_nothing_in_it_lets_anybody_in_and_nothing_is_anothers(boss: User, ada: User) -> None:
    world = World(ada)
    held = exported(boss, ada)["all"]
    ada.refresh_from_db()
    world.course.join_code = uuid.uuid4()
    world.course.save()
    for secret in (ada.password, str(world.calendar), str(world.nonce), "5e55104"):
        assert secret not in held
    assert str(world.course.join_code) not in held
    assert "For Bob." not in held
    assert "bobs.txt" not in held
    teachers = exported(boss, world.teacher)
    assert len(teachers["grading-of-others.json"]) == 1
    assert "Well done" not in teachers["all"]
    assert "was ill" not in teachers["all"]


def test_a_large_export_is_written_a_few_rows_at_a_time(boss: User, ada: User) -> None:
    EmbedSession.objects.bulk_create(
        EmbedSession(user=ada, username="ada", path=f"{number}.ipynb") for number in range(1200)
    )
    assert len(exported(boss, ada)["sessions.json"]) == 1200
    assert Membership.objects.filter(user=ada).count() == 0
