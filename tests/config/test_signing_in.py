"""Guessing passwords: who is stopped, who is not, and what is kept of it."""

from datetime import timedelta
from typing import Any

import pytest
from axes.models import AccessAttempt, AccessLog
from django.http import HttpResponse
from django.test import RequestFactory
from django.utils import timezone
from pytest_django import Settings

from classroom.engine.upkeep import prune
from config import signing_in
from config.signing_in import client_address
from embedding.models import Event
from tests.conftest import HttpsClient, Person

pytestmark = pytest.mark.django_db

HOME, SCHOOL, EVIL = "198.51.100.1", "198.51.100.2", "203.0.113."


@pytest.fixture(autouse=True)
def limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fewer, so that a test is quick."""
    monkeypatch.setattr(signing_in, "PAIR", 3)
    monkeypatch.setattr(signing_in, "ADDRESS", 8)
    monkeypatch.setattr(signing_in, "ACCOUNT", 6)


def sign_in(
    name: str, password: str = "wrong", *, at: str = HOME, path: str = "/sign-in/", **more: Any
) -> HttpResponse:
    form = {"username": name, "password": password}
    return HttpsClient().post(path, form, REMOTE_ADDR=at, **more)  # type: ignore[return-value]


def is_in(answer: HttpResponse) -> bool:
    return answer.status_code == 302


@pytest.mark.parametrize("path", ["/sign-in/", "/admin/login/"])
@pytest.mark.parametrize("name", ["boss", "nobody"])
def test_after_some_failures_a_name_waits_at_that_address(
    person: Person, path: str, name: str
) -> None:
    person("boss", is_staff=True)
    for _ in range(2):
        assert sign_in(name, path=path).status_code == 200
    for _ in range(3):
        answer = sign_in(name, path=path)
        assert answer.status_code == 429
        assert answer["Retry-After"] == "900"
        page = answer.content.decode()
        assert "Wait 15 minutes, then try again." in page
        assert name not in page
    assert sign_in(name, "notebook", path=path).status_code == 429, "the right one too"
    assert is_in(sign_in("boss", "notebook", at=SCHOOL, path=path)), "not elsewhere"
    found = list(Event.objects.filter(action__startswith="sign_in.").order_by("pk"))
    assert [each.action for each in found] == [*["sign_in.failed"] * 3, "sign_in.throttled"]
    for each in found:
        assert each.target == ("boss" if name == "boss" else "(no such user name)")
        assert each.whom == ("boss" if name == "boss" else "")
        assert each.detail == {"address": HOME}


def test_the_same_as_json_for_scripts(person: Person) -> None:
    for _ in range(3):
        answer = sign_in("ada", headers={"Accept": "application/json"})
    assert answer.status_code == 429
    assert answer.json()["error"]["code"] == "too_many"  # type: ignore[attr-defined]


def test_it_is_over_when_the_time_is_over(person: Person) -> None:
    person("ada")
    for _ in range(5):
        sign_in("ada")
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=15, seconds=1))
    assert is_in(sign_in("ada", "notebook"))
    assert not AccessAttempt.objects.exists(), "what is over is deleted"


def test_trying_on_does_not_make_it_longer(person: Person) -> None:
    for _ in range(3):
        sign_in("ada")
    before = AccessAttempt.objects.values_list("attempt_time", "failures_since_start").get()
    sign_in("ada")
    assert AccessAttempt.objects.values_list("attempt_time", "failures_since_start").get() == before


def test_an_address_that_tries_many_names_waits(person: Person) -> None:
    person("ada")
    for number in range(7):
        assert sign_in(f"guess-{number}").status_code == 200
    assert sign_in("guess-7").status_code == 429
    assert sign_in("guess-8").status_code == 429
    assert sign_in("ada", "notebook").status_code == 429
    assert is_in(sign_in("ada", "notebook", at=SCHOOL))


def test_a_name_that_is_tried_from_many_addresses_waits(person: Person) -> None:
    person("ada")
    for number in range(5):
        assert sign_in("ada", at=f"{EVIL}{number}").status_code == 200
    assert sign_in("ada", at=f"{EVIL}6").status_code == 429
    assert sign_in("ada", "notebook", at=f"{EVIL}7").status_code == 429
    assert sign_in("ada", "notebook", at=HOME).status_code == 429


def test_but_its_owner_gets_in_from_where_they_were_before(person: Person) -> None:
    for name in ("ada", "grace"):
        person(name)
        assert is_in(sign_in(name, "notebook"))
    for number in range(8):
        sign_in("ada", at=f"{EVIL}{number}")
    assert is_in(sign_in("ada", "notebook"))
    # Nor does a neighbour keep them out.
    for number in range(9):
        sign_in(f"guess-{number}")
    assert sign_in("guess-9").status_code == 429
    assert is_in(sign_in("grace", "notebook"))
    # A wrong password there is answered as for a name that nobody has.
    assert sign_in("grace").status_code == 429
    AccessLog.objects.update(attempt_time=timezone.now() - timedelta(days=91))
    assert sign_in("grace", "notebook").status_code == 429


def test_ones_own_success_frees_nobody_else(person: Person) -> None:
    """Signing in with an account of one's own now and then does not reset the address."""
    person("eve")
    person("ada")
    for number in range(8):
        answer = sign_in(f"guess-{number}")
        if number == 5:
            assert is_in(sign_in("eve", "notebook"))
    assert answer.status_code == 429
    for _ in range(2):
        sign_in("ada", at=SCHOOL)
    assert is_in(sign_in("ada", "notebook", at=SCHOOL))
    for _ in range(2):
        assert sign_in("ada", at=SCHOOL).status_code == 200, "its own failures are forgotten"


def test_no_password_is_kept_or_logged(person: Person, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    person("ada")
    for _ in range(4):
        sign_in("ada", "a-secret-password")
    sign_in("another-secret", "a-secret-password")
    kept = [str(row) for model in (AccessAttempt, Event) for row in model.objects.values()]
    assert not [row for row in kept if "a-secret-password" in row]
    assert "Locking out" in caplog.text
    assert "secret" not in caplog.text


def test_old_sign_ins_are_deleted(person: Person) -> None:
    person("ada")
    assert is_in(sign_in("ada", "notebook"))
    prune(timezone.now() + timedelta(days=89))
    assert AccessLog.objects.count() == 1
    prune(timezone.now() + timedelta(days=91))
    assert AccessLog.objects.count() == 0


@pytest.mark.parametrize(
    ("proxy", "connected", "forwarded", "address"),
    [
        (False, HOME, None, HOME),
        (False, HOME, SCHOOL, HOME),  # anybody can say so
        (True, "127.0.0.1", SCHOOL, SCHOOL),
        (True, "127.0.0.1", f"1.2.3.4, {SCHOOL}", SCHOOL),  # the visitor said the first
        (True, "127.0.0.1", None, "127.0.0.1"),
        (True, "", "rubbish", None),
        (False, "2001:db8:1:2:3:4:5:6", None, "2001:db8:1:2::"),
        (False, "2001:db8:1:2:ffff::1", None, "2001:db8:1:2::"),
        (False, f"::ffff:{HOME}", None, HOME),
    ],
)
def test_where_a_request_comes_from(
    settings: Settings, proxy: bool, connected: str, forwarded: str | None, address: str | None
) -> None:
    settings.BEHIND_PROXY = proxy
    request = RequestFactory().get("/", REMOTE_ADDR=connected)
    if forwarded is not None:
        request.META["HTTP_X_FORWARDED_FOR"] = forwarded
    assert client_address(request) == address
