"""copy_path_between_projects and copy_path_status.

Works on the folders: neither project needs to run, none is started.
"""

import asyncio
from pathlib import Path

from sandbox import copying
from sandbox.api.messages import Call, Message, RefusedError
from sandbox.hub import Hub
from sandbox.ids import is_uuid

_NOTE = (
    "Query copy_path_status with the copy_path_id to learn if the copy operation was successful."
)


async def copy_path_between_projects(hub: Hub, call: Call) -> Message:
    source_id, target_id = call["src_project_id"], call["target_project_id"]
    for name in ("src_project_id", "target_project_id"):
        if not is_uuid(call[name]):
            raise RefusedError(f"{name}='{call[name]}' not valid")
    _check_access(hub, call, source_id, "read", "source")
    _check_access(hub, call, target_id, "write", "target")
    src_path = str(call["src_path"])
    target_path = src_path if call["target_path"] is None else str(call["target_path"])
    source = _inside(hub.projects.home(source_id), src_path, "source")
    target = _inside(hub.projects.home(target_id), target_path, "target")
    if not source.exists():
        raise RefusedError(f"ENOENT: no such file or directory, stat '{source}'")
    # A time in `scheduled` is taken and copied at once: only the vendor's cluster schedules.
    work = hub.spawn(_copy(call, source, target))
    if call["wait_until_done"]:
        await asyncio.shield(work)
    else:
        # Then what went wrong is lost, and looks like success.
        work.add_done_callback(lambda done: done.cancelled() or done.exception())
    return {"event": "copy_path_between_projects_response", "copy_path_id": "", "note": _NOTE}


def _check_access(hub: Hub, call: Call, project_id: str, kind: str, role: str) -> None:
    # An admin passes unasked, so for him an unknown project is a folder not there yet.
    project = hub.store.project(project_id)
    if not call.caller.is_admin and (project is None or not hub.may_use(call.caller, project)):
        raise RefusedError(f"ACCESS BLOCKED -- No {kind} access to {role} project -- {project_id}")


def _inside(home: Path, path: str, role: str) -> Path:
    """The place of a path, which counts from the home even where it begins with a slash.

    As on a real server, the words are compared and nothing else: the copy is made with root's
    rights, and a link in the path leads into any other project.
    """
    place = copying.place(home, path)
    if not place.is_relative_to(home):
        raise RefusedError(f"{role} path must be contained in project home dir")
    return place


async def _copy(call: Call, source: Path, target: Path) -> None:
    try:
        await copying.copy(source, target, call.mesg)
    except copying.CopyFailed as failed:
        raise RefusedError(str(failed)) from None


async def copy_path_status(hub: Hub, call: Call) -> Message:
    """There is never a status to tell: copies are done at once and not kept track of."""
    copy_id = call["copy_path_id"]
    if copy_id is not None:
        if not is_uuid(copy_id):
            raise RefusedError(f'postgresql error: invalid input syntax for type uuid: "{copy_id}"')
        raise RefusedError(f"Can't find copy operation with ID={copy_id}")
    if not call["src_project_id"] and not call["target_project_id"]:
        raise RefusedError("At least one of src_project_id or target_project_id must be given")
    return {"event": "copy_path_status_response", "data": []}
