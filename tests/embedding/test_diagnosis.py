"""Why a frame stays white: each cause has a code, a sentence for each reader, and a row."""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from django.core.cache import cache
from pytest_django import Settings

from embedding.cocalc.client import Client
from embedding.cocalc.framing import framing_refusal
from embedding.models import EmbedSession, Member
from sandbox.process import SandboxProcess
from tests.conftest import HttpsClient, Person
from tests.embedding.conftest import embedding_settings
from tests.embedding.helpers import JSON, open_session, set_hosts, with_file

pytestmark = pytest.mark.django_db
ORIGIN = "https://learn.school.test"


@pytest.fixture
def member(sandbox: SandboxProcess, cocalc: Client, person: Person) -> Iterator[Member]:
    cache.clear()
    yield with_file(cocalc, person("ada"), "a.ipynb")
    cache.clear()


@pytest.fixture
def row(member: Member) -> EmbedSession:
    return EmbedSession.objects.create(
        user=member.user, username="ada", project=member.project, path="a.ipynb"
    )


def ask(browser: HttpsClient, row_id: object, **body: object) -> Any:
    return browser.post(f"/sessions/{row_id}/diagnosis", body, content_type=JSON)


@pytest.mark.parametrize(
    ("seen", "quirks", "url", "code", "state", "certain"),
    [
        ("silent", {"refused_frames": True}, None, "frame_refused", "blocked", True),
        ("silent", {}, "http://127.0.0.1:9", "cocalc_unreachable", "unreachable", True),
        ("silent", {"pages_down": "close"}, None, "cocalc_unreachable", "unreachable", True),
        ("silent", {"pages_down": "503"}, None, "cocalc_unreachable", "unreachable", True),
        ("silent", {}, None, "host_not_allowed", "blocked", False),
        ("unopened", {}, None, "cookie_blocked", "blocked", False),
        ("channel", {}, None, "host_not_allowed", "blocked", False),
    ],
)
def test_each_cause(
    sandbox: SandboxProcess,
    member: Member,
    row: EmbedSession,
    settings: Settings,
    seen: str,
    quirks: dict[str, object],
    url: str | None,
    code: str,
    state: str,
    certain: bool,
) -> None:
    sandbox.quirks(**quirks)
    given = {"COCALC_URL": url or sandbox.url}
    if url:
        given["COCALC_API_URL"] = url
    settings.EMBEDDING = embedding_settings(sandbox, **given)
    answer = ask(HttpsClient(member.user), row.id, seen=seen)
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    cause = answer.json()
    assert (cause["code"], cause["state"], cause["certain"]) == (code, state, certain)
    assert cause["adminMessage"]
    assert cause["message"].endswith(".") or seen == "channel"
    row.refresh_from_db()
    assert (row.reason, row.detail) == (code, cause["adminMessage"])


@pytest.fixture
def listed(sandbox: SandboxProcess) -> Iterator[None]:
    """This site is among the hosts that CoCalc answers."""
    set_hosts(sandbox, "learn.school.test")
    yield
    set_hosts(sandbox, "")


@pytest.mark.parametrize(
    ("seen", "code", "state", "admin"),
    [
        ("silent", "cocalc_silent", "unreachable", "nothing was heard from the frame"),
        ("channel", "channel_silent", "blocked", "some versions of CoCalc never do"),
    ],
)
def test_silence_of_a_cocalc_that_should_answer(
    sandbox: SandboxProcess,
    member: Member,
    row: EmbedSession,
    listed: None,
    seen: str,
    code: str,
    state: str,
    admin: str,
) -> None:
    cause = ask(HttpsClient(member.user), row.id, seen=seen).json()
    assert (cause["code"], cause["state"], cause["certain"]) == (code, state, False)
    assert admin in cause["adminMessage"]
    # An open file without a channel is no trouble of the user's.
    assert bool(cause["message"]) == (seen == "silent")
    row.refresh_from_db()
    assert (row.reason, row.detail) == (code, cause["adminMessage"])


@pytest.mark.parametrize("seen", ["silent", "channel"])
def test_a_site_on_a_port_is_not_told_to_be_listed(
    sandbox: SandboxProcess, member: Member, row: EmbedSession, listed: None, seen: str
) -> None:
    browser = HttpsClient(member.user)
    browser.defaults["HTTP_HOST"] = "learn.school.test:8443"
    cause = ask(browser, row.id, seen=seen).json()
    assert (cause["code"], cause["state"], cause["certain"]) == (
        "site_not_on_443",
        "blocked",
        False,
    )
    assert "only sites on https and port 443" in cause["adminMessage"]
    assert "“https://learn.school.test:8443”" in cause["adminMessage"]
    assert "add" not in cause["adminMessage"]


@pytest.mark.parametrize(
    ("site", "seen", "code"),
    [
        ("8.8.8.8", "silent", "local_network"),
        ("8.8.8.8", "channel", "host_not_allowed"),
        ("192.168.1.20", "silent", "host_not_allowed"),
        ("learn.school.test", "silent", "host_not_allowed"),  # nobody knows its address
    ],
)
def test_a_public_site_may_not_frame_a_private_cocalc(
    sandbox: SandboxProcess,
    member: Member,
    row: EmbedSession,
    settings: Settings,
    site: str,
    seen: str,
    code: str,
) -> None:
    settings.EMBEDDING = embedding_settings(sandbox, COCALC_URL=sandbox.url)
    settings.ALLOWED_HOSTS = [site]
    browser = HttpsClient(member.user)
    browser.defaults["HTTP_HOST"] = site
    cause = ask(browser, row.id, seen=seen).json()
    assert (cause["code"], cause["certain"]) == (code, False)
    if code == "local_network":
        assert "private network" in cause["message"]
        assert "Local Network Access" in cause["adminMessage"]


def test_many_pages_share_a_look_but_who_tries_again_is_told_what_holds_now(
    sandbox: SandboxProcess, member: Member, row: EmbedSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = []
    real = requests.get

    def get(url: str, **options: Any) -> requests.Response:
        looks.append(url)
        return real(url, **options)

    monkeypatch.setattr(requests, "get", get)
    browser = HttpsClient(member.user)

    def another() -> EmbedSession:
        return EmbedSession.objects.create(
            user=member.user, username="ada", project=member.project, path="a.ipynb"
        )

    at_once = another()
    sandbox.quirks(refused_frames=True)
    assert ask(browser, row.id, seen="silent").json()["code"] == "frame_refused"
    count = len(looks)
    assert ask(browser, at_once.id, seen="silent").json()["code"] == "frame_refused"
    assert len(looks) == count
    sandbox.reset_quirks()
    assert ask(browser, another().id, seen="silent").json()["code"] == "host_not_allowed"


def test_a_certificate_at_fault(
    sandbox: SandboxProcess,
    member: Member,
    row: EmbedSession,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def get(*_: object, **__: object) -> None:
        raise requests.exceptions.SSLError("self-signed")

    monkeypatch.setattr(requests, "get", get)
    cause = ask(HttpsClient(member.user), row.id, seen="silent").json()
    assert (cause["code"], cause["certain"]) == ("certificate", True)


def test_the_site_asks_elsewhere_when_the_browsers_address_is_not_for_it(
    sandbox: SandboxProcess, member: Member, row: EmbedSession, settings: Settings
) -> None:
    settings.EMBEDDING = embedding_settings(sandbox, COCALC_URL="http://127.0.0.1:9")
    cause = ask(HttpsClient(member.user), row.id, seen="silent").json()
    assert cause["code"] == "host_not_allowed"


def test_others(member: Member, row: EmbedSession, person: Person) -> None:
    colleague = person("grace")
    Member.objects.create(project=member.project, user=colleague)
    for user in (colleague, person("eve"), person("boss", is_superuser=True)):
        assert ask(HttpsClient(user), row.id, seen="silent").status_code == 404
    owner = HttpsClient(member.user)
    assert ask(HttpsClient(), row.id, seen="silent").status_code == 401
    assert ask(owner, uuid.uuid4(), seen="silent").status_code == 404
    assert owner.get(f"/sessions/{row.id}/diagnosis").status_code == 405
    assert ask(owner, row.id, seen="else").status_code == 400
    assert ask(owner, row.id).status_code == 400
    assert ask(HttpsClient(member.user, csrf=True), row.id, seen="silent").status_code == 403
    row.refresh_from_db()
    assert (row.reason, row.detail) == ("", "")


@pytest.mark.parametrize(
    ("error", "words"), [("1", "1 "), ("Error: spawn pnpm EACCES", "spawn pnpm EACCES")]
)
def test_a_server_that_fails_to_start_the_project(
    sandbox: SandboxProcess, member: Member, error: str, words: str
) -> None:
    sandbox.stop_project(str(member.project.project_id))
    sandbox.quirks(start_error=error)
    answer = open_session(HttpsClient(member.user), "a.ipynb")
    assert answer.status_code == 502
    told = answer.json()["error"]  # type: ignore[attr-defined]
    assert (told["code"], told["recoverable"]) == ("cannot_start", True)
    assert told["message"].startswith("CoCalc's server cannot start the project.")
    assert "spawn" not in told["message"]
    row = EmbedSession.objects.get()
    assert (row.state, row.reason) == ("failed", "cannot_start")
    assert words in row.detail


@pytest.mark.parametrize(
    ("headers", "refused"),
    [
        ({}, False),
        ({"X-Frame-Options": "DENY"}, True),
        ({"X-Frame-Options": "sameorigin"}, True),
        ({"X-Frame-Options": "ALLOW-FROM https://x.test"}, False),
        ({"Content-Security-Policy": "default-src 'self'"}, False),
        ({"Content-Security-Policy": "frame-ancestors 'none'"}, True),
        ({"Content-Security-Policy": "frame-ancestors 'self'"}, True),
        ({"Content-Security-Policy": "frame-ancestors"}, True),
        ({"Content-Security-Policy": f"a 'b'; Frame-Ancestors 'self' {ORIGIN}"}, False),
        ({"Content-Security-Policy": "frame-ancestors https://*.school.test"}, False),
        ({"Content-Security-Policy": "frame-ancestors *.school.test:443"}, False),
        ({"Content-Security-Policy": "frame-ancestors *.school.test:444"}, True),
        ({"Content-Security-Policy": "frame-ancestors http://learn.school.test"}, True),
        ({"Content-Security-Policy": "frame-ancestors https:"}, False),
        ({"Content-Security-Policy": "frame-ancestors *, frame-ancestors 'none'"}, True),
        ({"Content-Security-Policy": "frame-ancestors *", "X-Frame-Options": "DENY"}, False),
    ],
)
def test_framing(headers: dict[str, str], refused: bool) -> None:
    assert bool(framing_refusal(headers, ORIGIN)) is refused
