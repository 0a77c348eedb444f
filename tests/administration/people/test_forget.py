"""Who is forgotten leaves nothing here, and on CoCalc what no site can delete."""

import re
from datetime import timedelta

import pytest
from axes.models import AccessAttempt
from django.apps import apps
from django.contrib.auth.models import User
from django.db.models import Model
from django.utils import timezone

from administration.people.forgetting import pseudonym_of
from administration.people.held import HELD
from classroom.models import Assignment, Snapshot, Submission
from embedding.client import client, service_identity
from embedding.cocalc.errors import NotFound
from embedding.models import CocalcAccount, CocalcProject, Ending, Event, Member, Remains
from embedding.services import care, endings, mapping, remains
from embedding.services.audit import verify
from sandbox.process import SandboxProcess
from tests.administration.people.test_access import url_of
from tests.administration.people.test_held import World
from tests.classroom.factories import on_cocalc, submission
from tests.conftest import HttpsClient
from tests.embedding.accomplices import Student
from tests.embedding.helpers import prepared

pytestmark = pytest.mark.django_db


def forget(boss: User, person: User) -> str:
    """Confirm it; return the pseudonym."""
    pseudonym = pseudonym_of(person)
    answer = HttpsClient(boss).post(
        url_of(person, "forget"), {"name": person.username}, follow=True
    )
    assert pseudonym in answer.content.decode()
    return pseudonym


def rows_that_say(*words: str) -> list[str]:
    """Look through every text of every row of the site's database."""
    # Not in the middle of a code, in which any letters may stand.
    whole = {word: re.compile(rf"(?<![^\W_]){re.escape(word)}(?![^\W_])") for word in words}
    found = []
    for model in apps.get_models(include_auto_created=True):
        for row in model._base_manager.all():
            text = " ".join(str(value) for value in values(row))
            found += [f"{model._meta.label}: {text}" for word in words if whole[word].search(text)]
    return found


def values(row: Model) -> list[object]:
    return [
        getattr(row, field.attname)
        for field in row._meta.concrete_fields
        if not field.is_relation and field.name not in ("session_data", "detail_digest")
    ]


def test_the_page_says_what_goes_and_takes_the_name_alone(
    sandbox: SandboxProcess, boss: User, ada: User
) -> None:
    world = World(ada)
    on_cocalc(world.course)
    browser = HttpsClient(boss)
    page = browser.get(url_of(ada, "forget")).content.decode()
    for said in ("the place in 1 course", "1 score with its comment", "1 session in a notebook"):
        assert said in page
    assert "1 project with all its files" in page
    assert str(CocalcAccount.objects.get(user=ada).account_id) in page
    for wrong in ("", "Ada", "bob"):
        answer = browser.post(url_of(ada, "forget"), {"name": wrong}, follow=True)
        assert "type the user name exactly" in answer.content.decode()
    assert User.objects.filter(pk=ada.pk).exists()
    page = browser.get(url_of(world.teacher, "forget")).content.decode()
    assert "which then has no teacher" in page


def test_nothing_here_says_the_name_any_more(
    sandbox: SandboxProcess, boss: User, ada: User
) -> None:
    world = World(ada)
    AccessAttempt.objects.create(username="ada", ip_address="192.0.2.1", failures_since_start=1)
    Assignment.objects.update(approved={"by": "ada", "at": "x"}, going_out={"by": "ada"})
    Event.log("course.left", "Physics", actor="ada", note="Ada Lovelace <ada@home.test>")
    address = mapping.account_row(ada).email
    before = Event.objects.count()
    pseudonym = forget(boss, ada)
    assert rows_that_say("ada", "Ada", "Lovelace", "home.test", address) == []
    assert Event.objects.count() > before
    assert Event.objects.filter(action="course.left", actor=pseudonym).exists()
    [event] = Event.objects.filter(action="user.forgotten")
    assert (event.actor, event.whom) == ("boss", pseudonym)
    for held in HELD:
        if held.model is not Event:
            assert not held.rows(User(pk=ada.pk, username="ada")).exists(), held.file
    assert Submission.objects.filter(student__user=world.bob).exists()
    assert not verify().findings


def test_it_is_deleted_on_cocalc_though_the_student_has_taken_the_project_over(
    sandbox: SandboxProcess, boss: User, ada: User
) -> None:
    hers, eve = Student(sandbox, ada), Student(sandbox, User.objects.create_user("eve"))
    own = prepared(ada).project
    project, us = str(own.project_id), service_identity().account_id
    for account in (hers.account, eve.account):
        client().add_member(project, account)
    hers.role(project, hers.account, "owner")
    hers.role(project, us, "collaborator")
    hers.call("remove_collaborator", project_id=project, account_id=us)
    forget(boss, ada)
    assert remains.remains_work() == 1
    seen = client().get_project(project)
    assert seen.deleted
    assert set(seen.members) <= {us}
    assert not CocalcProject.objects.filter(pk=own.pk).exists()
    assert endings.endings_work() == 1
    assert client().get_project(project).deleted


def test_collected_and_submitted_work_goes_from_the_courses_project(
    sandbox: SandboxProcess, boss: User, ada: User
) -> None:
    world = World(ada)
    on_cocalc(world.course)
    course = str(world.course.project.project_id)
    paths = ("collected/hw/ada/a.txt", "submitted/hw/ada/1/a.txt", "submitted/hw/bob/1/a.txt")
    for path in paths:
        client().write_file(course, path, b"x")
    work = submission(world.assignment, world.student)
    Submission.objects.filter(pk=work.pk).update(collected_path="collected/hw/ada")
    Snapshot.objects.create(submission=work, taken=timezone.now(), path="submitted/hw/ada/1")
    project = str(CocalcProject.objects.get(student_membership=world.student).project_id)
    sandbox.quirks(api_down="close")
    pseudonym = forget(boss, ada)
    assert remains.remains_work() == 0
    assert Remains.objects.filter(whose=pseudonym).exclude(error="").count() == 3
    assert remains.remains_work() == 0, "not at once again"
    sandbox.quirks(api_down="")
    assert remains.remains_work(timezone.now() + timedelta(hours=1)) == 3
    assert not Remains.objects.exists()
    for path in paths[:2]:
        assert not client().file_exists(course, path)
    with pytest.raises(NotFound):
        client().list_folder(course, "submitted/hw/ada")
    assert client().file_exists(course, paths[2])
    assert client().get_project(project).deleted
    assert not client().get_project(course).deleted
    assert Event.objects.filter(action="project.deleted", whom=pseudonym).count() == 1


def test_a_project_that_waits_to_be_deleted_belongs_to_nobody(
    sandbox: SandboxProcess, boss: User, ada: User
) -> None:
    own = prepared(ada).project
    account = str(CocalcAccount.objects.get(user=ada).account_id)
    pseudonym = forget(boss, ada)
    own.refresh_from_db()
    assert (own.title, own.slot) == (pseudonym, f"forgotten:{own.marker}")
    assert not Member.objects.filter(project=own).exists()
    assert Ending.objects.get(account_id=account).username == pseudonym
    care.mend(own)
    assert account not in client().get_project(str(own.project_id)).members
    again = User.objects.create_user("ada")
    assert prepared(again).project.pk != own.pk


def test_what_an_unknown_attempt_has_made_is_looked_for(
    sandbox: SandboxProcess, boss: User, ada: User
) -> None:
    own = mapping.personal_project(ada)
    made = client().create_project(title="t", description=own.description)
    soon = timezone.now() + timedelta(minutes=1)
    CocalcProject.objects.filter(pk=own.pk).update(attempts=1, claimed_until=soon)
    forget(boss, ada)
    assert remains.remains_work() == 0, "its maker may be at it"
    CocalcProject.objects.filter(pk=own.pk).update(claimed_until=None)
    assert remains.remains_work(timezone.now() + timedelta(hours=1)) == 1
    assert client().get_project(made).deleted


def test_a_pseudonym_is_no_hash_of_the_name(ada: User, settings: object) -> None:
    first = pseudonym_of(ada)
    assert first == pseudonym_of(User(pk=ada.pk, username="other"))
    settings.SECRET_KEY = "another key"  # type: ignore[attr-defined]
    assert pseudonym_of(ada) != first
