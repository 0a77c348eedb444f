"""The log as the settings make it: a request is a line, a fault of ours is told whole."""

import io
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.classroom import factories
from tests.config.logged import written
from tests.conftest import HttpsClient, Person

pytestmark = pytest.mark.django_db


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What the settings' own handler writes."""
    with written() as out:
        yield out


@pytest.mark.parametrize(
    ("who", "method", "path", "status", "line"),
    [
        ("ada", "get", "settings", 403, "Forbidden (Permission denied): {path}"),
        ("ada", "post", "settings", 403, "Forbidden (Permission denied): {path}"),
        ("eve", "get", "settings", 404, "Not Found: {path}"),
        ("ada", "delete", "settings", 405, "Method Not Allowed (DELETE): {path}"),
        (None, "get", "nowhere/", 404, "Not Found: {path}"),
    ],
)
def test_a_refused_request_is_one_line(
    log: io.StringIO,
    person: Person,
    who: str | None,
    method: str,
    path: str,
    status: int,
    line: str,
) -> None:
    course = factories.make_course(factories.make_user("emmy", teacher=True))
    ada, eve = person("ada"), person("eve")
    factories.enrol(course, ada)
    url = f"/courses/{course.pk}/{path}"
    browser = HttpsClient({"ada": ada, "eve": eve}.get(who or ""))
    answer: Any = getattr(browser, method)(url)
    assert answer.status_code == status
    (said,) = log.getvalue().splitlines()
    route = "courses/<int:course>/settings" if path == "settings" else "no page"
    asked = re.escape(f" WARNING config.request_lines: {method.upper()} {route}: {status}, ")
    by = f", user {browser.session['_auth_user_id']}" if who else ""
    why = re.escape(f"; {line.format(path=url)} [request_id {answer['X-Request-ID']}]")
    assert re.search(rf"{asked}[0-9,]+ ms, [0-9,]+ bytes{by}{why}$", said)


def test_a_name_that_is_not_ours_is_one_line(log: io.StringIO) -> None:
    browser = HttpsClient()
    browser.defaults["HTTP_HOST"] = "evil.test"
    assert browser.get("/sign-in/").status_code == 400
    (said,) = log.getvalue().splitlines()
    assert " ERROR config.request_lines: GET sign-in/: 400, " in said
    assert "Invalid HTTP_HOST header: 'evil.test'" in said


def test_a_link_that_lets_in_stays_out_of_the_line(log: io.StringIO, person: Person) -> None:
    assert HttpsClient(person("ada")).get("/join/secret-of-a-course/").status_code == 404
    (said,) = log.getvalue().splitlines()
    assert "secret" not in said
    assert "/join/…" in said


def test_a_fault_of_ours_keeps_its_traceback(
    log: io.StringIO, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise RuntimeError("what went wrong")

    monkeypatch.setattr("embedding.views.access.member_of", fails)
    browser = HttpsClient(person("ada"))
    browser.raise_request_exception = False
    assert browser.get("/projects/mine/listing").status_code == 500
    assert log.getvalue().count("Internal Server Error: /projects/mine/listing") == 1
    assert "Traceback" in log.getvalue()
    assert "RuntimeError: what went wrong" in log.getvalue()
