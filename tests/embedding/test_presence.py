"""Who is signed in, for how long, and how work in a frame prolongs it."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone
from pytest_django import Settings

from embedding.models import CocalcProject, EmbedSession, Member
from embedding.views import presence
from tests.conftest import HttpsClient, Person

pytestmark = pytest.mark.django_db
JSON = "application/json"
MINUTE, HOUR = 60, 3600


class Clock:
    now = 1_800_000_000.0


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("embedding.views.presence.time.time", lambda: clock.now)
    return clock


def renew(browser: HttpsClient, user: Any) -> Any:
    return browser.post("/presence", {"user": str(user.pk)}, content_type=JSON)


def test_get_tells_and_changes_nothing(person: Person) -> None:
    user = person("ada")
    browser = HttpsClient(user)
    before = Session.objects.get().session_data
    answer = browser.get("/presence", {"user": str(user.pk)})
    assert answer.status_code == 200
    assert answer.json()["seconds"] > HOUR
    assert len(answer.json()["csrf"]) > 30
    assert "no-store" in answer["Cache-Control"]
    assert Session.objects.get().session_data == before


def test_others(person: Person) -> None:
    user, other = person("ada"), person("eve")
    for answer in (
        HttpsClient(other).get("/presence", {"user": str(user.pk)}),
        HttpsClient(other).get("/presence"),
        renew(HttpsClient(other), user),
    ):
        assert (answer.status_code, answer.json()["error"]["code"]) == (409, "other_user")
    for answer in (HttpsClient().get("/presence"), renew(HttpsClient(), user)):
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "signed_out")
    assert HttpsClient(user).put("/presence").status_code == 405
    assert HttpsClient(user).post("/presence", "{", content_type=JSON).status_code == 400
    assert renew(HttpsClient(user, csrf=True), user).status_code == 403


def test_a_short_sign_in_is_prolonged_up_to_the_limit(
    person: Person, settings: Settings, clock: Clock
) -> None:
    settings.SESSION_COOKIE_AGE = 30 * MINUTE
    settings.EMBEDDING = {**settings.EMBEDDING, "SIGNED_IN_MAX_HOURS": 2}
    user = person("ada")
    browser = HttpsClient(user)
    assert renew(browser, user).json()["seconds"] == 30 * MINUTE
    clock.now += 25 * MINUTE
    assert browser.get("/presence", {"user": user.pk}).json()["seconds"] == 5 * MINUTE
    assert renew(browser, user).json()["seconds"] == 30 * MINUTE
    assert Session.objects.get().expire_date > timezone.now() + timedelta(minutes=29)
    for _ in range(3):
        clock.now += 25 * MINUTE
        renew(browser, user)
    # 100 minutes after signing in, 20 are left, and nothing prolongs them.
    assert browser.session["_session_expiry"]
    assert browser.session[presence.SIGNED_IN] == 1_800_000_000


def test_it_is_not_written_at_each_request(
    person: Person, settings: Settings, clock: Clock
) -> None:
    settings.SESSION_COOKIE_AGE = 30 * MINUTE
    user = person("ada")
    browser = HttpsClient(user)
    clock.now += 10 * MINUTE
    renew(browser, user)
    row = Session.objects.get()
    clock.now += 2 * MINUTE
    assert renew(browser, user).json()["seconds"] == 28 * MINUTE
    assert Session.objects.get().expire_date == row.expire_date


def test_a_long_sign_in_is_left_alone(person: Person, clock: Clock) -> None:
    user = person("ada")
    browser = HttpsClient(user)
    row = Session.objects.get()
    clock.now += HOUR
    assert renew(browser, user).json()["seconds"] == 14 * 24 * HOUR - HOUR
    after = Session.objects.get()
    assert (after.session_data, after.expire_date) == (row.session_data, row.expire_date)


def test_a_sign_in_that_ends_with_the_browser_still_does(
    person: Person, settings: Settings, clock: Clock
) -> None:
    settings.SESSION_COOKIE_AGE = HOUR
    settings.SESSION_EXPIRE_AT_BROWSER_CLOSE = True
    settings.EMBEDDING = {**settings.EMBEDDING, "SIGNED_IN_MAX_HOURS": 2}
    user = person("ada")
    browser = HttpsClient(user)
    for _ in range(3):
        clock.now += 35 * MINUTE
        answer = renew(browser, user)
        assert answer.status_code == 200
    cookie = answer.cookies.get(settings.SESSION_COOKIE_NAME)
    assert cookie is None or not cookie["max-age"]


def test_a_page_says_that_it_is_looked_at(person: Person) -> None:
    """Of its own embed session, and of nobody else's."""
    user, other = person("ada"), person("eve")
    project = CocalcProject.objects.create(slot="x", title="Physics")
    for each in (user, other):
        Member.objects.create(project=project, user=each)
    rows = [
        EmbedSession.objects.create(user=each, project=project, path="a") for each in (user, other)
    ]
    browser = HttpsClient(user)
    for row, status in ((rows[0], 200), (rows[1], 404)):
        body = {"user": str(user.pk), "session": str(row.pk)}
        assert browser.post("/presence", body, content_type=JSON).status_code == status
    body["session"] = "nonsense"
    assert browser.post("/presence", body, content_type=JSON).status_code == 400
    for row in rows:
        row.refresh_from_db()
    assert rows[0].seen is not None
    assert rows[1].seen is None
