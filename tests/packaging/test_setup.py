"""bin/setup on a machine where another program is installing packages."""

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent

# As apt-get 2.6 says it for each of its locks (recorded).
LISTS = """E: Could not get lock /var/lib/apt/lists/lock. It is held by process 7 (apt-get)
E: Unable to lock directory /var/lib/apt/lists/"""
FRONTEND = """E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 7 (unattended-upgr)
E: Unable to acquire the dpkg frontend lock (/var/lib/dpkg/lock-frontend), is another process using it?"""  # noqa: E501
ARCHIVES = """E: Could not get lock /var/cache/apt/archives/lock. It is held by process 7 (apt)
E: Unable to lock directory /var/cache/apt/archives/"""
# And as older ones do.
OLD = "E: Could not get lock /var/lib/dpkg/lock - open (11: Resource temporarily unavailable)"
WAITS = "another program is installing packages; waiting up to 10 minutes for it"


class Machine:
    """A checkout whose packages are installed but for Chromium, with an apt-get of ours."""

    def __init__(self, home: Path) -> None:
        self.home = home
        (home / "bin").mkdir()
        (home / "bin/setup").write_bytes((ROOT / "bin/setup").read_bytes())
        (home / "pyproject.toml").touch()
        (home / "requirements").mkdir()
        (home / "requirements/x.txt").touch()
        (home / ".venv").mkdir()
        stamp = "cat pyproject.toml requirements/*.txt bin/setup | cksum > .venv/installed"
        subprocess.run(["sh", "-c", stamp], cwd=home, check=True)
        (home / "fake").mkdir()
        self.fake("id", "echo 0")
        self.fake("sleep", 'echo "$1" >> slept')

    def fake(self, name: str, script: str) -> None:
        path = self.home / "fake" / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def apt_get(self, said: str, *, times: int, of: str) -> None:
        """Fail with these words so many times at one of its commands."""
        (self.home / "said").write_text(said + "\n")
        self.fake(
            "apt-get",
            f"""echo "$*" >> asked
            [ "$1" = {of} ] && [ "$(grep -c "^{of}" asked)" -le {times} ] || exit 0
            cat said >&2; exit 100""",
        )

    def setup(self) -> tuple[int, str]:
        path = f"{self.home / 'fake'}{os.pathsep}{os.environ['PATH']}"
        done = subprocess.run(
            ["sh", "bin/setup", "--chromium"],
            cwd=self.home,
            env=os.environ | {"PATH": path},
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stderr

    def asked(self, command: str) -> int:
        lines = (self.home / "asked").read_text().splitlines()
        return sum(line.startswith(command) for line in lines)

    def slept(self) -> int:
        path = self.home / "slept"
        return sum(map(int, path.read_text().split())) if path.exists() else 0


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.mark.parametrize(
    ("of", "said"),
    [("update", LISTS), ("install", FRONTEND), ("install", ARCHIVES), ("install", OLD)],
)
def test_it_waits_for_a_lock_and_says_so_once(machine: Machine, of: str, said: str) -> None:
    machine.apt_get(said, times=3, of=of)
    code, told = machine.setup()
    assert code == 0, told
    assert told.count(WAITS) == 1
    assert "Could not get lock" not in told
    assert machine.asked(of) == 4
    assert machine.slept() == 15


@pytest.mark.parametrize("of", ["update", "install"])
def test_it_waits_for_no_more_than_it_says(machine: Machine, of: str) -> None:
    machine.apt_get(FRONTEND, times=9999, of=of)
    code, told = machine.setup()
    assert code != 0
    assert "held by process 7 (unattended-upgr)" in told
    assert "run this again when it is done" in told
    assert machine.slept() == 600


def test_what_waiting_does_not_mend_is_said_at_once(machine: Machine) -> None:
    machine.apt_get("E: Unable to locate package chromium", times=1, of="install")
    code, told = machine.setup()
    assert code != 0
    assert "Unable to locate package chromium" in told
    assert WAITS not in told
    assert machine.slept() == 0


def test_where_nothing_is_locked(machine: Machine) -> None:
    machine.apt_get("", times=0, of="install")
    code, told = machine.setup()
    assert (code, told) == (0, "setup: installing Chromium\n")
