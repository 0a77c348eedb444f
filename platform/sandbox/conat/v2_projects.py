"""v2: changing, deleting and running projects. `{}` is a failure, but for touch."""

from typing import Any

from sandbox.conat.functions import Thrown
from sandbox.conat.member_functions import remove
from sandbox.conat.power import start, stop
from sandbox.conat.project_functions import mark_deleted
from sandbox.conat.query import query
from sandbox.conat.v2 import V2Call, v2_function
from sandbox.ids import is_uuid
from sandbox.store import Account

_OK = {"status": "ok"}


def _signed_in(call: V2Call) -> Account:
    if call.account is None:
        raise Thrown("Error: must be signed in")
    return call.account


def _project(call: V2Call, to_do: str) -> str:
    """The project's id in a call of somebody who may do this. Raises Thrown."""
    if call.account_id is None:
        raise Thrown("Error: must be signed in")
    project_id = call.given.get("project_id")
    if not call.is_collaborator(project_id):
        raise Thrown(f"Error: must be a collaborator to {to_do} project")
    return str(project_id)


@v2_function("projects/start")
async def start_project(call: V2Call) -> dict[str, Any]:
    await start(call.hub, _project(call, "start"))
    return _OK


@v2_function("projects/stop")
async def stop_project(call: V2Call) -> dict[str, Any]:
    await stop(call.hub, _project(call, "stop"))
    return _OK


@v2_function("projects/touch")
async def touch(call: V2Call) -> dict[str, Any]:
    await start(call.hub, _project(call, "touch"))
    return {}


@v2_function("projects/update")
async def update(call: V2Call) -> dict[str, Any]:
    """Title and description; an empty one is left out."""
    account = _signed_in(call)
    fields = ("project_id", "title", "description", "name")
    row = {name: call.given[name] for name in fields if call.given.get(name)}
    try:
        await query(call.hub, account, {"projects": row})
    except Thrown as thrown:
        return {"error": str(thrown.what).removeprefix("Error: ")}
    return _OK


@v2_function("projects/delete")
async def delete(call: V2Call) -> dict[str, Any]:
    project_id = _deletable(call)
    await stop(call.hub, project_id)
    mark_deleted(call.hub, project_id, True)
    return _OK


@v2_function("projects/restore")
async def restore(call: V2Call) -> dict[str, Any]:
    mark_deleted(call.hub, _deletable(call), False)
    return _OK


def _deletable(call: V2Call) -> str:
    _signed_in(call)
    project_id = call.given.get("project_id")
    if not is_uuid(project_id):
        raise Thrown("Error: project_id must be a valid UUID")
    if not (call.is_collaborator(project_id) or call.is_admin()):
        raise Thrown("Error: must be an owner to delete a project")
    if call.hub.store.project(str(project_id)) is None:
        raise Thrown(f"FATAL: unknown project_id '{project_id}'")
    return str(project_id)


@v2_function("projects/collaborators/remove")
async def remove_collaborator(call: V2Call) -> dict[str, Any]:
    """Unlike on the bridge, a site admin may."""
    account = _signed_in(call)
    project_id = call.given.get("project_id")
    if not (call.is_collaborator(project_id) or call.is_admin()):
        raise Thrown("Error: user must be a collaborator")
    remove(call.hub, account, str(project_id), str(call.given.get("account_id")))
    return _OK
