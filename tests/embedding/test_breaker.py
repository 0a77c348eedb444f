"""While CoCalc is down nobody waits for it, whoever found that out, and it is asked again soon."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import OperationalError, connections, transaction
from django.utils import timezone
from pytest_django import Settings

from embedding import breaker, which
from embedding.client import client
from embedding.cocalc.client import Client
from embedding.cocalc.errors import Away, CannotConnect
from embedding.models import CocalcState, Member
from embedding.problems import of_cocalc
from embedding.services import state
from embedding.turns import beside
from sandbox.process import SandboxProcess
from tests.conftest import HttpsClient, Person
from tests.embedding.helpers import open_session, with_file

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state, "_BETWEEN", 0.05)
    monkeypatch.setattr(state, "LIMIT", 0.5)
    monkeypatch.setattr(state, "_READ", 0.1)


class Listener:
    """A port that takes every connection, says nothing, and counts."""

    def __init__(self) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._server.getsockname()[1]}"
        self._over = False
        self._clients: list[socket.socket] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def count(self) -> int:
        return len(self._clients)

    def _serve(self) -> None:
        while True:
            client, _ = self._server.accept()
            if self._over:
                client.close()
                return
            self._clients.append(client)

    def stop(self) -> None:
        self._over = True
        socket.create_connection(self._server.getsockname()).close()
        self._thread.join()
        for each in (*self._clients, self._server):
            each.close()


@pytest.fixture
def silent(settings: Settings) -> Iterator[Listener]:
    """CoCalc's host is there, and never answers."""
    listener = Listener()
    settings.EMBEDDING = {**settings.EMBEDDING, "COCALC_API_URL": listener.url}
    yield listener
    listener.stop()


def goes_down(cause: str = "outcome_unknown") -> None:
    """Another process has found it."""
    now = timezone.now()
    CocalcState.objects.update_or_create(
        pk=1, defaults={"is_up": False, "since": now, "looked": now, "cause": cause}
    )
    time.sleep(0.15)  # until this one reads it


def until(done: Callable[[], Any], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture
def member(cocalc: Client, person: Person) -> Member:
    return with_file(cocalc, person("ada"), "a.ipynb")


def test_what_another_process_has_found_holds_here(silent: Listener) -> None:
    goes_down()
    began = time.monotonic()
    with pytest.raises(Away) as caught:
        client().list_projects()
    assert time.monotonic() - began < 0.5
    assert silent.count == 0
    assert isinstance(caught.value, CannotConnect)
    row = CocalcState.objects.get()
    assert caught.value.since == row.since
    problem = of_cocalc(caught.value)
    assert (problem.status, problem.code) == (503, "cannot_connect")
    assert problem.recoverable
    local = timezone.localtime(row.since)
    assert f"CoCalc has not answered since {local:%H:%M}." in problem.message


def test_who_asks_all_the_same_and_is_answered_lets_the_others_through(
    sandbox: SandboxProcess, cocalc: Client
) -> None:
    """As the administrator who has the site find out which CoCalc it is."""
    goes_down()
    with pytest.raises(Away):
        cocalc.list_projects()
    assert which.look().is_spoken
    assert cocalc.list_projects() is not None
    time.sleep(0.15)
    state.tend()
    assert state.current().state == "up"


def test_beside_another_call_it_is_refused_without_a_database(silent: Listener) -> None:
    goes_down()
    state.tend()
    with pytest.raises(Away):
        beside(client().mint_token, "5f6a347c-ed00-4489-af42-cafd6a328b7a").result(5)
    assert silent.count == 0


def test_which_cocalc_it_is_is_not_asked_either(silent: Listener, settings: Settings) -> None:
    settings.EMBEDDING = {**settings.EMBEDDING, "COCALC_GENERATION": "auto"}
    goes_down()
    began = time.monotonic()
    with pytest.raises(Away):
        which.spoken()
    assert time.monotonic() - began < 0.5
    assert silent.count == 0


def test_a_page_is_quick_and_says_it_and_goes_on_by_itself(
    sandbox: SandboxProcess, member: Member
) -> None:
    """Nobody else looks: the page that is refused has it looked, and the next try succeeds."""
    browser = HttpsClient(member.user)
    assert open_session(browser, "a.ipynb").status_code == 200
    goes_down()
    sandbox.reset_calls()
    began = time.monotonic()
    answer = open_session(browser, "a.ipynb")
    assert time.monotonic() - began < 1
    assert answer.status_code == 503
    error = answer.json()["error"]  # type: ignore[attr-defined]
    assert error["code"] == "cannot_connect"
    assert error["recoverable"]
    assert "has not answered since" in error["message"]
    assert sandbox.calls()["counts"] == {}
    # A look is due three seconds after the last.
    CocalcState.objects.update(looked=timezone.now() - state.EVERY_DOWN)
    time.sleep(0.15)
    until(lambda: open_session(browser, "a.ipynb").status_code == 200)
    assert state.current().state == "up"


def test_calls_that_fail_have_somebody_look(
    sandbox: SandboxProcess, member: Member, settings: Settings
) -> None:
    """No worker is there: the first request fails by itself, and soon all are refused at once."""
    settings.EMBEDDING = {**settings.EMBEDDING, "COCALC_API_URL": "http://127.0.0.1:9"}
    browser = HttpsClient(member.user)
    answer = open_session(browser, "a.ipynb")
    assert answer.status_code == 503
    assert state.current().state != "down"
    until(lambda: HttpsClient().get("/sign-in/") and state.current().is_down)
    assert state.current().cause == "cannot_connect"
    began = time.monotonic()
    answer = open_session(browser, "a.ipynb")
    assert time.monotonic() - began < 0.5
    assert "has not answered since" in answer.json()["error"]["message"]  # type: ignore[attr-defined]


def test_a_project_that_does_not_answer_closes_nothing_to_others(
    sandbox: SandboxProcess, cocalc: Client, member: Member
) -> None:
    """However often its owner has it asked."""
    sandbox.quirks(lost_replies=["project_exec"])
    browser = HttpsClient(member.user)
    for _ in range(4):
        assert open_session(browser, "a.ipynb").status_code in (202, 502, 503, 504)
        time.sleep(0.3)
    assert not breaker.is_open()
    assert not state.confirm()
    assert state.current().state == "up"
    assert cocalc.list_projects()


def test_an_answer_is_written_down_without_a_look(sandbox: SandboxProcess, cocalc: Client) -> None:
    """As on a site that has no worker."""
    assert cocalc.list_projects() is not None
    time.sleep(0.15)
    cocalc.list_projects()
    known = state.current()
    assert known.state == "up"
    assert known.looked is None
    assert known.answered is not None
    time.sleep(0.15)
    cocalc.list_projects()
    assert state.current().answered == known.answered  # once a minute


def test_confirmed_by_many_at_once_one_looks(silent: Listener) -> None:
    found: list[bool] = []

    def fail() -> None:
        try:
            found.append(state.confirm())
        finally:
            connections.close_all()

    threads = [threading.Thread(target=fail) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [True] * 6
    assert silent.count == 2  # one look, and the second that settles it


def test_known_for_long_and_looked_at_by_nobody_it_is_asked_itself(
    sandbox: SandboxProcess, cocalc: Client
) -> None:
    """Yesterday's outage keeps nobody out today."""
    goes_down()
    CocalcState.objects.update(looked=timezone.now() - 2 * state.DOWN_LASTS)
    time.sleep(0.15)
    assert cocalc.list_projects() is not None
    time.sleep(0.15)
    state.tend()
    assert state.current().state == "up"


def test_in_a_transaction_the_row_is_read_and_not_locked(
    sandbox: SandboxProcess, cocalc: Client
) -> None:
    with transaction.atomic():
        cocalc.list_projects()
        time.sleep(0.15)
        cocalc.list_projects()
        assert not CocalcState.objects.exists()
    time.sleep(0.15)
    cocalc.list_projects()
    assert CocalcState.objects.exists()


def test_a_database_without_the_table_breaks_no_call(
    sandbox: SandboxProcess, cocalc: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise OperationalError("no such table")

    monkeypatch.setattr(state, "_tend", fail)
    assert cocalc.list_projects() is not None
