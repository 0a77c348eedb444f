"""A small HTTP server on loopback that answers what a test tells it to."""

import base64
import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock, Thread
from typing import Any
from urllib.parse import parse_qs

from embedding.cocalc.v1 import Limits, V1Client

KEY = "sk_TestKey0000000000000042"
BASIC = base64.b64encode(f"{KEY}:".encode()).decode()
PROJECT = "e71bf96e-fd01-4988-ac02-b326e70f3eb7"
OTHER_PROJECT = "29a346c4-e397-45a1-8c1f-d7274793a550"
ACCOUNT = "5f6a347c-ed00-4489-af42-cafd6a328b7a"

QUICK = Limits(call=5, start=5, margin=5, backoff=0.001, backoff_most=0.002)


@dataclass(frozen=True)
class Request:
    """What the driver sent."""

    path: str
    headers: dict[str, str]
    fields: dict[str, Any]
    is_form: bool
    peer: tuple[str, int]
    body: bytes = b""

    @property
    def event(self) -> str:
        return self.path.rpartition("/")[2]


@dataclass(frozen=True)
class Reply:
    """What to answer; `{"event": …}` gets the id of the request."""

    body: Any
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut_after: int | None = None  # bytes of the body, after which the connection is closed
    delay: Callable[[], object] | None = None  # called before anything is sent


Answer = Callable[[Request], Reply | None]

STARTING = Reply({"event": "error", "error": "Error: unable to determine project port"})
KILLED = Reply(
    {"event": "error", "error": "Error executing command 'c' with args '' -- killed command 'c'"}
)
DONE = Reply(
    {"event": "project_exec_output", "stdout": "", "stderr": "", "exit_code": 0, "type": "blocking"}
)


def as_told(reply: Reply, request: Request) -> Reply:
    """Answer every request with the same."""
    return reply


class Server:
    """`answer` may be replaced at any time; `requests` holds what came."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.requests: list[Request] = []
        self._lock = Lock()
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1
            disable_nagle_algorithm = True

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- theirs
                pass

            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers["Content-Length"]))
                kind = self.headers["Content-Type"]
                is_form = kind == "application/x-www-form-urlencoded"
                if is_form:
                    values = parse_qs(raw.decode(), True)
                    fields = {key: value[0] for key, value in values.items()}
                else:
                    fields = json.loads(raw) if kind == "application/json" else {}
                headers = {name.lower(): value for name, value in self.headers.items()}
                request = Request(self.path, headers, fields, is_form, self.client_address, raw)
                with server._lock:
                    server.requests.append(request)
                reply = server.answer(request)
                if reply is None:  # cut the connection without an answer
                    self.close_connection = True
                    return
                if reply.delay:
                    reply.delay()
                self._send(reply, request)

            def _send(self, reply: Reply, request: Request) -> None:
                body = reply.body
                kind = "text/html; charset=utf-8"
                if not isinstance(body, str | bytes):
                    if isinstance(body, dict) and "event" in body:
                        body = {"id": request.fields["id"]} | body
                    body = json.dumps(body)
                    kind = "application/json; charset=utf-8"
                data = body if isinstance(body, bytes) else body.encode()
                self.send_response(reply.status)
                headers = {"Content-Type": kind, "Set-Cookie": "connect.sid=s%3Ax; Path=/"}
                headers |= {"Content-Length": str(len(data))} | reply.headers
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(data[: reply.cut_after])
                if reply.cut_after is not None:
                    self.close_connection = True

        class Listener(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, *_: object) -> None:  # a client that has gone away
                pass

        self._listener = Listener(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._listener.server_port}"

    @contextmanager
    def running(self) -> Iterator["Server"]:
        """Serve until the block ends."""
        thread = Thread(target=self._listener.serve_forever, kwargs={"poll_interval": 0.002})
        thread.start()
        try:
            yield self
        finally:
            self._listener.shutdown()
            self._listener.server_close()
            thread.join()


class ExecProject:
    """A project that really runs the commands, in a folder, as CoCalc does (as recorded)."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def __call__(self, request: Request) -> Reply:
        assert request.event == "project_exec"
        fields = request.fields
        command, args = fields["command"], fields.get("args", [])
        size = len(json.dumps(fields, ensure_ascii=False).encode())
        if size > (1_048_576 if request.is_form else 102_400):
            return Reply("<html><pre>Payload Too Large</pre></html>", status=413)
        argv = [command, *args]
        if fields.get("bash") or (not args and len(command.split()) > 1):
            script = self.home.parent / f"{fields['id']}.sh"
            script.write_text(f"ulimit -t {fields['timeout']}\n{command}")
            argv = ["bash", str(script)]
        done = subprocess.run(
            argv, cwd=self.home / fields.get("path", ""), capture_output=True, check=False
        )
        stdout, stderr = (text.decode(errors="replace") for text in (done.stdout, done.stderr))
        if done.returncode and fields.get("err_on_exit", True):
            return Reply(
                {
                    "event": "error",
                    "error": f"Error executing command '{command}' with args '' -- command "
                    f"'{command}' exited with nonzero code {done.returncode} -- stderr='{stderr}'",
                }
            )
        return Reply(
            {
                "event": "project_exec_output",
                "stdout": stdout,
                "stderr": stderr,
                "exit_code": done.returncode,
                "type": "blocking",
            }
        )


def client_for(url: str, **options: Any) -> V1Client:
    """A client with a key of the tests and short waits."""
    return V1Client(url, KEY, **{"limits": QUICK, **options})
