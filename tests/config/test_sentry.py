"""What a Sentry is told: the fault and its number, and none of what was known to the request."""

import gzip
import json
import logging
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import sentry_sdk

from config import sentry
from embedding import trail
from tests.config.test_settings import run
from tests.conftest import HttpsClient, Person

SECRETS = {
    "a body": "the-password-in-a-form",
    "a cookie": "the-cookie-of-somebody",
    "a header": "the-header-of-somebody",
    "a query": "the-query-of-an-address",
    "a local variable": "the-token-in-a-variable",
    "an argument of a log line": "sk_argumentargumentargument",
    "a link": "the-code-of-a-link",
}

# Not written beside what fails: those lines are reported.
NAME = "countess"


class Ingest:
    """A Sentry as far as reports go there."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.raw: list[bytes] = []
        ingest = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                ingest.raw.append(str(self.headers).encode() + body)
                lines = body.split(b"\n")
                ingest.events += [
                    json.loads(lines[at + 1])
                    for at, line in enumerate(lines)
                    if line.startswith(b"{") and json.loads(line).get("type") == "event"
                ]
                self.send_response(200)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.dsn = f"http://public@127.0.0.1:{self._server.server_port}/1"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def ingest() -> Iterator[Ingest]:
    """Faults are reported to it as long as the test runs."""
    ingest = Ingest()
    sentry.start(ingest.dsn)
    yield ingest
    sentry_sdk.get_client().close()
    sentry_sdk.get_global_scope().set_client(None)
    ingest.close()


def told(ingest: Ingest) -> bytes:
    sentry_sdk.flush(10)
    return b"\n".join(ingest.raw)


@pytest.mark.django_db
def test_a_fault_is_reported_without_anything_that_was_sent(
    ingest: Ingest, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        kept = SECRETS["a local variable"]
        assert kept
        raise RuntimeError(f"in /join/{SECRETS['a link']}/")

    monkeypatch.setattr("embedding.views.sessions.text_of", fails)
    ada = person(f"{NAME}-of-lovelace", email="ada@school.test")
    browser = HttpsClient(ada)
    browser.raise_request_exception = False
    browser.cookies["other"] = SECRETS["a cookie"]
    answer = browser.post(
        f"/projects/mine/session?x={SECRETS['a query']}",
        {"session": "0" * 32, "path": SECRETS["a body"]},
        content_type="application/json",
        headers={"X-Own": SECRETS["a header"], "Accept": "application/json"},
    )
    assert answer.status_code == 500
    sent = told(ingest)
    (event,) = ingest.events
    (raised,) = event["exception"]["values"]
    assert (raised["type"], raised["value"]) == ("RuntimeError", "in /join/…/")
    assert raised["stacktrace"]["frames"][-1]["function"] == "fails"
    assert event["tags"] == {"request_id": answer["X-Request-ID"]}
    session = browser.cookies["__Host-session"].value
    for what, secret in {**SECRETS, "the session": session, "a name": NAME}.items():
        at = sent.find(secret.encode())
        assert at < 0, (what, sent[max(0, at - 80) : at + 80])


def test_what_is_logged_as_an_error_is_reported_clean(ingest: Ingest) -> None:
    with trail.on(request_id="0123456789", transfer="7"):
        logging.getLogger("classroom").error(
            "Asked %s for %s", "/calendar/the-code-of-a-link.ics", "sk_argumentargumentargument"
        )
    logging.getLogger("classroom").warning("Nobody is told of a warning.")
    sent = told(ingest)
    (event,) = ingest.events
    assert event["logentry"] == {"formatted": "Asked /calendar/… for sk-…"}
    assert event["tags"] == {"request_id": "0123456789", "transfer": "7"}
    assert b"the-code" not in sent
    assert b"argumentargument" not in sent
    assert b"warning" not in sent


@pytest.mark.django_db
def test_a_request_that_was_refused_is_no_fault(ingest: Ingest) -> None:
    browser = HttpsClient()
    browser.defaults["HTTP_HOST"] = "evil.test"
    assert browser.get("/sign-in/").status_code == 400
    assert told(ingest) == b""


@pytest.mark.django_db
def test_pages_and_their_policy_stay_as_they_are(ingest: Ingest) -> None:
    answer = HttpsClient().get("/sign-in/")
    assert "sentry" not in answer.content.decode().lower()
    assert "sentry" not in str(answer.headers).lower()
    assert str(ingest.dsn) not in str(answer.headers)


def test_a_malformed_address_stops_the_start_with_a_sentence() -> None:
    result = run("check", SENTRY_DSN="https://the-secret.example.edu/1")
    assert result.returncode == 1
    assert "SENTRY_DSN is malformed" in result.stderr
    assert "the-secret" not in result.stderr


@pytest.mark.parametrize(
    ("package", "variable", "value"),
    [
        ("sentry_sdk", "SENTRY_DSN", "https://public@sentry.example.edu/1"),
        ("prometheus_client", "METRICS_TOKEN", "long-enough-for-a-token"),
    ],
)
def test_without_its_package_the_start_stops_with_a_sentence(
    package: str, variable: str, value: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    """As on a machine on which it was never installed."""
    (tmp_path / "sitecustomize.py").write_text(
        "from importlib import util\n"
        "find = util.find_spec\n"
        f"util.find_spec = lambda name, *more: None if name == {package!r} else find(name, *more)\n"
    )
    result = run("check", **{variable: value, "PYTHONPATH": str(tmp_path)})
    assert result.returncode == 1
    assert f"{variable} needs " in result.stderr
    assert value not in result.stderr
    assert "Traceback" not in result.stderr
