"""Signing in to CoCalc as a step of its own: what the page is told, and when its token ends."""

import json
import logging
import uuid
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.cache import cache
from pytest_django import Settings

from embedding.cocalc.client import Client
from embedding.frame import sign_in_url, token_in
from embedding.models import CocalcAccount, EmbedSession, Event, Member
from embedding.views.access import NOBODY
from sandbox.process import SandboxProcess
from tests.conftest import HttpsClient, Person
from tests.embedding.conftest import embedding_settings
from tests.embedding.helpers import JSON, open_session, with_file

pytestmark = pytest.mark.django_db
COCALC = "https://cocalc.school.test"
TOKEN = "a1B2" * 6


@pytest.fixture
def member(
    sandbox: SandboxProcess, settings: Settings, cocalc: Client, person: Person
) -> Iterator[Member]:
    """A user whose browser signs in in two steps, as a site's administrator may have set it."""
    made = with_file(cocalc, person("ada"), "hw/a.ipynb")
    settings.EMBEDDING = embedding_settings(sandbox, COCALC_SIGN_IN="impersonate")
    cache.clear()
    yield made
    cache.clear()


@pytest.fixture
def row(member: Member) -> EmbedSession:
    return EmbedSession.objects.create(
        user=member.user, username="ada", project=member.project, path="hw/a.ipynb"
    )


def end(browser: HttpsClient, row_id: object, body: object = None) -> Any:
    given = {"signIn": sign_in_url(COCALC, TOKEN), "ms": 700} if body is None else body
    return browser.post(f"/sessions/{row_id}/signed-in", given, content_type=JSON)


class TestAddresses:
    def test_the_token_is_in_the_one_and_the_file_in_the_other(self, member: Member) -> None:
        answer = open_session(HttpsClient(member.user), "hw/a.ipynb")
        body = answer.json()  # type: ignore[attr-defined]
        project = member.project.project_id
        file = f"{COCALC}/projects/{project}/files/hw/a.ipynb"
        assert body["url"] == f"{file}?fullscreen=kiosk&session="
        sign_in = urlsplit(body["signIn"])
        assert f"{sign_in.scheme}://{sign_in.netloc}{sign_in.path}" == f"{COCALC}/auth/impersonate"
        assert list(parse_qs(sign_in.query)) == ["auth_token"]
        assert len(token_in(COCALC, body["signIn"])) == 24
        assert "no-store" in answer["Cache-Control"]

    def test_of_a_whole_tab(self, member: Member) -> None:
        answer = open_session(HttpsClient(member.user), "hw/a.ipynb", tab=True)
        url: str = answer.json()["url"]  # type: ignore[attr-defined]
        assert url == f"{COCALC}/projects/{member.project.project_id}/files/hw/a.ipynb"

    def test_each_page_view_has_its_own(self, member: Member) -> None:
        answers = [open_session(HttpsClient(member.user), "hw/a.ipynb") for _ in range(2)]
        first, second = (answer.json()["signIn"] for answer in answers)  # type: ignore[attr-defined]
        assert first != second

    def test_the_generation_decides_unless_it_is_set(
        self, member: Member, settings: Settings, sandbox: SandboxProcess, cocalc: Client
    ) -> None:
        settings.EMBEDDING = embedding_settings(sandbox)
        body = open_session(HttpsClient(member.user), "hw/a.ipynb").json()  # type: ignore[attr-defined]
        assert ("signIn" in body) == (cocalc.sign_in == "impersonate")
        assert ("auth_token=" in body["url"]) == (cocalc.sign_in == "address")

    @pytest.mark.parametrize(
        "address",
        [
            "",
            f"{COCALC}/auth/impersonate",
            f"{COCALC}/auth/impersonate?auth_token=",
            f"{COCALC}/auth/impersonate?auth_token={TOKEN}x",
            f"{COCALC}/auth/impersonate?auth_token=<script>alert(1)</scr>",
            f"{COCALC}/app?auth_token={TOKEN}",
            f"https://elsewhere.test/auth/impersonate?auth_token={TOKEN}",
        ],
    )
    def test_only_a_whole_address_holds_a_token(self, address: str) -> None:
        assert token_in(COCALC, sign_in_url(COCALC, TOKEN)) == TOKEN
        assert token_in(COCALC, address) == ""

    def test_a_token_is_kept_nowhere(
        self, member: Member, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        browser = HttpsClient(member.user)
        session = uuid.uuid4()
        answer = open_session(browser, "hw/a.ipynb", session=session)
        sign_in: str = answer.json()["signIn"]  # type: ignore[attr-defined]
        assert end(browser, session, {"signIn": sign_in}).status_code == 204
        token = token_in(COCALC, sign_in)
        assert token not in caplog.text
        for model in (EmbedSession, Event, CocalcAccount, Member):
            for values in model.objects.values_list():
                assert token not in str(values)


class TestTheEnd:
    def test_the_owner(self, row: EmbedSession, member: Member) -> None:
        """API v1 ends no tokens: their time does, and that is no failure."""
        browser = HttpsClient(member.user)
        assert end(browser, row.pk).status_code == 204
        row.refresh_from_db()
        assert row.steps == {"signed_in": 700}
        assert end(browser, row.pk).status_code == 204

    def test_also_who_was_taken_out_of_the_project_meanwhile(
        self, row: EmbedSession, member: Member
    ) -> None:
        Member.objects.all().delete()
        assert end(HttpsClient(member.user), row.pk).status_code == 204

    def test_others(
        self, sandbox: SandboxProcess, row: EmbedSession, member: Member, person: Person
    ) -> None:
        colleague = person("grace")
        Member.objects.create(project=member.project, user=colleague)
        sandbox.reset_calls()
        for nobody in (colleague, person("eve"), person("boss", is_superuser=True)):
            answer = end(HttpsClient(nobody), row.pk)
            assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")
        assert end(HttpsClient(), row.pk).status_code == 401
        browser = HttpsClient(member.user)
        assert end(browser, uuid.uuid4()).status_code == 404
        assert end(browser, NOBODY).status_code == 404
        assert browser.get(f"/sessions/{row.pk}/signed-in").status_code == 405
        assert browser.post("/sessions/1/signed-in").status_code == 404
        assert end(HttpsClient(member.user, csrf=True), row.pk).status_code == 403
        row.refresh_from_db()
        assert row.steps == {}
        assert sandbox.calls()["counts"] == {}

    @pytest.mark.parametrize(
        "body",
        [{}, [], {"signIn": 1}, {"signIn": TOKEN}, {"signIn": f"{COCALC}/app?auth_token={TOKEN}"}],
    )
    def test_nonsense(self, row: EmbedSession, member: Member, body: object) -> None:
        assert end(HttpsClient(member.user), row.pk, body).status_code == 400


class TestTab:
    def post(self, browser: HttpsClient, project: object = "mine", path: str = "hw/a.ipynb") -> Any:
        return browser.post(f"/projects/{project}/tab", {"path": path})

    def page_of(self, answer: Any) -> dict[str, Any]:
        text = answer.content.decode()
        _, _, rest = text.partition('<script id="page" type="application/json">')
        found: dict[str, Any] = json.loads(rest.partition("</script>")[0])
        return found

    def test_a_page_that_signs_in(self, sandbox: SandboxProcess, member: Member) -> None:
        sandbox.reset_calls()
        answer = self.post(HttpsClient(member.user))
        assert answer.status_code == 200
        text = answer.content.decode()
        assert "auth_token" not in text
        page = self.page_of(answer)
        assert page["path"] == "hw/a.ipynb"
        assert page["unseen"] is True
        assert page["urls"]["session"] == "/projects/mine/session"
        assert "embedding/tab" in text
        # Without scripts there is a sentence, and a link for who is signed in already.
        link = f"{COCALC}/projects/{member.project.project_id}/files/hw/a.ipynb"
        assert f'<a href="{link}">' in text.partition("<noscript>")[2]
        assert answer["Referrer-Policy"] == "no-referrer"
        assert "no-store" in answer["Cache-Control"]
        assert sandbox.calls()["counts"] == {}, "the script asks, and nobody before it"

    def test_where_no_frame_can_sign_in_the_tab_does(
        self, sandbox: SandboxProcess, member: Member, settings: Settings
    ) -> None:
        settings.EMBEDDING = embedding_settings(
            sandbox, COCALC_SIGN_IN="impersonate", COCALC_URL="https://cocalc.elsewhere.test"
        )
        answer = self.post(HttpsClient(member.user))
        assert self.page_of(answer)["unseen"] is False
        assert "the list of your projects" in answer.content.decode()

    def test_a_new_user(self, member: Member, person: Person) -> None:
        answer = self.post(HttpsClient(person("new")))
        assert answer.status_code == 200
        assert b"/files/" not in answer.content, "no project yet, so no link"

    def test_others(self, member: Member, person: Person) -> None:
        project = member.project.project_id
        colleague = person("grace")
        Member.objects.create(project=member.project, user=colleague)
        assert self.post(HttpsClient(colleague), project).status_code == 200
        assert self.post(HttpsClient(person("eve")), project).status_code == 404
        assert self.post(HttpsClient(member.user), uuid.uuid4()).status_code == 404
        signed_out = self.post(HttpsClient(), project)
        assert signed_out.status_code == 302
        assert signed_out["Location"].startswith("/sign-in/?next=")
        assert HttpsClient(member.user).get(f"/projects/{project}/tab").status_code == 405
        assert self.post(HttpsClient(member.user), path="/a").status_code == 400
        assert self.post(HttpsClient(member.user, csrf=True)).status_code == 403


class TestCauses:
    def diagnose(self, member: Member, row: EmbedSession, seen: str) -> dict[str, Any]:
        answer = HttpsClient(member.user).post(
            f"/sessions/{row.pk}/diagnosis", {"seen": seen}, content_type=JSON
        )
        assert answer.status_code == 200
        found: dict[str, Any] = answer.json()
        return found

    def test_an_address_that_does_not_load(
        self, sandbox: SandboxProcess, member: Member, row: EmbedSession
    ) -> None:
        """Whose messages CoCalc answers has nothing to do with it."""
        found = self.diagnose(member, row, "sign-in")
        assert (found["code"], found["certain"]) == ("cocalc_silent", False)
        cache.clear()
        sandbox.quirks(pages_down="503")
        found = self.diagnose(member, row, "sign-in")
        assert (found["code"], found["certain"]) == ("cocalc_unreachable", True)

    def test_nobody_on_the_same_site(self, member: Member, row: EmbedSession) -> None:
        found = self.diagnose(member, row, "nobody")
        assert (found["code"], found["state"]) == ("not_signed_in", "blocked")
        assert (found["certain"], found["mended"]) == (False, False)
        assert "“remember_me” and “account_id”" in found["adminMessage"]

    def test_nobody_on_another_site(
        self, sandbox: SandboxProcess, member: Member, row: EmbedSession, settings: Settings
    ) -> None:
        settings.EMBEDDING = embedding_settings(sandbox, COCALC_URL="https://cocalc.elsewhere.test")
        found = self.diagnose(member, row, "nobody")
        assert (found["code"], found["state"]) == ("other_site", "blocked")
        assert "have no common domain" in found["adminMessage"]
