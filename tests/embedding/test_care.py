"""What members of a project change on CoCalc behind the site's back, and how it is put right."""

import threading
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from embedding.client import client, service_identity
from embedding.cocalc.capabilities import capability
from embedding.cocalc.client import Client
from embedding.cocalc.errors import Forbidden
from embedding.models import CocalcAccount, CocalcProject, EmbedSession, Event, Member
from embedding.services import care, mapping
from sandbox.process import SandboxProcess
from tests.conftest import HttpsClient, Person
from tests.embedding.accomplices import Student
from tests.embedding.helpers import JSON, open_session, prepared, until_ready

pytestmark = pytest.mark.django_db
MEMORY = 31  # seconds; for 30 conat takes for a member whoever was one


class Room:
    """A student's project with a teacher in it."""

    def __init__(self, sandbox: SandboxProcess, person: Person) -> None:
        self.student = Student(sandbox, person("ada"))
        self.teacher = person("emmy")
        self.row = prepared(self.student.user).project
        self.as_teacher = Member.objects.create(project=self.row, user=self.teacher)
        account = mapping.account_row(self.teacher)
        mapping.account_ensure(account)
        mapping.membership_ensure(self.as_teacher, account)
        self.teachers = str(account.account_id)
        self.id = str(self.row.project_id)
        self.us = service_identity().account_id
        self.right = {
            self.us: "owner",
            self.student.account: "collaborator",
            self.teachers: "collaborator",
        }
        Event._base_manager.all().delete()

    def members(self) -> dict[str, str]:
        return dict(client().get_project(self.id).members)

    def told(self) -> list[tuple[str, str]]:
        events = Event.objects.filter(action__in=care.REPAIRS).order_by("pk")
        assert all(event.detail["project"] == self.row.pk for event in events)
        return [(event.action, event.detail.get("user", "")) for event in events]


@pytest.fixture
def room(sandbox: SandboxProcess, person: Person) -> Room:
    return Room(sandbox, person)


def remove_teacher(room: Room) -> None:
    room.student.call("remove_collaborator", project_id=room.id, account_id=room.teachers)


def add_stranger(room: Room) -> None:
    room.student.call("add_collaborator", project_id=room.id, account_id=str(uuid.uuid4()))


def add_fellow(room: Room) -> None:
    bob = CocalcAccount.objects.create(
        user=User.objects.create_user("bob"), email="bob@x.test", account_id=uuid.uuid4()
    )
    room.student.call("add_collaborator", project_id=room.id, account_id=str(bob.account_id))
    room.student.role(room.id, str(bob.account_id), "owner")


def own(room: Room) -> None:
    room.student.role(room.id, room.student.account, "owner")


def throw_us_out(room: Room) -> None:
    own(room)
    room.student.role(room.id, room.us, "collaborator")
    room.student.call("remove_collaborator", project_id=room.id, account_id=room.us)
    assert room.us not in room.members()


def throw_us_out_for_good(room: Room) -> None:
    """Conat knows a setting by which owners alone may add and remove members, and no site admin."""
    own(room)
    room.student.change(room.id, manage_users_owner_only=True)
    throw_us_out(room)


def delete(room: Room) -> None:
    room.student.change(room.id, deleted=True)


CHANGES: list[tuple[Callable[[Room], None], list[tuple[str, str]]]] = [
    (remove_teacher, [("member.put_back", "emmy")]),
    (add_stranger, [("member.taken_out", "")]),
    (add_fellow, [("member.taken_out", "bob")]),
    (own, [("member.demoted", "ada")]),
    (throw_us_out, [("project.taken_back", ""), ("member.demoted", "ada")]),
    (throw_us_out_for_good, [("project.taken_back", ""), ("member.demoted", "ada")]),
    (delete, [("project.restored", "")]),
]


@pytest.mark.parametrize(("change", "told"), CHANGES, ids=[row[0].__name__ for row in CHANGES])
def test_a_change_is_put_right_and_told_once(
    room: Room, change: Callable[[Room], None], told: list[tuple[str, str]]
) -> None:
    change(room)
    done = care.mend(room.row)
    assert room.members() == room.right
    assert not client().get_project(room.id).deleted
    assert room.told() == told == [(one.action, _name(one.user_id)) for one in done]
    assert care.mend(room.row) == []
    assert room.told() == told


def _name(key: object) -> str:
    return User.objects.get(pk=str(key)).username if key else ""


def test_what_is_as_it_should_be_costs_one_look(room: Room, sandbox: SandboxProcess) -> None:
    sandbox.reset_calls()
    assert care.mend(room.row) == []
    assert sandbox.calls()["counts"] == {"query": 1}
    room.row.refresh_from_db()
    assert not care.is_due(room.row)


def test_a_student_who_does_it_all_the_time_gets_nowhere(
    room: Room, sandbox: SandboxProcess
) -> None:
    """Against a mending site, in a loop: no fellow stays, and the site loses nothing."""
    over = threading.Event()
    bob = str(uuid.uuid4())

    def attack() -> None:
        while not over.is_set():
            room.student.call("add_collaborator", project_id=room.id, account_id=bob)
            room.student.role(room.id, bob, "owner")
            room.student.role(room.id, room.student.account, "owner")
            remove_teacher(room)
            delete(room)

    thread = threading.Thread(target=attack, daemon=True)
    thread.start()
    try:
        for _ in range(5):
            care.mend_quietly(room.row)
        # Out of it, all of that is refused, however often it is tried.
        mapping.account_shut_out(room.id, room.student.account)
        sandbox.forward(MEMORY)
        Member.objects.filter(user=room.student.user).delete()
        care.mend(room.row)
        assert room.members() == {room.us: "owner", room.teachers: "collaborator"}
    finally:
        over.set()
        thread.join(30)
    care.mend(room.row)
    assert room.members() == {room.us: "owner", room.teachers: "collaborator"}
    assert not client().get_project(room.id).deleted


def test_reload_puts_a_removed_teacher_back(room: Room) -> None:
    client().write_file(room.id, "a.ipynb", b"x")
    remove_teacher(room)
    browser = HttpsClient(room.teacher)
    answer, steps = until_ready(browser, "a.ipynb", project=room.id, again=True)
    assert (answer.status_code, steps) == (200, [])
    assert room.members() == room.right
    assert room.told() == [("member.put_back", "emmy")]


def test_a_page_whose_proof_fails_is_told_that_opening_again_helps(
    room: Room, sandbox: SandboxProcess
) -> None:
    client().write_file(room.id, "a.ipynb", b"x")
    remove_teacher(room)
    browser = HttpsClient(room.teacher)
    session = uuid.uuid4()
    until_ready(browser, "a.ipynb", project=room.id, session=session)
    sandbox.reset_calls()

    def seen(what: str) -> dict[str, Any]:
        url = f"/sessions/{session}/diagnosis"
        found: dict[str, Any] = browser.post(url, {"seen": what}, content_type=JSON).json()
        return found

    assert seen("silent")["mended"] is False
    assert seen("unopened")["mended"] is True
    assert sandbox.calls()["counts"]["add_collaborator"] == 1
    assert room.members() == room.right
    assert EmbedSession.objects.get(pk=session).reason == "access_mended"
    # Another page of the same person began earlier, and was as shut out.
    assert seen("unopened")["mended"] is True
    EmbedSession.objects.filter(pk=session).update(started=timezone.now())
    assert seen("unopened")["mended"] is False


def test_an_opening_looks_where_nobody_has_for_a_while(room: Room, sandbox: SandboxProcess) -> None:
    client().write_file(room.id, "a.ipynb", b"x")
    delete(room)
    browser = HttpsClient(room.teacher)
    sandbox.reset_calls()
    until_ready(browser, "a.ipynb", project=room.id)
    assert sandbox.calls()["counts"] == {"user_auth": 1, "project_exec": 1}, "just looked after"
    CocalcProject.objects.update(looked=timezone.now() - care.EVERY)
    answer, _ = until_ready(browser, "a.ipynb", project=room.id)
    assert answer.status_code == 200
    assert not client().get_project(room.id).deleted


def test_an_opening_takes_back_what_the_site_was_thrown_out_of(
    room: Room, sandbox: SandboxProcess
) -> None:
    client().write_file(room.id, "a.ipynb", b"x")
    sandbox.forward(MEMORY)
    throw_us_out(room)
    browser = HttpsClient(room.teacher)
    answer = open_session(browser, "a.ipynb", project=room.id)
    if capability("any_project").way(sandbox.generation).can != "yes":
        for _ in range(2):
            assert (answer.status_code, answer["Retry-After"]) == (503, "31")
            assert answer.json()["error"]["recoverable"] is True  # type: ignore[attr-defined]
            answer = open_session(browser, "a.ipynb", project=room.id)
        assert room.members() == room.right
        assert room.told() == [("project.taken_back", ""), ("member.demoted", "ada")]
        sandbox.forward(MEMORY)
        answer = open_session(browser, "a.ipynb", project=room.id)
    assert answer.status_code == 200


def test_a_refusal_that_no_mending_helps_stays_one(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> bool:
        raise Forbidden("file_exists", "must be a collaborator")

    monkeypatch.setattr(type(client()), "file_exists", refuse)
    answer = open_session(HttpsClient(room.teacher), "a.ipynb", project=room.id)
    assert (answer.status_code, answer.json()["error"]["code"]) == (502, "forbidden")  # type: ignore[attr-defined]


def test_many_projects_are_looked_after_in_one_call(
    sandbox: SandboxProcess, person: Person, cocalc: Client
) -> None:
    rows = [prepared(person(f"user{number}")).project for number in range(6)]
    CocalcProject.objects.update(looked=None)
    for row in rows:
        row.refresh_from_db()
    cocalc.delete_project(str(rows[2].project_id))
    cocalc.add_member(str(rows[4].project_id), str(uuid.uuid4()))
    sandbox.reset_calls()
    done = care.look_after(rows)
    assert [one.action for one in done] == ["project.restored", "member.taken_out"]
    # One list; for each of the two a fresh look and a change (whose effect is looked at).
    assert sandbox.calls()["counts"] == {"query": 5, "remove_collaborator": 1}
    sandbox.reset_calls()
    assert care.look_after(rows) == [], "someone else has them"
    assert sandbox.calls()["counts"] == {}


def test_what_could_not_be_looked_after_is_due_again(room: Room, sandbox: SandboxProcess) -> None:
    sandbox.quirks(fail_events=["query"])
    room.row.refresh_from_db()
    care.look_after([room.row])
    room.row.refresh_from_db()
    assert care.is_due(room.row)


def test_somebody_let_in_after_the_look_is_neither_stranger_nor_missing(room: Room) -> None:
    seen = client().get_project(room.id)
    late = User.objects.create_user("late")
    member = Member.objects.create(project=room.row, user=late)
    account = mapping.account_row(late)
    mapping.account_ensure(account)
    mapping.membership_ensure(member, account)
    assert care.mend(room.row, seen) == []
    assert str(account.account_id) in room.members()


def mode(room: Room) -> str:
    return client().exec(room.id, "stat", ["-c", "%a", "."]).stdout.strip()


def test_a_home_is_closed_at_its_first_use_and_when_it_was_opened_again(room: Room) -> None:
    assert mode(room) == "755", "as CoCalc makes it"
    client().write_file(room.id, "a.ipynb", b"x")
    assert mode(room) == "700"
    assert room.told() == [], "nobody has opened it"
    client().exec(room.id, "chmod", ["755", "."])
    browser = HttpsClient(room.student.user)
    browser.get(f"/projects/{room.id}/listing")
    assert mode(room) == "700"
    assert room.told() == [("project.home_opened", "")]


def test_an_opening_closes_a_home_that_nobody_has_looked_at(room: Room) -> None:
    client().exec(room.id, "touch", ["a.ipynb"])
    assert open_session(HttpsClient(room.teacher), "a.ipynb", project=room.id).status_code == 200
    assert mode(room) == "700"


def test_running_projects_are_looked_into_once_a_day(room: Room, sandbox: SandboxProcess) -> None:
    client().exec(room.id, "true")
    rows = CocalcProject.objects.filter(pk=room.row.pk)

    def round_of_care() -> str:
        rows.update(looked=None)
        care.look_after(list(rows))
        return mode(room)

    assert round_of_care() == "700"
    client().exec(room.id, "chmod", ["755", "."])
    assert round_of_care() == "755", "a look keeps a project awake"
    rows.update(closed=timezone.now() - care.HOME_EVERY - timedelta(seconds=1))
    assert round_of_care() == "700"
    assert room.told() == [("project.home_opened", "")]
    rows.update(closed=None)
    client().stop_project(room.id)
    rows.update(looked=None)
    care.look_after(list(rows))
    assert client().project_state(room.id) == "opened", "no project is started for it"
