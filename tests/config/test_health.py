"""What load balancers and containers ask: quickly, without a session, and over http."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from classroom.engine.hearts import Heart
from classroom.models import WorkerHeart
from config import health
from embedding.models import CocalcState


@pytest.fixture(autouse=True)
def afresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_are_applied", False)


def ask(status: int) -> dict[str, Any]:
    """By http, as from within."""
    answer = Client().get("/readyz")
    assert answer.status_code == status
    assert not answer.cookies
    assert "no-store" in answer["Cache-Control"]
    told: dict[str, Any] = answer.json()
    assert told["ready"] == (status == 200)
    return told


def cocalc_is(*, up: bool, **more: Any) -> None:
    now = timezone.now()
    CocalcState.objects.create(pk=1, is_up=up, since=now, looked=now, answered=now, **more)


def test_the_process_is_asked_alone() -> None:
    """No test of this one may use the database, and no view of it does."""
    answer = Client().get("/healthz")
    assert (answer.status_code, answer.content) == (200, b"ok\n")
    assert not answer.cookies
    assert Client().head("/healthz").status_code == 200


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_they_are_only_read(path: str) -> None:
    assert Client().post(path).status_code == 405


@pytest.mark.django_db
def test_ready() -> None:
    Heart().beat()
    cocalc_is(up=True)
    assert ask(200) == {
        "ready": True,
        "degraded": False,
        "parts": {
            "database": {"ok": True, "says": "answers"},
            "migrations": {"ok": True, "says": "all applied"},
            "worker": {"ok": True, "says": "1 alive"},
            "cocalc": {"ok": True, "says": "answers"},
        },
    }


@pytest.mark.django_db
def test_it_costs_three_queries_once_the_migrations_are_known(
    django_assert_num_queries: Any,
) -> None:
    Heart().beat()
    ask(200)
    with django_assert_num_queries(3):
        ask(200)


@pytest.mark.django_db
def test_without_cocalc_it_is_ready_and_degraded() -> None:
    Heart().beat()
    cocalc_is(up=False, cause="cannot_connect")
    told = ask(200)
    assert told["degraded"] is True
    assert told["parts"]["cocalc"]["ok"] is False
    assert "has not answered since" in told["parts"]["cocalc"]["says"]
    CocalcState.objects.all().delete()
    assert "not known" in ask(200)["parts"]["cocalc"]["says"]


@pytest.mark.django_db
def test_not_without_a_worker(settings: Settings) -> None:
    assert ask(503)["parts"]["worker"] == {
        "ok": False,
        "says": "none alive: start manage.py worker",
    }
    Heart().beat()
    ask(200)
    WorkerHeart.objects.update(seen=timezone.now() - timedelta(seconds=31))
    ask(503)
    # Where users sign in to CoCalc themselves, pages need none.
    settings.EMBEDDING = {**settings.EMBEDDING, "COCALC_SIGN_IN": "own"}
    assert ask(200)["degraded"] is True


@pytest.mark.django_db
def test_not_before_the_migrations() -> None:
    Heart().beat()
    recorder = MigrationRecorder(connection)
    [last] = MigrationLoader(connection).graph.leaf_nodes("classroom")
    recorder.record_unapplied(*last)
    told = ask(503)
    assert told["parts"]["migrations"] == {
        "ok": False,
        "says": "1 not applied: run manage.py migrate",
    }
    # What needs these is not looked at.
    assert "worker" not in told["parts"]
    recorder.record_applied(*last)
    ask(200)


@pytest.mark.django_db
def test_not_without_a_database(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OperationalError("password authentication failed for user “secret”")

    monkeypatch.setattr(connection, "cursor", fail)
    told = ask(503)
    assert told["parts"] == {"database": {"ok": False, "says": "does not answer"}}
