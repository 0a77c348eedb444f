"""project_exec: a command in a project's home, with CoCalc's limits and CoCalc's texts."""

import shlex
import tempfile
from pathlib import Path

from sandbox import commands
from sandbox.api.access import project_for
from sandbox.api.messages import Call, Message, NoAnswerError, RefusedError
from sandbox.commands import Command
from sandbox.hub import Hub


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
        line = commands.script(" ".join([command, *map(shlex.quote, args)]), timeout, folder)
        return Command(line.argv, f"'{command}'", line.killed)
    return commands.program(command, args)


async def _run(hub: Hub, call: Call, project_id: str, timeout: float, folder: Path) -> Message:
    command = _prepare(call, timeout, folder)
    strict = bool(call["err_on_exit"])
    place = hub.projects.home(project_id) / str(call["path"] or "")
    try:
        process = await commands.spawn(command, place, hub.projects.environment(project_id))
        done = await commands.finish(process, command, timeout)
    except OSError as problem:
        raise RefusedError(commands.not_run(problem, command, strict=strict)) from None
    except commands.Killed as killed:
        raise RefusedError(str(killed)) from None
    stdout, stderr = done.out.decode("utf-8", "replace"), done.err.decode("utf-8", "replace")
    if done.code and strict:
        raise RefusedError(commands.failed(command, done.code, stderr))
    return {
        "event": "project_exec_output",
        "stdout": _cut(stdout, call["max_output"]),
        "stderr": _cut(stderr, call["max_output"]),
        "exit_code": done.code,
        "type": "blocking",
    }


def _cut(text: str, limit: object) -> str:
    size = int(_number(limit))
    if not size or len(text) <= size:
        return text
    return f"{text[:size]} (truncated at {size} characters)"
