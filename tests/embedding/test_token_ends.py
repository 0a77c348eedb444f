"""The generation that signs in by a step of its own, and ends tokens: from first to last."""

import uuid
from collections.abc import Iterator

import pytest
import requests
from pytest_django import Settings

from embedding.client import client, forget
from embedding.frame import token_in
from embedding.models import Member
from sandbox.process import SandboxProcess
from tests.conftest import HttpsClient, Person
from tests.embedding.conftest import KEY, embedding_settings
from tests.embedding.helpers import open_session, with_file
from tests.embedding.test_two_steps import COCALC, end

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def sandbox_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    data = tmp_path_factory.mktemp("conat")
    with SandboxProcess.start(
        data, admin_key=KEY, generation="conat", start_seconds=0.05
    ) as sandbox:
        yield sandbox


@pytest.fixture
def member(sandbox: SandboxProcess, settings: Settings, person: Person) -> Iterator[Member]:
    settings.EMBEDDING = embedding_settings(sandbox, COCALC_GENERATION="conat")
    yield with_file(client(), person("ada"), "hw/a.ipynb")
    forget()


def said_at(sandbox: SandboxProcess, sign_in: str) -> str:
    return requests.get(sign_in.replace(COCALC, sandbox.url), timeout=30).text


def opened(member: Member) -> tuple[str, str]:
    session = str(uuid.uuid4())
    answer = open_session(HttpsClient(member.user), "hw/a.ipynb", session=uuid.UUID(session))
    body = answer.json()  # type: ignore[attr-defined]
    assert body["proofs"] == ["project-log-time"], "as the driver declares"
    sign_in: str = body["signIn"]
    return session, sign_in


def test_a_token_works_until_the_page_has_signed_in(
    sandbox: SandboxProcess, member: Member
) -> None:
    session, sign_in = opened(member)
    _, other = opened(member)
    assert "location.href" in said_at(sandbox, sign_in)
    assert end(HttpsClient(member.user), session, {"signIn": sign_in}).status_code == 204
    assert "unknown or expired token" in said_at(sandbox, sign_in)
    assert "location.href" in said_at(sandbox, other), "another page's goes on"


def test_once_a_session(sandbox: SandboxProcess, member: Member) -> None:
    """However often a page says so, CoCalc is asked once."""
    session, sign_in = opened(member)
    _, other = opened(member)
    browser = HttpsClient(member.user)
    sandbox.reset_calls()
    for address in (sign_in, sign_in, other):
        assert end(browser, session, {"signIn": address}).status_code == 204
    calls = sum(sandbox.calls()["counts"].values())
    assert calls <= 2, "by the organization, and where there is none by the site"
    assert "location.href" in said_at(sandbox, other)


def test_a_cocalc_that_does_not_answer_breaks_nothing(
    sandbox: SandboxProcess, member: Member, caplog: pytest.LogCaptureFixture
) -> None:
    session, sign_in = opened(member)
    sandbox.quirks(api_down="503")
    assert end(HttpsClient(member.user), session, {"signIn": sign_in}).status_code == 204
    assert "A token could not be ended" in caplog.text
    assert token_in(COCALC, sign_in) not in caplog.text
