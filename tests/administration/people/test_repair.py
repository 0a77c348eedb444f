"""Prepare now, and repair: what is our own is adopted, what is gone is made anew when asked."""

import uuid
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from classroom.models import Kind, Transfer
from embedding.client import client, service_identity
from embedding.models import CocalcAccount, CocalcProject, Ending, Event, Member
from embedding.services import mapping
from sandbox.process import SandboxProcess
from tests.administration.people.test_access import url_of
from tests.classroom.factories import enrol, make_course, make_user, work_off
from tests.conftest import HttpsClient
from tests.embedding.accomplices import Student
from tests.embedding.helpers import prepared

pytestmark = pytest.mark.django_db


def act(boss: User, user: User, name: str) -> str:
    """Do it and return the page that it leads to."""
    answer = HttpsClient(boss).post(url_of(user, name), follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


def members_of(project: CocalcProject) -> dict[str, str]:
    project.refresh_from_db()
    return dict(client().get_project(str(project.project_id)).members)


def test_prepared_now_with_the_courses(sandbox: SandboxProcess, boss: User, ada: User) -> None:
    course = make_course(make_user("marie", teacher=True))
    student = enrol(course, ada)
    page = act(boss, ada, "prepare")
    assert "The account and the project of “ada” are ready on CoCalc." in page
    account = str(CocalcAccount.objects.get(user=ada).account_id)
    own = CocalcProject.objects.get(slot=f"personal:{ada.pk}")
    assert members_of(own)[account] == "collaborator"
    assert Transfer.objects.get(member=student, kind=Kind.PREPARE).priority > 0
    work_off()
    assert student.project is not None
    assert account in members_of(student.project)
    event = Event.objects.get(action="user.prepared")
    assert (event.actor, event.whom, event.detail["courses"]) == ("boss", "ada", 1)


def test_nothing_is_prepared_or_repaired_for_one_who_is_suspended(
    sandbox: SandboxProcess, boss: User, ada: User
) -> None:
    ada.is_active = False
    ada.save()
    for name in ("prepare", "repair"):
        assert "“ada” is suspended" in act(boss, ada, name)
    assert not CocalcAccount.objects.filter(user=ada).exists()


def test_a_cocalc_that_is_away_is_told_in_a_sentence(
    sandbox: SandboxProcess, boss: User, ada: User
) -> None:
    sandbox.quirks(api_down="close")
    assert "CoCalc took too long to answer" in act(boss, ada, "prepare")
    page = act(boss, ada, "repair")
    assert "The account could not be looked at." in page
    assert sandbox.admin_key not in page
    sandbox.reset_calls()
    assert HttpsClient(boss).get(url_of(ada)).status_code == 200
    assert HttpsClient(boss).get("/admin/people/?q=ada").status_code == 200
    assert not sandbox.calls()["counts"], "a page never asks CoCalc"


def test_our_own_earlier_attempts_are_found_again(
    sandbox: SandboxProcess, boss: User, ada: User
) -> None:
    account = mapping.account_row(ada)
    lost = client().create_account(email=account.email, first_name="A", last_name="L")
    project = mapping.personal_project(ada)
    made = client().create_project(title="t", description=project.description)
    long_ago = timezone.now() - timedelta(hours=1)
    for row in (account, project):
        type(row)._default_manager.filter(pk=row.pk).update(attempts=1, claimed_until=long_ago)
    page = act(boss, ada, "repair")
    assert "An account that this site had made was found on CoCalc" in page
    assert "was found on CoCalc, where this site had made it" in page
    account.refresh_from_db()
    project.refresh_from_db()
    assert (str(account.account_id), str(project.project_id)) == (lost, made)
    assert members_of(project)[lost] == "collaborator"


def test_a_project_that_was_taken_over_is_taken_back(
    sandbox: SandboxProcess, boss: User, ada: User
) -> None:
    """The student owns it, has let an accomplice in and thrown the site out."""
    hers, eve = Student(sandbox, ada), Student(sandbox, User.objects.create_user("eve"))
    own = prepared(ada).project
    project, us = str(own.project_id), service_identity().account_id
    for account in (hers.account, eve.account):
        client().add_member(project, account)
    hers.role(project, hers.account, "owner")
    hers.role(project, us, "collaborator")
    hers.call("remove_collaborator", project_id=project, account_id=us)
    page = act(boss, ada, "repair")
    assert "This site owns" in page
    assert "“eve” was taken out of" in page
    assert members_of(own) == {us: "owner", hers.account: "collaborator"}
    assert "and as it should be" in act(boss, ada, "repair")


def test_a_deleted_project_is_restored_with_its_files(
    sandbox: SandboxProcess, boss: User, ada: User
) -> None:
    own = prepared(ada).project
    project = str(own.project_id)
    client().write_file(project, "a.txt", b"mine")
    client().delete_project(project)
    page = act(boss, ada, "repair")
    assert "was marked as deleted, and was restored with its files" in page
    assert client().read_file(project, "a.txt") == b"mine"
    own.refresh_from_db()
    assert str(own.project_id) == project


def test_a_project_that_is_gone_is_made_anew_when_asked(
    sandbox: SandboxProcess, boss: User, ada: User
) -> None:
    own = prepared(ada).project
    there, gone = own.project_id, uuid.uuid4()
    ask = f"people/{ada.pk}/projects/{own.pk}/anew/"
    page = HttpsClient(boss).post(f"/admin/{ask}", follow=True).content.decode()
    assert "is there, so it was not replaced" in page
    CocalcProject.objects.filter(pk=own.pk).update(project_id=gone)
    browser = HttpsClient(boss)
    page = browser.post(url_of(ada, "repair"), follow=True).content.decode()
    assert "It is gone, or somebody in it has thrown this site out" in page
    assert ask in page
    own.refresh_from_db()
    assert own.project_id == gone, "nothing is replaced before it is asked for"
    assert "The files in" in browser.get(f"/admin/{ask}").content.decode()
    page = browser.post(f"/admin/{ask}", follow=True).content.decode()
    assert "It is empty." in page
    assert ask not in page
    own.refresh_from_db()
    assert own.project_id not in (None, gone, there)
    account = str(CocalcAccount.objects.get(user=ada).account_id)
    assert members_of(own)[account] == "collaborator"
    event = Event.objects.get(action="project.replaced")
    assert (event.actor, event.whom, event.detail["project_id"]) == ("boss", "ada", str(gone))
    other = prepared(User.objects.create_user("bob")).project
    url = f"/admin/people/{ada.pk}/projects/{other.pk}/anew/"
    assert browser.post(url).status_code == 404, "somebody else's"


def test_an_account_that_is_gone_is_made_anew_when_asked(
    sandbox: SandboxProcess, boss: User, ada: User
) -> None:
    own = prepared(ada).project
    account = mapping.account_row(ada)
    old, address = str(account.account_id), account.email
    browser = HttpsClient(boss)
    assert "The account is there, so it" in act(boss, ada, "account/anew")
    sandbox.delete_account(old)
    sandbox.forward(3600)  # CoCalc remembers whom a search found
    page = browser.post(url_of(ada, "repair"), follow=True).content.decode()
    assert "CoCalc has no account with the address" in page
    # Whoever signs up under that address gets nothing by it.
    stranger = client().create_account(email=address, first_name="E", last_name="V")
    page = browser.post(url_of(ada, "repair"), follow=True).content.decode()
    assert "which was not made by this site" in page
    browser.post(url_of(ada, "account/anew"))
    account.refresh_from_db()
    assert account.account_id is not None
    assert str(account.account_id) not in (old, stranger)
    assert account.email != address
    assert str(Ending.objects.get().account_id) == old
    act(boss, ada, "repair")
    assert members_of(own)[str(account.account_id)] == "collaborator"
    assert Member.objects.get(project=own).added
