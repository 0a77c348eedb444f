"""write_text_file_to_project and read_text_file_from_project.

As on CoCalc, a path may be absolute or lead out of the project's home: to refuse that is the
client's part.
"""

import asyncio
import errno
import io
import random
import tarfile
from pathlib import Path
from typing import Any

from sandbox.api.access import project_for
from sandbox.api.messages import Call, Message, NoAnswerError, RefusedError
from sandbox.hub import Hub

WRITE_SECONDS = 10
READ_LIMIT = 10_000_000


async def write_text_file(hub: Hub, call: Call) -> Message:
    project = project_for(hub, call.caller, call["project_id"])
    await hub.projects.start(project.project_id)
    path, content = str(call["path"]), call["content"]
    if not isinstance(content, str):
        raise NoAnswerError
    target = hub.projects.home(project.project_id) / path
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError:
        # The project drops the request, and the server waits for it in vain.
        await asyncio.sleep(WRITE_SECONDS)
        raise RefusedError(f"Timed out after {WRITE_SECONDS} seconds.") from None
    try:
        await asyncio.to_thread(_write, target, content)
    except OSError as problem:
        shown = f"{hub.projects.home(project.project_id)}/{path}"
        raise RefusedError(_as_node_says(problem, "open", shown)) from None
    return {"event": "file_written_to_project"}


def _write(target: Path, content: str) -> None:
    # Plain, not atomic: as the real one.
    target.write_bytes(content.encode("utf-8", "replace"))


def _as_node_says(problem: OSError, syscall: str, path: str) -> dict[str, Any]:
    code = problem.errno or 0
    return {
        "errno": -code,
        "code": errno.errorcode.get(code, "UNKNOWN"),
        "syscall": syscall,
        "path": path,
    }


async def read_text_file(hub: Hub, call: Call) -> Message:
    projects, paths = call["project_id"], call["path"]
    event = "text_file_read_from_project"
    if not isinstance(paths, list):
        return {"event": event, "content": await _read_one(hub, call, projects, str(paths))}
    if not isinstance(projects, list):
        projects = [projects] * len(paths)
    rows = [await _read_row(hub, call, *pair) for pair in zip(projects, paths, strict=False)]
    random.shuffle(rows)  # The order of the answers is nobody's promise.
    return {"event": event, "content": rows}


async def _read_row(hub: Hub, call: Call, project_id: str, path: str) -> dict[str, Any]:
    row = {"path": path, "project_id": project_id}
    try:
        return row | {"content": await _read_one(hub, call, project_id, path)}
    except RefusedError as refused:
        return row | {"error": refused.error}


async def _read_one(hub: Hub, call: Call, project_id: str, path: str) -> str:
    project = project_for(hub, call.caller, project_id, "read")
    await hub.projects.start(project.project_id)
    target = hub.projects.home(project.project_id) / path
    try:
        data = await asyncio.to_thread(_read, target)
    except FileNotFoundError:
        raise RefusedError(f"Error: ENOENT: no such file or directory, stat '{target}'") from None
    except OSError as problem:
        code = errno.errorcode.get(problem.errno or 0, "UNKNOWN")
        raise RefusedError(f"Error: {code}: {problem.strerror}, open '{target}'") from None
    return data.decode("utf-8", "replace")


def _read(target: Path) -> bytes:
    if target.is_dir():
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w:bz2") as archive:
            archive.add(target, arcname=target.name)
        return packed.getvalue()
    size = target.stat().st_size
    if size > READ_LIMIT:
        raise RefusedError(f"Error: path '{target.name}' too large ({size} > {READ_LIMIT} bytes)")
    return target.read_bytes()
