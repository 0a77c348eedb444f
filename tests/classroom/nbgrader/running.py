"""Running notebooks as they are run in a project: the script on stdin of a Python.

Where the script itself is not the matter, its loop over the cells runs many notebooks in one
kernel, emptied in between.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbclient
import nbformat

from classroom.nbgrader import guarding, run_notebook
from classroom.nbgrader.runner import RUNNER

Held = dict[str, list[str]]

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
    assert set(answer) == {
        "state",
        "words",
        "result",
        "cells",
        "cut",
        "seconds",
        "held",
        "sha256",
        "secret",
    }
    return found.returncode, answer


def result(answer: dict[str, Any]) -> bytes:
    """The notebook that was written."""
    return Path(answer["result"]).read_bytes()


@contextmanager
def one_kernel() -> Iterator[Callable[[bytes], tuple[bytes, Held]]]:
    """A kernel for many notebooks: what it yields runs one, and returns it with what is held."""
    Client = run_notebook.limited(nbclient.NotebookClient)  # noqa: N806
    emptying = nbformat.v4.new_code_cell("%reset -f")
    first = Client(nbformat.v4.new_notebook(cells=[emptying]), kernel_name="python3")
    with tempfile.TemporaryDirectory() as folder, first.setup_kernel():

        def execute(notebook: bytes) -> tuple[bytes, Held]:
            guard = guarding.guarded(json.loads(notebook), folder)
            given = guard.notebook if guard else json.loads(notebook)
            node = nbformat.v4.reads(json.dumps(given))
            client = Client(
                node,
                km=first.km,
                allow_errors=True,
                on_cell_executed=run_notebook.told_errors,
                timeout=run_notebook.CELL_SECONDS,
            )
            client.kc = first.kc
            first.execute_cell(emptying, 0)
            run_notebook.run_cells(nbclient, client, node, time.monotonic() + 60)
            ran = guard.restored(node) if guard else node
            held = guard.held if guard else {}
            return str(nbformat.writes(nbformat.from_dict(ran))).encode(), held

        yield execute
