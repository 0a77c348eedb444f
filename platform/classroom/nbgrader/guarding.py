"""Puts marked tests of Python notebooks under guard, and reads what the guard found.

A notebook is rewritten before it is run: its first cell starts `kernel_guard` in the kernel, each
test becomes a call of the guard, and around each locked cell of the teacher's the guard is told.
After that the notebook is as it was, with its outputs. Like `run_notebook`, of which it becomes a
part in the project, it stands alone, for any Python from 3.8.
"""

from __future__ import annotations

import ast
import copy
import hashlib
import json
import os
import secrets
import tempfile
from pathlib import Path
from typing import Any

GUARD = ""  # the text of `kernel_guard`; set by who loads this
NO_GUARD = "what watches over the tests could not be started in this project"
NO_VERDICT = "its test did not report how it ended"
TWICE = "it runs the tests itself"
NO_NUMBER = "no number of points, but "  # as `kernel_results` says it


class Guarded:
    """A notebook under guard."""

    def __init__(self, notebook: dict[str, Any], folder: str) -> None:
        self.original = notebook
        self.held: dict[str, list[str]] = {}
        self._key = secrets.token_hex(32)
        self._name = f"_{secrets.token_hex(8)}"
        self._verdicts = Path(folder) / f"{secrets.token_hex(8)}.jsonl"
        self._tokens: dict[str, list[str]] = {}
        self._places: dict[int, int] = {}  # of the original's cells in what is run
        self.notebook = dict(notebook, cells=self._cells(folder))

    def _cells(self, folder: str) -> list[dict[str, Any]]:
        given = self.original.get("metadata", {}).get("lectern", {})
        tests: dict[str, str] = {}
        locked: dict[str, list[str]] = {}
        free = set(given.get("free", []))
        cells: list[dict[str, Any]] = [{}]  # the first one is made when all is known
        for number, cell in enumerate(self.original["cells"]):
            kind, name = kind_of(cell)
            if kind == "locked":
                locked[name] = sorted(defined(joined(cell)) - free)
                cells.append(self._call("before", name))
            self._places[number] = len(cells)
            cells.append(copy.deepcopy(cell))
            if kind == "test":
                tests[name] = joined(cell)
                cells[-1]["source"] = self._call("test", name, "await " in tests[name])["source"]
            if kind == "locked":
                cells.append(self._call("after", name))
        self._verdicts.touch(0o600)
        start = {
            "key": self._key,
            "verdicts": str(self._verdicts),
            "name": self._name,
            "tests": tests,
            "locked": locked,
            "imports": sorted(set(given.get("imports", []))),
            "tokens": self._tokens,
        }
        script = Path(folder) / f"{secrets.token_hex(8)}.py"
        script.write_text(f"GIVEN = {start!r}\n{GUARD}", encoding="utf-8")
        script.chmod(0o600)
        # Its file goes before anything else runs.
        cells[0] = self._cell(
            f"with open({str(script)!r}, encoding='utf-8') as _l: _l = _l.read()\n"
            f"__import__('os').unlink({str(script)!r})\n"
            "exec(compile(_l, '<lectern>', 'exec'), {'__builtins__': "
            "dict(vars(__import__('builtins'))), 'get_ipython': get_ipython, '__name__': "
            "'<lectern>'})\ndel _l"
        )
        return cells

    def _call(self, what: str, name: str, waits: bool = False) -> dict[str, Any]:
        token = secrets.token_hex(16)
        self._tokens[token] = [what, name]
        call = f"__import__('sys').modules['{self._name}'].go"
        source = f"await {call}('{token}')" if waits else f"{call}_now('{token}')"
        return self._cell(source)

    def _cell(self, source: str) -> dict[str, Any]:
        cell: dict[str, Any] = {
            "cell_type": "code",
            "metadata": {},
            "source": source,
            "outputs": [],
            "execution_count": None,
        }
        if self.original.get("nbformat_minor", 0) >= 5:
            cell["id"] = f"lectern-{secrets.token_hex(8)}"
        return cell

    def restored(self, ran: dict[str, Any]) -> dict[str, Any]:
        """Return the notebook with what came out; `held` then says which tests decide nothing."""
        ready, verdicts = self._read()
        cells = []
        count = 0
        for number, before in enumerate(self.original["cells"]):
            cell = ran["cells"][self._places[number]]
            kind, name = kind_of(before)
            if cell.get("execution_count") is not None:
                count += 1
                cell["execution_count"] = count
                for output in cell.get("outputs", []):
                    if "execution_count" in output:
                        output["execution_count"] = count
            if kind == "test":
                cell["source"] = before["source"]
                self._judge(name, cell, ready, verdicts.get(name, []))
            cells.append(cell)
        ran["cells"] = cells
        ran.get("metadata", {}).pop("lectern", None)
        return ran

    def _judge(
        self, name: str, cell: dict[str, Any], ready: bool, verdicts: list[dict[str, Any]]
    ) -> None:
        outputs = cell["outputs"]
        failed = any(output["output_type"] == "error" for output in outputs)
        if len(verdicts) != 1:
            if cell.get("execution_count") is not None and (verdicts or not failed):
                self.held[name] = [TWICE if verdicts else NO_VERDICT if ready else NO_GUARD]
            return
        verdict = verdicts[0]
        if verdict["found"]:
            self.held[name] = [str(each) for each in verdict["found"]]
        if not verdict["passed"] and not failed:
            ename, evalue = str(verdict["ename"]), str(verdict["evalue"])
            outputs.append(
                {
                    "output_type": "error",
                    "ename": ename,
                    "evalue": evalue,
                    "traceback": [f"{ename}: {evalue}"],
                }
            )
        if "value" in verdict:
            self._tell(cell, verdict["value"])

    def _tell(self, cell: dict[str, Any], value: str | None) -> None:
        """Make what the guard tells the cell's one result, as its display may have been changed.

        What is no number is still to be seen.
        """
        outputs = []
        for output in cell["outputs"]:
            if output["output_type"] != "execute_result":
                outputs.append(output)
            elif value is None or value.startswith(NO_NUMBER):
                shown = {"data": output["data"], "metadata": output["metadata"]}
                outputs.append({"output_type": "display_data", **shown})
        if value is not None:
            outputs.append(
                {
                    "output_type": "execute_result",
                    "data": {"text/plain": value},
                    "metadata": {},
                    "execution_count": cell.get("execution_count"),
                }
            )
        cell["outputs"] = outputs

    def _read(self) -> tuple[bool, dict[str, list[dict[str, Any]]]]:
        """Return whether the guard was ready, and the verdicts with its signature, by test."""
        key = self._key.encode()
        ready = False
        verdicts: dict[str, list[dict[str, Any]]] = {}
        try:
            lines = self._verdicts.read_bytes().split(b"\n")
        except OSError:
            return False, {}
        for line in lines:
            signature, _, text = line.partition(b" ")
            expected = hashlib.sha256(key + text + key).hexdigest().encode()
            if not secrets.compare_digest(signature, expected):
                continue
            verdict = json.loads(text)
            if verdict.get("ready"):
                ready = True
            else:
                verdicts.setdefault(verdict["cell"], []).append(verdict)
        return ready, verdicts


def guarded(notebook: dict[str, Any], folder: str) -> Guarded | None:
    """Put a notebook under guard, with files in `folder`; None where there is nothing to guard."""
    metadata = notebook.get("metadata", {})
    spec = metadata.get("kernelspec", {})
    language = str(
        spec.get("language")
        or metadata.get("language_info", {}).get("name")
        or spec.get("name", "python")
    )
    is_python = language.lower().startswith(("python", "sage", "ipython"))
    if not is_python or not any(kind_of(cell)[0] == "test" for cell in notebook["cells"]):
        return None
    return Guarded(notebook, folder)


def kind_of(cell: dict[str, Any]) -> tuple[str, str]:
    """Return what a prepared cell is ("test", "locked", or "") and its id."""
    marks = cell.get("metadata", {}).get("nbgrader")
    if cell.get("cell_type") != "code" or not isinstance(marks, dict) or marks.get("solution"):
        return "", ""
    name = grade_id(cell)
    if marks.get("grade"):
        return ("test" if joined(cell).strip() else ""), name
    return ("locked" if marks.get("locked") else ""), name


def grade_id(cell: dict[str, Any]) -> str:
    """Return the id of a prepared cell; empty for an unmarked one."""
    marks = cell.get("metadata", {}).get("nbgrader")
    return str(marks.get("grade_id", "")) if isinstance(marks, dict) else ""


def unfinished(notebook: dict[str, Any], waited: bool = False) -> str:
    """Name the first cell that did not come to its end; empty where there is none.

    With `waited`, the first that did not even begin, as an earlier one went on and on.
    """
    for number, cell in enumerate(notebook["cells"], 1):
        if cell.get("cell_type") != "code" or not joined(cell).strip():
            continue
        if cell.get("execution_count") is None and (not waited or cell.get("outputs")):
            name = grade_id(cell)
            return f"cell {number} (“{name[:60]}”)" if name else f"cell {number}"
    return ""


def defined(source: str) -> set[str]:
    """Return the names that a cell defines as functions or classes."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return {node.name for node in parsed(source).body if isinstance(node, kinds)}


def parsed(source: str) -> ast.Module:
    """Read a cell without its magics; as empty what is no Python."""
    lines = [
        line if line.lstrip()[:1] not in ("%", "!", "?") else "" for line in source.splitlines()
    ]
    try:
        return ast.parse("\n".join(lines))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ast.parse("")


def joined(cell: dict[str, Any]) -> str:
    """Return a cell's source as one text."""
    source = cell.get("source", "")
    return source if isinstance(source, str) else "".join(source)


def private_folder() -> Any:
    """Return a temporary folder; IPython's own settings are looked for there, and not at home."""
    folder = tempfile.TemporaryDirectory(prefix="lectern-")
    os.environ["IPYTHONDIR"] = os.path.join(folder.name, "ipython")  # noqa: PTH118
    return folder
