"""The search for leaks finds what is planted, in every place and in every spelling."""

import base64
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from uuid import UUID

import pytest
from playwright.sync_api import Browser

from tests.browser.leaks import (
    Haystack,
    Recorder,
    Secret,
    logs_into,
    rows_into,
    session_text,
    spellings_of,
)
from tests.browser.school import SITE
from tests.browser.store import File

pytestmark = pytest.mark.alike
VALUE = "näh & köln/sk+secret=1?"


def places(haystack: Haystack, secret: Secret) -> set[str]:
    return {leak.place for leak in haystack.leaks([secret])}


@pytest.mark.parametrize("spelling", spellings_of(VALUE))
def test_every_spelling_is_found(spelling: str) -> None:
    haystack = Haystack()
    haystack.add("somewhere", f"before {spellings_of(VALUE)[spelling]} after")
    assert places(haystack, Secret("planted", VALUE)) == {"somewhere"}


@pytest.mark.parametrize("before", ["", "x", "xy", "xyz", "xyzä"])
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_it_is_found_within_what_was_encoded(before: str, encode: object) -> None:
    assert callable(encode)
    haystack = Haystack()
    haystack.add("somewhere", encode(f"{before}{VALUE} and more".encode()))
    assert places(haystack, Secret("planted", VALUE)) == {"somewhere"}


def test_an_id_is_found_with_and_without_its_dashes() -> None:
    value = "12345678-9abc-def0-1234-56789abcdef0"
    haystack = Haystack()
    haystack.add("a row", UUID(value).hex)
    assert places(haystack, Secret("planted", value)) == {"a row"}
    assert places(haystack, Secret("planted", UUID(value).hex)) == {"a row"}


def test_what_belongs_there_is_no_leak() -> None:
    haystack = Haystack()
    haystack.add("cookie session", VALUE)
    haystack.add("log site.log", VALUE)
    assert places(haystack, Secret("planted", VALUE, ("^cookie ",))) == {"log site.log"}
    assert places(haystack, Secret("planted", "another-value-that-is-nowhere")) == set()


def test_rows_and_logs(tmp_path: Path) -> None:
    database, log = tmp_path / "site.sqlite3", tmp_path / "site.log"
    packed = base64.urlsafe_b64encode(json.dumps({"x": "planted-value-1"}).encode()).decode()
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("CREATE TABLE some (a TEXT, b BLOB, c INTEGER)")
        connection.execute("INSERT INTO some VALUES (?, ?, 7)", ("x planted-value-2", b"y"))
        connection.execute("INSERT INTO some VALUES ('', ?, 7)", (b"\xff planted-value-3",))
        connection.execute("CREATE TABLE django_session (session_key TEXT, session_data TEXT)")
        connection.execute("INSERT INTO django_session VALUES ('k', ?)", (f"{packed}:1:sign",))
    line = {"message": "GET /x", "referer": "http://x/?next=%2Fplanted%20value%204"}
    log.write_text(f"a line with planted-value-5\n{json.dumps(line)}\n")
    haystack = Haystack()
    rows_into(haystack, File(tmp_path))
    logs_into(haystack, log)
    for value, place in {
        "planted-value-1": "row django_session.session_data",
        "planted-value-2": "row some.a",
        "planted-value-3": "row some.b",
        "/planted value 4": "log site.log, referer",
        "planted-value-5": "log site.log",
    }.items():
        assert place in places(haystack, Secret("planted", value))


def test_a_packed_session_is_opened() -> None:
    from django.contrib.sessions.backends.signed_cookies import SessionStore
    from django.core import signing

    data = {"planted": VALUE * 20}
    stored = signing.dumps(data, salt="x", serializer=SessionStore().serializer, compress=True)
    assert stored.startswith(".")
    assert VALUE in json.loads(session_text(stored))["planted"]


def test_what_a_browser_sends_is_sent_and_keeps(browser: Browser) -> None:
    haystack = Haystack()
    with browser.new_context() as context:
        recorder = Recorder(context, haystack, "anybody")
        context.route(
            "**/*",
            lambda route: route.fulfill(
                body="<title>t</title>planted-in-the-body",
                headers={"Content-Type": "text/html", "X-Own": "planted-in-a-header"},
            ),
        )
        page = context.new_page()
        page.goto(f"{SITE}/?q=planted-in-an-address")
        page.evaluate(
            """async () => {
                localStorage.x = "planted-in-localStorage";
                sessionStorage.x = "planted-in-sessionStorage";
                document.cookie = "x=planted-in-a-cookie";
                window.name = "planted-in-the-name";
                history.replaceState("planted-in-the-state", "");
                console.log("planted-in-the-console");
                await fetch("/post", { method: "POST", body: "planted-in-a-post",
                    headers: { "X-Own": "planted-in-what-is-sent" } });
                document.body.append("planted-in-the-page");
            }"""
        )
        recorder.finish()
    for value, place in {
        "planted-in-an-address": f"request url of GET {SITE}/",
        "planted-in-the-body": f"response body of GET {SITE}/",
        "planted-in-a-header": f"response header x-own of GET {SITE}/",
        "planted-in-localStorage": f"localStorage at {SITE}/",
        "planted-in-sessionStorage": f"sessionStorage at {SITE}/",
        "planted-in-a-cookie": "cookie x of learn.school.test",
        "planted-in-the-name": f"window.name at {SITE}/",
        "planted-in-the-state": f"history.state at {SITE}/",
        "planted-in-the-console": "console of anybody",
        "planted-in-a-post": f"request body of POST {SITE}/post",
        "planted-in-what-is-sent": f"request header x-own of POST {SITE}/post",
        "planted-in-the-page": f"the page's text at {SITE}/",
    }.items():
        assert place in places(haystack, Secret("planted", value)), value
    # As whoever reads the browser's history has it, and the next page.
    kept = places(haystack, Secret("planted", "planted-in-an-address"))
    assert {f"history at {SITE}/", f"request header referer of POST {SITE}/post"} <= kept
