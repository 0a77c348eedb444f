"""A server on loopback that answers as each generation of CoCalc does to those who ask which it is.

The answers of API v1 are recorded (2024-07), those of the later ones read in their source.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

KEY = "sk-TestKey000000000000042"

CUSTOMIZE = {"configuration": {"site_name": "School", "iframe_comm_hosts": ["learn.school.test"]}}
CUSTOMIZE_2025 = {"configuration": {"site_name": "School", "samesite_remember_me": "strict"}}
NEXT_404 = (404, "<!DOCTYPE html><html><title>404: This page could not be found</title></html>")
EMPTY_TOKEN = (200, "ERROR: impersonate error -- Error: invalid empty token")
NO_GRANT = (200, "ERROR: impersonate error -- Error: grant_id is required")
PONG = {"event": "pong", "id": "a9b1b10c-b2c3-4faf-911d-c9f63bacc91c", "now": "2026-11-23T19:52Z"}
V1_BAD_KEY = (400, {"error": 'error: value "21307476513" is out of range for type integer'})
V1_BAD_KEY_TOO = (400, {"error": "No account found. Is your API key wrong?"})
NO_AUTH = "You must provide authentication via an API key."
NO_PING = (400, {"error": "unknown message event type 'ping'"})
BAD_KEY = {"error": "must be signed in and MUST provide an api key (cookies are not allowed)"}
AI_REFUSES = {"error": "API keys are not allowed to call hub RPC 'db.userQuery'"}
ME = {"accounts": {"account_id": "aaaaaaaa-0000-4000-8000-000000000001", "groups": ["admin"]}}
NO_STATE = {"error": "Error: unknown function 'projects.state'"}
NO_UUID = {"error": "Error: project_id must be a valid UUID"}
MAINTENANCE = "<html><body><h1>Back soon</h1></body></html>"


@dataclass(frozen=True)
class Asked:
    """A request as it came."""

    method: str
    path: str
    key: str | None
    name: str  # the function of a bridge's call
    cookies: str | None = None


@dataclass
class Kind:
    """What is answered: by path, or by path and function; else Next's page of what is not there."""

    answers: dict[str, Any]
    key: str = KEY
    asked: list[Asked] = field(default_factory=list)
    url: str = ""

    def answer(self, asked: Asked) -> tuple[int, Any, dict[str, str]]:
        self.asked.append(asked)
        told = self.answers.get(f"{asked.path} {asked.name}", self.answers.get(asked.path))
        if callable(told):
            told = told(asked)
        if told is None:
            told = NEXT_404
        if not isinstance(told, tuple):
            told = (200, told)
        status, body, *headers = told
        return status, body, headers[0] if headers else {}

    @contextmanager
    def running(self) -> Iterator["Kind"]:
        """Serve until the block ends."""
        kind = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- theirs
                pass

            def do_GET(self) -> None:
                self._answer({})

            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                self._answer(json.loads(raw or b"{}"))

            def _answer(self, body: dict[str, Any]) -> None:
                key = self.headers.get("Authorization")
                asked = Asked(
                    self.command,
                    self.path,
                    key,
                    str(body.get("name", "")),
                    self.headers.get("Cookie"),
                )
                status, told, headers = kind.answer(asked)
                is_json = not isinstance(told, str)
                data = (json.dumps(told) if is_json else told).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json" if is_json else "text/html")
                self.send_header("Content-Length", str(len(data)))
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(data)

        listener = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        listener.daemon_threads = True
        self.url = f"http://127.0.0.1:{listener.server_port}"
        thread = Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.002})
        thread.start()
        try:
            yield self
        finally:
            listener.shutdown()
            listener.server_close()
            thread.join()


def _keyed(good: Any, bad: Any) -> Any:
    """Answer by the key that is sent."""

    def answer(asked: Asked) -> Any:
        if asked.key is None:
            no_auth = {"error": NO_AUTH}
            return (400, no_auth) if "/v1/" in asked.path else no_auth
        return good if asked.key == f"Bearer {KEY}" else bad

    return answer


def v1(bad: Any = V1_BAD_KEY) -> Kind:
    return Kind({"/customize": CUSTOMIZE, "/api/v1/ping": _keyed(PONG, bad)})


def late_v1() -> Kind:
    return Kind(v1().answers | {"/auth/impersonate": EMPTY_TOKEN})


def hollow() -> Kind:
    """Of spring 2025: API v1 is still there, and knows hardly an event."""
    return Kind(late_v1().answers | {"/api/v1/ping": _keyed(NO_PING, V1_BAD_KEY_TOO)})


def v2() -> Kind:
    return Kind({"/customize": CUSTOMIZE_2025, "/auth/impersonate": EMPTY_TOKEN})


def conat(state: Any = NO_UUID) -> Kind:
    return Kind(
        {
            "/customize": CUSTOMIZE_2025,
            "/auth/impersonate": EMPTY_TOKEN,
            "/api/conat/hub": {"error": "Error: unknown function 'x'"},
            "/api/conat/hub system.ping": _keyed({"now": 1783500000000}, BAD_KEY),
            "/api/conat/hub db.userQuery": _keyed(ME, BAD_KEY),
            "/api/conat/hub projects.state": _keyed(state, BAD_KEY),
        }
    )


def ai() -> Kind:
    return Kind(
        conat().answers
        | {
            "/auth/impersonate": NO_GRANT,
            "/api/conat/hub": AI_REFUSES,
            "/api/conat/hub db.userQuery": AI_REFUSES,
            "/api/conat/hub projects.state": AI_REFUSES,
        }
    )


def other(page: Any = "<html><body>It works!</body></html>") -> Kind:
    """A server of whatever kind, which shows the same page everywhere."""
    paths = ("/customize", "/api/conat/hub", "/api/v1/ping", "/auth/impersonate")
    return Kind(dict.fromkeys(paths, page))
