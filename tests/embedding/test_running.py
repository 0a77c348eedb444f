"""The heartbeat of an open page: may its user still be here, and does the project still run?"""

import time
import uuid
from threading import BoundedSemaphore
from typing import Any

import pytest
from django.core.cache import cache

from embedding.cocalc.client import Client
from embedding.models import EmbedSession, Member
from embedding.services import running
from sandbox.process import SandboxProcess
from tests.conftest import HttpsClient, Person
from tests.embedding.helpers import JSON, open_session, with_file

pytestmark = pytest.mark.django_db
LOOKS = ["query", "projects.state"]  # how API v1 and conat are asked whether a project runs


@pytest.fixture(autouse=True)
def no_answers_kept() -> None:
    cache.clear()


def asked(sandbox: SandboxProcess) -> int:
    """How often CoCalc was asked anything."""
    return len(sandbox.calls()["log"])


def beat(browser: HttpsClient, row: EmbedSession, **more: str) -> Any:
    body = {"user": str(row.user_id), "session": str(row.pk), **more}
    return browser.post("/presence", body, content_type=JSON)


class Open:
    """A page with an open notebook."""

    def __init__(self, cocalc: Client, person: Person) -> None:
        self.member = with_file(cocalc, person("ada"), "a.ipynb")
        self.browser = HttpsClient(self.member.user)
        assert open_session(self.browser, "a.ipynb").status_code == 200
        self.row = EmbedSession.objects.get()
        self.project = str(self.member.project.project_id)


@pytest.fixture
def page(sandbox: SandboxProcess, cocalc: Client, person: Person) -> Open:
    page = Open(cocalc, person)
    sandbox.reset_calls()
    return page


def test_a_project_that_was_just_seen_running_is_not_asked_after(
    page: Open, sandbox: SandboxProcess
) -> None:
    answer = beat(page.browser, page.row)
    assert answer.status_code == 200
    assert answer.json()["running"] is True
    assert answer.json()["seconds"] > 0
    assert "no-store" in answer["Cache-Control"]
    assert asked(sandbox) == 0


def test_one_look_serves_all_who_work_in_a_project(
    page: Open, sandbox: SandboxProcess, cocalc: Client, person: Person
) -> None:
    colleague = person("grace")
    Member.objects.create(project=page.member.project, user=colleague)
    row = EmbedSession.objects.create(user=colleague, project=page.member.project, path="a.ipynb")
    cocalc.stop_project(page.project)
    sandbox.reset_calls()
    cache.clear()  # some seconds go by
    answers = [beat(page.browser, page.row), beat(HttpsClient(colleague), row)]
    assert [answer.json()["running"] for answer in answers] == [False, False]
    assert asked(sandbox) == 1


@pytest.mark.parametrize(
    "quirks",
    [{"fail_events": LOOKS}, {"api_html": True}, {"api_down": "close"}, {"api_down": "503"}],
)
def test_where_cocalc_fails_it_is_not_known_and_the_beat_goes_on(
    page: Open, sandbox: SandboxProcess, quirks: dict[str, Any]
) -> None:
    cache.clear()
    sandbox.quirks(**quirks)
    for _ in range(2):
        answer = beat(page.browser, page.row)
        assert (answer.status_code, answer.json()["running"]) == (200, None)
    assert asked(sandbox) <= 1, "asked once, and not again at once"


def test_while_cocalc_hangs_no_more_than_a_few_wait_for_it(
    page: Open, sandbox: SandboxProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.clear()
    sandbox.quirks(hang_events=LOOKS)
    monkeypatch.setattr(running, "_LIMIT", 0.3)
    began = time.monotonic()
    assert beat(page.browser, page.row).json()["running"] is None
    assert time.monotonic() - began < 20, "and not for as long as others wait"
    cache.clear()
    sandbox.reset_calls()
    everybody = BoundedSemaphore(1)
    everybody.acquire()
    monkeypatch.setattr(running, "_looks", everybody)
    assert beat(page.browser, page.row).json()["running"] is None
    assert asked(sandbox) == 0


@pytest.mark.parametrize("state", ["starting", "stopping", "pending", "unheard of"])
def test_what_only_passes_is_not_taken_for_stopped(
    page: Open, cocalc: Client, monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    cache.clear()
    monkeypatch.setattr(type(cocalc), "project_state", lambda *_, **__: state)
    assert beat(page.browser, page.row).json()["running"] is None


def test_who_is_no_member_any_more_is_told(page: Open, sandbox: SandboxProcess) -> None:
    page.member.delete()
    answer = beat(page.browser, page.row)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "no_member")
    assert answer.json()["error"]["message"].startswith("You can no longer open this project.")
    assert asked(sandbox) == 0


def test_who_is_deactivated_is_signed_out(page: Open) -> None:
    page.member.user.is_active = False
    page.member.user.save()
    answer = beat(page.browser, page.row)
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "signed_out")


def test_of_others_sessions_nothing_is_told(page: Open, person: Person) -> None:
    eve = person("eve")
    browser = HttpsClient(eve)
    answer = beat(browser, page.row, user=str(eve.pk))
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")
    for session in ("", "nonsense"):
        assert beat(page.browser, page.row, session=session).status_code == 400
    missing = str(uuid.uuid4())
    assert beat(page.browser, page.row, session=missing).status_code == 404
