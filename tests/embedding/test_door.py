"""The door on CoCalc's host: who is signed in there, who is not, and that it signs out."""

import logging
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit
from wsgiref.util import setup_testing_defaults

import pytest
import requests
from django.contrib.auth.models import User
from django.core.cache import cache
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.utils import timezone
from pytest_django import Settings

from config import wsgi
from embedding import door
from embedding.client import client, forget
from embedding.models import DoorCode, DoorCookie, EmbedSession, Member
from embedding.services.door import COOKIES_LAST, cookies_known, cookies_remember
from sandbox.process import SandboxProcess
from tests.conftest import HttpsClient, Person
from tests.embedding.conftest import KEY, embedding_settings
from tests.embedding.helpers import JSON, open_session, with_file

pytestmark = pytest.mark.django_db
SITE = "https://learn.school.test"
COCALC = "https://cocalc.school.test"
FRAME = {
    "HTTP_SEC_FETCH_MODE": "navigate",
    "HTTP_SEC_FETCH_DEST": "iframe",
    "HTTP_SEC_FETCH_SITE": "same-site",
    "HTTP_REFERER": f"{SITE}/",
}
DOOR = {"COCALC_GENERATION": "conat", "COCALC_DOOR": "/.lectern/"}
TAB = FRAME | {"HTTP_SEC_FETCH_DEST": "document"}


@pytest.fixture(scope="module")
def of_2026(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    data = tmp_path_factory.mktemp("conat")
    with SandboxProcess.start(
        data, admin_key=KEY, generation="conat", start_seconds=0.05
    ) as sandbox:
        yield sandbox


@pytest.fixture
def cocalc(of_2026: SandboxProcess, settings: Settings) -> Iterator[SandboxProcess]:
    settings.EMBEDDING = embedding_settings(of_2026, **DOOR)
    cache.clear()
    of_2026.reset_quirks()
    of_2026.reset_calls()
    yield of_2026
    forget()
    cache.clear()
    of_2026.reset_quirks()


@pytest.fixture
def member(cocalc: SandboxProcess, person: Person) -> Member:
    return with_file(client(), person("ada"), "hw/a.ipynb")


class Answer(NamedTuple):
    status: int
    headers: list[tuple[str, str]]
    text: str

    def header(self, name: str) -> str:
        return next((value for known, value in self.headers if known == name), "")

    @property
    def cookies(self) -> dict[str, list[str]]:
        """The attributes of each cookie that is set, in lower case, by its name and value."""
        lines = [value for name, value in self.headers if name == "Set-Cookie"]
        parts = [line.split("; ") for line in lines]
        return {first: [each.lower() for each in rest] for first, *rest in parts}


def ask(url: str, application: Any = door.application, **environ: str) -> Answer:
    """Send a request as a web server does."""
    parts = urlsplit(url)
    given: dict[str, Any] = {"HTTP_HOST": parts.netloc, "PATH_INFO": parts.path} | environ
    setup_testing_defaults(given)
    told: list[tuple[str, list[tuple[str, str]]]] = []

    def start(status: str, headers: list[tuple[str, str]], *_: object) -> None:
        told.append((status, headers))

    # As Django's own test client: the test's transaction is to live on.
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    try:
        body = b"".join(application(given, start))
    finally:
        for signal in (request_started, request_finished):
            signal.connect(close_old_connections)
    return Answer(int(told[0][0].split()[0]), told[0][1], body.decode())


def address(member: Member, *, tab: bool = False) -> str:
    answer = open_session(HttpsClient(member.user), "hw/a.ipynb", tab=tab)
    assert answer.status_code == 200
    body = answer.json()  # type: ignore[attr-defined]
    assert "signIn" not in body
    return str(body["url"])


class TestIn:
    def test_a_frame_is_signed_in_and_led_to_its_file(
        self, member: Member, cocalc: SandboxProcess
    ) -> None:
        url = address(member)
        assert re.fullmatch(rf"{COCALC}/\.lectern/in/[\w-]{{43}}", url)
        answer = ask(url, **FRAME)
        assert answer.status == 303
        project = member.project.project_id
        file = f"{COCALC}/projects/{project}/files/hw/a.ipynb"
        assert answer.header("Location") == f"{file}?fullscreen=kiosk&session="
        assert answer.header("Cache-Control") == "no-store"
        assert answer.header("Referrer-Policy") == "no-referrer"
        account, session = answer.cookies
        assert account == f"account_id={member.user.cocalc_account.account_id}"
        assert "httponly" not in answer.cookies[account]
        assert {"path=/", "secure", "httponly", "samesite=strict"} <= set(answer.cookies[session])
        # They sign in: CoCalc's own page says whose they are.
        told = requests.post(
            f"{cocalc.url}/hub/hello", headers={"Cookie": f"{account}; {session}"}, timeout=30
        ).json()
        assert told["account_id"] == account.partition("=")[2]

    def test_a_tab_is_led_to_the_whole_of_cocalc(self, member: Member) -> None:
        answer = HttpsClient(member.user).post("/projects/mine/tab", {"path": "hw/a.ipynb"})
        assert answer.status_code == 302
        assert answer["Referrer-Policy"] == "strict-origin"
        led = ask(answer["Location"], **TAB)
        project = member.project.project_id
        assert led.header("Location") == f"{COCALC}/projects/{project}/files/hw/a.ipynb"

    def test_the_token_ends_at_once_and_no_browser_had_it(
        self, member: Member, cocalc: SandboxProcess
    ) -> None:
        url = address(member)
        cocalc.reset_calls()
        answer = ask(url, **FRAME)
        assert "auth_token" not in f"{url}{answer}"
        counts = cocalc.calls()["counts"]
        assert counts == {"hub system.generateUserAuthToken": 1, "hub org.expireToken": 1}

    def test_apart_from_the_site_its_cookies_are_the_frames_alone(
        self, member: Member, cocalc: SandboxProcess, settings: Settings
    ) -> None:
        elsewhere = "https://cocalc.elsewhere.test"
        settings.EMBEDDING = embedding_settings(cocalc, COCALC_URL=elsewhere, **DOOR)
        apart = {"HTTP_SEC_FETCH_SITE": "cross-site"}
        answer = ask(address(member), **FRAME | apart)
        assert answer.status == 303
        for attributes in answer.cookies.values():
            assert {"secure", "samesite=none", "partitioned"} <= set(attributes)
        tab = ask(address(member, tab=True), **TAB | apart)
        for attributes in tab.cookies.values():
            assert "partitioned" not in attributes

    def test_it_works_once(self, member: Member) -> None:
        url = address(member)
        assert ask(url, **FRAME).status == 303
        again = ask(url, **FRAME)
        assert (again.status, again.cookies) == (410, {})
        assert "reload" in again.text

    def test_it_works_for_a_minute(self, member: Member) -> None:
        url = address(member)
        DoorCode.objects.update(expires=timezone.now() - timedelta(seconds=1))
        assert ask(url, **FRAME).status == 410
        address(member)
        assert DoorCode.objects.count() == 1  # what is over is taken away

    def test_only_a_hash_is_kept(self, member: Member) -> None:
        code = address(member).rpartition("/")[2]
        row = DoorCode.objects.values().get()
        assert code not in str(row)
        assert row["expires"] - timezone.now() <= timedelta(seconds=60)

    @pytest.mark.parametrize(
        "wrong",
        [
            {"HTTP_REFERER": ""},
            {"HTTP_REFERER": "https://evil.example/"},
            {"HTTP_REFERER": "https://learn.school.test.evil.example/"},
            {"HTTP_REFERER": f"{COCALC}/projects/"},
            {"HTTP_SEC_FETCH_SITE": "same-origin"},
            {"HTTP_SEC_FETCH_SITE": "none"},
            {"HTTP_SEC_FETCH_DEST": "document"},
            {"HTTP_SEC_FETCH_DEST": "image"},
            {"HTTP_SEC_FETCH_MODE": "cors"},
            {"HTTP_SEC_FETCH_MODE": "no-cors"},
        ],
    )
    def test_only_the_sites_own_frame_is_let_in(
        self, member: Member, wrong: dict[str, str]
    ) -> None:
        url = address(member)
        refused = ask(url, **FRAME | wrong)
        assert (refused.status, refused.cookies) == (403, {})
        assert ask(url, **FRAME).status == 303  # nobody can use it up from elsewhere

    def test_a_browser_that_does_not_say_what_for(self, member: Member) -> None:
        """Old ones say nothing of that; all say where from."""
        assert ask(address(member), HTTP_REFERER=f"{SITE}/").status == 303

    def test_nor_by_a_link_to_a_site_that_leads_on(
        self, member: Member, cocalc: SandboxProcess, settings: Settings
    ) -> None:
        """The Referer is still ours then; but a browser calls it cross-site."""
        led = {"HTTP_SEC_FETCH_SITE": "cross-site"}
        assert ask(address(member, tab=True), **TAB | led).status == 403

    def test_who_has_signed_out_is_signed_in_no_more(self, member: Member, person: Person) -> None:
        other = with_file(client(), person("bob"), "hw/a.ipynb")
        late, others = address(member), address(other)
        HttpsClient(member.user).post("/sign-out/")
        assert ask(late, **FRAME).status == 410
        assert ask(others, **FRAME).status == 303

    def test_who_may_not_open_it_any_more_is_not_signed_in(self, member: Member) -> None:
        url = address(member)
        Member.objects.filter(pk=member.pk).delete()
        refused = ask(url, **FRAME)
        assert (refused.status, refused.cookies) == (403, {})

    def test_nor_is_who_was_switched_off(self, member: Member) -> None:
        url = address(member)
        User.objects.filter(pk=member.user.pk).update(is_active=False)
        assert ask(url, **FRAME).status == 403
        # Where the site was told of it, the code itself is over.
        User.objects.filter(pk=member.user.pk).update(is_active=True)
        member.user.refresh_from_db()
        url = address(member)
        member.user.is_active = False
        member.user.save()
        assert ask(url, **FRAME).status == 410

    def test_a_failure_of_cocalcs_is_said_and_written_down(
        self, member: Member, cocalc: SandboxProcess, caplog: pytest.LogCaptureFixture
    ) -> None:
        url = address(member)
        cocalc.quirks(pages_down="503")
        with caplog.at_level(logging.DEBUG):
            answer = ask(url, **FRAME | {"HTTP_ACCEPT_LANGUAGE": "de-DE,en;q=0.5"})
        assert answer.status in (502, 503)
        assert answer.cookies == {}
        assert "CoCalc" in answer.text
        row = EmbedSession.objects.get()
        assert row.state == EmbedSession.State.FAILED
        assert not re.search(r"auth_token=\w", caplog.text)
        # The page, which sees nothing of it, is told.
        told = HttpsClient(member.user).post(
            f"/sessions/{row.pk}/diagnosis", {"seen": "silent"}, content_type=JSON
        )
        cause = told.json()
        assert cause["certain"] is True
        assert "Signing you in to CoCalc failed" in cause["message"]


class TestNothingElse:
    @pytest.mark.parametrize(
        "path", ["", "in/", "in/x", "in/../admin/", "admin/", f"on/{'x' * 43}", f"in/{'x' * 42}"]
    )
    def test_is_there(self, cocalc: SandboxProcess, path: str) -> None:
        answer = ask(f"{COCALC}/.lectern/{path}", **FRAME)
        assert (answer.status, answer.cookies) == (404, {})

    def test_a_made_up_code(self, cocalc: SandboxProcess) -> None:
        for way in ("in", "out"):
            assert ask(f"{COCALC}/.lectern/{way}/{'x' * 43}", **FRAME).status == 410

    def test_a_code_leads_one_way(self, member: Member) -> None:
        url = address(member)
        assert ask(url.replace("/in/", "/out/"), **FRAME).status == 410
        assert ask(f"{url}/{'x' * 43}", **FRAME).status == 404

    def test_another_method(self, member: Member) -> None:
        for method in ("POST", "HEAD", "OPTIONS"):
            answer = ask(address(member), REQUEST_METHOD=method, **FRAME)
            assert (answer.status, answer.header("Allow")) == (405, "GET")

    def test_the_site_and_the_door_are_told_apart_by_host_and_path(self, member: Member) -> None:
        url = address(member)
        path = urlsplit(url).path
        for elsewhere in (f"{SITE}{path}", f"{COCALC}/admin/"):
            assert ask(elsewhere, **FRAME).status == 404
        assert ask(url, wsgi.application, **FRAME).status == 303

    def test_without_a_door(self, member: Member, settings: Settings) -> None:
        url = address(member)
        settings.EMBEDDING = {**settings.EMBEDDING, "COCALC_DOOR": ""}
        assert ask(url, **FRAME).status == 404
        body = open_session(HttpsClient(member.user), "hw/a.ipynb").json()  # type: ignore[attr-defined]
        assert "/auth/impersonate" in body["signIn"]


class TestOut:
    COOKIES = "account_id=1; remember_me=sha512$x; other=%20; bad name=1"

    def sign_out(self, browser: HttpsClient) -> str:
        answer = browser.post("/sign-out/")
        assert answer.status_code == 302
        assert "_auth_user_id" not in browser.session
        return str(answer["Location"])

    def test_the_cookies_end_in_the_frame(self, member: Member) -> None:
        browser = HttpsClient(member.user)
        path, _, code = self.sign_out(browser).partition("#")
        page = browser.get(path).content.decode()
        assert f'data-door="{COCALC}/.lectern/out/"' in page
        answer = ask(f"{COCALC}/.lectern/out/{code}", HTTP_COOKIE=self.COOKIES, **FRAME)
        assert answer.status == 200
        lines = [value for name, value in answer.headers if name == "Set-Cookie"]
        for name in ("account_id", "remember_me", "other"):
            ended = [line for line in lines if line.startswith(f"{name}=; Path=/; Max-Age=0")]
            assert len(ended) == 2
            assert sum("Partitioned" in line for line in ended) == 1
        assert len(lines) == 6
        assert ask(f"{COCALC}/.lectern/out/{code}", **FRAME).status == 410

    def test_they_end_also_where_the_browser_did_not_send_them(
        self, member: Member, cocalc: SandboxProcess, settings: Settings
    ) -> None:
        """It sends no strict ones when it comes from another site."""
        for base, names in (("", ["account_id", "remember_me"]), ("/cc", ["%2Fccaccount_id"])):
            settings.EMBEDDING = embedding_settings(cocalc, COCALC_URL=f"{COCALC}{base}", **DOOR)
            browser = HttpsClient(member.user)
            code = self.sign_out(browser).partition("#")[2]
            ended = ask(f"{COCALC}/.lectern/out/{code}", **FRAME).cookies
            assert {f"{name}=" for name in names} <= set(ended)

    def test_hundreds_of_cookies_do_not_keep_it_from_ending_its_own(self, member: Member) -> None:
        """A page on CoCalc's host can make them; a front refuses an answer with long headers."""
        many = "; ".join(f"{'x' * 100}{n}=1" for n in range(150))
        code = self.sign_out(HttpsClient(member.user)).partition("#")[2]
        answer = ask(f"{COCALC}/.lectern/out/{code}", HTTP_COOKIE=many, **FRAME)
        assert {"account_id=", "remember_me="} <= set(answer.cookies)
        assert sum(len(value) for _, value in answer.headers) < 3500

    def test_nor_where_they_have_names_of_their_own(self, member: Member) -> None:
        cookies_remember(["school_session"])
        code = self.sign_out(HttpsClient(member.user)).partition("#")[2]
        assert "school_session=" in ask(f"{COCALC}/.lectern/out/{code}", **FRAME).cookies

    def test_a_name_is_forgotten_after_a_week_and_noted_once_a_day(self, member: Member) -> None:
        cookies_remember(["b", "a", "b"])
        first = set(DoorCookie.objects.values_list("seen", flat=True))
        cookies_remember(["a"])
        assert set(DoorCookie.objects.values_list("seen", flat=True)) == first
        assert cookies_known() == ["a", "b"]
        DoorCookie.objects.update(seen=timezone.now() - COOKIES_LAST - timedelta(seconds=1))
        cookies_remember(["b"])
        assert cookies_known() == ["b"]

    def test_no_page_of_cocalcs_signs_anybody_out(self, member: Member) -> None:
        code = self.sign_out(HttpsClient(member.user)).partition("#")[2]
        url = f"{COCALC}/.lectern/out/{code}"
        own = {"HTTP_SEC_FETCH_SITE": "same-origin", "HTTP_REFERER": f"{COCALC}/"}
        assert ask(url, HTTP_COOKIE=self.COOKIES, **FRAME | own).cookies == {}

    def test_who_had_a_tab_apart_goes_by_the_door(
        self, member: Member, cocalc: SandboxProcess, settings: Settings
    ) -> None:
        elsewhere = "https://cocalc.elsewhere.test"
        settings.EMBEDDING = embedding_settings(cocalc, COCALC_URL=elsewhere, **DOOR)
        browser = HttpsClient(member.user)
        browser.post("/projects/mine/tab", {"path": "hw/a.ipynb"})
        way = self.sign_out(browser)
        assert re.fullmatch(rf"{elsewhere}/\.lectern/out/[\w-]{{43}}/[\w-]{{43}}", way)
        apart = {"HTTP_SEC_FETCH_SITE": "cross-site", "HTTP_COOKIE": self.COOKIES}
        answer = ask(way, **TAB | apart)
        assert answer.status == 303
        assert answer.header("Location") == f"{SITE}/signed-out/#{way.rpartition('/')[2]}"
        assert len(answer.cookies) == 3
        # And then the frame's.
        code = way.rpartition("/")[2]
        assert ask(f"{elsewhere}/.lectern/out/{code}", **FRAME | apart).status == 200

    def test_who_had_none_does_not(
        self, member: Member, cocalc: SandboxProcess, settings: Settings
    ) -> None:
        settings.EMBEDDING = embedding_settings(
            cocalc, COCALC_URL="https://cocalc.elsewhere.test", **DOOR
        )
        assert self.sign_out(HttpsClient(member.user)).startswith("/signed-out/#")

    def test_who_is_signed_in_is_not_told_otherwise(self, member: Member) -> None:
        answer = HttpsClient(member.user).get("/signed-out/")
        assert (answer.status_code, answer["Location"]) == (302, "/")

    def test_the_page_alone_does_nothing(self, cocalc: SandboxProcess) -> None:
        assert HttpsClient().get("/signed-out/").status_code == 200
        assert HttpsClient().post("/signed-out/").status_code == 405
        assert not DoorCode.objects.exists()

    def test_nobody_gets_no_code(self, cocalc: SandboxProcess) -> None:
        assert HttpsClient().post("/sign-out/")["Location"] == "/sign-in/"
        assert not DoorCode.objects.exists()

    def test_without_a_door_it_is_as_before(self, member: Member, settings: Settings) -> None:
        settings.EMBEDDING = {**settings.EMBEDDING, "COCALC_DOOR": ""}
        assert HttpsClient(member.user).post("/sign-out/")["Location"] == "/sign-in/"


def test_it_runs_alone(tmp_path: Path) -> None:
    """`config.door` is what a web server is told to serve; it needs nothing else of the site."""
    from config import door as alone

    nothing = ask("https://cocalc.school.test/.lectern/nothing", alone.application)
    assert nothing.status == 404
    assert "X-Request-ID" in dict(nothing.headers), "its requests are told of, too"
