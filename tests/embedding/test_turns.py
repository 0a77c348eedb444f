"""Whose turn it is to ask CoCalc: who is refused, what is given back, and how long a call lasts."""

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.test import RequestFactory
from pytest_django import Settings

from embedding import turns
from embedding.cocalc.client import Client
from embedding.cocalc.errors import Crowded
from embedding.middleware import Turns
from embedding.turns import Turn, beside, seconds_for, take
from sandbox.process import SandboxProcess
from tests.conftest import HttpsClient, Person
from tests.embedding.helpers import open_session, open_tab, until_ready, with_file

ROOT = Path(turns.__file__).parent.parent
A, B = "project-a", "project-b"


@contextmanager
def turn(user: str) -> Iterator[Turn]:
    """A request of a user's."""
    found = Turn(lambda: user)
    try:
        with found.on():
            yield found
    finally:
        found.end()


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    yield
    assert not turns._taken


@pytest.fixture
def few(settings: Settings) -> None:
    """Five at once: two of one user, two in one project."""
    settings.EMBEDDING = {**settings.EMBEDDING, "CALLS_AT_ONCE": 5}


def test_a_user_a_project_and_the_process_have_their_shares(few: None) -> None:
    def refused(user: str, project: str) -> str:
        with turn(user), pytest.raises(Crowded) as caught:
            take(project)
        return caught.value.words.split(".")[0]

    with ExitStack() as held:

        def hold(user: str, project: str) -> Turn:
            found = held.enter_context(turn(user))
            take(project)
            return found

        hold("ada", A)
        take(A)  # again, for the next call of the same request
        hold("ada", A)
        assert refused("ada", B) == "You have several requests to CoCalc under way"
        assert refused("bob", A) == "This project is busy with other requests"
        last = hold("bob", B)
        hold("cleo", B)
        hold("cleo", "")
        assert refused("dan", "another") == "CoCalc is busy with many requests just now"
        last.end()
        hold("dan", "another")
        with last.on(), pytest.raises(Crowded):
            take(B)  # a thread of a request that is over


def test_what_workers_and_commands_ask_is_not_counted(few: None) -> None:
    assert seconds_for("exec", {"project_id": A}) == float("inf")
    assert not take(A)


def test_a_call_may_take_seconds(few: None) -> None:
    with turn("ada"):
        assert seconds_for("mint_token", {"account_id": "x"}) == 10
        assert seconds_for("file_exists", {"project_id": A}) == 20
        assert seconds_for("exec", {"project_id": A}) == 30
        assert seconds_for("copy_path", {"src_project_id": A, "target_project_id": B}) == 30


@pytest.mark.django_db
def test_what_goes_beside_is_of_the_same_turn(few: None) -> None:
    with turn("ada"), turn("ada") as mine:
        take()
        assert beside(seconds_for, "mint_token", {}).result() == 10
        assert mine._held == {"user ada", "process"}


@pytest.mark.django_db
@pytest.mark.parametrize("read", [True, False])
def test_a_streamed_answer_keeps_its_turn_until_it_is_closed(few: None, read: bool) -> None:
    def made() -> Iterator[bytes]:
        seconds_for("exec", {"project_id": A})
        yield b"1"
        seconds_for("exec", {"project_id": A})
        yield b"2"

    def view(request: HttpRequest) -> StreamingHttpResponse:
        take(A)
        return StreamingHttpResponse(made())

    request = RequestFactory().get("/")
    request.user = User(pk=3)
    response = Turns(view)(request)
    if read:
        assert b"".join(response) == b"12"
    assert set(turns._taken) == {"user 3", "process", f"project {A}"}
    response.close()
    assert not take()


def test_a_view_that_fails_gives_back_what_it_took(few: None) -> None:
    def view(request: HttpRequest) -> HttpResponse:
        take(A)
        raise RuntimeError

    request = RequestFactory().get("/")
    request.user = User(pk=3)
    with pytest.raises(RuntimeError):
        Turns(view)(request)
    assert not turns._taken


@pytest.mark.django_db
def test_a_project_that_starts_slowly_opens_after_some_requests(
    sandbox: SandboxProcess,
    cocalc: Client,
    person: Person,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A start takes several times as long as one request may."""
    member = with_file(cocalc, person("ada"), "a.ipynb")
    project = str(member.project.project_id)
    monkeypatch.setattr(turns, "SECONDS", 0.5)
    for path in ("/projects/mine/listing", ""):
        cocalc.stop_project(project)
        sandbox.quirks(start_seconds=1.2)
        browser = HttpsClient(member.user)
        first = browser.get(path) if path else open_session(browser, "a.ipynb")
        assert first.status_code == 202
        assert first.json() == {"state": "working", "next": "starting"}  # type: ignore[union-attr]
        if path:
            later = first
            while later.status_code == 202:
                later = browser.get(path)
            assert later.status_code == 200
        else:
            assert until_ready(browser, "a.ipynb")[0].status_code == 200


@pytest.mark.django_db
def test_a_refused_opening_costs_nothing(
    sandbox: SandboxProcess, cocalc: Client, person: Person, settings: Settings
) -> None:
    member = with_file(cocalc, person("ada"), "a.ipynb")
    settings.EMBEDDING = {**settings.EMBEDDING, "CALLS_AT_ONCE": 1, "SESSIONS_PER_MINUTE": 1}
    browser = HttpsClient(member.user)
    sandbox.reset_calls()
    with turn("someone else"):
        take()
        for _ in range(3):
            answer = open_session(browser, "a.ipynb")
            assert answer.status_code == 503
            assert answer["Retry-After"] == "3"
        tab = open_tab(browser, "a.ipynb")
        assert (tab.status_code, tab["Retry-After"]) == (503, "3")
        assert "CoCalc is busy with many requests" in tab.content.decode()
    assert sandbox.calls()["counts"] == {}
    assert open_session(browser, "a.ipynb").status_code == 200


def test_there_is_no_way_past_it() -> None:
    """One place makes the client, with its turns; one starts threads; few ask CoCalc otherwise."""
    found: dict[str, set[str]] = {}
    for folder in ("embedding", "platform/classroom", "platform/config"):
        for file in (ROOT / folder).rglob("*.py"):
            name = str(file.relative_to(ROOT))
            for word in re.findall(
                r"V1Client\(|ConatClient\(|\bimport requests|ThreadPoolExecutor\(|Thread\(",
                file.read_text(),
            ):
                found.setdefault(word, set()).add(name)
    assert found == {
        "V1Client(": {"embedding/client.py", "embedding/cocalc/v1/driver.py"},
        "ConatClient(": {"embedding/client.py", "embedding/cocalc/conat/driver.py"},
        "import requests": {
            "embedding/cocalc/wire.py",
            "embedding/cocalc/customize.py",
            "embedding/cocalc/generations.py",  # for which `embedding/which.py` takes the turn
            "embedding/cocalc/impersonation.py",  # the door takes its turn
            "embedding/services/diagnosis.py",  # which takes its turn itself
            # For the check, which administrators alone start: link by link, each with its limit.
            "embedding/services/checking/browsers.py",
            "embedding/services/checking/network.py",
            "embedding/services/checking/signing_in.py",
        },
        "ThreadPoolExecutor(": {"embedding/turns.py"},
        "Thread(": {
            "embedding/services/state.py",  # one look, which nothing waits for
            "embedding/turns.py",  # what nobody waits for
            "platform/classroom/engine/holding.py",  # a sign of life for the database
            "platform/classroom/engine/working.py",
            "platform/classroom/management/commands/worker.py",
        },
    }
