"""Signing in from a server: what comes back is passed on whole, or not at all."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread

import pytest

from embedding.cocalc.errors import (
    CannotConnect,
    CocalcError,
    Forbidden,
    NotCocalc,
    OutcomeUnknown,
)
from embedding.cocalc.impersonation import Cookie, cookies_of

ACCOUNT = "aaaaaaaa-0000-4000-8000-000000000004"
OTHER = "aaaaaaaa-0000-4000-8000-000000000005"
TOKEN = "Ab3dEfGh1kLmNoPqRsTuVwX0"
ENDS = "Sun, 29 Nov 2026 07:00:00 GMT"
WHO = f"account_id={ACCOUNT}; path=/; expires={ENDS}"
SESSION = (
    f"remember_me=sha512$salt$1000$u-u; path=/; expires={ENDS}; samesite=strict; secure; httponly"
)
PAGE = "<head></head><body></body>"
UNKNOWN = f"ERROR: impersonate error -- Error: unknown or expired token: '{TOKEN}'"
BANNED = "ERROR: impersonate error -- Error: user is banned"


@contextmanager
def answering(
    *lines: str,
    body: str = PAGE,
    status: int = 200,
    wait: Callable[[], object] = bool,
    headers: dict[str, str] | None = None,
    pieces: int = 1,
    pause: float = 0,
) -> Iterator[tuple[str, list[tuple[str, dict[str, str]]]]]:
    """A server that sets these cookies; yields its address, and what it was asked."""
    asked: list[tuple[str, dict[str, str]]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append((self.path, dict(self.headers)))
            wait()
            self.send_response(status)
            for line in lines:
                self.send_header("Set-Cookie", line)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body) * pieces))
            self.end_headers()
            with suppress(OSError):
                for _ in range(pieces):
                    self.wfile.write(body.encode())
                    over.wait(pause)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- theirs
            pass

    over = Event()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        over.set()
        server.shutdown()
        server.server_close()
        thread.join()


def sign_in(url: str, token: str = TOKEN, timeout: float = 5) -> list[Cookie]:
    return cookies_of(url, ACCOUNT, token, timeout=timeout)


def test_both_cookies_come_as_they_were_given() -> None:
    with answering(WHO, SESSION) as (url, asked):
        who, session = sign_in(f"{url}/base")
    assert (who.name, who.value, who.http_only) == ("account_id", ACCOUNT, False)
    assert (session.name, session.value) == ("remember_me", "sha512$salt$1000$u-u")
    assert session.http_only
    assert session.attribute("expires") == ENDS
    assert session.attribute("samesite") == "strict"
    (path, headers) = asked[0]
    assert path == f"/base/auth/impersonate?auth_token={TOKEN}"
    assert headers["X-Forwarded-Proto"] == "https"
    assert "Cookie" not in headers


def test_names_may_be_another_servers_own() -> None:
    """Behind a base path, and with the session's cookie renamed."""
    with answering(f"%2Fcc{WHO}", SESSION.replace("remember_me", "school_session")) as (url, _):
        assert [cookie.name for cookie in sign_in(url)] == ["%2Fccaccount_id", "school_session"]


@pytest.mark.parametrize(
    ("lines", "body", "status", "kind"),
    [
        ((), UNKNOWN, 200, Forbidden),
        ((WHO,), BANNED, 200, Forbidden),  # the one cookie breaks a session, so it is not passed on
        ((WHO,), PAGE, 200, Forbidden),
        ((SESSION,), PAGE, 200, NotCocalc),  # of whom?
        ((WHO.replace(ACCOUNT, OTHER), SESSION), PAGE, 200, NotCocalc),
        ((WHO, WHO.replace(ACCOUNT, OTHER), SESSION), PAGE, 200, NotCocalc),
        ((), PAGE, 200, NotCocalc),
        ((WHO, SESSION), PAGE, 404, NotCocalc),
        ((WHO, SESSION), PAGE, 302, NotCocalc),
        ((WHO, *[SESSION] * 9), PAGE, 200, NotCocalc),
        ((WHO, SESSION.replace("sha512", 'sh"a')), PAGE, 200, Forbidden),  # no cookie's value
    ],
)
def test_whatever_else_signs_nobody_in(
    lines: tuple[str, ...], body: str, status: int, kind: type[CocalcError]
) -> None:
    with (
        answering(*lines, body=body, status=status) as (url, _),
        pytest.raises(kind) as failure,
    ):
        sign_in(url)
    assert TOKEN not in str(failure.value)
    assert TOKEN not in repr(failure.value)


def test_a_token_of_another_form_is_not_sent() -> None:
    """CoCalc writes it into its page as it came."""
    with answering(WHO, SESSION) as (url, asked):
        for token in ("", "<script>", f"{TOKEN}&x=1", "a" * 65):
            with pytest.raises(NotCocalc):
                sign_in(url, token)
    assert asked == []


def test_no_answer_is_told_without_the_token() -> None:
    with answering(WHO, SESSION) as (url, _):
        pass
    with pytest.raises(CannotConnect) as nobody:
        sign_in(url)
    assert TOKEN not in str(nobody.value)
    assert nobody.value.__suppress_context__  # the one before has the address


def test_an_answer_that_takes_too_long_is_not_waited_for() -> None:
    over = Event()
    with answering(WHO, SESSION, wait=lambda: over.wait(10)) as (url, _):
        with pytest.raises(OutcomeUnknown):
            sign_in(url, timeout=0.2)
        over.set()


@pytest.mark.parametrize("pause", [0.02, 10])
def test_an_answer_that_drips_is_not_waited_for(pause: float) -> None:
    """Each piece is in time, and all of it would never be; or it stops in the middle."""
    with (
        answering(WHO, SESSION, body="x", pieces=1000, pause=pause) as (url, _),
        pytest.raises(OutcomeUnknown),
    ):
        sign_in(url, timeout=0.3)


@pytest.mark.parametrize("target", ["http://[", "http://x:port/"])
def test_where_it_leads_is_not_looked_at(target: str) -> None:
    with (
        answering(WHO, SESSION, status=302, headers={"Location": target}) as (url, _),
        pytest.raises(NotCocalc),
    ):
        sign_in(url)


def test_an_attribute_that_no_header_may_hold_is_left_out() -> None:
    with answering(WHO, SESSION.replace(ENDS, f"{ENDS}\x01")) as (url, _):
        assert sign_in(url)[1].attribute("expires") == ""
