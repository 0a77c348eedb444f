"""project_exec: a command in a project's home, with CoCalc's limits and CoCalc's texts."""

import asyncio
import contextlib
import errno
import json
import os
import shlex
import signal
import tempfile
from dataclasses import dataclass
from pathlib import Path

from sandbox.api.access import project_for
from sandbox.api.messages import Call, Message, NoAnswerError, RefusedError
from sandbox.hub import Hub


@dataclass
class Command:
    """What is run. `shown` and `killed` are how CoCalc's two errors name it."""

    argv: list[str]
    shown: str
    killed: str


async def project_exec(hub: Hub, call: Call) -> Message:
    project = project_for(hub, call.caller, call["project_id"])
    if call["command"] == "ipython-notebook":
        raise NoAnswerError
    timeout = _number(call["timeout"])
    await hub.projects.start(project.project_id)
    if not timeout:
        raise NoAnswerError
    with tempfile.TemporaryDirectory(prefix="sandbox-exec-") as folder:
        try:
            return await _run(hub, call, project.project_id, timeout, Path(folder))
        except RefusedError as refused:
            args = ",".join(map(str, call["args"] or []))
            raise RefusedError(
                f"Error executing command '{call['command']}' with args '{args}' -- {refused.error}"
            ) from None


def _number(value: object) -> float:
    """A field that is a number, or a form's text of one."""
    try:
        return float(value)  # type: ignore[arg-type]  # whatever JSON holds
    except (TypeError, ValueError):
        return 0


def _prepare(call: Call, timeout: float, folder: Path) -> Command:
    command, args = str(call["command"]), [str(arg) for arg in call["args"] or []]
    # A form's bash=false is the text "false", which counts as true.
    if call["bash"] or (not args and " " in command):
        script = folder / "a.sh"
        line = " ".join([command, *map(shlex.quote, args)])
        limit = f"ulimit -t {max(int(timeout), 1)}\n"
        script.write_text(limit + line + "\n", encoding="utf-8")
        return Command(["bash", str(script)], f"'{command}'", f"bash {script}")
    shown = f"''{command}' (args={' '.join(args)})'"
    return Command([command, *args], shown, " ".join([command, *args]))


async def _run(hub: Hub, call: Call, project_id: str, timeout: float, folder: Path) -> Message:
    command = _prepare(call, timeout, folder)
    strict = bool(call["err_on_exit"])
    try:
        process = await asyncio.create_subprocess_exec(
            *command.argv,
            cwd=hub.projects.home(project_id) / str(call["path"] or ""),
            env=hub.projects.environment(project_id),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as problem:
        what = "exited with nonzero code 1" if strict else "was not able to run"
        raise RefusedError(
            f"command {command.shown} {what} -- stderr='{_spawn_error(problem, command)}'"
        ) from None
    try:
        out, err = await asyncio.wait_for(process.communicate(), timeout)
    except TimeoutError:
        # Everything it had said is lost.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
        raise RefusedError(f"killed command '{command.killed}'") from None
    stdout, stderr = out.decode("utf-8", "replace"), err.decode("utf-8", "replace")
    if process.returncode and strict:
        raise RefusedError(
            f"command {command.shown} exited with nonzero code {process.returncode}"
            f" -- stderr='{stderr}'"
        )
    return {
        "event": "project_exec_output",
        "stdout": _cut(stdout, call["max_output"]),
        "stderr": _cut(stderr, call["max_output"]),
        "exit_code": process.returncode,
        "type": "blocking",
    }


def _spawn_error(problem: OSError, command: Command) -> str:
    code = problem.errno or errno.ENOENT
    details = {
        "errno": -code,
        "code": errno.errorcode.get(code, "UNKNOWN"),
        "syscall": f"spawn {command.argv[0]}",
        "path": command.argv[0],
        "spawnargs": command.argv[1:],
    }
    return json.dumps(details, separators=(",", ":"), ensure_ascii=False)


def _cut(text: str, limit: object) -> str:
    size = int(_number(limit))
    if not size or len(text) <= size:
        return text
    return f"{text[:size]} (truncated at {size} characters)"
