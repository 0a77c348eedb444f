"""Who is switched off or deleted on the site keeps nothing on CoCalc."""

import threading
import time
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import override_settings
from django.utils import timezone

from embedding.client import client, service_identity
from embedding.cocalc.errors import Forbidden
from embedding.models import CocalcAccount, CocalcProject, Ending, Event, Member
from embedding.services import care, endings, mapping, preparation
from sandbox.process import SandboxProcess
from tests.conftest import HttpsClient, Person
from tests.embedding.accomplices import Student
from tests.embedding.helpers import JSON, open_session, prepared, signed_in, token_of, until_ready

pytestmark = pytest.mark.django_db


class Room:
    """Ada's own project, and Bob's, which both are in."""

    def __init__(self, person: Person) -> None:
        self.ada, self.bob = person("ada"), person("bob")
        self.own, self.shared = prepared(self.ada).project, prepared(self.bob).project
        row = Member.objects.create(project=self.shared, user=self.ada)
        account = mapping.account_row(self.ada)
        preparation.prepare(account, row)
        self.account = str(account.account_id)

    def is_in(self, project: CocalcProject) -> bool:
        return self.account in client().get_project(str(project.project_id)).members

    @property
    def access(self) -> list[bool]:
        return [self.is_in(project) for project in (self.own, self.shared)]


@pytest.fixture
def room(sandbox: SandboxProcess, person: Person) -> Room:
    room = Room(person)
    assert room.access == [True, True]
    return room


def switch_off(user: User) -> None:
    user.is_active = False
    user.save()


def switch_off_quietly(user: User) -> None:
    """As an action of the administration does; it calls no signal."""
    User.objects.filter(pk=user.pk).update(is_active=False)


def delete_many(user: User) -> None:
    User.objects.filter(pk=user.pk).delete()


@pytest.mark.parametrize("end", [switch_off, switch_off_quietly, User.delete, delete_many])
def test_access_ends_everywhere(room: Room, end: Any) -> None:
    # What the site does not know of ends as well: somebody added her on CoCalc.
    unknown = client().create_project(title="t", description="d")
    client().add_member(unknown, room.account)
    client().set_role(str(room.own.project_id), room.account, "owner")
    end(room.ada)
    endings.endings_missed()
    assert endings.endings_work() == 1
    assert room.access == [False, False]
    assert room.account not in client().get_project(unknown).members
    for project in (room.own, room.shared):
        members = client().get_project(str(project.project_id)).members
        assert members[service_identity().account_id] == "owner"
    [event] = Event.objects.filter(action="access.ended")
    assert (event.target, event.detail["projects"]) == ("ada", 3)
    assert CocalcAccount.objects.filter(user=room.bob).exists()
    endings.endings_missed()
    assert endings.endings_work() == 0


def test_it_is_tried_until_it_is_done_also_without_the_users_row(
    room: Room, sandbox: SandboxProcess
) -> None:
    sandbox.quirks(api_down="close")
    room.ada.delete()
    now = timezone.now()
    for attempt in range(1, 4):
        assert endings.endings_work(now) == 0
        row = Ending.objects.get()
        assert (row.attempts, row.done) == (attempt, None)
        assert row.error
        assert sandbox.admin_key not in row.error
        assert endings.endings_work(timezone.now()) == 0
        assert Ending.objects.get().attempts == attempt, "not at once again"
        assert row.not_before is not None
        now = row.not_before + timedelta(seconds=1)
    sandbox.quirks(api_down="")
    assert endings.endings_work(now) == 1
    assert room.access == [False, False]


def test_who_is_switched_on_again_is_let_in_again(room: Room) -> None:
    client().write_file(str(room.own.project_id), "a.ipynb", b"x")
    switch_off(room.ada)
    endings.endings_work()
    room.ada.is_active = True
    room.ada.save()
    assert endings.endings_work() == 0
    answer, steps = until_ready(HttpsClient(room.ada), "a.ipynb")
    assert (answer.status_code, steps) == (200, ["membership"])
    assert room.access == [True, False], "the other one on its own need"


def test_switched_on_again_before_it_was_done_nothing_ends(room: Room) -> None:
    switch_off(room.ada)
    room.ada.is_active = True
    room.ada.save()
    assert endings.endings_work() == 1
    assert room.access == [True, True]


WAYS = 4  # times what a call takes at CoCalc, it is on its way there and back
WAY = 0.01  # seconds that a call is on its way to a CoCalc that is not on this machine


def test_two_who_are_ended_together_cannot_keep_each_other_in(
    room: Room, sandbox: SandboxProcess
) -> None:
    """Each lets the other in again, as an owner, as fast as a call and its way take."""
    eve = Student(sandbox, User.objects.create_user("eve"))
    mal = Student(sandbox, User.objects.create_user("mal"))
    project = str(room.shared.project_id)
    for one in (eve, mal):
        client().add_member(project, one.account)
    over = threading.Event()

    def keep(one: Student, other: Student) -> None:
        way = WAY
        while not over.wait(way):
            began = time.monotonic()
            one.call("add_collaborator", project_id=project, account_id=other.account)
            # Where a call takes longer, as on a slow machine, so does its way.
            way = max(WAY, WAYS * (time.monotonic() - began))
            one.role(project, other.account, "owner")

    pairs = ((eve, mal), (mal, eve))
    threads = [threading.Thread(target=keep, args=pair, daemon=True) for pair in pairs]
    for thread in threads:
        thread.start()
    try:
        switch_off(eve.user)
        switch_off(mal.user)
        for _ in range(100):
            endings.endings_work(timezone.now() + timedelta(hours=1))
            if not {eve.account, mal.account} & client().get_project(project).members.keys():
                break
            care.mend_quietly(room.shared)
        else:
            raise AssertionError("still in")
    finally:
        over.set()
        for thread in threads:
            thread.join(30)
    assert not {eve.account, mal.account} & client().get_project(project).members.keys()


def test_who_has_thrown_the_site_out_is_ended_too(room: Room, sandbox: SandboxProcess) -> None:
    eve = Student(sandbox, User.objects.create_user("eve"))
    project, us = str(room.shared.project_id), service_identity().account_id
    client().add_member(project, eve.account)
    eve.role(project, eve.account, "owner")
    eve.role(project, us, "collaborator")
    eve.call("remove_collaborator", project_id=project, account_id=us)
    assert client().get_project(project).members[eve.account] == "owner"
    assert us not in client().get_project(project).members
    switch_off(eve.user)
    assert endings.endings_work() == 1
    members = client().get_project(project).members
    assert (members.get(us), eve.account in members) == ("owner", False)


def test_a_project_that_nobody_may_look_at_keeps_nobody_else_in(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key that is no site admin's is refused where its account was thrown out of a project."""
    hidden, look = str(uuid.uuid4()), type(client()).get_project
    CocalcProject.objects.create(slot="hidden", title="h", project_id=hidden)

    def get_project(self: Any, project_id: str) -> Any:
        if project_id == hidden:
            raise Forbidden("get_project", "must be collaborator")
        return look(self, project_id)

    monkeypatch.setattr(type(client()), "get_project", get_project)
    room.ada.is_active = False
    room.ada.save()
    endings.endings_work()
    assert not room.is_in(room.own)
    assert not room.is_in(room.shared)
    row = Ending.objects.get()
    assert row.done is None  # it is looked at again
    assert "collaborator" in row.error


def test_two_workers_share_it(room: Room) -> None:
    switch_off(room.ada)
    ending = Ending.objects.get()
    Ending.objects.update(not_before=timezone.now() + timedelta(minutes=1))
    assert endings.endings_work() == 0, "somebody is at it"
    Ending.objects.filter(pk=ending.pk).update(not_before=None)
    assert endings.endings_work() == 1


def test_a_mending_site_does_not_let_them_in_again(room: Room) -> None:
    switch_off_quietly(room.ada)
    care.mend(room.shared)
    assert room.access == [True, False]
    member = Member.objects.get(project=room.shared, user=room.ada)
    account = mapping.account_row(room.ada)
    Member.objects.filter(pk=member.pk).update(added=None)
    member.refresh_from_db()
    mapping.membership_ensure(member, account)
    assert room.access == [True, False], "an opening that was under way lets nobody in"


def test_an_old_session_on_cocalc_opens_nothing_any_more(
    room: Room, sandbox: SandboxProcess
) -> None:
    project = str(room.own.project_id)
    client().write_file(project, "a.ipynb", b"x")
    answer, _ = until_ready(HttpsClient(room.ada), "a.ipynb")
    asked = signed_in(sandbox, token_of(answer))
    assert asked(f"projects/{project}/look").status_code == 200
    switch_off(room.ada)
    endings.endings_work()
    assert asked(f"projects/{project}/look").status_code == 404
    # Nobody is left in it: what still runs there, and whatever is connected, has ended too.
    assert client().project_state(project) == "opened"


def test_a_site_without_a_worker_has_a_command_for_it(room: Room) -> None:
    switch_off_quietly(room.ada)
    client().delete_project(str(room.shared.project_id))
    CocalcProject.objects.update(looked=None)
    call_command("look_after")
    assert room.access == [False, False]
    assert not client().get_project(str(room.shared.project_id)).deleted


BY_HAND = ["django.contrib.auth.backends.AllowAllUsersModelBackend"]


@override_settings(AUTHENTICATION_BACKENDS=BY_HAND)
def test_no_view_of_scripts_answers_one_who_was_switched_off(
    room: Room, sandbox: SandboxProcess
) -> None:
    """Also where the site's own way of signing in would let them."""
    client().write_file(str(room.own.project_id), "a.ipynb", b"x")
    browser = HttpsClient(room.ada)
    session = uuid.uuid4()
    until_ready(browser, "a.ipynb", session=session)
    switch_off_quietly(room.ada)
    sandbox.reset_calls()
    mine = "/projects/mine"
    asked = [
        open_session(browser, "a.ipynb"),
        open_session(browser, "a.ipynb", session=session, again=True),
        browser.get(f"{mine}/check?path=a.ipynb"),
        browser.get(f"{mine}/listing"),
        browser.get(f"{mine}/download?path=a.ipynb"),
        browser.post(f"{mine}/prepare"),
        browser.post(f"{mine}/upload"),
        browser.post(f"{mine}/notebook", {"path": "b"}, content_type=JSON),
        browser.post(f"{mine}/folder", {"path": "b"}, content_type=JSON),
        browser.post(f"{mine}/move", {"path": "a", "to": "b"}, content_type=JSON),
        browser.post(f"{mine}/delete", {"path": "a"}, content_type=JSON),
        browser.post(f"/sessions/{session}/report", {"state": "ready"}, content_type=JSON),
        browser.post(f"/sessions/{session}/diagnosis", {"seen": "silent"}, content_type=JSON),
        browser.get(f"/presence?user={room.ada.pk}"),
        browser.post("/presence", {"user": str(room.ada.pk)}, content_type=JSON),
    ]
    for answer in asked:
        assert answer.status_code == 401
        assert answer.json()["error"]["code"] == "signed_out"  # type: ignore[attr-defined]
    assert browser.post(f"{mine}/tab", {"path": "a.ipynb"}).status_code == 404
    assert browser.get(f"{mine}/open/a.ipynb").status_code == 404
    assert browser.get(f"{mine}/").status_code == 404
    assert sandbox.calls()["counts"] == {}


def test_a_page_of_one_who_was_shut_out_is_answered_no_more(room: Room) -> None:
    project = str(room.shared.project_id)
    client().write_file(project, "a.ipynb", b"x")
    browser = HttpsClient(room.ada)
    session = uuid.uuid4()
    until_ready(browser, "a.ipynb", project=project, session=session)
    Member.objects.filter(project=room.shared, user=room.ada).delete()
    for url, body, code in (
        (f"/projects/{project}/session", {"session": str(session), "path": "a.ipynb"}, "not_found"),
        (f"/sessions/{session}/report", {"state": "ready"}, "no_member"),
        (f"/sessions/{session}/diagnosis", {"seen": "unopened"}, "no_member"),
        (f"/projects/{project}/delete", {"path": "a.ipynb"}, "not_found"),
    ):
        answer = browser.post(url, body, content_type=JSON)
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, code)
    assert browser.get(f"/projects/{project}/listing").status_code == 404
    assert browser.post(f"/projects/{project}/tab", {"path": "a.ipynb"}).status_code == 404
