"""The wire: real sockets that refuse, stall, cut, drip, redirect and answer nonsense."""

import logging
import os
import socket
import struct
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from threading import Event, Thread
from time import monotonic
from typing import Any

import pytest
from urllib3.util import connection

from embedding.cocalc.errors import (
    BadRequest,
    CannotConnect,
    CocalcError,
    Limited,
    NotCocalc,
    OutcomeUnknown,
    ServerFault,
)
from embedding.cocalc.v1 import Limits, V1Client
from tests.cocalc.server import (
    ACCOUNT,
    BASIC,
    PROJECT,
    QUICK,
    Reply,
    Request,
    Server,
    as_told,
    client_for,
)

TOKEN = Reply({"event": "user_auth_token", "auth_token": "t"})


@pytest.fixture
def waiting() -> Iterator[Event]:
    """An event that lets a stalled server go at the end of the test."""
    event = Event()
    yield event
    event.set()


@pytest.fixture
def raw() -> Iterator[Callable[..., str]]:
    """Start a server that reads one request on each connection and then does as told."""
    with ExitStack() as stack:

        def start(talk: Callable[[socket.socket], object]) -> str:
            listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))

            def serve() -> None:
                while True:
                    try:
                        peer, _ = listener.accept()
                    except OSError:
                        return
                    with peer:
                        data = b""
                        while b"}" not in data:
                            data += peer.recv(65536)
                        talk(peer)

            thread = Thread(target=serve)
            thread.start()
            stack.callback(thread.join)
            stack.callback(listener.shutdown, socket.SHUT_RDWR)
            return f"http://127.0.0.1:{listener.getsockname()[1]}"

        yield start


def failure(client: V1Client, kind: type[CocalcError]) -> CocalcError:
    with pytest.raises(CocalcError) as caught:
        client.create_project(title="t", description="d")
    client.close()
    assert type(caught.value) is kind
    return caught.value


def test_an_unknown_host_cannot_be_connected_to() -> None:
    assert failure(client_for("http://no-such-host.invalid"), CannotConnect).status is None


def test_a_connection_that_does_not_come_about_in_time() -> None:
    with socket.socket() as listener, ExitStack() as queue:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        # Nobody accepts; once the backlog is full, the system leaves a knock unanswered.
        for _ in range(4):
            other = queue.enter_context(socket.socket())
            other.setblocking(False)
            other.connect_ex(listener.getsockname())
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        failure(client_for(url, connect_timeout=0.2), CannotConnect)


def test_a_server_that_speaks_no_tls(server: Server) -> None:
    url = server.url.replace("http:", "https:")
    assert "SSL" in failure(client_for(url), CannotConnect).words


def test_an_answer_that_does_not_come(server: Server, waiting: Event) -> None:
    server.answer = lambda request: Reply("", delay=waiting.wait)
    error = failure(client_for(server.url, limits=Limits(call=0.2)), OutcomeUnknown)
    assert error.recoverable
    assert error.words == "timed out"


def test_an_answer_that_drips(raw: Callable[..., str], waiting: Event) -> None:
    def drip(peer: socket.socket) -> None:
        peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
        try:
            while not waiting.wait(0.02):
                peer.sendall(b" ")
        except OSError:
            pass  # the client has gone, as it should

    client = client_for(raw(drip), limits=Limits(call=0.3))
    assert failure(client, OutcomeUnknown).words == "the answer was not complete in time"


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"HTTP/1.1 2",
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n",
        b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"event": "pro',
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{",
    ],
)
def test_a_connection_that_is_cut_after_the_question(raw: Callable[..., str], sent: bytes) -> None:
    failure(client_for(raw(lambda peer: peer.sendall(sent))), OutcomeUnknown)


def test_a_connection_that_is_cut_before_the_question_is_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Half a body is nothing to act upon. Small buffers, or the system would take it all."""
    connect = connection.create_connection

    def connect_with_small_buffer(*args: Any, **options: Any) -> socket.socket:
        connected = connect(*args, **options)
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        return connected

    monkeypatch.setattr(connection, "create_connection", connect_with_small_buffer)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)

        def hang_up() -> None:
            peer, _ = listener.accept()
            peer.recv(10)
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # a reset
            peer.close()

        thread = Thread(target=hang_up)
        thread.start()
        client = client_for(f"http://127.0.0.1:{listener.getsockname()[1]}")
        with pytest.raises(CannotConnect):
            client.exec(PROJECT, f": {'x' * 890_000}", bash=True)
        client.close()
        thread.join()


@pytest.mark.parametrize(
    ("reply", "kind", "words"),
    [
        (Reply("<!doctype html><title>Welcome</title><p>to nginx"), NotCocalc, "Welcome to nginx"),
        (Reply("", 404), NotCocalc, "an empty page"),
        (Reply("<html><pre>Cannot POST</pre></html>", 404), NotCocalc, "Cannot POST"),
        (Reply("<html>Bad Request</html>", 400), NotCocalc, "Bad Request"),
        (Reply("<html>Unauthorized</html>", 401), NotCocalc, "Unauthorized"),
        (Reply({"detail": "hm"}, 403), NotCocalc, "JSON of another shape"),
        (Reply({"error": "hm"}, 403), NotCocalc, "hm"),
        (Reply({}), NotCocalc, "JSON of another shape"),
        (Reply("[" * 100_000), NotCocalc, "[[["),
        (Reply([1]), NotCocalc, "JSON of another shape"),
        (Reply(b"\xff\xfe{"), NotCocalc, "\ufffd\ufffd{"),
        (Reply({"project_id": PROJECT}), NotCocalc, "JSON of another shape"),
        (Reply({"event": "pong"}), NotCocalc, "unexpected answer: event pong"),
        (Reply({"event": "project_created"}), NotCocalc, "the answer has no project_id"),
        (
            Reply({"event": "project_created", "project_id": "p", "id": "another"}),
            NotCocalc,
            "the answer is not to our call",
        ),
        (Reply({"event": "error", "id": None}), NotCocalc, "the answer is not to our call"),
        (Reply({"event": "error", "error": {}}), ServerFault, "no reason given"),
        (Reply({"event": "error"}), ServerFault, "no reason given"),
        (Reply({"event": "error", "error": 1}), ServerFault, "error 1"),
        (Reply({"event": "error", "error": "Error: spawn pnpm ENOENT"}), ServerFault, "Error: spa"),
        (Reply({"event": "error", "error": "ENOSPC: no space left on device"}), ServerFault, "ENO"),
        (
            Reply({"event": "error", "error": "Error: connect ECONNREFUSED 127.0.0.1:5432"}),
            ServerFault,
            "Error: connect",
        ),
        (Reply({"event": "error", "error": {"a": "b", "c": 2}}), BadRequest, "a: b; c: error 2"),
        (Reply({"event": "error", "error": ["x"]}), BadRequest, '["x"]'),
        (Reply({"event": "error", "error": "a\0b\ud800"}), BadRequest, "a b?"),
        (Reply({"event": "error", "error": "x" * 600}), BadRequest, "x" * 500 + "…"),
        (Reply("<html><title>502 Bad Gateway</title>", 502), ServerFault, "502 Bad Gateway"),
        (Reply({"event": "project_created"}, 500), ServerFault, "JSON of another shape"),
        (Reply("<html>Gateway Time-out</html>", 504), OutcomeUnknown, "Gateway Time-out"),
        (Reply("<html>Payload Too Large</html>", 413), BadRequest, "too large"),
        (Reply("slow down", 429, {"Retry-After": "7"}), Limited, "slow down"),
        (Reply("slow down", 429, {"Retry-After": "soon"}), Limited, "slow down"),
    ],
)
def test_nonsense(
    client: V1Client, server: Server, reply: Reply, kind: type[CocalcError], words: str
) -> None:
    server.answer = lambda request: reply
    error = failure(client, kind)
    assert error.words.startswith(words)
    assert error.status == reply.status
    if isinstance(error, Limited):
        assert error.retry_after == (7 if reply.headers["Retry-After"] == "7" else 60)


def test_a_redirect_does_not_get_the_key(client: V1Client, server: Server) -> None:
    with Server(lambda request: TOKEN).running() as other:
        for status in (301, 302, 307, 308):
            reply = Reply("", status, {"Location": f"{other.url}/login?secret=1"})
            server.answer = partial(as_told, reply)
            with pytest.raises(NotCocalc, match=r"redirects to http://127\.0\.0\.1:\d+ "):
                client.mint_token(ACCOUNT)
        assert other.requests == []


@pytest.mark.parametrize("target", ["http://[", "", "/sign-in", "\xff", "http://h:x/"])
def test_a_redirect_to_nonsense(client: V1Client, server: Server, target: str) -> None:
    server.answer = lambda request: Reply("", 302, {"Location": target})
    assert failure(client, NotCocalc).status == 302


def test_a_huge_answer_is_not_swallowed(server: Server) -> None:
    server.answer = lambda request: Reply(b"x" * 3_000_000)
    client = client_for(server.url, limits=Limits(answer=1_000_000))
    assert "larger than 1000000 bytes" in failure(client, NotCocalc).words


def test_cookies_are_not_kept_and_netrc_is_not_read(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login somebody password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    server.answer = lambda request: TOKEN
    client = client_for(server.url)
    client.mint_token(ACCOUNT)
    client.mint_token(ACCOUNT)
    client.close()
    for request in server.requests:
        assert "cookie" not in request.headers
        assert request.headers["authorization"] == f"Basic {BASIC}"
        assert request.headers["content-type"] == "application/json"
        assert request.headers["accept-encoding"] == "identity"


def test_a_connection_is_used_again(client: V1Client, server: Server) -> None:
    server.answer = lambda request: TOKEN
    for _ in range(5):
        client.mint_token(ACCOUNT)
    assert len({request.peer for request in server.requests}) == 1


def test_a_connection_is_used_again_after_an_error(client: V1Client, server: Server) -> None:
    server.answer = lambda request: Reply("<html>no</html>" * 10_000, 404)
    for _ in range(5):
        with pytest.raises(NotCocalc):
            client.mint_token(ACCOUNT)
    assert len({request.peer for request in server.requests}) == 1


@pytest.mark.parametrize("base", ["", "/", "/base", "/base/path/"])
def test_a_base_path(server: Server, base: str) -> None:
    server.answer = lambda request: TOKEN
    client = client_for(server.url + base)
    client.mint_token(ACCOUNT)
    client.close()
    assert server.requests[0].path == f"{base.rstrip('/')}/api/v1/user_auth"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "cocalc.test",
        "ftp://cocalc.test",
        "https://",
        "https://user:password@cocalc.test",
        "https://cocalc.test?x=1",
        "https://cocalc.test/#x",
    ],
)
def test_addresses_that_are_none(url: str) -> None:
    with pytest.raises(ValueError, match="base_url"):
        client_for(url)


def test_no_key_is_no_client(server: Server) -> None:
    with pytest.raises(ValueError, match="key is empty"):
        V1Client(server.url, "")


def test_many_threads_at_once_get_their_own_answers(client: V1Client, server: Server) -> None:
    def answer(request: Request) -> Reply:
        return Reply({"event": "user_auth_token", "auth_token": request.fields["account_id"]})

    server.answer = answer
    accounts = [f"00000000-0000-4000-8000-{number:012}" for number in range(400)]
    with ThreadPoolExecutor(40) as pool:
        assert list(pool.map(client.mint_token, accounts)) == accounts


def test_after_a_fork_connections_are_not_shared(
    client: V1Client, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.answer = lambda request: TOKEN
    client.mint_token(ACCOUNT)
    parent = os.getpid()
    monkeypatch.setattr(os, "getpid", lambda: parent + 1)
    client.mint_token(ACCOUNT)
    first, second = (request.peer for request in server.requests)
    assert first != second


def test_each_call_is_logged(
    client: V1Client, server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "embedding.cocalc")
    server.answer = lambda request: TOKEN
    client.mint_token(ACCOUNT)
    server.answer = lambda request: Reply({"event": "error", "error": "no"})
    with pytest.raises(BadRequest):
        client.mint_token(ACCOUNT)
    done, failed = (r.getMessage() for r in caplog.records if r.name.startswith("embedding"))
    assert done.startswith("mint_token: HTTP 200, ")
    assert done.endswith(" ms, ok")
    assert failed.endswith(" ms, bad_request")


def test_a_call_into_a_stopped_project_has_the_time_of_a_start(
    server: Server, waiting: Event
) -> None:
    """`timeout` is the command's: it does not count the start, so neither do we."""
    server.answer = lambda request: Reply("", delay=waiting.wait)
    client = client_for(server.url, limits=Limits(start=0.5, margin=-1))
    started = monotonic()
    with pytest.raises(OutcomeUnknown):
        client.exec(PROJECT, "true", timeout=1)
    client.close()
    assert monotonic() - started >= 0.5


def test_the_limits_are_those_of_the_server() -> None:
    assert Limits() == Limits(call=30, start=150, margin=20)
    assert QUICK.attempts == Limits().attempts
