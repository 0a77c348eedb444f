"""The front page: who sees the numbers, what they cost, and that nobody waits for CoCalc."""

import re
import socket
import time
from collections.abc import Iterator
from datetime import timedelta
from html import unescape

import pytest
from django.contrib.auth.models import Permission, User
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from administration.overview import checking
from administration.overview.counting import HOUR, count_hours
from administration.overview.page import PERMISSIONS
from classroom.engine import hearts
from classroom.models import Kind, WorkerHeart
from embedding import client
from embedding.models import CocalcReading, CocalcState
from tests.administration.overview import rows
from tests.classroom import factories
from tests.conftest import HttpsClient, Person

pytestmark = pytest.mark.django_db

INDEX, NUMBERS = "/admin/", "/admin/overview/"
NUMBERS_ARE_THERE = 'class="cards"'


@pytest.fixture
def boss(person: Person) -> User:
    return person("boss", is_staff=True, is_superuser=True)


@pytest.fixture(autouse=True)
def checked(monkeypatch: pytest.MonkeyPatch) -> None:
    """The checks were run; how, is asked below."""
    monkeypatch.setattr(checking, "_found", checking.Found())


def text(user: User | None, url: str = INDEX) -> str:
    return unescape(HttpsClient(user).get(url).content.decode())


def works() -> None:
    """CoCalc answers, and a worker is alive."""
    now = timezone.now()
    CocalcState.objects.update_or_create(
        pk=1, defaults={"is_up": True, "since": now - HOUR, "looked": now, "answered": now}
    )
    WorkerHeart.objects.create(
        host="one", pid=1, version=hearts.version(), started=now - HOUR, seen=now
    )
    count_hours(now)


def test_the_numbers_are_for_who_may_see_sessions_and_transfers(boss: User, person: Person) -> None:
    helper = person("helper", is_staff=True)
    for url, refused in [(INDEX, 200), (NUMBERS, 403)]:
        assert HttpsClient().get(url).status_code == 302
        assert HttpsClient(person(f"ada{refused}")).get(url).status_code == 302
        answer = HttpsClient(helper).get(url)
        assert answer.status_code == refused
        assert NUMBERS_ARE_THERE not in answer.content.decode()
        assert NUMBERS_ARE_THERE in text(boss, url)
        assert HttpsClient(boss).get(url)["Cache-Control"].count("no-store")
    assert HttpsClient(boss).post(NUMBERS).status_code == 405
    for permission in PERMISSIONS:
        codename = permission.partition(".")[2]
        helper.user_permissions.add(Permission.objects.get(codename=codename))
    assert NUMBERS_ARE_THERE in text(User.objects.get(pk=helper.pk), NUMBERS)


def test_with_nothing_at_all_it_says_what_is_missing(boss: User) -> None:
    page = text(boss)
    assert "No worker runs." in page
    assert "Not known: nobody has looked yet" in page
    assert "There are no answer times yet" in page
    assert re.search("16[89] hours are not counted yet", page)  # by how far the hour has gone


def test_all_is_well(boss: User) -> None:
    works()
    page = text(boss)
    assert "All is well" in page
    assert "Answers since" in page
    assert "1 worker is alive" in page
    assert "not counted yet" not in page


def test_cocalc_that_does_not_answer(boss: User) -> None:
    works()
    CocalcState.objects.update(is_up=False, cause="outcome_unknown", looked=timezone.now())
    page = text(boss)
    assert "All is well" not in page
    assert "CoCalc did not answer in time" in page
    assert "Check that CoCalc runs" in page


def test_a_worker_of_another_version(boss: User) -> None:
    works()
    WorkerHeart.objects.update(version="0.0.1")
    assert "1 worker runs another version than this page" in text(boss)


def test_a_step_that_waits_too_long(boss: User) -> None:
    works()
    (row,) = rows.transfers(rows.course(), None, 1, state="queued")
    page = text(boss)
    assert "A class step has waited" not in page
    type(row).objects.update(created=timezone.now() - HOUR)
    assert "A class step has waited since" in text(boss)
    # Not where it waits for a moment that is still to come.
    type(row).objects.update(not_before=timezone.now() + HOUR)
    assert "A class step has waited" not in text(boss)


def test_migrations_that_are_missing(boss: User, monkeypatch: pytest.MonkeyPatch) -> None:
    works()
    found = checking.Found(migrations=frozenset({("classroom", "9999_new")}))
    monkeypatch.setattr(checking, "_found", found)
    page = text(boss)
    assert "The database lacks 1 migration." in page
    assert "classroom.9999_new" in page


def test_what_the_checks_remark(boss: User, monkeypatch: pytest.MonkeyPatch) -> None:
    works()
    monkeypatch.setattr(checking, "_found", None)
    assert "Is being run for the first time" in text(boss)
    end = time.monotonic() + 60
    while (seen := checking.found()) is None and time.monotonic() < end:
        time.sleep(0.05)
    assert seen
    assert ("embedding", "0001_initial") in seen.migrations
    remark = checking.Remark("x.W001", "Something is set wrong.", "Set it right.", is_error=False)
    monkeypatch.setattr(checking, "_found", checking.Found([remark]))
    page = text(boss)
    assert "Something is set wrong. Set it right." in page
    assert "has 1 remark" in page


def test_the_checks_are_those_of_a_deployment(settings: Settings) -> None:
    settings.SECURE_HSTS_SECONDS = 0
    assert "security.W004" in [remark.code for remark in checking.look().remarks]
    settings.SILENCED_SYSTEM_CHECKS = ["security.W004", "security.W021"]
    assert "security.W004" not in [remark.code for remark in checking.look().remarks]


@pytest.fixture
def silent(settings: Settings) -> Iterator[int]:
    """A CoCalc that takes every connection and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        settings.EMBEDDING = settings.EMBEDDING | {
            "COCALC_API_URL": f"http://127.0.0.1:{port}",
            "COCALC_GENERATION": "auto",
        }
        cache.clear()
        client.forget()
        yield port
    cache.clear()
    client.forget()


@pytest.mark.usefixtures("silent")
def test_no_page_waits_for_a_cocalc_that_never_answers(boss: User, person: Person) -> None:
    helper = person("helper", is_staff=True)
    for who, url in [(boss, INDEX), (boss, NUMBERS), (helper, INDEX)]:
        browser = HttpsClient(who)
        began = time.monotonic()
        assert browser.get(url).status_code == 200
        # Asking takes 10 s; on a busy machine a page takes its time as well.
        assert time.monotonic() - began < 5


def test_it_costs_the_same_however_much_there_is(boss: User) -> None:
    works()
    browser = HttpsClient(boss)
    browser.get(NUMBERS)
    costs = []
    course = rows.course()
    for count in (3, 60):
        now = timezone.now()
        for state in ("closed", "preparing", "opening", "failed"):
            rows.sessions(now - timedelta(minutes=3), count, state, "busy")
        rows.transfers(course, now, count, state="failed", code=f"code{count}")
        for number in range(count):
            student = factories.enrol(course, factories.make_user(f"s{count}-{number}"))
            (submit,) = rows.transfers(course, None, 1, Kind.SUBMIT, "queued")
            type(submit).objects.filter(pk=submit.pk).update(member=student, key=f"k{submit.pk}")
            CocalcReading.objects.create(at=now, ms=10)
        with CaptureQueriesContext(connection) as queries:
            assert browser.get(NUMBERS).status_code == 200
        costs.append(len(queries))
    assert costs[0] == costs[1] <= 24


def test_what_grows_is_read_by_its_indexes(boss: User) -> None:
    works()
    browser = HttpsClient(boss)
    with CaptureQueriesContext(connection) as queries:
        browser.get(NUMBERS)
    large = (
        *("embedding_embedsession", "classroom_transfer", "embedding_cocalcreading"),
        *("embedding_event", "classroom_letter", "embedding_ending", "administration_hourcount"),
    )
    asked = [
        query["sql"]
        for query in queries
        if query["sql"].startswith("SELECT")
        and any(f'FROM "{name}"' in query["sql"] for name in large)
    ]
    assert len(asked) >= 10
    for sql in asked:
        plan = explained(sql)
        whole = [line for line in plan if line.startswith("SCAN ") and line.split()[1] in large]
        assert not whole, (sql, plan)


def explained(sql: str) -> list[str]:
    """Return how the database reads something; PostgreSQL as if the tables were large."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute(f"EXPLAIN {sql}")
            lines = [line.strip(" ->") for (line,) in cursor.fetchall()]
            return [line.replace("Seq Scan on", "SCAN") for line in lines]
        cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
        return [row[3] for row in cursor.fetchall()]
