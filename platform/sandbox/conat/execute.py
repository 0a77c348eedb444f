"""`system.exec`: a command in a project (read in CoCalc's source, July 2026).

Its errors are bare texts. A command that a signal ended counts as one that ended well, and one
whose time is over leaves nothing of what it said.
"""

import asyncio
import shlex
import tempfile
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sandbox import commands
from sandbox.commands import Command
from sandbox.conat import texts
from sandbox.conat.functions import Call, Thrown, project_function
from sandbox.hub import Hub

DEFAULT_SECONDS = 60
_STDERR_SHOWN = 1024
_BLOCK = 64 * 1024
_JOBS = 100
_JOB_SECONDS = 3600
_JOB_OUTPUT = 1_000_000


@project_function("system.exec")
async def execute(call: Call) -> dict[str, Any]:
    """Run a command and tell how it ended; with `async_call` at once, for `async_get` later."""
    if not call.args or call.args[0] is None:
        raise Thrown("TypeError: Cannot read properties of undefined (reading 'compute_server_id')")
    return await run(call.hub, str(call.project_id), call.given)


async def run(hub: Hub, project_id: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """What exec does with these fields in a running project. Raises Thrown."""
    if given.get("async_get") is not None:
        return await _later(hub, project_id, given)
    seconds = _seconds(given.get("timeout"))
    # The script's folder must outlast the call where the command does.
    folder = tempfile.TemporaryDirectory(prefix="cocalc-")
    try:
        command = _command(given, seconds, Path(folder.name))
        process = await _spawn(hub, project_id, given, command)
    except BaseException:
        folder.cleanup()
        raise
    work = _finish(process, command, seconds, given, folder)
    if not given.get("async_call"):
        return {"type": "blocking"} | await work
    job = _new_job(hub, project_id, process.pid)
    hub.spawn(_keep(job, work))
    return dict(job)


def _seconds(timeout: object) -> float:
    if timeout is None:
        return DEFAULT_SECONDS
    try:
        return float(timeout)  # type: ignore[arg-type]  # whatever JSON holds
    except (TypeError, ValueError):
        return DEFAULT_SECONDS


def _command(given: Mapping[str, Any], seconds: float, folder: Path) -> Command:
    name, args = given.get("command"), given.get("args")
    if name is None:
        raise Thrown("TypeError: Cannot read properties of undefined (reading 'split')")
    if args is not None and not isinstance(args, list):
        raise Thrown(texts.NO_LIST_OF_WORDS.format(received=texts.received(args)))
    name, words = str(name), [str(word) for word in args or []]
    if given.get("bash") or (not words and len(name.split()) > 1):
        # With arguments every word is quoted, the command too, so that nothing is expanded.
        text = shlex.join([name, *words]) if words else name
        return commands.script(text, seconds, folder)
    for index, word in enumerate([name, *words]):
        if "\0" in word:
            shown = word.replace("\0", "\\x00")
            raise Thrown(texts.NULL_BYTE.format(index=index, shown=shown))
    return commands.program(name, words)


async def _spawn(
    hub: Hub, project_id: str, given: Mapping[str, Any], command: Command
) -> asyncio.subprocess.Process:
    place = hub.projects.home(project_id) / str(given.get("cwd") or given.get("path") or "")
    more = given.get("env") or {}
    environment = hub.projects.environment(project_id) | {
        str(name): str(value) for name, value in more.items()
    }
    try:
        return await commands.spawn(command, place, environment)
    except OSError as problem:
        text = commands.not_run(problem, command, strict=_is_strict(given))
        raise Thrown(text) from None


def _is_strict(given: Mapping[str, Any]) -> bool:
    return bool(given.get("err_on_exit", True))


async def _finish(
    process: asyncio.subprocess.Process,
    command: Command,
    seconds: float,
    given: Mapping[str, Any],
    folder: tempfile.TemporaryDirectory[str],
) -> dict[str, Any]:
    with folder:
        try:
            done = await commands.finish(process, command, seconds)
        except commands.Killed as killed:
            raise Thrown(str(killed)) from None
    stdout, stderr = _text(done.out), _text(done.err)
    code = max(done.code, 0)
    if code and _is_strict(given):
        raise Thrown(commands.failed(command, code, stderr[:_STDERR_SHOWN]))
    limit = given.get("max_output") or (_JOB_OUTPUT if given.get("async_call") else None)
    return {"stdout": _cut(stdout, limit), "stderr": _cut(stderr, limit), "exit_code": code}


def _text(data: bytes) -> str:
    """Decoded block by block, as it came: a letter across a border is lost."""
    blocks = (data[start : start + _BLOCK] for start in range(0, len(data), _BLOCK))
    return "".join(block.decode("utf-8", "replace") for block in blocks)


def _cut(text: str, limit: object) -> str:
    """At most so many UTF-16 units, and a word about it as soon as there are so many."""
    if not isinstance(limit, int) or limit <= 0:
        return text
    units = text.encode("utf-16-le", "surrogatepass")
    if len(units) // 2 < limit:
        return text
    kept = units[: 2 * limit].decode("utf-16-le", "replace")
    return f"{kept} (truncated at {limit} characters)"


# Asynchronous commands


def _new_job(hub: Hub, project_id: str, pid: int) -> dict[str, Any]:
    jobs = hub.daemons.of(project_id).jobs
    now = hub.clock.now()
    for old in [key for key, job in jobs.items() if job["start"] < (now - _JOB_SECONDS) * 1000]:
        del jobs[old]
    while len(jobs) >= _JOBS:
        del jobs[next(iter(jobs))]
    job: dict[str, Any] = {
        "type": "async",
        "stdout": "",
        "stderr": "",
        "exit_code": 0,
        "start": int(now * 1000),
        "job_id": str(uuid.uuid4()),
        "status": "running",
        "pid": pid,
    }
    jobs[str(job["job_id"])] = job
    return job


async def _keep(job: dict[str, Any], work: Any) -> None:
    begun = time.monotonic()
    try:
        job |= await work | {"status": "completed"}
    except Thrown as thrown:
        job |= {"stderr": str(thrown.what), "exit_code": 1, "status": "error"}
    job["elapsed_s"] = round(time.monotonic() - begun, 3)


async def _later(hub: Hub, project_id: str, given: Mapping[str, Any]) -> dict[str, Any]:
    name = given["async_get"]
    job = hub.daemons.of(project_id).jobs.get(str(name))
    if job is None:
        raise Thrown(f"Error: Async operation '{name}' does not exist.")
    while given.get("async_await") and job["status"] == "running":
        await asyncio.sleep(0.05)
    return dict(job)
