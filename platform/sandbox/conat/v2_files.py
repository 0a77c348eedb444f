"""v2: commands, files and copies (read in CoCalc's source, July 2026)."""

import asyncio
import contextlib

from sandbox import copying
from sandbox.conat import execute, texts
from sandbox.conat.copies import copy_path as copy
from sandbox.conat.functions import PROJECT, Call, Thrown
from sandbox.conat.power import start
from sandbox.conat.v2 import V2Call, v2_function
from sandbox.ids import is_uuid

_SECONDS = 60


@v2_function("exec")
async def run(call: V2Call) -> dict[str, object]:
    """A command by the way of 2024: its errors are worded as API v1 did."""
    if call.account_id is None:
        raise Thrown("Error: must be signed in")
    project_id = call.given.get("project_id")
    if not call.is_collaborator(project_id):
        raise Thrown("Error: user must be a collaborator on the project")
    await start(call.hub, str(project_id))
    try:
        work = call.hub.spawn(execute.run(call.hub, str(project_id), call.given))
        return await asyncio.wait_for(asyncio.shield(work), _SECONDS)
    except Thrown as thrown:
        args = call.given.get("args")
        shown = "undefined" if args is None else ",".join(map(str, args))
        text = texts.V2_EXEC_FAILED.format(
            command=call.given.get("command"), args=shown, error=thrown.what
        )
        raise Thrown(f"Error: {text}") from None


@v2_function("projects/write-text-file")
async def write_text_file(call: V2Call) -> dict[str, str]:
    """Write a text. Whatever the project says to it, the answer is ok."""
    if call.account_id is None:
        raise Thrown("Error: must be authenticated")
    project_id = call.given.get("project_id")
    if not is_uuid(project_id):
        raise Thrown("Error: must set project_id to a valid uuid")
    if not call.is_collaborator(project_id):
        raise Thrown(
            "Error: callProject -- authenticated user must be a collaborator on the project"
        )
    await start(call.hub, str(project_id))
    inner = Call(call.hub, call.account, str(project_id), [call.given])
    with contextlib.suppress(Thrown):
        await PROJECT["system.writeTextFileToProject"].run(inner)
    return {"status": "ok"}


@v2_function("projects/copy-path")
async def copy_path(call: V2Call) -> dict[str, str]:
    """Copy as the hub's function does, without `exclude`."""
    if call.account_id is None:
        raise Thrown("Error: must be signed in")
    given = call.given
    for name in ("src_project_id", "target_project_id"):
        if not is_uuid(given.get(name)):
            raise Thrown(f"Error: {name} must be a valid uuid")
    if not given.get("path"):
        raise Thrown("Error: path must be specified")
    for role, name in (("source", "src_project_id"), ("target", "target_project_id")):
        if not call.is_collaborator(given[name]):
            raise Thrown(f"Error: must be a collaborator on {role} project")
    options = {**given, "src_path": given["path"], "exclude": ()}
    try:
        await copy(call.hub, options, given["src_project_id"], given["target_project_id"])
    except copying.CopyFailed as failed:
        raise Thrown(f"Error: {failed}") from None
    return {"copy_id": ""}
