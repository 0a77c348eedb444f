"""A project that starts slowly is waited for; one that does not start is said to be so."""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.utils import timezone
from pytest_django import Settings

from embedding import turns
from embedding.client import client, forget
from embedding.cocalc.errors import NotStarted
from embedding.models import EmbedSession, Member
from embedding.services.sessions import START_LASTS
from sandbox.process import SandboxProcess
from tests.conftest import HttpsClient, Person
from tests.embedding.conftest import KEY, embedding_settings
from tests.embedding.helpers import open_session, until_ready, with_file
from tests.events import NamedAsV1

pytestmark = pytest.mark.django_db

# What makes CoCalc say that no call reaches the project, though it is starting, or runs.
UNHEARD: dict[str, dict[str, Any]] = {"v1": {"never_starts": True}, "conat": {"api_late": "503"}}
LISTING = "/projects/mine/listing"
STARTING = {"state": "working", "next": "starting"}


@pytest.fixture(scope="module", params=["v1", "conat"])
def running(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SandboxProcess]:
    data = tmp_path_factory.mktemp(request.param)
    with NamedAsV1.start(
        data, admin_key=KEY, generation=request.param, start_seconds=0.05
    ) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(
    running: SandboxProcess, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[SandboxProcess]:
    settings.EMBEDDING = embedding_settings(running)
    monkeypatch.setattr(turns, "SECONDS", 1.0)
    cache.clear()
    yield running
    forget()
    cache.clear()
    running.reset_quirks()


@pytest.fixture
def member(sandbox: SandboxProcess, person: Person) -> Member:
    """The user of a project that stands still."""
    member = with_file(client(), person("ada"), "a.ipynb")
    client().stop_project(str(member.project.project_id))
    return member


@pytest.fixture
def browser(member: Member) -> HttpsClient:
    return HttpsClient(member.user)


def too_long() -> None:
    EmbedSession.objects.update(started=timezone.now() - START_LASTS)


def code_of(answer: Any) -> tuple[str, bool]:
    error = answer.json()["error"]
    return error["code"], error["recoverable"]


def test_one_that_takes_no_call_yet_is_waited_for(
    sandbox: SandboxProcess, browser: HttpsClient
) -> None:
    sandbox.quirks(**UNHEARD[sandbox.generation])
    session = uuid.uuid4()
    answer = open_session(browser, "a.ipynb", session=session)
    assert (answer.status_code, answer.json()) == (202, STARTING)  # type: ignore[attr-defined]
    listing = browser.get(LISTING)
    assert (listing.status_code, listing.json()) == (202, STARTING)
    sandbox.reset_quirks()
    assert until_ready(browser, "a.ipynb", session=session)[0].status_code == 200
    assert browser.get(LISTING).status_code == 200


@pytest.mark.parametrize("answers", [True, False])
def test_but_not_for_ever(sandbox: SandboxProcess, browser: HttpsClient, answers: bool) -> None:
    sandbox.quirks(**UNHEARD[sandbox.generation] if answers else {"hang_events": ["project_exec"]})
    session = uuid.uuid4()
    answer = open_session(browser, "a.ipynb", session=session)
    assert (answer.status_code, answer.json()) == (202, STARTING)  # type: ignore[attr-defined]
    too_long()
    answer = open_session(browser, "a.ipynb", session=session)
    assert answer.status_code == 504
    assert code_of(answer) == ("project_not_started", True)
    row = EmbedSession.objects.get()
    assert (row.state, row.reason) == ("failed", "project_not_started")
    assert "did not run a command in time" in row.detail


@pytest.mark.parametrize("says", ["it stands still", "nothing"])
def test_what_is_said_in_the_project_s_place_keeps_nobody_waiting(
    sandbox: SandboxProcess,
    member: Member,
    browser: HttpsClient,
    monkeypatch: pytest.MonkeyPatch,
    says: str,
) -> None:
    """A program of the owner's may answer that nobody listens; so CoCalc is asked itself."""

    def unheard(*_: object) -> bool:
        raise NotStarted("file_exists", "request -- no subscribers matching", status=200)

    for operation in ("file_exists", "list_folder"):
        monkeypatch.setattr(type(client()), operation, unheard)
    if says == "nothing":
        client().start_project(str(member.project.project_id))
        sandbox.quirks(fail_events=["query", "projects.state"])
    answer = open_session(browser, "a.ipynb")
    assert answer.status_code == 504
    assert code_of(answer) == ("project_not_started", True)
    listing = browser.get(LISTING)
    assert listing.status_code == 504
    assert code_of(listing) == ("not_started", True)


def test_one_that_cannot_start_is_told_at_once(
    sandbox: SandboxProcess, browser: HttpsClient
) -> None:
    sandbox.quirks(start_error="1")
    answer = open_session(browser, "a.ipynb")
    assert answer.status_code == 502
    assert code_of(answer) == ("cannot_start", True)
