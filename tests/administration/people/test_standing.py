"""Suspend, reinstate, sign out everywhere, let in at once."""

from datetime import timedelta

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from classroom.models import Profile
from classroom.people.signed_in import sign_out_everywhere
from embedding.models import Allowance, CocalcAccount, Ending, Event
from embedding.services.endings import endings_missed
from embedding.services.mapping import account_row, personal_project
from tests.administration.people.test_access import url_of
from tests.conftest import HttpsClient

pytestmark = pytest.mark.django_db
BOTH = ("user.suspended", "user.reinstated")


def told() -> list[tuple[str, str, str]]:
    rows = Event.objects.filter(action__in=BOTH).order_by("pk")
    return [(row.action.removeprefix("user."), row.actor, row.whom) for row in rows]


def test_suspended_by_the_page_and_reinstated(boss: User, ada: User) -> None:
    account = account_row(ada)
    CocalcAccount.objects.filter(pk=account.pk).update(
        account_id="5a0b8f6e-2c3d-4e5f-8a9b-0c1d2e3f4a5b"
    )
    browser, hers = HttpsClient(boss), HttpsClient(ada)
    assert hers.get("/profile/").status_code == 200
    answer = browser.post(url_of(ada, "suspend"), follow=True)
    assert "“ada” is suspended and signed out." in answer.content.decode()
    ada.refresh_from_db()
    assert not ada.is_active
    assert hers.get("/profile/").status_code == 302
    signing_in = {"username": "ada", "password": "notebook"}
    assert HttpsClient().post("/sign-in/", signing_in).status_code == 200
    assert Ending.objects.get().username == "ada"
    assert "Suspended" in browser.get(url_of(ada)).content.decode()
    browser.post(url_of(ada, "suspend"))
    browser.post(url_of(ada, "reinstate"))
    browser.post(url_of(ada, "reinstate"))
    assert told() == [("suspended", "boss", "ada"), ("reinstated", "boss", "ada")]
    assert hers.get("/profile/").status_code == 302, "what was signed in is not so again"
    assert HttpsClient(User.objects.get(pk=ada.pk)).get("/profile/").status_code == 200


def test_djangos_form_a_shell_and_an_update_are_each_told_once(boss: User, ada: User) -> None:
    browser, url = HttpsClient(boss), f"/admin/auth/user/{ada.pk}/change/"
    form = browser.get(url).context["adminform"].form.initial
    joined = timezone.localtime(ada.date_joined)
    body = {
        **{name: form[name] or "" for name in ("username", "first_name", "last_name", "email")},
        "date_joined_0": f"{joined:%Y-%m-%d}",
        "date_joined_1": f"{joined:%H:%M:%S}",
    }
    assert browser.post(url, body).status_code == 302
    assert browser.post(url, body).status_code == 302
    assert told() == [("suspended", "boss", "ada")]
    ada.refresh_from_db()
    ada.is_active = True
    ada.save()
    ada.save()
    ada.last_name = "L"
    ada.save(update_fields=["last_name"])
    assert told()[1:] == [("reinstated", "", "ada")]
    member = personal_project(ada).members.get()
    member.added = timezone.now()
    member.save()
    account_row(ada)
    User.objects.filter(pk=ada.pk).update(is_active=False)
    for _ in range(2):
        endings_missed()
        member.save()  # let in once more by somebody who did not know
    assert told()[2:] == [("suspended", "", "ada")]


def test_signed_out_in_every_browser_and_nobody_else(boss: User, ada: User) -> None:
    phone, laptop, theirs = HttpsClient(ada), HttpsClient(ada), HttpsClient(boss)
    assert phone.get("/profile/").status_code == laptop.get("/profile/").status_code == 200
    answer = theirs.post(url_of(ada, "sign-out"), follow=True)
    assert "stays open until CoCalc ends it" in answer.content.decode()
    for browser in (phone, laptop):
        key = browser.session.session_key
        assert browser.get("/profile/")["Location"].startswith("/sign-in/")
        assert not Session.objects.filter(session_key=key).exists()
    assert theirs.get(url_of(ada)).status_code == 200
    signing_in = {"username": "ada", "password": "notebook"}
    assert phone.post("/sign-in/", signing_in).status_code == 302
    assert phone.get("/profile/").status_code == 200
    [event] = Event.objects.filter(action="user.signed_out_everywhere")
    assert (event.actor, event.whom) == ("boss", "ada")
    theirs.post(url_of(ada, "sign-out"))
    assert phone.get("/profile/").status_code == 302


def test_scripts_of_one_who_was_signed_out_are_told_so(ada: User) -> None:
    browser = HttpsClient(ada)
    sign_out_everywhere(ada)
    assert browser.get(f"/presence?user={ada.pk}").status_code == 401


def test_it_costs_the_same_however_many_sessions_there_are(boss: User, ada: User) -> None:
    costs = []
    for _ in range(2):
        browser = HttpsClient(boss)
        browser.get("/admin/password_change/")
        with CaptureQueriesContext(connection) as queries:
            browser.post(url_of(ada, "sign-out"))
        costs.append(len(queries))
        later = timezone.now() + timedelta(days=1)
        Session.objects.bulk_create(
            Session(session_key=f"{number}x{len(costs)}", session_data="", expire_date=later)
            for number in range(300)
        )
    assert costs[1] <= costs[0]
    assert Profile.objects.get(user=ada).signed_out == 2


def test_let_in_at_once(boss: User, ada: User) -> None:
    for address in ("192.0.2.1", "192.0.2.2"):
        AccessAttempt.objects.create(
            username="ada", ip_address=address, failures_since_start=6, user_agent=""
        )
    AccessAttempt.objects.create(
        username="bob", ip_address="192.0.2.1", failures_since_start=1, user_agent=""
    )
    Allowance.objects.create(user=ada, used_until=timezone.now() + timedelta(minutes=2))
    browser = HttpsClient(boss)
    page = browser.get(url_of(ada)).content.decode()
    assert "12 wrong passwords" in page
    assert "too often in the last minute" in page
    browser.post(url_of(ada, "let-in"))
    page = browser.get(url_of(ada)).content.decode()
    assert "wrong password" not in page
    assert "too often" not in page
    assert list(AccessAttempt.objects.values_list("username", flat=True)) == ["bob"]
    assert Event.objects.filter(action="user.let_in_at_once", actor="boss", whom="ada").exists()
