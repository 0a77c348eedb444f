"""An embed session: which steps, which calls, which row, and where the token goes."""

import logging
import uuid
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.utils import timezone

from embedding.cocalc.client import Client
from embedding.models import CocalcAccount, EmbedSession, Event, Member
from sandbox.process import SandboxProcess
from tests.conftest import HttpsClient, Person
from tests.embedding.helpers import (
    JSON,
    address_in,
    open_session,
    open_tab,
    prepared,
    signed_in,
    token_of,
    until_ready,
    with_file,
)

pytestmark = pytest.mark.django_db


def test_a_new_user_is_led_through_the_steps(
    sandbox: SandboxProcess, cocalc: Client, person: Person
) -> None:
    user = person("ada")
    browser = HttpsClient(user)
    answer, steps = until_ready(browser, "a.ipynb")
    assert steps == ["account", "project", "membership"]
    assert answer.status_code == 404, "the project is new and empty"
    assert answer.json()["error"]["code"] == "file_missing"  # type: ignore[attr-defined]
    row = EmbedSession.objects.get()
    assert (row.state, row.reason) == ("failed", "file_missing")
    assert {"account", "project", "membership"} <= set(row.steps)


def test_a_known_user_costs_two_calls_then_one(
    sandbox: SandboxProcess, cocalc: Client, person: Person
) -> None:
    member = with_file(cocalc, person("ada"), "hw/a b?.ipynb")
    browser = HttpsClient(member.user)
    sandbox.reset_calls()
    answer = open_session(browser, "hw/a b?.ipynb")
    assert answer.status_code == 200
    assert sandbox.calls()["counts"] == {"user_auth": 1, "project_exec": 1}
    body = answer.json()  # type: ignore[attr-defined]
    assert body["path"] == "hw/a b?.ipynb"
    assert body["proofs"] == sorted(cocalc.proofs), "as the driver declares"
    url = urlsplit(body["url"])
    assert f"{url.scheme}://{url.netloc}" == "https://cocalc.school.test"
    assert url.path == f"/projects/{member.project.project_id}/files/hw/a%20b%3F.ipynb"
    query = parse_qs(url.query, keep_blank_values=True)
    assert query["fullscreen"] == ["kiosk"]
    assert query["session"] == [""]
    assert ("auth_token" in query) == (cocalc.sign_in == "address")
    assert len(token_of(answer)) == 24

    sandbox.reset_calls()
    again = open_session(browser, "hw/a b?.ipynb")
    assert sandbox.calls()["counts"] == {"user_auth": 1}, "answered within the last minute"
    assert token_of(again) != token_of(answer), "one page view, one fresh token"

    EmbedSession.objects.update(checked=timezone.now() - timedelta(seconds=61))
    sandbox.reset_calls()
    open_session(browser, "hw/a b?.ipynb")
    assert sandbox.calls()["counts"] == {"user_auth": 1, "project_exec": 1}


def test_what_was_renamed_or_deleted_is_asked_for_again(
    sandbox: SandboxProcess, cocalc: Client, person: Person
) -> None:
    member = with_file(cocalc, person("ada"), "a.ipynb", "b.ipynb")
    browser = HttpsClient(member.user)
    for path, address, body in (
        ("a.ipynb", "delete", {"path": "a.ipynb"}),
        ("b.ipynb", "move", {"path": "b.ipynb", "to": "c.ipynb"}),
    ):
        assert open_session(browser, path).status_code == 200
        browser.post(f"/projects/mine/{address}", body, content_type=JSON)
        assert open_session(browser, path).status_code == 404


def test_a_file_is_checked_before_an_open_frame_opens_it(
    sandbox: SandboxProcess, cocalc: Client, person: Person
) -> None:
    member = with_file(cocalc, person("ada"), "a.ipynb")
    project_id = str(member.project.project_id)
    cocalc.stop_project(project_id)
    browser = HttpsClient(member.user)
    sandbox.reset_calls()
    assert browser.get("/projects/mine/check", {"path": "a.ipynb"}).status_code == 204
    assert sandbox.calls()["counts"] == {"project_exec": 1}
    assert cocalc.project_state(project_id) == "running"
    missing = browser.get("/projects/mine/check", {"path": "nope.ipynb"})
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "file_missing")
    assert browser.get("/projects/mine/check", {"path": "../a"}).status_code == 400


def test_a_stopped_project_is_started(
    sandbox: SandboxProcess, cocalc: Client, person: Person
) -> None:
    member = with_file(cocalc, person("ada"), "a.ipynb")
    project_id = str(member.project.project_id)
    cocalc.stop_project(project_id)
    assert open_session(HttpsClient(member.user), "a.ipynb").status_code == 200
    assert cocalc.project_state(project_id) == "running"


def test_the_token_is_the_users_own(
    sandbox: SandboxProcess, cocalc: Client, person: Person
) -> None:
    """Two members of one project get tokens of their own accounts."""
    member = with_file(cocalc, person("ada"), "a.ipynb")
    colleague = person("grace")
    Member.objects.create(project=member.project, user=colleague)
    answer, steps = until_ready(
        HttpsClient(colleague), "a.ipynb", project=str(member.project.project_id)
    )
    assert answer.status_code == 200
    assert steps == ["account", "membership"]
    account = CocalcAccount.objects.get(user=colleague)
    asked = signed_in(sandbox, token_of(answer))
    assert asked("hello").json()["account_id"] == str(account.account_id)


def test_again_lets_a_removed_member_back_in(
    sandbox: SandboxProcess, cocalc: Client, person: Person
) -> None:
    member = with_file(cocalc, person("ada"), "a.ipynb")
    project_id, account_id = (
        str(member.project.project_id),
        str(CocalcAccount.objects.get().account_id),
    )
    cocalc.remove_member(project_id, account_id)
    answer = open_session(HttpsClient(member.user), "a.ipynb", again=True)
    assert answer.status_code == 200
    assert account_id in cocalc.get_project(project_id).members


def test_a_token_is_kept_nowhere(
    sandbox: SandboxProcess, cocalc: Client, person: Person, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    member = with_file(cocalc, person("ada"), "a.ipynb")
    answer = open_session(HttpsClient(member.user), "a.ipynb")
    token = token_of(answer)
    assert "no-store" in answer["Cache-Control"]
    assert token not in caplog.text
    assert sandbox.admin_key not in caplog.text
    for model in (EmbedSession, Event, CocalcAccount, Member):
        for row in model.objects.values_list():
            assert token not in str(row)


@pytest.mark.parametrize(
    ("quirks", "status", "code"),
    [
        ({"api_down": "close"}, 504, "outcome_unknown"),
        ({"api_down": "503"}, 502, "server_fault"),
        ({"api_html": True}, 502, "not_cocalc"),
        ({"fail_events": ["user_auth"]}, 502, None),
        ({"fail_events": ["project_exec"]}, 502, None),
    ],
)
def test_cocalcs_failures_have_a_sentence_and_a_row(
    sandbox: SandboxProcess,
    cocalc: Client,
    person: Person,
    quirks: dict[str, object],
    status: int,
    code: str | None,
) -> None:
    member = with_file(cocalc, person("ada"), "a.ipynb")
    sandbox.quirks(**quirks)
    answer = open_session(HttpsClient(member.user), "a.ipynb")
    assert answer.status_code == status
    error = answer.json()["error"]  # type: ignore[attr-defined]
    assert code is None or error["code"] == code
    assert error["message"].endswith(".")
    assert "detail" not in error, "for staff alone"
    row = EmbedSession.objects.get()
    assert (row.state, row.reason) == ("failed", error["code"])
    assert row.ended is not None


def test_cocalc_not_there_at_all(
    sandbox: SandboxProcess, cocalc: Client, person: Person, settings: object
) -> None:
    member = with_file(cocalc, person("ada", is_staff=True), "a.ipynb")
    settings.EMBEDDING = {  # type: ignore[attr-defined]
        **settings.EMBEDDING,  # type: ignore[attr-defined]
        "COCALC_API_URL": "http://127.0.0.1:9",
    }
    answer = open_session(HttpsClient(member.user), "a.ipynb")
    assert answer.status_code == 503
    error = answer.json()["error"]  # type: ignore[attr-defined]
    assert error["code"] == "cannot_connect"
    assert error["recoverable"] is True
    assert "CannotConnect" in error["detail"], "staff see the cause"


def test_a_session_belongs_to_one_user_and_project(
    sandbox: SandboxProcess, cocalc: Client, person: Person
) -> None:
    ada = with_file(cocalc, person("ada"), "a.ipynb")
    eve = with_file(cocalc, person("eve"), "a.ipynb")
    session = uuid.uuid4()
    assert open_session(HttpsClient(ada.user), "a.ipynb", session=session).status_code == 200
    assert open_session(HttpsClient(eve.user), "a.ipynb", session=session).status_code == 409
    assert open_session(HttpsClient(ada.user), "b.ipynb", session=session).status_code == 409
    assert EmbedSession.objects.get().username == "ada"


@pytest.mark.parametrize(
    "body",
    [
        "{",
        "[]",
        {"path": "a.ipynb"},
        {"session": "no uuid", "path": "a.ipynb"},
        {"session": str(uuid.uuid4())},
        {"session": str(uuid.uuid4()), "path": 5},
        {"session": str(uuid.uuid4()), "path": ""},
        {"session": str(uuid.uuid4()), "path": "/etc/passwd"},
        {"session": str(uuid.uuid4()), "path": "../a"},
    ],
)
def test_nonsense_is_refused_before_cocalc_is_asked(
    sandbox: SandboxProcess, cocalc: Client, person: Person, body: object
) -> None:
    member = prepared(person("ada"))
    sandbox.reset_calls()
    answer = HttpsClient(member.user).post("/projects/mine/session", body, content_type=JSON)
    assert answer.status_code == 400
    assert answer.json()["error"]["message"]
    assert sandbox.calls()["counts"] == {}


class TestTab:
    """*Open in a new tab*: a form that ends in CoCalc itself."""

    def test_it_leads_to_cocalc(
        self, sandbox: SandboxProcess, cocalc: Client, person: Person
    ) -> None:
        member = with_file(cocalc, person("ada"), "a.ipynb")
        browser = HttpsClient(member.user)
        url = urlsplit(address_in(open_tab(browser, "a.ipynb")))
        assert url.netloc == "cocalc.school.test"
        assert "fullscreen" not in url.query
        answer = browser.post("/projects/mine/tab", {"path": "a.ipynb"})
        assert answer["Referrer-Policy"] == "no-referrer"
        assert "no-store" in answer["Cache-Control"]

    def test_a_new_user_too(self, sandbox: SandboxProcess, person: Person) -> None:
        answer = open_tab(HttpsClient(person("ada")), "a.ipynb")
        assert answer.status_code == 404
        assert "not in this project" in answer.content.decode()

    def test_others(self, sandbox: SandboxProcess, cocalc: Client, person: Person) -> None:
        member = with_file(cocalc, person("ada"), "a.ipynb")
        url = f"/projects/{member.project.project_id}/tab"
        assert HttpsClient(person("eve")).post(url, {"path": "a.ipynb"}).status_code == 404
        assert HttpsClient().post(url, {"path": "a.ipynb"}).status_code == 302
        assert HttpsClient(member.user).get(url).status_code == 405
        assert HttpsClient(member.user).post(url, {"path": "/a"}).status_code == 400
        without_token = HttpsClient(member.user, csrf=True).post(url, {"path": "a.ipynb"})
        assert without_token.status_code == 403

    def test_a_failure_is_a_page(
        self, sandbox: SandboxProcess, cocalc: Client, person: Person
    ) -> None:
        member = with_file(cocalc, person("ada"), "a.ipynb")
        sandbox.quirks(api_html=True)
        answer = open_tab(HttpsClient(member.user), "a.ipynb")
        assert answer.status_code == 502
        assert "Something answered" in answer.content.decode()
