"""A command in a project: how it is started, ended and described. The same for all generations.

CoCalc names a command in its errors in its own way, which is kept here; what the errors say around
that is each generation's.
"""

import asyncio
import contextlib
import errno
import json
import os
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Command:
    """What is run. `shown` and `killed` are how CoCalc's two errors name it."""

    argv: list[str]
    shown: str
    killed: str


@dataclass(frozen=True)
class Finished:
    """How a command ended. `code` is negative where a signal did it."""

    out: bytes
    err: bytes
    code: int


class Killed(Exception):
    """The command's time was over. Everything it had said is lost."""

    def __init__(self, command: Command) -> None:
        super().__init__(f"killed command '{command.killed}'")


def script(text: str, seconds: float, folder: Path) -> Command:
    """A text for bash, which may use the processor for `seconds`; 0: without a limit."""
    place = folder / "a.sh"
    limit = f"ulimit -t {max(int(seconds), 1)}\n" if seconds else ""
    place.write_text(f"{limit}{text}\n", encoding="utf-8", errors="surrogatepass")
    return Command(["bash", str(place)], f"'{text}'", f"bash {place}")


def program(name: str, args: Sequence[str]) -> Command:
    """A program with its arguments, which no shell reads."""
    words = " ".join(args)
    return Command([name, *args], f"''{name}' (args={words})'", " ".join([name, *args]))


async def spawn(
    command: Command, folder: Path, environment: Mapping[str, str]
) -> asyncio.subprocess.Process:
    """Start a command in a group of its own; OSError where that cannot be."""
    return await asyncio.create_subprocess_exec(
        *command.argv,
        cwd=folder,
        env=environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )


async def finish(process: asyncio.subprocess.Process, command: Command, seconds: float) -> Finished:
    """Wait until it and all that holds its output has ended; Killed after `seconds` (0: never)."""
    try:
        out, err = await asyncio.wait_for(process.communicate(), seconds or None)
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
        raise Killed(command) from None
    return Finished(out, err, process.returncode or 0)


def not_run(problem: OSError, command: Command, *, strict: bool) -> str:
    """What CoCalc says where a command could not be started."""
    what = "exited with nonzero code 1" if strict else "was not able to run"
    code = problem.errno or errno.ENOENT
    details = {
        "errno": -code,
        "code": errno.errorcode.get(code, "UNKNOWN"),
        "syscall": f"spawn {command.argv[0]}",
        "path": command.argv[0],
        "spawnargs": command.argv[1:],
    }
    shown = json.dumps(details, separators=(",", ":"), ensure_ascii=False)
    return f"command {command.shown} {what} -- stderr='{shown}'"


def failed(command: Command, code: int, stderr: str) -> str:
    """What CoCalc says where a command should have ended with 0."""
    return f"command {command.shown} exited with nonzero code {code} -- stderr='{stderr}'"
