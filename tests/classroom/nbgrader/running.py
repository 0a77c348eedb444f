"""Running notebooks as they are run in a project: the script on stdin of a Python."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from classroom.nbgrader.runner import RUNNER

# Another way to start the script, in a Python that has no nbclient.
NO_NBCLIENT = "import sys; sys.modules['nbclient'] = None; exec(sys.stdin.read())"


def run(
    folder: Path, notebook: bytes, *arguments: str, nbclient: bool = True, **environment: str
) -> tuple[int, dict[str, Any]]:
    """Run a notebook in a folder. Returns the exit code and the answer."""
    path = folder / "hw.ipynb"
    path.write_bytes(notebook)
    return run_file(folder, str(path), *arguments, nbclient=nbclient, **environment)


def run_file(
    folder: Path, *arguments: str, nbclient: bool = True, **environment: str
) -> tuple[int, dict[str, Any]]:
    """Run the script with these arguments; the test environment's Jupyter is on the path."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    found = subprocess.run(
        [sys.executable, *(["-"] if nbclient else ["-c", NO_NBCLIENT]), *arguments],
        input=RUNNER.encode(),
        cwd=folder,
        capture_output=True,
        env={**os.environ, "PATH": path, **environment},
        timeout=120,
        check=False,
    )
    lines = found.stdout.decode().splitlines()
    assert len(lines) == 1, (found.stdout, found.stderr)
    answer: dict[str, Any] = json.loads(lines[0])
    assert set(answer) == {"state", "words", "result", "cells", "cut", "seconds"}
    return found.returncode, answer


def result(answer: dict[str, Any]) -> bytes:
    """The notebook that was written."""
    return Path(answer["result"]).read_bytes()
