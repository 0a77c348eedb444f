"""Copying between projects: the hub's function, and v2's way to the same (read in its source)."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sandbox import copying
from sandbox.conat.access import NO_UUID
from sandbox.conat.functions import Call, Thrown, hub_function
from sandbox.hub import Hub
from sandbox.ids import is_uuid


@hub_function("projects.copyPathBetweenProjects")
async def copy_path_between_projects(call: Call) -> None:
    """Copy by rsync, on the hub's disk: neither project needs to run, or to be undeleted."""
    given = call.given
    source_id, target_id = given.get("src_project_id"), given.get("target_project_id", None)
    _check_member(call, source_id, "source")
    if target_id:
        _check_member(call, target_id, "target")
    if given.get("src_path") is None:
        raise Thrown("Error: path must be specified")
    if target_id is None:
        target_id = source_id
    if not is_uuid(target_id):
        raise Thrown(f"Error: target_project_id={target_id} is invalid")
    try:
        await copy_path(call.hub, given, str(source_id), str(target_id))
    except copying.CopyFailed as failed:
        raise Thrown(f"Error: {failed}") from None


def _check_member(call: Call, project_id: object, role: str) -> None:
    if not is_uuid(project_id):
        raise Thrown(f"Error: {NO_UUID}")
    caches, caller = call.hub.caches, call.caller
    if caller is None or not caches.is_collaborator(caller.account_id, str(project_id)):
        raise Thrown(f"Error: user must be collaborator on {role} project")


async def copy_path(hub: Hub, given: Mapping[str, Any], source_id: str, target_id: str) -> None:
    """Copy `src_path` to `target_path`, by default the same name. Raises CopyFailed."""
    path = str(given["src_path"])
    target_path = given.get("target_path")
    source = _inside(hub.projects.home(source_id), path, "source path", "project")
    target = _inside(
        hub.projects.home(target_id),
        path if target_path is None else str(target_path),
        "target path",
        "target project",
    )
    if not source.exists():
        raise copying.CopyFailed(f"ENOENT: no such file or directory, stat '{source}'")
    await copying.copy(source, target, given)


def _inside(home: Path, path: str, what: str, whose: str) -> Path:
    place = copying.place(home, path)
    # A comparison of words: a neighbour whose name begins alike would pass.
    if not str(place).startswith(str(home)):
        raise copying.CopyFailed(f"{what} must be contained in {whose} home dir")
    return place
