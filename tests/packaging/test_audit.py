"""`bin/audit` against a list of vulnerabilities that the test keeps, and against none."""

import json
import os
import re
import socket
import subprocess
import threading
import tomllib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOUND = {
    "id": "OSV-2026-1",
    "aliases": [],
    "summary": "It opens every door.",
    "affected": [
        {
            "package": {"name": "django", "ecosystem": "PyPI"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "99"}]}],
        }
    ],
}


@pytest.fixture
def listed() -> Iterator[tuple[str, set[str]]]:
    """A list's address, and the names of the packages that it holds to be vulnerable."""
    vulnerable: set[str] = set()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            known = asked["package"]["name"] in vulnerable
            body = json.dumps({"vulns": [FOUND]} if known else {}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/v1/query", vulnerable
    server.shutdown()
    server.server_close()


def audit(url: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["bin/audit", "--osv-url", url],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_fails_for_what_is_known_to_be_vulnerable(listed: tuple[str, set[str]]) -> None:
    url, vulnerable = listed
    patient = {"AUDIT_SECONDS": "120"}
    sound = audit(url, **patient)
    assert sound.stdout == "audit: no dependency is known to be vulnerable\n"
    assert sound.returncode == 0
    vulnerable.add("django")
    failed = audit(url, **patient)
    assert failed.returncode == 1
    assert re.search(r"django +5\.2.* +OSV-2026-1", failed.stdout)


def test_it_says_that_it_could_not_look() -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        closed = f"http://127.0.0.1:{probe.getsockname()[1]}/v1/query"
    away = audit(closed, AUDIT_SECONDS="60")
    assert away.returncode == 0
    assert away.stdout.startswith("audit: could not look: ")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/v1/query"
        waited = audit(url, AUDIT_SECONDS="4")
    assert waited.returncode == 0
    assert waited.stdout == "audit: could not look: no answer within 4 seconds\n"


def test_what_bandit_leaves_out_ruff_asks() -> None:
    """A skipped test of bandit's has its counterpart among ruff's rules, which is on."""
    text = (ROOT / "pyproject.toml").read_text()
    tool = tomllib.loads(text)["tool"]
    assert "S" in tool["ruff"]["lint"]["select"]
    left_out = text.partition("\nskips = [\n")[2].partition("\n]\n")[0].splitlines()
    named = {code for line in left_out for code in re.findall(r'"(B\d{3})"', line)}
    assert named == set(tool["bandit"]["skips"])
    for line in left_out:
        counterparts = re.findall(r"\bS\d{3}\b", line.partition("#")[2])
        assert counterparts, line
        assert not set(counterparts) & set(tool["ruff"]["lint"]["ignore"])
