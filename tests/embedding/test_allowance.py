"""How often one user may open a notebook: everywhere together, exactly, and with a way on."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from embedding.cocalc.client import Client
from embedding.models import Allowance, EmbedSession
from embedding.problems import Problem
from embedding.services.allowance import allowance_check, allowance_take
from sandbox.process import SandboxProcess
from tests.conftest import HttpsClient, Person
from tests.embedding.conftest import embedding_settings
from tests.embedding.helpers import open_session, open_tab, with_file

PREFETCH = ("prefetch", "prefetch;prerender")


@pytest.mark.django_db
def test_a_burst_and_then_evenly(
    person: Person, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.EMBEDDING = {**settings.EMBEDDING, "SESSIONS_PER_MINUTE": 4}
    user, other = person("ada"), person("eve")
    now = timezone.now()
    monkeypatch.setattr("django.utils.timezone.now", lambda: now)
    for _ in range(4):
        allowance_check(user)
        allowance_take(user)
    for ask in (allowance_check, allowance_take):
        with pytest.raises(Problem) as caught:
            ask(user)
        assert (caught.value.status, caught.value.retry_after) == (429, 15)
        assert "15 seconds" in caught.value.message
    allowance_take(other)
    now += timedelta(seconds=15)
    allowance_take(user)
    with pytest.raises(Problem):
        allowance_take(user)
    now += timedelta(minutes=10)
    for _ in range(4):
        allowance_take(user)
    with pytest.raises(Problem):
        allowance_take(user)
    assert Allowance.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_it_is_exact_under_many_threads(person: Person, settings: Settings) -> None:
    settings.EMBEDDING = {**settings.EMBEDDING, "SESSIONS_PER_MINUTE": 5}
    user = person("ada")

    def take(_: int) -> bool:
        try:
            allowance_take(user)
        except Problem:
            return False
        finally:
            connection.close()
        return True

    began = timezone.now()
    with ThreadPoolExecutor(8) as pool:
        taken = sum(pool.map(take, range(16)))
    seconds = (timezone.now() - began).total_seconds()
    assert 1 <= taken <= 5 + seconds / 12 + 1


@pytest.mark.django_db
def test_a_request_too_many_asks_cocalc_nothing_and_leaves_no_row(
    sandbox: SandboxProcess, cocalc: Client, person: Person, settings: Settings
) -> None:
    member = with_file(cocalc, person("ada"), "a.ipynb")
    settings.EMBEDDING = embedding_settings(sandbox, SESSIONS_PER_MINUTE=1)
    browser = HttpsClient(member.user)
    assert open_session(browser, "a.ipynb").status_code == 200
    first = EmbedSession.objects.get()
    sandbox.reset_calls()
    answer = open_session(browser, "a.ipynb")
    assert answer.status_code == 429
    error = answer.json()["error"]  # type: ignore[attr-defined]
    assert (error["code"], error["recoverable"]) == ("too_many", True)
    assert 1 <= error["retryAfter"] <= 60
    assert answer["Retry-After"] == str(error["retryAfter"])
    # Nor by asking for the first one's token again.
    assert open_session(browser, "a.ipynb", session=first.id).status_code == 429
    tab = open_tab(browser, "a.ipynb")
    assert tab.status_code == 429
    assert int(tab["Retry-After"]) >= 1
    assert sandbox.calls()["counts"] == {}
    assert EmbedSession.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize("purpose", PREFETCH)
def test_what_is_loaded_in_advance_mints_nothing(
    sandbox: SandboxProcess, cocalc: Client, person: Person, purpose: str
) -> None:
    member = with_file(cocalc, person("ada"), "a.ipynb")
    sandbox.reset_calls()
    browser = HttpsClient(member.user)
    browser.defaults["HTTP_SEC_PURPOSE"] = purpose
    answer = open_session(browser, "a.ipynb")
    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == "prefetch"  # type: ignore[attr-defined]
    assert browser.post("/projects/mine/tab", {"path": "a.ipynb"}).status_code == 403
    assert sandbox.calls()["counts"] == {}
    assert not EmbedSession.objects.exists()


@pytest.mark.django_db
def test_the_page_of_another_user_gets_nothing(
    sandbox: SandboxProcess, cocalc: Client, person: Person
) -> None:
    member = with_file(cocalc, person("ada"), "a.ipynb")
    eve = person("eve")
    sandbox.reset_calls()
    for project in ("mine", str(member.project.project_id)):
        for browser in (HttpsClient(eve), HttpsClient(member.user)):
            other = eve if browser.session["_auth_user_id"] == str(member.user.pk) else member.user
            answer = open_session(browser, "a.ipynb", project=project, user=str(other.pk))
            assert answer.status_code == 409
            assert answer.json()["error"]["code"] == "other_user"  # type: ignore[attr-defined]
    assert sandbox.calls()["counts"] == {}
    own = open_session(HttpsClient(member.user), "a.ipynb", user=str(member.user.pk))
    assert own.status_code == 200
