"""Functions `projects.*` of the hub: making and deleting them, and whether they run.

A site admin is no collaborator by that: only deleting and choosing an id ask for it.
"""

import contextlib
import sqlite3
from typing import Any

from sandbox.conat import texts
from sandbox.conat.access import caller_of, is_collaborator, is_site_admin
from sandbox.conat.functions import Call, Thrown, hub_function
from sandbox.conat.power import start, state_of, stop
from sandbox.hub import Hub
from sandbox.ids import is_uuid

_STATE = "2025-11-21"


@hub_function("projects.createProject")
async def create_project(call: Call) -> str:
    """The caller owns it. Not started, unless `start`, and then nobody hears how that went."""
    given, wanted = call.given, call.given.get("project_id")
    if wanted is not None and not is_site_admin(call):
        raise Thrown("Error: only admins can specify the project_id")
    if wanted is not None and not is_uuid(wanted):
        raise Thrown(f'error: invalid input syntax for type uuid: "{wanted}"')
    title, description = given.get("title"), given.get("description")
    try:
        project = call.hub.store.create_project(
            caller_of(call).account_id,
            "No Title" if title is None else str(title),
            "" if description is None else str(description),
            str(wanted).lower() if wanted else None,
        )
    except sqlite3.IntegrityError:
        raise Thrown(texts.PROJECT_TAKEN) from None
    if given.get("start"):
        call.hub.spawn(_start_untold(call.hub, project.project_id))
    return str(wanted or project.project_id)


async def _start_untold(hub: Hub, project_id: str) -> None:
    with contextlib.suppress(Thrown):
        await start(hub, project_id)


@hub_function("projects.deleteProject", since="2025-09-29")
async def delete_project(call: Call) -> None:
    """Stop it, and mark it: nothing that runs, reads or copies looks at the mark."""
    project_id = call.given.get("project_id")
    if not is_uuid(project_id):
        raise Thrown("Error: project_id must be a valid UUID")
    # Any collaborator may, whatever the text says.
    if not (is_collaborator(call.hub, caller_of(call), project_id) or is_site_admin(call)):
        raise Thrown("Error: must be an owner to delete a project")
    if call.hub.store.project(str(project_id)) is None:
        raise Thrown(f"FATAL: unknown project_id '{project_id}'")
    await stop(call.hub, str(project_id))
    mark_deleted(call.hub, str(project_id), True)


def mark_deleted(hub: Hub, project_id: str, deleted: bool) -> None:
    project = hub.store.project(project_id)
    if project:
        project.extra["deleted"] = deleted
        hub.store.save_project(project)


def _project(call: Call, to_do: str) -> str:
    """The id in a call by a collaborator. Raises Thrown."""
    project_id = call.given.get("project_id")
    if not is_collaborator(call.hub, caller_of(call), project_id):
        raise Thrown(f"Error: must be collaborator on project to {to_do}")
    return str(project_id)


@hub_function("projects.start", since="2025-08-30")
async def start_project(call: Call) -> None:
    """Ends when it runs; at once where somebody else is starting it."""
    await start(call.hub, _project(call, "start it"))


@hub_function("projects.stop", since="2025-08-30")
async def stop_project(call: Call) -> None:
    await stop(call.hub, _project(call, "stop it"))


@hub_function("projects.touch", since=_STATE)
async def touch(call: Call) -> None:
    await start(call.hub, _project(call, "touch it"))


@hub_function("projects.state", since=_STATE)
async def state(call: Call) -> dict[str, Any]:
    return state_of(call.hub, _project(call, "get state"))


@hub_function("projects.status", since=_STATE)
async def status(call: Call) -> dict[str, Any]:
    project_id = _project(call, "get status")
    if not call.hub.projects.is_running(project_id):
        return {}
    return {
        "project.pid": 1234,
        "hub-server.port": 40001,
        "browser-server.port": 40002,
        "start_ts": int(call.hub.clock.now() * 1000),
        "session_id": project_id,
    }
