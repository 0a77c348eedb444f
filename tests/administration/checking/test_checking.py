"""The page of the check: who may, one link at a time, and the site's own links."""

import json
import re
import time
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core import mail
from django.db import connection
from django.utils import timezone
from django_tasks_db.models import DBTaskResult
from pytest_django import Settings

from administration.checking import site
from classroom.engine import hearts
from classroom.engine.working import wake
from classroom.models import WorkerHeart
from classroom.people.invitations import mail as invite
from embedding.client import client
from embedding.conf import conf
from embedding.models import CheckProject
from embedding.services.checking import chain, own
from embedding.services.checking.links import Finding, Look, World
from sandbox.process import SandboxProcess
from tests.conftest import HttpsClient, Person
from tests.embedding.conftest import sandbox, sandbox_process  # noqa: F401

pytestmark = pytest.mark.django_db
JSON = "application/json"


@pytest.fixture
def boss(person: Person) -> HttpsClient:
    return HttpsClient(person("boss", is_staff=True, is_superuser=True, email="boss@school.test"))


def ask(browser: HttpsClient, link: object, **more: object) -> Any:
    return browser.post("/admin/check/link", {"link": link, **more}, content_type=JSON)


ADDRESSES = [
    ("get", "/admin/check/"),
    ("post", "/admin/check/link"),
    ("post", "/admin/check/mail"),
    ("post", "/admin/check/frame"),
    ("post", "/admin/check/frame/signed-in"),
    ("post", "/admin/check/frame/end"),
    ("get", "/admin/key/"),
    ("post", "/admin/key/"),
]


@pytest.mark.parametrize(("method", "address"), ADDRESSES)
def test_superusers_alone(person: Person, method: str, address: str) -> None:
    clerk = person("clerk", is_staff=True)
    clerk.user_permissions.set(Permission.objects.all())
    for user, status in ((clerk, 403), (person("ada"), 302), (None, 302)):
        answer = getattr(HttpsClient(user), method)(address)
        assert answer.status_code == status
        if status == 302:
            assert "/login" in answer["Location"] or "/sign-in" in answer["Location"]


@pytest.mark.parametrize(("method", "address"), ADDRESSES[:-1])
def test_no_other_method(boss: HttpsClient, method: str, address: str) -> None:
    wrong = "put" if address == "/admin/key/" else "get" if method == "post" else "post"
    assert getattr(boss, wrong)(address).status_code == 405


def test_requests_of_other_sites_do_nothing(person: Person) -> None:
    boss = HttpsClient(person("boss", is_staff=True, is_superuser=True), csrf=True)
    for method, address in ADDRESSES:
        if method == "post":
            assert getattr(boss, method)(address).status_code == 403


def test_the_page_lists_all_links_and_asks_nobody(boss: HttpsClient) -> None:
    page = boss.get("/admin/check/").content.decode()
    for link in chain.links():
        assert f'data-link="{link.name}"' in page
    assert "Check the connection" in boss.get("/admin/auth/user/").content.decode()
    assert not CheckProject.objects.exists()


def test_one_link_at_a_time(boss: HttpsClient, sandbox: SandboxProcess) -> None:  # noqa: F811
    told = ask(boss, "key").json()
    assert (told["name"], told["state"]) == ("key", "ok")
    assert sandbox.admin_key not in json.dumps(told)
    told = ask(boss, "key", lost=["cocalc"]).json()
    assert told["state"] == "skipped"
    assert "Which CoCalc it is" in told["findings"][0]["seen"]


def test_a_link_that_there_is_not(boss: HttpsClient) -> None:
    assert ask(boss, "nothing").status_code == 400
    assert ask(boss, 7).status_code == 400
    assert ask(boss, "key", lost="x").status_code == 400
    assert ask(boss, "key", waited="x").status_code == 400


def test_a_start_is_asked_for_again(
    boss: HttpsClient,
    sandbox: SandboxProcess,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert ask(boss, "files").json()["state"] == "ok"
    client().stop_project(str(CheckProject.objects.get().project_id))
    monkeypatch.setattr(own, "_PATIENCE", 0)
    sandbox.quirks(start_seconds=1)
    answer = ask(boss, "project")
    assert answer.status_code == 202
    assert "the project starts" in answer.json()["still"]
    late = ask(boss, "project", waited=9999)
    assert late.status_code == 200
    assert late.json()["state"] in ("failed", "ok")
    for _ in range(100):
        answer = ask(boss, "project")
        if answer.status_code == 200:
            break
        time.sleep(0.1)
    assert answer.json()["state"] == "ok"


def found(look: Look) -> Finding:
    (finding,) = look(World())
    return finding


def test_no_worker() -> None:
    assert found(site.worker).state == "failed"
    assert "manage.py worker" in found(site.worker).do
    long_ago = timezone.now() - 2 * hearts.DEAD_AFTER
    WorkerHeart.objects.create(pid=1, started=long_ago, seen=long_ago)
    assert found(site.worker).state == "failed"


def test_a_worker_that_is_alive() -> None:
    hearts.Heart().beat()
    said = re.fullmatch(r"1 worker is alive; it said so (\d+) s ago\.", found(site.worker).seen)
    assert said
    WorkerHeart.objects.update(seen=timezone.now() - timedelta(seconds=10))
    later = re.fullmatch(r"1 worker is alive; it said so (\d+) s ago\.", found(site.worker).seen)
    assert later
    assert int(later[1]) >= 10 > int(said[1]), "by the row, and not by a fixed number"
    hearts.Heart().beat()
    assert found(site.worker).state == "ok"
    seen = found(site.worker).seen
    last = re.fullmatch(r"2 workers are alive; the last said so (\d+) s ago\.", seen)
    assert last
    assert int(last[1]) < 10, "the last, and not the first"


def test_a_worker_of_another_version() -> None:
    hearts.Heart().beat()
    WorkerHeart.objects.update(version="0.1")
    _, other = site.worker(World())
    assert other.state == "warning"
    assert "1 worker runs another version" in other.seen


def test_a_task_that_waits_too_long() -> None:
    hearts.Heart().beat()
    wake()
    invite.enqueue([])
    assert found(site.worker).state == "ok"
    DBTaskResult.objects.update(enqueued_at=timezone.now() - timedelta(minutes=5))
    _, waits = site.worker(World())
    assert (waits.state, waits.seen) == ("warning", "A task has waited for more than 2 minutes.")
    # One that is to be done later does not wait, nor class steps for a worker that is at them.
    tasks = DBTaskResult.objects.filter(task_path=invite.module_path)
    tasks.update(run_after=timezone.now() + timedelta(hours=1))
    assert found(site.worker).state == "ok"


def test_the_database(monkeypatch: pytest.MonkeyPatch) -> None:
    assert found(site.migrations).state == "ok"
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM django_migrations WHERE app = 'embedding' AND name LIKE '0014%'"
        )
    assert found(site.migrations).state == "failed"
    assert "embedding.0014" in found(site.migrations).seen


@pytest.fixture
def front(settings: Settings) -> Iterator[dict[str, str]]:
    """A web server before the site, as SITE_URL names it; the headers that it sends."""
    sent = {
        "Content-Type": "text/css",
        "Content-Security-Policy": f"frame-src {conf().cocalc_origin}",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": settings.X_FRAME_OPTIONS,
        "Referrer-Policy": settings.SECURE_REFERRER_POLICY,
        "Strict-Transport-Security": "max-age=1",
    }

    class Front(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(404 if "missing" in sent else 200)
            for name, value in {**sent, "Content-Length": "0"}.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Front) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        settings.SITE_URL = f"http://127.0.0.1:{server.server_port}"
        yield sent
        server.shutdown()


def test_headers_and_files_of_this_site(front: dict[str, str]) -> None:
    assert found(site.headers).state == "ok"
    assert found(site.static_files).state == "ok"
    del front["Content-Security-Policy"]
    front["X-Frame-Options"] = "ALLOWALL"
    assert found(site.headers).state == "failed"
    assert "Content-Security-Policy, X-Frame-Options." in found(site.headers).seen
    front["missing"] = "1"
    assert "HTTP 404" in found(site.headers).seen
    assert found(site.static_files).state == "failed"
    assert "collectstatic" in found(site.static_files).do


def test_a_site_that_does_not_answer(settings: Settings) -> None:
    settings.SITE_URL = "http://127.0.0.1:9"
    assert found(site.headers).state == "warning"
    assert found(site.static_files).state == "skipped"


@pytest.fixture
def mails(settings: Settings) -> None:
    settings.CLASSROOM = {**settings.CLASSROOM, "MAIL": True}


def test_a_message_to_oneself(boss: HttpsClient, mails: None) -> None:
    page = boss.get("/admin/check/").content.decode()
    assert "Send a message to boss@school.test" in page
    assert boss.post("/admin/check/mail", follow=True).redirect_chain[-1][0] == "/admin/check/"
    (message,) = mail.outbox
    assert message.to == ["boss@school.test"]
    assert "can send mail" in message.subject


def test_nothing_is_mailed_without_a_server_or_an_address(
    boss: HttpsClient, settings: Settings
) -> None:
    answer = boss.post("/admin/check/mail", follow=True)
    assert "There is no mail server" in answer.content.decode()
    settings.CLASSROOM = {**settings.CLASSROOM, "MAIL": True}
    User.objects.update(email="")
    assert "no e-mail address" in boss.get("/admin/check/").content.decode()
    boss.post("/admin/check/mail")
    assert mail.outbox == []


def test_a_mail_server(settings: Settings, mails: None) -> None:
    assert found(site.mail).state == "ok"
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    assert found(site.mail).state == "failed"
    settings.CLASSROOM = {**settings.CLASSROOM, "MAIL": False}
    assert found(site.mail).state == "skipped"


def test_what_a_frame_needs(boss: HttpsClient, sandbox: SandboxProcess) -> None:  # noqa: F811
    """The answer is as an embed session's; afterwards neither file nor token is left."""
    answer = boss.post("/admin/check/frame", {}, content_type=JSON)
    assert answer["Cache-Control"] == "max-age=0, no-cache, no-store, must-revalidate, private"
    told = answer.json()
    project = str(CheckProject.objects.get().project_id)
    assert told["project"] == project
    assert [entry.name for entry in client().list_folder(project)] == [told["path"]]
    carrier = told.get("signIn", told["url"])
    assert "auth_token=" in carrier
    if "signIn" in told:
        body = {"signIn": carrier}
        gone = boss.post("/admin/check/frame/signed-in", body, content_type=JSON)
        assert gone.status_code == 204
    assert boss.post("/admin/check/frame/end", {}, content_type=JSON).status_code == 204
    assert client().list_folder(project) == []
    wrong = {"signIn": "https://cocalc.school.test/auth/impersonate?auth_token=short"}
    answer = boss.post("/admin/check/frame/signed-in", wrong, content_type=JSON)
    assert answer.status_code == 400


def test_no_frame_where_users_sign_in_themselves(boss: HttpsClient, settings: Settings) -> None:
    settings.EMBEDDING = {**settings.EMBEDDING, "COCALC_SIGN_IN": "own", "COCALC_API_KEY": ""}
    answer = boss.post("/admin/check/frame", {}, content_type=JSON)
    assert answer.status_code == 409
    assert answer.json()["error"]["code"] == "left_out"
