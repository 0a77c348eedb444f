# ruff: noqa: E402
"""Runs a notebook in its folder, and writes the result beside it as <name>_autograded.ipynb.

    python3 - NOTEBOOK [SECONDS A CELL [SECONDS IN ALL]]

It stands alone, for any Python from 3.8: with nbclient, or else with what `jupyter nbconvert`
finds. Errors in cells do not stop it, time does: a cell that takes too long (60 s) is interrupted
and gets an error, and after the whole time (600 s) no further cell is run. Outputs over 0.5 MB a
cell and 4 MB in all are cut; errors, what was written to stderr and the cell's result never quite.

Marked tests of Python notebooks run under guard (`guarding`). It prints one line of JSON:
{"state": …, "words": …, "result": path or null, "cells": run, "cut": whether outputs were cut,
"held": {id of a test that decides nothing: reasons}, "sha256": of the result, "secret": what it was
given, "seconds": …}. `words` is a sentence, empty if all went well.

    exit code   state        there is a result
    0           done         yes
    2           unreadable   no: wrong arguments, no such file, or no notebook
    3           no_jupyter   no: the project has neither nbclient nor jupyter nbconvert
    4           no_kernel    no: the notebook's kernel is not installed or does not start
    5           stopped      yes, but the later cells were not run: time was up, or the kernel died
    6           failed       no: anything else
"""

from __future__ import annotations

import sys

# Python on stdin looks for modules in the folder it is in, and a student's json.py may be there.
sys.path[:] = [entry for entry in sys.path if entry]

import contextlib
import hashlib
import json
import math
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any, Iterator  # noqa: UP035

from classroom.nbgrader import cutting, guarding

CODES = {"done": 0, "unreadable": 2, "no_jupyter": 3, "no_kernel": 4, "stopped": 5, "failed": 6}
CELL_SECONDS = 60.0
ALL_SECONDS = 600.0
GRACE_SECONDS = 20  # for what hangs outside any cell
OUT_OF_TIME = {
    "ename": "CellTimeoutError",
    "evalue": "The cell took too long.",
    "traceback": ["CellTimeoutError: The cell took too long."],
}
SECRET = ""  # told back with the answer, so that nobody else can have written it


class Stop(Exception):
    """The end, with a state and a sentence."""

    def __init__(self, state: str, words: str) -> None:
        super().__init__(words)
        self.state = state
        self.words = words


class Alarm(BaseException):
    """All time is up, and something hangs; not to be caught by `except Exception`."""


def main(arguments: list[str]) -> dict[str, Any]:
    started = time.monotonic()
    report: dict[str, Any] = {
        "state": "done",
        "words": "",
        "result": None,
        "cells": 0,
        "cut": False,
        "held": {},
        "sha256": "",
        "secret": SECRET,
    }
    try:
        path, cell_seconds, all_seconds = understood(arguments)
        notebook = cleared(loaded(path))
        try:
            notebook = executed(path, notebook, cell_seconds, started + all_seconds, report["held"])
        except Stop as stop:
            if stop.state != "stopped":
                raise
            words = stop.words.replace("{cell}", guarding.unfinished(notebook))
            report.update(state="stopped", words=words)
        else:
            if cell := guarding.unfinished(notebook, waited=True):
                report["words"] = f"An earlier cell was still running when {cell} was to run."
        report["cells"] = sum(
            1 for cell in cutting.cells_of(notebook) if cell.get("execution_count")
        )
        report["cut"] = cutting.cut_outputs(notebook)
        report["result"], report["sha256"] = written(path, notebook)
    except Stop as stop:
        report.update(state=stop.state, words=stop.words)
    except Exception as error:
        report.update(state="failed", words=f"The notebook could not be run ({said(error)}).")
    report["seconds"] = round(time.monotonic() - started, 1)
    return report


def understood(arguments: list[str]) -> tuple[Path, float, float]:
    try:
        path = Path(arguments[0]).absolute()
        cell_seconds = float(arguments[1]) if len(arguments) > 1 else CELL_SECONDS
        all_seconds = float(arguments[2]) if len(arguments) > 2 else ALL_SECONDS
    except (IndexError, ValueError):
        raise Stop("unreadable", "The notebook to run was not named.") from None
    return path, cell_seconds, all_seconds


def loaded(path: Path) -> dict[str, Any]:
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise Stop("unreadable", f"The notebook cannot be read: {error.strerror}.") from None
    except (ValueError, RecursionError):
        raise Stop("unreadable", "The file is not a notebook.") from None
    if not isinstance(notebook, dict) or not isinstance(notebook.get("cells"), list):
        raise Stop("unreadable", "The file is not a notebook.")
    return notebook


def cleared(notebook: dict[str, Any]) -> dict[str, Any]:
    """Take old outputs away, so that none is taken for a new one where the run is stopped."""
    for cell in cutting.cells_of(notebook):
        cell.update(outputs=[], execution_count=None)
    return notebook


def executed(
    path: Path,
    notebook: dict[str, Any],
    cell_seconds: float,
    deadline: float,
    held: dict[str, list[str]],
) -> dict[str, Any]:
    """Run the notebook under guard; one that is stopped keeps what it has.

    `held` gets the tests that decide nothing, with the reasons.
    """
    if not any(
        cutting.joined(cell.get("source", "")).strip() for cell in cutting.cells_of(notebook)
    ):
        return notebook  # and no kernel is needed
    os.environ["NBGRADER_EXECUTION"] = "autograde"  # as nbgrader has it, for tests that ask
    with guarding.private_folder() as folder:
        guard = guarding.guarded(notebook, folder)
        ran = dict(guard.notebook if guard else notebook)
        try:
            run(path, ran, cell_seconds, deadline)
        finally:
            notebook.update(guard.restored(ran) if guard else ran)
            held.update(guard.held if guard else {})
    return notebook


def run(path: Path, notebook: dict[str, Any], cell_seconds: float, deadline: float) -> None:
    """Run a notebook with what is there."""
    try:
        import nbclient
        import nbformat
    except ImportError:
        with_nbconvert(path, notebook, cell_seconds, deadline)
        return
    node = nbformat.v4.reads(json.dumps(notebook))
    try:
        with alarm(deadline + GRACE_SECONDS):
            with_nbclient(nbclient, path, node, cell_seconds, deadline)
    except Alarm:
        raise Stop("stopped", "The notebook took too long and was stopped.") from None
    finally:
        notebook.update(node)


def with_nbclient(
    nbclient: Any, path: Path, node: Any, cell_seconds: float, deadline: float
) -> None:
    from jupyter_client.kernelspec import NoSuchKernel

    name = node.metadata.get("kernelspec", {}).get("name", "python3")
    client = limited(nbclient.NotebookClient)(
        node,
        kernel_name=name,
        timeout_func=lambda cell: max(1, math.ceil(min(cell_seconds, deadline - time.monotonic()))),
        startup_timeout=60,
        allow_errors=True,
        interrupt_on_timeout=True,
        resources={"metadata": {"path": str(path.parent)}},
    )
    for trait, value in (("error_on_timeout", OUT_OF_TIME), ("on_cell_executed", told_errors)):
        if client.has_trait(trait):  # not in all versions
            setattr(client, trait, value)
    ready = False
    try:
        with client.setup_kernel():
            ready = True
            run_cells(nbclient, client, node, deadline)
    except NoSuchKernel:
        raise Stop(
            "no_kernel", f"The notebook's kernel “{name}” is not installed in this project."
        ) from None
    except Stop:
        raise
    except Exception as error:
        if ready and type(error).__name__ == "DeadKernelError":
            raise Stop("stopped", "The kernel died in {cell}.") from None
        if not ready:
            raise Stop(
                "no_kernel", f"The notebook's kernel “{name}” does not start ({said(error)})."
            ) from None
        raise


def run_cells(nbclient: Any, client: Any, node: Any, deadline: float) -> None:
    """Run the cells. One that did not come to its end, as its kernel died, has no count."""
    for number, cell in enumerate(node.cells):
        if cell.cell_type != "code":
            continue
        if time.monotonic() >= deadline:
            raise Stop("stopped", "The notebook took too long and was stopped.")
        try:
            client.execute_cell(cell, number)
        except nbclient.exceptions.CellTimeoutError:
            cell.outputs.append(error_output(OUT_OF_TIME))
        except BaseException:
            cell.execution_count = None
            raise


def told_errors(cell: Any, cell_index: int, execute_reply: Any) -> None:
    """Keep an error that the kernel reports and the student's code has hidden from the outputs."""
    content = execute_reply["content"]
    if content.get("status") != "error":
        return
    if not any(
        output["output_type"] == "error" and output["ename"] == content.get("ename")
        for output in cell.outputs
    ):
        cell.outputs.append(error_output(content))


def error_output(content: Any) -> Any:
    import nbformat

    return nbformat.v4.new_output(
        "error",
        ename=str(content.get("ename", "Error")),
        evalue=str(content.get("evalue", "")),
        traceback=[str(line) for line in content.get("traceback", [])],
    )


def limited(base: Any) -> Any:
    """Return the client's class with a bound to what it keeps in memory of a cell's outputs."""

    class Limited(base):  # type: ignore[misc]
        def output(self, outs: Any, msg: Any, display_id: Any, cell_index: int) -> Any:
            if not hasattr(self, "kept"):
                self.kept: dict[int, int] = {}
            content = msg["content"]
            kept = self.kept.get(cell_index, 0)
            if msg["msg_type"] != "error" and kept > cutting.CELL_BYTES:
                if msg["msg_type"] != "execute_result" and not (
                    content.get("name") == "stderr" and not cutting.wrote_to_stderr(outs)
                ):
                    return None
                if msg["msg_type"] == "stream":
                    content = msg["content"] = dict(content, text=content["text"][:200])
            self.kept[cell_index] = kept + cutting.size_of(content)
            return super().output(outs, msg, display_id, cell_index)

    return Limited


def with_nbconvert(
    path: Path, notebook: dict[str, Any], cell_seconds: float, deadline: float
) -> None:
    jupyter = shutil.which("jupyter")
    if jupyter is None:
        raise Stop(
            "no_jupyter",
            "This project has no Jupyter: neither nbclient for python3 nor the command “jupyter”. "
            "Choose a software environment with Jupyter.",
        )
    with tempfile.TemporaryDirectory() as folder, beside(path, notebook) as given:
        process = subprocess.Popen(  # noqa: S603
            [
                jupyter,
                "nbconvert",
                "--to=notebook",
                "--execute",
                "--allow-errors",
                f"--ExecutePreprocessor.timeout={math.ceil(cell_seconds)}",
                "--ExecutePreprocessor.interrupt_on_timeout=True",
                f"--ExecutePreprocessor.error_on_timeout={OUT_OF_TIME!r}",
                f"--output-dir={folder}",
                "--output=result.ipynb",
                given,
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        try:
            _, told = process.communicate(timeout=max(1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            with contextlib.suppress(OSError):
                os.killpg(process.pid, signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(5)
            with contextlib.suppress(OSError):
                os.killpg(process.pid, signal.SIGKILL)
            raise Stop("stopped", "The notebook took too long and was stopped.") from None
        result = Path(folder) / "result.ipynb"
        if process.returncode == 0 and result.exists():
            notebook.update(loaded(result))
            return
        raise of_nbconvert(told.decode("utf-8", "replace"))


@contextlib.contextmanager
def beside(path: Path, notebook: dict[str, Any]) -> Iterator[str]:
    """Write what is to be run beside the notebook, for as long as it takes."""
    handle, name = tempfile.mkstemp(dir=str(path.parent), prefix=".run-", suffix=".ipynb")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(notebook, file)
        yield name
    finally:
        with contextlib.suppress(OSError):
            Path(name).unlink()


def of_nbconvert(told: str) -> Stop:
    last = (told.strip().splitlines() or ["it said nothing"])[-1][:200]
    if "NoSuchKernel" in told:
        return Stop(
            "no_kernel", f"The notebook's kernel is not installed in this project ({last})."
        )
    if "DeadKernelError" in told:
        return Stop("stopped", "The kernel died while the notebook was run.")
    if "nbconvert` not found" in told or "No module named" in told:
        return Stop("no_jupyter", f"Jupyter in this project cannot run notebooks ({last}).")
    return Stop("failed", f"The notebook could not be run ({last}).")


@contextlib.contextmanager
def alarm(until: float) -> Iterator[None]:
    def ring(*_: object) -> None:
        raise Alarm

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, max(1.0, until - time.monotonic()))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def written(path: Path, notebook: dict[str, Any]) -> tuple[str, str]:
    """Write the result; return its path and its hash."""
    stem = path.stem if path.suffix.lower() == ".ipynb" else path.name
    target = path.with_name(f"{stem}_autograded.ipynb")
    content = (json.dumps(notebook, indent=1, ensure_ascii=False) + "\n").encode("utf-8", "replace")
    handle, name = tempfile.mkstemp(dir=str(path.parent), prefix=".autograded-")
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        part.replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            part.unlink()
        raise
    return str(target), hashlib.sha256(content).hexdigest()


def said(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]


if __name__ == "__main__":
    # What the student's code writes to the kernel's own stdout must not mix with the answer.
    answer = os.dup(1)
    os.dup2(2, 1)
    outcome = main(sys.argv[1:])
    os.write(answer, (json.dumps(outcome) + "\n").encode())
    os._exit(CODES[outcome["state"]])
