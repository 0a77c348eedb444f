"""Signing in and out, error pages, headers."""

import re

import pytest
from django.contrib.auth.models import User
from django.test import override_settings

from tests.conftest import HttpsClient, Person

pytestmark = pytest.mark.django_db


def test_signing_in_and_out(person: Person) -> None:
    person("ada")
    browser = HttpsClient()
    wrong = browser.post("/sign-in/", {"username": "ada", "password": "wrong"})
    assert wrong.status_code == 200
    assert "The user name or the password is wrong" in wrong.content.decode()
    right = browser.post("/sign-in/", {"username": "ada", "password": "notebook"})
    assert right["Location"] == "/"
    cookie = browser.cookies["__Host-session"]
    assert cookie["secure"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert not cookie["domain"]
    assert browser.get("/sign-in/").status_code == 302, "signed in already"
    assert browser.get("/sign-out/").status_code == 405
    assert browser.post("/sign-out/")["Location"] == "/sign-in/"
    assert browser.get("/projects/mine/").status_code == 302


def test_signing_in_leads_back_but_never_away(person: Person) -> None:
    person("ada")
    given = {"username": "ada", "password": "notebook"}
    inside = HttpsClient().post("/sign-in/", given | {"next": "/projects/mine/open/a.ipynb"})
    assert inside["Location"] == "/projects/mine/open/a.ipynb"
    outside = HttpsClient().post("/sign-in/", given | {"next": "https://evil.test/"})
    assert outside["Location"] == "/"


def test_changing_the_password(person: Person) -> None:
    user = person("ada")
    browser = HttpsClient(user)
    assert HttpsClient().get("/password/").status_code == 302
    short = browser.post(
        "/password/",
        {"old_password": "notebook", "new_password1": "x", "new_password2": "x"},
    )
    assert "too short" in short.content.decode()
    new = "a much better one"
    done = browser.post(
        "/password/",
        {"old_password": "notebook", "new_password1": new, "new_password2": new},
        follow=True,
    )
    assert "Password changed" in done.content.decode()
    assert User.objects.get().check_password(new)


def test_headers_of_every_page(person: Person) -> None:
    for browser, url in (
        (HttpsClient(), "/sign-in/"),
        (HttpsClient(person("ada")), "/projects/mine/"),
        (HttpsClient(), "/nothing"),
    ):
        answer = browser.get(url)
        policy = answer["Content-Security-Policy"]
        assert "frame-src https://cocalc.school.test;" in policy + ";"
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert answer["X-Frame-Options"] == "DENY"
        assert answer["Referrer-Policy"] == "same-origin"
        assert answer["Cross-Origin-Opener-Policy"] == "same-origin"
        assert answer["Strict-Transport-Security"].startswith("max-age=31536000")


def test_every_script_carries_the_nonce_and_none_is_inline(person: Person) -> None:
    browser = HttpsClient(person("ada"))
    for url in ("/projects/mine/", "/projects/mine/open/a.ipynb"):
        answer = browser.get(url)
        page = answer.content.decode()
        nonce = re.search(r"'nonce-([^']+)'", answer["Content-Security-Policy"])
        assert nonce
        scripts = re.findall(r"<script([^>]*)>([^<]*)", page)
        assert scripts
        for attributes, text in scripts:
            if "application/json" in attributes:
                continue
            assert f'nonce="{nonce[1]}"' in attributes
            assert not text.strip()
        assert " style=" not in page
        assert "<style" not in page
        assert not re.search(r"\son\w+=", page)


def test_plain_http_is_led_to_https() -> None:
    answer = HttpsClient().get("/sign-in/", secure=False)
    assert answer.status_code == 200, "the test client speaks https"
    from django.test import Client

    assert Client().get("/sign-in/").status_code == 301


def test_errors_are_pages_for_people_and_json_for_scripts(person: Person) -> None:
    browser = HttpsClient(person("ada"))
    page = browser.get("/nothing")
    assert page.status_code == 404
    assert "There is nothing here" in page.content.decode()
    answer = browser.get("/nothing", headers={"Accept": "application/json"})
    assert answer.json()["error"]["code"] == "not_found"
    wrong_host = browser.get("/", headers={"Host": "evil.test"})
    assert wrong_host.status_code == 400


def test_our_own_fault_shows_no_trace(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("the inside story")

    browser = HttpsClient(person("ada"))
    browser.raise_request_exception = False
    monkeypatch.setattr("embedding.views.access.personal_project", broken)
    page = browser.get("/projects/mine/")
    assert page.status_code == 500
    assert "went wrong on our side" in page.content.decode()
    assert "inside story" not in page.content.decode()


def test_an_outdated_form_says_so(person: Person) -> None:
    browser = HttpsClient(person("ada"), csrf=True)
    answer = browser.post("/sign-out/")
    assert answer.status_code == 403
    assert "out of date" in answer.content.decode()


def test_health() -> None:
    answer = HttpsClient().get("/health")
    assert (answer.status_code, answer.content) == (200, b"ok\n")
    assert HttpsClient().post("/health").status_code == 405


@override_settings(SITE_NAME="Notebooks of Example College")
def test_the_sites_name_is_on_every_page() -> None:
    page = HttpsClient().get("/sign-in/").content.decode()
    assert page.count("Notebooks of Example College") >= 2
