"""A wire between the site and CoCalc on which everything is read: also what no browser ever has."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import requests

from sandbox.process import SandboxProcess

_TOKEN = re.compile(rb'^\s*"([0-9A-Za-z]{24})"\s*$|"auth_token":\s*"([0-9A-Za-z]{24})"')
_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "host"}


class Wire:
    """Where the site finds CoCalc, and what went there and came back."""

    def __init__(self, sandbox: SandboxProcess) -> None:
        self.tokens: set[str] = set()  # all that were minted
        self.headers: list[tuple[str, str]] = []  # that the site has sent
        self.addresses: list[str] = []
        wire = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                wire.headers += list(self.headers.items())
                wire.addresses.append(self.path)
                answer = requests.request(
                    self.command,
                    sandbox.url + self.path,
                    data=self.rfile.read(length),
                    headers={n: v for n, v in self.headers.items() if n.lower() not in _HOP},
                    verify=sandbox.verify,
                    allow_redirects=False,
                    timeout=120,
                )
                for found in _TOKEN.findall(answer.content):
                    wire.tokens |= {each.decode() for each in found if each}
                self.send_response(answer.status_code)
                for name, value in answer.raw.headers.items():
                    if name.lower() not in _HOP | {"content-encoding", "server", "date"}:
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer.content)))
                self.end_headers()
                self.wfile.write(answer.content)

            do_GET = do_POST  # noqa: N815  http.server's name

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def wire_to(sandbox: SandboxProcess) -> Iterator[Wire]:
    """Read along as long as the block lasts."""
    wire = Wire(sandbox)
    try:
        yield wire
    finally:
        wire.close()
