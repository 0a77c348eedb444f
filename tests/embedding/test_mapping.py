"""Every user gets one account and one project, whatever happens on the way."""

import http.server
import json
import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta

import pytest
import requests
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from embedding.client import service_identity
from embedding.cocalc.capabilities import capability
from embedding.cocalc.client import Client
from embedding.cocalc.errors import CocalcError, Forbidden, Limited, OutcomeUnknown
from embedding.models import CocalcAccount, CocalcProject, Event, Member
from embedding.problems import Busy
from embedding.services import mapping
from sandbox.process import SandboxProcess
from tests.conftest import HttpsClient, Person
from tests.embedding.conftest import embedding_settings
from tests.embedding.helpers import JSON, prepared
from tests.events import ask

pytestmark = pytest.mark.django_db


def counts(sandbox: SandboxProcess) -> dict[str, int]:
    found: dict[str, int] = sandbox.calls()["counts"]
    return found


def test_a_first_visit_makes_account_project_and_membership(
    sandbox: SandboxProcess, cocalc: Client, person: Person
) -> None:
    # What turns text around goes to CoCalc as little as anywhere.
    member = prepared(person("ada", first_name="A\u202eda", last_name="Love\u200blace"))
    account = CocalcAccount.objects.get()
    found = cocalc.find_account(account.email)
    assert found is not None
    assert (found.account_id, found.first_name) == (str(account.account_id), "Ada")
    project = cocalc.get_project(str(member.project.project_id))
    assert project.title == "Notebooks of Ada Lovelace"
    assert project.members == {
        service_identity().account_id: "owner",
        str(account.account_id): "collaborator",
    }
    assert set(Event.objects.values_list("action", flat=True)) == {
        "account.created",
        "project.created",
        "member.added",
    }


def test_addresses_are_our_own_whatever_the_user_types(
    sandbox: SandboxProcess, person: Person
) -> None:
    user = person("eve", email="admin@sandbox.local")
    prepared(user)
    account = CocalcAccount.objects.get()
    local, _, domain = account.email.partition("@")
    assert uuid.UUID(local).version == 4
    assert domain == "accounts.school.test"
    assert str(account.account_id) != sandbox.admin_account_id


def test_a_second_visit_asks_nothing(sandbox: SandboxProcess, person: Person) -> None:
    user = person("ada")
    prepared(user)
    sandbox.reset_calls()
    prepared(user)
    assert counts(sandbox) == {}


def test_a_name_that_cocalc_refuses_becomes_a_neutral_one(
    sandbox: SandboxProcess, cocalc: Client, person: Person
) -> None:
    prepared(person("u", first_name="evil.example.org", last_name="X"))
    found = cocalc.find_account(CocalcAccount.objects.get().email)
    assert found is not None
    # Conat refuses no name.
    assert found.first_name == ("User" if sandbox.generation == "v1" else "evil.example.org")


@pytest.mark.parametrize("event", ["create_account", "create_project"])
def test_a_lost_answer_leaves_one_thing_which_the_next_attempt_finds(
    sandbox: SandboxProcess, cocalc: Client, person: Person, event: str
) -> None:
    user = person("ada")
    sandbox.quirks(lost_replies=[event])
    with pytest.raises(CocalcError):
        prepared(user)
    sandbox.reset_quirks()
    for model in (CocalcAccount, CocalcProject):
        model.objects.update(claimed_until=None)
    member = prepared(user)
    assert counts(sandbox)[event] == 1
    described = cocalc.find_projects(description=member.project.description)
    assert [project.project_id for project in described] == [str(member.project.project_id)]
    assert Event.objects.filter(action=event.split("_")[1] + ".adopted").count() == 1


def test_an_unknown_outcome_keeps_the_claim_and_others_wait(
    sandbox: SandboxProcess, person: Person
) -> None:
    user = person("ada")
    row = mapping.personal_project(user)
    sandbox.quirks(lost_replies=["create_project"])
    with pytest.raises(OutcomeUnknown):
        mapping.project_ensure(row)
    sandbox.reset_quirks()
    with pytest.raises(Busy):
        mapping.project_ensure(row)


def test_a_plain_failure_gives_the_claim_back(sandbox: SandboxProcess, person: Person) -> None:
    row = mapping.account_row(person("ada"))
    sandbox.quirks(fail_events=["create_account"])
    with pytest.raises(CocalcError):
        mapping.account_ensure(row)
    sandbox.reset_quirks()
    mapping.account_ensure(row)
    assert row.account_id


def test_cocalc_down_is_told_and_forgotten(sandbox: SandboxProcess, person: Person) -> None:
    row = mapping.account_row(person("ada"))
    sandbox.quirks(api_down="503")
    with pytest.raises(CocalcError):
        mapping.account_ensure(row)
    sandbox.reset_quirks()
    mapping.account_ensure(row)
    assert row.account_id


def test_cocalcs_limit_of_new_accounts_says_how_long(
    sandbox: SandboxProcess, person: Person
) -> None:
    if capability("account_limit").way(sandbox.generation).can == "yes":
        pytest.skip("this CoCalc makes as many accounts as it is asked for")
    row = mapping.account_row(person("ada"))
    sandbox.quirks(account_limit=0)
    with pytest.raises(Limited) as raised:
        mapping.account_ensure(row)
    assert raised.value.retry_after > 0


def test_nobody_becomes_the_service_account(
    sandbox: SandboxProcess, cocalc: Client, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = mapping.account_row(person("eve"))
    monkeypatch.setattr(type(cocalc), "create_account", lambda *_, **__: sandbox.admin_account_id)
    with pytest.raises(Forbidden):
        mapping.account_ensure(row)
    row.refresh_from_db()
    assert row.account_id is None


def test_a_project_of_somebody_else_is_not_adopted(
    sandbox: SandboxProcess, cocalc: Client, person: Person
) -> None:
    """Even under our marker: the service account must own it."""
    member = prepared(person("eve"))
    row = mapping.personal_project(person("ada"))
    CocalcProject.objects.filter(pk=row.pk).update(attempts=1)
    row.refresh_from_db()
    forged = str(member.project.project_id)
    cocalc.update_project(forged, description=row.description)
    eve = str(CocalcAccount.objects.get(user=member.user).account_id)
    users = {eve: {"group": "owner"}, sandbox.admin_account_id: {"group": "collaborator"}}
    assert not ask(sandbox, "query", query={"projects": {"project_id": forged, "users": users}})
    assert cocalc.get_project(forged).members[eve] == "owner"
    mapping.project_ensure(row)
    assert str(row.project_id) != forged


def test_another_slots_project_is_not_adopted(
    sandbox: SandboxProcess, cocalc: Client, person: Person
) -> None:
    """A collaborator may give his own project any description."""
    taken = str(prepared(person("eve")).project.project_id)
    row = mapping.personal_project(person("ada"))
    CocalcProject.objects.filter(pk=row.pk).update(attempts=1)
    cocalc.update_project(taken, description=row.description)
    mapping.project_ensure(row)
    assert str(row.project_id) != taken


def test_the_slower_of_two_claim_holders_deletes_what_it_made(
    sandbox: SandboxProcess, cocalc: Client, person: Person
) -> None:
    user = person("ada")
    slow = mapping.personal_project(user)
    assert slow.claim(45)
    CocalcProject.objects.update(claimed_until=timezone.now() - timedelta(seconds=1))
    fast = CocalcProject.objects.get()
    mapping.project_ensure(fast)
    made = cocalc.create_project(title="late", description=slow.description)
    assert not slow.settle(uuid.UUID(made))
    assert slow.project_id == fast.project_id


def test_a_member_shut_out_is_no_collaborator_any_more(
    sandbox: SandboxProcess, cocalc: Client, person: Person
) -> None:
    member = prepared(person("ada"))
    mapping.membership_end(member.project, member.user)
    members = cocalc.get_project(str(member.project.project_id)).members
    assert list(members.values()) == ["owner"]


@pytest.mark.django_db(transaction=True)
def test_a_hundred_first_visits_at_once_make_one_account_and_one_project(
    sandbox: SandboxProcess, cocalc: Client, person: Person
) -> None:
    user = person("ada")
    browsers = [HttpsClient(user) for _ in range(4)]
    sandbox.quirks(latency=0.05)
    together = threading.Barrier(100)

    def visit(number: int) -> tuple[int, dict[str, str]]:
        # Tabs of one browser share its cookies.
        browser = HttpsClient()
        browser.cookies = browsers[number % 4].cookies
        together.wait(60)
        try:
            for _ in range(400):
                answer = browser.post("/projects/mine/prepare", content_type=JSON)
                crowded = answer.status_code == 503 and answer.json()["error"]["code"] == "crowded"
                if answer.status_code != 202 and not crowded:
                    return answer.status_code, answer.json()
                time.sleep(0.05)
            raise AssertionError("never ready")
        finally:
            connection.close()

    with ThreadPoolExecutor(100) as pool:
        answers = list(pool.map(visit, range(100)))
    assert {status for status, _ in answers} == {200}, answers
    sandbox.reset_quirks()
    calls = counts(sandbox)
    assert calls["create_account"] == 1
    assert calls["create_project"] == 1
    assert CocalcAccount.objects.count() == CocalcProject.objects.count() == 1
    assert Member.objects.count() == 1
    project = CocalcProject.objects.get()
    assert len(cocalc.find_projects(description=project.description)) == 1


@contextmanager
def answer_held_back(sandbox: SandboxProcess, event: str) -> Iterator[tuple[str, threading.Event]]:
    """A way to the sandbox on which the answer to one kind of call never comes back."""
    done, over = threading.Event(), threading.Event()

    class Way(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name: self.headers[name] for name in ("Authorization", "Content-Type")}
            answer = requests.post(sandbox.url + self.path, data=body, headers=headers, timeout=30)
            if counts(sandbox).get(event):
                done.set()
                over.wait(60)
                return
            self.send_response(answer.status_code)
            self.send_header("Content-Type", answer.headers["Content-Type"])
            self.send_header("Content-Length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Way) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}", done
        finally:
            over.set()
            server.shutdown()
            thread.join()


VISIT = """
import os, sys, json
import django
from django.conf import settings
django.setup()
settings.DATABASES["default"]["NAME"] = os.environ["TEST_DATABASE"]
from django.db import connections
connections["default"].settings_dict["NAME"] = os.environ["TEST_DATABASE"]
settings.EMBEDDING = json.loads(os.environ["TEST_EMBEDDING"])
from django.contrib.auth.models import User
from tests.embedding.helpers import prepared
prepared(User.objects.get())
"""


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("event", ["create_account", "create_project"])
def test_a_process_killed_between_call_and_save_leaves_nothing_doubled(
    sandbox: SandboxProcess,
    cocalc: Client,
    person: Person,
    settings: Settings,
    event: str,
) -> None:
    user = person("ada")
    with answer_held_back(sandbox, event) as (url, done):
        given = embedding_settings(sandbox, CLAIM_SECONDS=1, COCALC_API_URL=url)
        killed = subprocess.Popen(
            [sys.executable, "-c", VISIT],
            env={
                **os.environ,
                "DJANGO_SETTINGS_MODULE": "tests.settings",
                "TEST_DATABASE": str(connection.settings_dict["NAME"]),
                "TEST_EMBEDDING": json.dumps(given),
            },
        )
        assert done.wait(60)
        killed.send_signal(signal.SIGKILL)
        assert killed.wait(60) == -signal.SIGKILL

    settings.EMBEDDING = embedding_settings(sandbox, CLAIM_SECONDS=1)
    browser = HttpsClient(user)
    for _ in range(200):
        answer = browser.post("/projects/mine/prepare", content_type=JSON)
        if answer.status_code == 200:
            break
        time.sleep(0.1)
    assert answer.status_code == 200, answer.content
    assert counts(sandbox)[event] == 1
    project = CocalcProject.objects.get()
    assert len(cocalc.find_projects(description=project.description)) == 1
    assert cocalc.find_account(CocalcAccount.objects.get().email) is not None
