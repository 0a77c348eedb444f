"""A forgotten password: who is mailed, what the mail holds, and what nobody can do with it."""

import io
import logging
import re
import smtplib
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.models import User
from django.core import mail
from django.core.mail import EmailMessage
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_tasks_db.models import DBTaskResult
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from classroom.models import Profile, UnprovenAddress
from classroom.people import resetting
from config.logs import NoLinks
from embedding.models import Event
from tests.conftest import HttpsClient, Person

pytestmark = pytest.mark.django_db

ASK, NEW = "/password/forgotten/", "a much better one"
SITE = "https://learn.school.test"


@pytest.fixture
def mails(settings: Settings) -> None:
    settings.CLASSROOM = {"MAIL": True}


@pytest.fixture
def ada(person: Person) -> User:
    return person("ada", email="Ada@x.edu")


class Asking:
    """Asks, and works off what that led to."""

    def __init__(self, committed: DjangoCaptureOnCommitCallbacks) -> None:
        self._committed = committed

    def __call__(self, address: str, *, at: str = "198.51.100.1", **more: Any) -> Any:
        with self._committed(execute=True):
            answer = HttpsClient().post(ASK, {"email": address}, REMOTE_ADDR=at, **more)
        for row in DBTaskResult.objects.filter(task_path__endswith="mail_reset"):
            resetting.mail_reset.func(*row.args_kwargs["args"])
        DBTaskResult.objects.all().delete()
        return answer


@pytest.fixture
def ask(django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks) -> Asking:
    return Asking(django_capture_on_commit_callbacks)


def link() -> str:
    """The path in the last mail."""
    found = re.search(rf"{SITE}(/password/new/\S+)", str(mail.outbox[-1].body))
    assert found
    return found[1]


def choose(browser: HttpsClient, path: str, password: str = NEW) -> Any:
    shown = browser.get(path, follow=True)
    where = shown.redirect_chain[-1][0]
    return browser.post(where, {"new_password1": password, "new_password2": password})


@pytest.mark.usefixtures("mails")
class TestByMail:
    def test_from_the_sign_in_page_to_a_new_password(self, ada: User, ask: Asking) -> None:
        assert f'href="{ASK}"' in HttpsClient().get("/sign-in/").content.decode()
        answer = ask("ada@X.EDU")
        assert answer["Location"] == "/password/forgotten/sent/"
        assert "an e-mail is on its way" in HttpsClient().get(answer["Location"]).content.decode()
        (message,) = mail.outbox
        assert message.to == ["Ada@x.edu"]
        assert "“ada”" in str(message.body)
        browser = HttpsClient()
        led = browser.get(link())
        assert led.status_code == 302
        assert led["Location"].endswith(".set-password/"), "no token in the page's address"
        page = browser.get(led["Location"]).content.decode()
        assert "User name: <strong>ada</strong>" in page
        assert link().rpartition(".")[2].strip("/") not in page
        short = browser.post(led["Location"], {"new_password1": "x", "new_password2": "x"})
        assert "too short" in short.content.decode()
        done = browser.post(led["Location"], {"new_password1": NEW, "new_password2": NEW})
        assert done["Location"] == "/password/new/done/"
        assert "Password changed" in browser.get(done["Location"]).content.decode()
        ada.refresh_from_db()
        assert ada.check_password(NEW)
        again = HttpsClient().get(link(), follow=True)
        assert "This link does not work" in again.content.decode()

    def test_whoever_was_in_before_has_nothing_left(self, ada: User, ask: Asking) -> None:
        before = HttpsClient(ada)
        Profile.objects.create(user=ada, calendar=uuid4())
        ask("ada@x.edu")
        choose(HttpsClient(), link())
        assert before.get("/").status_code == 302
        assert Profile.objects.get().calendar is None
        assert Event.objects.filter(action="password.reset", target="ada").exists()

    def test_who_guessed_too_often_is_let_in_with_the_new_one(self, ada: User, ask: Asking) -> None:
        wrong = {"username": "ada", "password": "wrong"}
        for _ in range(10):
            last = HttpsClient().post("/sign-in/", wrong)
        assert last.status_code == 429
        assert "choose a new one on the sign-in page" in last.content.decode()
        ask("ada@x.edu")
        choose(HttpsClient(), link())
        assert not AccessAttempt.objects.exists()
        assert HttpsClient().post("/sign-in/", wrong | {"password": NEW})["Location"] == "/"

    def test_nobody_is_told_who_has_an_account(
        self,
        person: Person,
        ada: User,
        django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    ) -> None:
        """The same answer, the same questions to the database, the same task for a worker."""
        person("off", email="off@x.edu", is_active=False)
        person("bare", email="bare@x.edu").set_unusable_password()
        found = []
        for address in ("ada@x.edu", "nobody@x.edu", "off@x.edu", "bare@x.edu"):
            with (
                django_capture_on_commit_callbacks(execute=True),
                CaptureQueriesContext(connection) as queries,
            ):
                answer = HttpsClient().post(ASK, {"email": address})
            asked = [query["sql"].split(" ", 1)[0] for query in queries.captured_queries]
            found.append((answer.status_code, answer["Location"], asked))
        assert found[1:] == found[:-1]
        assert DBTaskResult.objects.count() == 4
        rows = str([*DBTaskResult.objects.values(), *Event.objects.values()])
        assert "x.edu" not in rows, "what was typed is kept nowhere"

    def test_who_is_mailed(self, person: Person, ada: User, ask: Asking) -> None:
        person("off", email="off@x.edu", is_active=False)
        bare = person("bare", email="bare@x.edu")
        bare.set_unusable_password()
        bare.save()
        unproven = person("mallory", email="boss@x.edu")
        UnprovenAddress.objects.create(user=unproven, email="boss@x.edu")
        person("empty", email="")
        for address in ("off@x.edu", "bare@x.edu", "boss@x.edu", "x@x.edu", "", "no address"):
            ask(address)
        assert mail.outbox == []
        UnprovenAddress.objects.all().delete()
        ask("boss@x.edu")
        assert [message.to for message in mail.outbox] == [["boss@x.edu"]]

    def test_an_address_that_only_looks_like_it_gets_none(self, ada: User) -> None:
        """Some databases take a letter for another one; then the wrong mailbox would be asked."""
        assert resetting._same("Ada@X.edu", "ada@x.edu")
        assert not resetting._same("ada@x.edu", "ad\u0430@x.edu")
        assert not resetting._same("mike@x.edu", "m\u0131ke@x.edu")

    def test_who_is_switched_off_since_gets_no_further(self, ada: User, ask: Asking) -> None:
        ask("ada@x.edu")
        User.objects.update(is_active=False)
        page = HttpsClient().get(link(), follow=True).content.decode()
        assert "This link does not work" in page

    def test_a_link_runs_out(self, ada: User, ask: Asking, settings: Settings) -> None:
        ask("ada@x.edu")
        assert settings.PASSWORD_RESET_TIMEOUT == 24 * 3600
        settings.PASSWORD_RESET_TIMEOUT = -1
        page = HttpsClient().get(link(), follow=True).content.decode()
        assert "This link does not work" in page

    def test_nobody_s_mailbox_is_flooded(self, ada: User, ask: Asking) -> None:
        for number in range(5):
            assert ask("ada@x.edu", at=f"203.0.113.{number}").status_code == 302
        assert len(mail.outbox) == 1
        Profile.objects.update(reset_asked=timezone.now() - timedelta(hours=1))
        ask("ada@x.edu")
        assert len(mail.outbox) == 2

    def test_nobody_asks_for_hundreds(
        self, ada: User, ask: Asking, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(resetting, "ASKED", 3)
        for number in range(3):
            assert ask(f"{number}@x.edu").status_code == 302
        refused = ask("ada@x.edu")
        assert refused.status_code == 429
        assert refused["Retry-After"] == "900"
        assert "Try again in 15 minutes" in refused.content.decode()
        assert mail.outbox == []
        assert ask("ada@x.edu", at="198.51.100.2").status_code == 302, "from elsewhere"
        assert len(mail.outbox) == 1
        Event._base_manager.update(at=timezone.now() - resetting.EACH)
        assert ask("3@x.edu").status_code == 302

    def test_the_link_leads_to_this_site_whatever_the_request_says(
        self, ada: User, ask: Asking, settings: Settings
    ) -> None:
        settings.ALLOWED_HOSTS = ["*"]
        settings.CSRF_TRUSTED_ORIGINS = ["https://evil.test"]
        ask("ada@x.edu", SERVER_NAME="evil.test")
        assert "evil" not in str(mail.outbox[0].message())
        assert f"{SITE}/password/new/" in str(mail.outbox[0].body)

    def test_no_log_holds_it(self, ada: User, ask: Asking) -> None:
        written = io.StringIO()
        handler = logging.StreamHandler(written)
        handler.addFilter(NoLinks())
        root = logging.getLogger()
        root.addHandler(handler)
        try:
            ask("ada@x.edu")
            HttpsClient().get(f"{link()}nothing")
        finally:
            root.removeHandler(handler)
        assert "/password/new/…" in written.getvalue()
        assert link().rpartition(".")[2].strip("/") not in written.getvalue()

    def test_a_server_that_refuses_is_asked_again(
        self, ada: User, ask: Asking, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(*_: object, **__: object) -> None:
            raise smtplib.SMTPException("the secret of the server")

        with monkeypatch.context() as patched:
            patched.setattr(EmailMessage, "send", refuse)
            assert ask("ada@x.edu").status_code == 302
        assert Profile.objects.get().reset_asked is None
        ask("ada@x.edu")
        assert len(mail.outbox) == 1


def test_without_a_mail_server_it_says_whom_to_ask(ada: User, ask: Asking) -> None:
    page = HttpsClient().get("/sign-in/").content.decode()
    assert ASK not in page
    assert "administrator can give you a new one" in page
    shown = HttpsClient().get(ASK)
    assert "Ask the site’s administrator for a new password." in shown.content.decode()
    assert ask("ada@x.edu").status_code == 409
    assert mail.outbox == []
    assert not Event.objects.exists()
