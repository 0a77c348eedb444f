"""One line a request and a call to CoCalc, and one number from the click to the last call."""

from collections.abc import Iterator
from typing import Any
from wsgiref.util import setup_testing_defaults

import pytest
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.test import RequestFactory
from pytest_django import Settings

from classroom.engine.performing import perform
from classroom.engine.queue import step_start
from classroom.models import Kind, Transfer
from config import wsgi
from config.request_lines import Line, Lines, answered
from embedding import trail
from embedding.client import client
from sandbox.process import SandboxProcess
from tests.classroom import factories
from tests.config.logged import objects, written
from tests.conftest import HttpsClient, Person
from tests.embedding.conftest import sandbox, sandbox_process  # noqa: F401
from tests.embedding.helpers import until_ready, with_file

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def one_connection() -> Iterator[None]:
    """As Django's test client has it: the end of a request is not the end of the test's data."""
    request_started.disconnect(close_old_connections)
    request_finished.disconnect(close_old_connections)
    yield
    request_started.connect(close_old_connections)
    request_finished.connect(close_old_connections)


def of(found: list[dict[str, Any]], logger: str) -> list[dict[str, Any]]:
    return [line for line in found if line["logger"] == logger]


def test_a_request_is_one_object(person: Person) -> None:
    ada = person("ada")
    course = factories.make_course(factories.make_user("emmy", teacher=True))
    factories.enrol(course, ada)
    with objects() as found:
        answer = HttpsClient(ada).get(f"/courses/{course.pk}/?next=not-to-be-shown")
        assert answer.status_code == 200
    (line,) = found
    assert line.pop("ms") >= 0
    assert line.pop("time").endswith("+00:00")
    assert line.pop("message").startswith("GET courses/<int:course>/: 200, ")
    assert line == {
        "level": "INFO",
        "logger": "config.request_lines",
        "method": "GET",
        "route": "courses/<int:course>/",
        "status": 200,
        "bytes": len(answer.content),
        "user": ada.pk,
        "request_id": answer["X-Request-ID"],
    }


def test_why_it_was_refused_stands_in_it(person: Person) -> None:
    with objects() as found:
        HttpsClient(person("ada")).get("/join/secret-of-a-course/")
    (line,) = found
    assert line["level"] == "WARNING"
    assert line["refused"] == "Not Found: /join/…/"
    assert "secret" not in str(found)
    assert "ada" not in str(found)


def test_a_fault_keeps_its_traceback_under_the_same_number(
    person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise RuntimeError("/invitations/in-me/ with auth_token=abcdefg and sk_0123456789abcdef0")

    monkeypatch.setattr("embedding.views.access.member_of", fails)
    browser = HttpsClient(person("ada"))
    browser.raise_request_exception = False
    with objects() as found:
        answer = browser.get("/projects/mine/listing")
    fault, line = found
    assert line["status"] == answer.status_code == 500
    assert fault["level"] == "ERROR"
    assert "RuntimeError: /invitations/…/ with auth_token=… and sk-…" in fault["exc_info"]
    assert fault["request_id"] == line["request_id"] == answer["X-Request-ID"]
    assert set(fault) == {
        *("time", "level", "logger", "message", "exc_info", "request_id"),
    }, "Of the request that Django attaches, nothing is written."
    assert answer["X-Request-ID"] in answer.content.decode()


def test_the_number_is_on_the_page_and_in_the_error_for_scripts(person: Person) -> None:
    browser = HttpsClient(person("ada"), csrf=True)
    page = browser.post("/password/")
    assert page.status_code == 403
    assert f"give this number: <code>{page['X-Request-ID']}</code>" in page.content.decode()
    json = browser.post("/password/", headers={"Accept": "application/json"})
    assert json.json()["error"]["requestId"] == json["X-Request-ID"]
    asked = browser.get("/projects/mine/check", headers={"Accept": "application/json"})
    assert asked.status_code >= 400
    assert asked.json()["error"]["requestId"] == asked["X-Request-ID"]


@pytest.mark.parametrize(
    ("behind", "given", "taken"),
    [
        (True, "0123abcd-4567.89_x", True),
        (False, "0123abcd-4567.89_x", False),
        (True, "short", False),
        (True, "x" * 65, False),
        (True, 'quote"and space', False),
        (True, "line\\nbreak-in-it", False),
        (True, "Umlautäöüß", False),
    ],
)
def test_a_number_of_the_proxy_is_taken_if_it_is_plain(
    settings: Settings, behind: bool, given: str, taken: bool
) -> None:
    settings.BEHIND_PROXY = behind
    answer = HttpsClient().get("/health", headers={"X-Request-ID": given})
    assert (answer["X-Request-ID"] == given) == taken
    assert len(answer["X-Request-ID"]) >= 8
    again = HttpsClient().get("/health")
    assert again["X-Request-ID"] != answer["X-Request-ID"]


def test_what_machines_ask_every_few_seconds_is_for_debugging() -> None:
    with written() as out:
        HttpsClient().get("/health")
    assert out.getvalue() == ""


def test_what_is_sent_bit_by_bit_is_counted_and_told_at_its_end() -> None:
    def pieces(request: HttpRequest) -> Iterator[bytes]:
        for piece in (b"one", b"three"):
            assert trail.request_id()
            yield piece

    def view(request: HttpRequest) -> StreamingHttpResponse:
        return StreamingHttpResponse(pieces(request))

    request = RequestFactory().get("/")
    request.resolver_match = None
    with objects() as found:
        answer: Any = Lines(view)(request)
        assert b"".join(answer) == b"onethree"
        assert trail.request_id()
        answer.close()
    (line,) = found
    assert line["bytes"] == 8
    assert trail.request_id() == ""


def test_a_strange_method_is_no_label() -> None:
    heard: list[dict[str, Any]] = []

    def hear(**told: Any) -> None:
        heard.append(told)

    answered.connect(hear)
    try:
        request = RequestFactory().generic("SECRET-WORD", "/nowhere/for/anybody")
        with objects() as found:
            Lines(lambda _: HttpResponse(status=405))(request).close()
    finally:
        answered.disconnect(hear)
    assert found[0]["method"] == heard[0]["method"] == "other"
    assert found[0]["route"] == heard[0]["route"] == ""


def test_what_comes_by_the_door_is_a_line_too(settings: Settings) -> None:
    settings.EMBEDDING = settings.EMBEDDING | {"COCALC_DOOR": "/.lectern/"}
    environ: dict[str, Any] = {
        "HTTP_HOST": "cocalc.school.test",
        "PATH_INFO": "/.lectern/in/" + "s" * 43,
    }
    setup_testing_defaults(environ)
    given: list[Any] = []
    with objects() as found:
        body = b"".join(wsgi.application(environ, lambda *start: given.append(start)))  # type: ignore[arg-type]
    (line,) = of(found, "config.request_lines")
    assert (line["route"], line["status"], line["bytes"]) == ("door", 410, len(body))
    assert ("X-Request-ID", line["request_id"]) in given[0][1]
    assert "s" * 43 not in str(found)


def test_calls_to_cocalc_say_for_which_request_and_session(
    sandbox: SandboxProcess,  # noqa: F811
    person: Person,
) -> None:
    ada = person("ada")
    with objects() as found:
        with_file(client(), ada, "a.txt")
        answer, _steps = until_ready(HttpsClient(ada), "a.txt")
    calls = of(found, "embedding.calls")
    minting = [line for line in calls if line["operation"] == "mint_token"]
    assert minting
    for line in calls:
        assert line["generation"] == sandbox.generation
        assert line["code"]
        assert line["ms"] >= 0
    assert minting[-1]["code"] == "ok"
    assert minting[-1]["request_id"] == answer["X-Request-ID"]
    assert minting[-1]["session"]
    assert of(found, "config.request_lines")[-1]["session"] == minting[-1]["session"]


def test_a_row_keeps_the_number_and_the_worker_says_it(
    sandbox: SandboxProcess,  # noqa: F811
) -> None:
    emmy = factories.make_user("emmy", teacher=True)
    course = factories.make_course(emmy)
    ada = factories.enrol(course, factories.make_user("ada"))
    request = RequestFactory().post("/")
    line = Line(request.META)
    batch = step_start(course, Kind.PREPARE, [ada], actor=emmy)
    line.write("", 200, 0)
    (row,) = Transfer.objects.filter(batch=batch)
    assert row.request_id == line.id
    with objects() as found:
        end = perform(row)
    assert end.state == Transfer.State.DONE
    calls = of(found, "embedding.calls")
    assert calls
    (told,) = of(found, "classroom.engine.performing")
    for each in (told, *calls):
        assert (each["request_id"], each["transfer"]) == (line.id, str(row.pk))
    assert (told["kind"], told["state"], told["code"]) == ("prepare", "done", "ok")
    assert trail.marks() == {}


def test_a_row_that_no_request_asked_for_has_no_number() -> None:
    trail.begin()
    assert Transfer().request_id == ""
