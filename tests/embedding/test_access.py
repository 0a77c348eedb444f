"""Each view is asked: owner, colleague, stranger, signed out, a bad id, the wrong method."""

import uuid
from typing import Any

import pytest
from django.test import RequestFactory
from django.urls import resolve

from embedding.cocalc.client import Client
from embedding.models import EmbedSession, Member
from embedding.views.pages import home
from sandbox.process import SandboxProcess
from tests.conftest import HttpsClient, Person
from tests.embedding.helpers import JSON, with_file

pytestmark = pytest.mark.django_db

# name of the view: (method, address within the project, body, status for a member)
SCRIPT_VIEWS: dict[str, tuple[str, str, Any, int]] = {
    "prepare": ("post", "prepare", {}, 200),
    "listing": ("get", "listing?folder=", None, 200),
    "create_notebook": ("post", "notebook", {"path": "new"}, 201),
    "create_folder": ("post", "folder", {"path": "new folder"}, 201),
    "download": ("get", "download?path=a.ipynb", None, 200),
    "move": ("post", "move", {"path": "a.ipynb", "to": "b.ipynb"}, 200),
    "delete": ("post", "delete", {"path": "a.ipynb"}, 200),
    "trash_listing": ("get", "trash/entries", None, 200),
    "restore": ("post", "trash/restore", {"id": "0" * 32}, 404),
    "purge": ("post", "trash/purge", {"all": True}, 200),
    "check": ("get", "check?path=a.ipynb", None, 204),
    "session": ("post", "session", {"session": str(uuid.uuid4()), "path": "a.ipynb"}, 200),
}
PAGES = {"files": "", "folder": "files/some/folder/", "notebook": "open/a.ipynb", "trash": "trash/"}


def ask(browser: HttpsClient, project: str, view: str) -> Any:
    method, address, body, _ = SCRIPT_VIEWS[view]
    url = f"/projects/{project}/{address}"
    if method == "get":
        return browser.get(url)
    return browser.post(url, body, content_type=JSON)


@pytest.fixture
def member(sandbox: SandboxProcess, cocalc: Client, person: Person) -> Member:
    """The owner of a project with one file."""
    return with_file(cocalc, person("ada"), "a.ipynb")


@pytest.mark.parametrize("view", SCRIPT_VIEWS)
def test_the_owner_and_a_colleague_may(member: Member, person: Person, view: str) -> None:
    project = str(member.project.project_id)
    colleague = person("grace")
    Member.objects.create(project=member.project, user=colleague)
    for user in (colleague, member.user):
        browser = HttpsClient(user)
        for _ in range(4):  # the colleague's own account comes first
            answer = ask(browser, project, view)
            if answer.status_code != 202:
                break
        # What the colleague did is done when the owner asks the same.
        allowed = {SCRIPT_VIEWS[view][3]} if user is colleague else {200, 201, 204, 404, 409}
        assert answer.status_code in allowed, answer.content
        assert "no-store" in answer["Cache-Control"]
        Member.objects.filter(user=colleague).update(added=None)


@pytest.mark.parametrize("view", SCRIPT_VIEWS)
def test_a_stranger_finds_nothing(
    sandbox: SandboxProcess, member: Member, person: Person, view: str
) -> None:
    sandbox.reset_calls()
    for user in (person("eve"), person("boss", is_staff=True, is_superuser=True)):
        answer = ask(HttpsClient(user), str(member.project.project_id), view)
        assert answer.status_code == 404
        assert answer.json()["error"]["code"] == "not_found"
    assert sandbox.calls()["counts"] == {}


@pytest.mark.parametrize("view", SCRIPT_VIEWS)
def test_signed_out_scripts_are_told(member: Member, view: str) -> None:
    for project in ("mine", str(member.project.project_id)):
        answer = ask(HttpsClient(), project, view)
        assert answer.status_code == 401
        assert answer.json()["error"]["code"] == "signed_out"


@pytest.mark.parametrize("view", SCRIPT_VIEWS)
def test_a_bad_id(member: Member, view: str) -> None:
    browser = HttpsClient(member.user)
    assert ask(browser, str(uuid.uuid4()), view).status_code == 404
    assert ask(browser, "1", view).status_code == 404


@pytest.mark.parametrize("view", SCRIPT_VIEWS)
def test_the_wrong_method(member: Member, view: str) -> None:
    method, address, _, _ = SCRIPT_VIEWS[view]
    url = f"/projects/mine/{address}"
    browser = HttpsClient(member.user)
    wrong = browser.post(url) if method == "get" else browser.get(url)
    assert wrong.status_code == 405
    assert browser.put(url).status_code == 405


@pytest.mark.parametrize("view", [v for v in SCRIPT_VIEWS if SCRIPT_VIEWS[v][0] == "post"])
def test_a_post_without_our_own_token_is_refused(member: Member, view: str) -> None:
    browser = HttpsClient(member.user, csrf=True)
    _, address, body, _ = SCRIPT_VIEWS[view]
    answer = browser.post(
        f"/projects/mine/{address}", body, content_type=JSON, headers={"Accept": JSON}
    )
    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == "csrf"


@pytest.mark.parametrize("address", PAGES.values(), ids=PAGES)
def test_pages(sandbox: SandboxProcess, member: Member, person: Person, address: str) -> None:
    project = str(member.project.project_id)
    colleague = person("grace")
    Member.objects.create(project=member.project, user=colleague)
    sandbox.reset_calls()
    for user in (member.user, colleague):
        answer = HttpsClient(user).get(f"/projects/{project}/{address}")
        assert answer.status_code == 200
        assert "no-store" in answer["Cache-Control"]
        assert b"auth_token" not in answer.content
    assert HttpsClient(member.user).get(f"/projects/mine/{address}").status_code == 200
    for stranger in (person("eve"), person("boss", is_superuser=True)):
        assert HttpsClient(stranger).get(f"/projects/{project}/{address}").status_code == 404
    signed_out = HttpsClient().get(f"/projects/{project}/{address}")
    assert signed_out.status_code == 302
    assert signed_out["Location"].startswith("/sign-in/?next=")
    browser = HttpsClient(member.user)
    assert browser.get(f"/projects/{uuid.uuid4()}/{address}").status_code == 404
    assert browser.post(f"/projects/{project}/{address}").status_code == 405
    assert sandbox.calls()["counts"] == {}, "showing a page asks CoCalc nothing"


@pytest.mark.parametrize("path", ["a%00b", "../a", "a//b", "%7F"])
def test_a_bad_path_in_an_address_is_explained(member: Member, path: str) -> None:
    answer = HttpsClient(member.user).get(f"/projects/mine/open/{path}")
    assert answer.status_code == 400
    assert "path" in answer.content.decode()


def test_home_leads_to_my_notebooks() -> None:
    """In a site that has nothing else there; this one has."""
    assert home(RequestFactory().get("/"))["Location"] == "/projects/mine/"


class TestReport:
    """The one view that is no project's."""

    @pytest.fixture
    def row(self, member: Member) -> EmbedSession:
        return EmbedSession.objects.create(
            user=member.user, username="ada", project=member.project, path="a.ipynb"
        )

    def post(self, browser: HttpsClient, row_id: object, **body: object) -> Any:
        return browser.post(f"/sessions/{row_id}/report", body, content_type=JSON)

    def test_the_owner(self, row: EmbedSession, member: Member) -> None:
        browser = HttpsClient(member.user)
        assert self.post(browser, row.id, state="ready", ms=1234, reason="ack").status_code == 204
        row.refresh_from_db()
        assert (row.state, row.steps["ready"], row.ended) == ("ready", 1234, None)
        assert self.post(browser, row.id, state="lost", reason="silent").status_code == 204
        assert self.post(browser, row.id, state="closed").status_code == 204
        row.refresh_from_db()
        assert (row.state, row.reason, row.steps["ready"]) == ("closed", "silent", 1234)
        assert row.ended is not None

    def test_a_report_that_was_overtaken(self, row: EmbedSession, member: Member) -> None:
        browser = HttpsClient(member.user)
        self.post(browser, row.id, state="closed")
        assert self.post(browser, row.id, state="ready", ms=900).status_code == 204
        row.refresh_from_db()
        assert (row.state, row.steps["ready"]) == ("closed", 900)
        assert row.ended is not None

    def test_others(self, row: EmbedSession, member: Member, person: Person) -> None:
        colleague = person("grace")
        Member.objects.create(project=member.project, user=colleague)
        assert self.post(HttpsClient(colleague), row.id, state="lost").status_code == 404
        assert self.post(HttpsClient(), row.id, state="lost").status_code == 401
        assert self.post(HttpsClient(member.user), uuid.uuid4(), state="lost").status_code == 404
        assert HttpsClient(member.user).get(f"/sessions/{row.id}/report").status_code == 405
        row.refresh_from_db()
        assert row.state == "preparing"

    @pytest.mark.parametrize("body", [{}, {"state": "open"}, {"state": 1}, {"state": "failed"}])
    def test_nonsense(self, row: EmbedSession, member: Member, body: dict[str, object]) -> None:
        assert self.post(HttpsClient(member.user), row.id, **body).status_code == 400

    @pytest.mark.parametrize("ms", [-1, "1", True, 10**12, None])
    def test_a_time_that_cannot_be(self, row: EmbedSession, member: Member, ms: object) -> None:
        answer = self.post(HttpsClient(member.user), row.id, state="ready", ms=ms)
        assert answer.status_code == 204
        row.refresh_from_db()
        assert "ready" not in row.steps


def test_no_request_to_cocalc_is_within_a_transaction(member: Member) -> None:
    """Also in a site with ATOMIC_REQUESTS: what it would roll back exists on CoCalc."""
    for address in (*(address for _, address, _, _ in SCRIPT_VIEWS.values()), "upload", "tab"):
        view = resolve(f"/projects/mine/{address.partition('?')[0]}").func
        assert getattr(view, "_non_atomic_requests", None) == {"default"}, address
