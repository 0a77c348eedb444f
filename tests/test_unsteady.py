"""Who is asked twice: tests of a browser alone, few of them, and by name."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = """
from pathlib import Path
import pytest

@pytest.fixture
def browser():
    return None

def stumbles(name):
    seen = Path(name)
    first = not seen.exists()
    seen.touch()
    return first

@pytest.mark.parametrize("n", range({steady}))
def test_steady(n, browser):
    pass

@pytest.mark.parametrize("n", range({stumbling}))
def test_stumbling(n, browser):
    assert not stumbles(f"seen-{{n}}")

@pytest.mark.parametrize("n", range({wrong}))
def test_wrong(n, browser):
    assert False

@pytest.mark.parametrize("n", range({plain}))
def test_plain(n):
    assert not stumbles(f"plain-{{n}}")
"""


class Runs:
    """Runs of a small suite, one after the other."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, *, steady: int = 1, stumbling: int = 0, wrong: int = 0, plain: int = 0) -> None:
        text = TESTS.format(steady=steady, stumbling=stumbling, wrong=wrong, plain=plain)
        (self.folder / "test_it.py").write_text(text)

    def run(self, *options: str) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "tests.unsteady", "--rootdir=.", *options],
            cwd=self.folder,
            env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": ""},
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    def again(self) -> tuple[int, str]:
        """As `.ci/run` does it."""
        return self.run("--last-failed", "--last-failed-no-failures", "none", "--again")


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    return Runs(tmp_path)


def test_one_that_stumbled_passes_and_is_named(runs: Runs) -> None:
    runs.write(stumbling=2)
    assert runs.run()[0] == 1
    status, said = runs.again()
    assert status == 0
    for n in range(2):
        assert f"unsteady: test_it.py::test_stumbling[{n}]" in said
    assert "test_steady" not in said


def test_one_that_is_wrong_fails_twice(runs: Runs) -> None:
    runs.write(stumbling=1, wrong=1)
    assert runs.run()[0] == 1
    status, said = runs.again()
    assert status == 1
    assert "1 failed, 1 passed" in said


def test_more_than_two_are_not_asked(runs: Runs) -> None:
    runs.write(stumbling=3)
    assert runs.run()[0] == 1
    status, said = runs.again()
    assert status == 1
    assert "3 tests failed, and 2 may be unsteady" in said


def test_without_a_browser_nothing_is_asked_twice(runs: Runs) -> None:
    runs.write(stumbling=1, plain=1)
    assert runs.run()[0] == 1
    status, said = runs.again()
    assert status == 1
    assert "these are none: test_it.py::test_plain[0]" in said


def test_a_run_that_ended_otherwise_is_not_mended(runs: Runs) -> None:
    (runs.folder / "test_it.py").write_text("import nothing_of_this_name")
    assert runs.run()[0] == 2
    runs.write()
    status, said = runs.again()
    assert status == 1
    assert "did not end with failed tests" in said
