"""The image's own steps, done in a plain Debian: it starts, serves, and can write nothing."""

import http.client
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.deploying.image import Stage, build, context

ROOT = Path(__file__).resolve().parent.parent.parent
SITE = {
    "SECRET_KEY": "of-a-test-" + "x" * 50,
    "SITE_URL": "https://learn.school.test",
    "COCALC_URL": "https://cocalc.school.test",
    "COCALC_API_KEY": "sk_testtesttesttesttest00000",
    "BEHIND_PROXY": "true",
}
needs = pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("debootstrap"),
    reason="a plain Debian is made by root, with debootstrap",
)


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    work = tmp_path_factory.mktemp("image")
    base = work / "debian"
    made = ["debootstrap", "--variant=minbase", "bookworm", str(base)]
    subprocess.run(made, check=True, stdout=subprocess.DEVNULL)
    yield build(ROOT / "deploy" / "Containerfile", ROOT, base, work)
    shutil.rmtree(work)  # hundreds of megabytes


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def running(image: Stage, command: list[str], data: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command of the image's, with a root that it cannot write to."""
    with subprocess.Popen(
        image.argv(command, read_only=True, writable={"/data": data}),
        env={**image.environment, **SITE, "DATABASE_URL": "sqlite:////data/site.sqlite3"},
    ) as process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(40)
            except subprocess.TimeoutExpired:
                process.kill()
                raise


def ask(port: int, path: str) -> tuple[int, str]:
    """Ask as the proxy in front does."""
    asked = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    headers = {
        "Host": "learn.school.test",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-For": "192.0.2.7",
    }
    try:
        asked.request("GET", path, headers=headers)
        answer = asked.getresponse()
        return answer.status, answer.read().decode(errors="replace")
    finally:
        asked.close()


def health(image: Stage, port: int) -> int:
    """Return what the engine would be told."""
    asked = subprocess.run(
        image.argv(image.health, read_only=True),
        env={**image.environment, **SITE, "PROBE_PORT": str(port)},
        stderr=subprocess.DEVNULL,
        check=False,
    )
    return asked.returncode


def is_alive(image: Stage, data: Path) -> bool:
    """Return whether a worker works, as a container's engine asks."""
    with running(image, ["python", "manage.py", "worker", "--check"], data) as asked:
        return asked.wait(60) == 0


def test_nothing_comes_along_that_an_image_must_not_hold() -> None:
    seen = context(ROOT)
    assert "manage.py" in seen
    assert "platform/config/settings.py" in seen
    assert not [
        name
        for name in seen
        if name.startswith(("tests/", "deploy/", "platform/sandbox", ".git", "docs/", "var/"))
    ]


@needs
def test_it_serves_as_nobody_from_a_root_that_is_read_only(
    image: Stage, port: int, tmp_path: Path
) -> None:
    assert image.user == "10001:10001"
    os.chown(tmp_path, 10001, 10001)
    with running(image, ["python", "manage.py", "migrate", "--no-input"], tmp_path) as migrate:
        assert migrate.wait(120) == 0
    assert health(image, port) == 1, "nothing answers yet"
    command = [part.replace("0.0.0.0:8000", f"127.0.0.1:{port}") for part in image.command]
    with running(image, command, tmp_path) as site:
        until = time.monotonic() + 60
        while health(image, port):
            assert site.poll() is None
            assert time.monotonic() < until
            time.sleep(0.5)
        status, page = ask(port, "/sign-in/")
        assert status == 200
        styles = page.partition('rel="stylesheet" href="')[2].partition('"')[0]
        assert ask(port, styles)[0] == 200, "the files were gathered when the image was made"
    assert site.returncode == 0


@needs
def test_the_worker_runs_and_stops_when_told(image: Stage, tmp_path: Path) -> None:
    os.chown(tmp_path, 10001, 10001)
    with running(image, ["python", "manage.py", "migrate", "--no-input"], tmp_path) as migrate:
        assert migrate.wait(120) == 0
    with running(image, ["python", "manage.py", "worker"], tmp_path) as worker:
        until = time.monotonic() + 60
        while not is_alive(image, tmp_path):
            assert worker.poll() is None
            assert time.monotonic() < until
    assert worker.returncode == 0
    assert not is_alive(image, tmp_path)


@needs
def test_the_programs_are_nobodys_to_change(image: Stage) -> None:
    found = subprocess.run(
        [
            "find",
            str(image.root / "srv"),
            "-perm",
            "/o+w",
            "!",
            "-type",
            "l",
            "-o",
            "-uid",
            "10001",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert not found.stdout
