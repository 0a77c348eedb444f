"""Whether CoCalc answers: what is written down of it, by how many at once, and how it is read."""

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connections
from django.utils import timezone
from pytest_django import Settings

from embedding.cocalc.looking import Look, look
from embedding.models import CocalcReading, CocalcState
from embedding.services import state
from sandbox.process import SandboxProcess

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state, "_BETWEEN", 0.0)
    monkeypatch.setattr(state, "LIMIT", 0.5)


@contextmanager
def answering(answer: bytes | None) -> Iterator[str]:
    """A server that says this to whoever connects, or nothing at all."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        over = threading.Event()

        def serve() -> None:
            while True:
                client, _ = server.accept()
                with client:
                    if over.is_set():
                        return
                    client.recv(65536)
                    if answer is None:
                        over.wait(5)
                    client.sendall(answer or b"")

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        over.set()
        socket.create_connection(server.getsockname()).close()
        thread.join()


def test_nothing_is_known_before_the_first_look() -> None:
    assert state.current() == state.Now("unknown")


def test_up_and_the_reading(sandbox: SandboxProcess) -> None:
    began = timezone.now()
    assert state.look(began)
    now = state.current()
    assert now.state == "up"
    assert now.cause == ""
    assert now.since is not None
    assert now.answered is not None
    assert began <= now.since <= now.answered
    reading = CocalcReading.objects.get()
    assert (reading.at, reading.code) == (began, "")
    assert 0 < reading.ms < 5000
    # A minute later another one; between them none.
    assert not state.look(began + MINUTE / 2)
    assert state.look(began + MINUTE)
    assert CocalcReading.objects.count() == 2
    assert state.current(began + MINUTE).since == now.since
    # One that was asked for out of turn changes no reading.
    assert state.look(began + 1.1 * MINUTE, every=timedelta(seconds=1))
    assert CocalcReading.objects.count() == 2


def test_down_until_it_answers(sandbox_process: SandboxProcess, settings: Settings) -> None:
    began = timezone.now()
    state.look(began)
    now = state.current(began)
    assert (now.state, now.since, now.cause) == ("down", began, "cannot_connect")
    assert CocalcReading.objects.get().code == "cannot_connect"
    assert not state.look(began + timedelta(seconds=2))
    assert state.look(began + timedelta(seconds=4))
    later = state.current(began + timedelta(seconds=4))
    assert later.since == began
    assert CocalcReading.objects.count() == 1  # of one minute
    settings.EMBEDDING = {**settings.EMBEDDING, "COCALC_API_URL": sandbox_process.url}
    assert state.look(began + timedelta(seconds=8))
    assert state.current().is_down is False
    assert list(CocalcReading.objects.values_list("code", flat=True)) == ["", "cannot_connect"]


def test_one_look_that_fails_is_no_news(
    sandbox: SandboxProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Look] = []

    def first_fails(url: str, *, limit: float) -> Look:
        seen.append(look(url, limit=limit))
        return Look(3.0, "outcome_unknown") if len(seen) == 1 else seen[-1]

    monkeypatch.setattr(state, "look_once", first_fails)
    state.look()
    assert len(seen) == 2
    assert state.current().state == "up"


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (b"", "cannot_connect"),  # cut
        (b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 3\r\n\r\nbad", "server_fault"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "not_cocalc"),
        (b"HTTP/1.1 429 Slow\r\nContent-Length: 2\r\n\r\nno", ""),
        (None, "outcome_unknown"),  # silence
    ],
)
def test_what_answers_in_its_place(settings: Settings, answer: bytes | None, code: str) -> None:
    with answering(answer) as url:
        settings.EMBEDDING = {**settings.EMBEDDING, "COCALC_API_URL": url}
        state.look()
    assert state.current().cause == code
    assert state.current().is_down == bool(code)


def test_what_nobody_looked_at_for_long_is_not_known() -> None:
    now = timezone.now()
    CocalcState.objects.create(pk=1, is_up=False, since=now, looked=now, cause="cannot_connect")
    assert state.current(now + MINUTE).is_down
    old = state.current(now + timedelta(minutes=3))
    assert (old.state, old.since, old.cause, old.looked) == ("unknown", None, "", now)
    CocalcState.objects.update(is_up=True, answered=now)
    assert state.current(now + timedelta(minutes=3)).state == "up"
    assert state.current(now + timedelta(minutes=11)).state == "unknown"


def test_a_look_counts_only_while_nobody_set_out_after_it(
    sandbox: SandboxProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that slept for an hour in the middle of its look tells nothing any more."""
    later = timezone.now() + timedelta(hours=1)

    def overtaken(_url: str, *, limit: float) -> Look:
        CocalcState.objects.update(looked=later, is_up=True, since=later, answered=later)
        return Look(limit, "cannot_connect")

    monkeypatch.setattr(state, "look_once", overtaken)
    state.look()
    assert state.current(later).state == "up"
    assert state.current(later).since == later


def test_a_site_without_the_worker_has_it_looked_by_its_command(sandbox: SandboxProcess) -> None:
    CocalcReading.objects.create(at=timezone.now() - timedelta(days=9), ms=1)
    call_command("look_after")
    assert state.current().state == "up"
    assert CocalcReading.objects.get().code == ""


def test_old_readings_go() -> None:
    now = timezone.now()
    CocalcReading.objects.bulk_create(
        CocalcReading(at=now - age * timedelta(days=1), ms=1) for age in range(12)
    )
    state.prune(now)
    assert CocalcReading.objects.count() == 9


@pytest.mark.django_db(transaction=True)
def test_of_many_one_looks(sandbox: SandboxProcess) -> None:
    now = timezone.now()

    def worker(_: int) -> bool:
        try:
            return state.look(now)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        looked = list(pool.map(worker, range(8)))
    assert looked.count(True) == 1
    assert CocalcReading.objects.count() == 1
