"""The layout holds: `platform/` is on the import path and hides no standard-library module."""

import subprocess
import sys
from pathlib import Path

from tests.side_by_side import LONG

ROOT = Path(__file__).resolve().parent.parent


def test_platform_is_still_the_standard_librarys() -> None:
    code = "import platform, sys; assert platform.system(), platform; print(platform.__file__)"
    found = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert Path(found.stdout.strip()).parent == Path(sys.modules["os"].__file__ or "").parent


def test_platform_holds_no_init() -> None:
    assert not (ROOT / "platform" / "__init__.py").exists()


def test_its_folders_are_imported_by_their_own_names() -> None:
    code = "import config, sandbox, embedding; print(config.__file__)"
    found = subprocess.run(
        [sys.executable, "-c", code], cwd="/", capture_output=True, text=True, check=True
    )
    assert Path(found.stdout.strip()) == ROOT / "platform" / "config" / "__init__.py"


def test_a_production_install_holds_no_jupyter_server_and_no_test_tools() -> None:
    lines = (ROOT / "requirements" / "production.txt").read_text().splitlines()
    names = {line.split("==")[0] for line in lines if "==" in line}
    assert {"django", "requests", "gunicorn", "nbformat", "psycopg"} <= names
    assert not names & {"jupyter-server", "notebook", "jupyterlab", "aiohttp", "pytest"}


def test_lock_files_name_no_address() -> None:
    for file in (ROOT / "requirements").glob("*.txt"):
        assert "://" not in file.read_text()


def test_the_files_that_are_begun_first_are_there() -> None:
    for file in LONG:
        assert (ROOT / file).exists()
