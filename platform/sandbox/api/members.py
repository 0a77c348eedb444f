"""create_project, and who is a member of one."""

import json
from collections.abc import Iterator

from sandbox.api.access import project_for
from sandbox.api.messages import Call, Message, RefusedError
from sandbox.hub import Hub
from sandbox.ids import is_uuid


async def create_project(hub: Hub, call: Call) -> Message:
    """The caller becomes the owner. There is no home folder until the first start."""
    project = hub.store.create_project(
        call.caller.account_id, str(call["title"]), str(call["description"])
    )
    if call["start"]:
        hub.spawn(hub.projects.start(project.project_id))
    return {"event": "project_created", "project_id": project.project_id}


async def add_collaborator(hub: Hub, call: Call) -> Message:
    """Silent and idempotent; whether the account exists is not asked."""
    pairs = list(_pairs(call))
    for _, account_id in pairs:
        if not is_uuid(account_id):
            raise RefusedError(
                f"Error: all account id's must be valid uuid's, but {json.dumps(account_id)} is not"
            )
    for project_id, account_id in pairs:
        project = hub.store.project(project_id) if is_uuid(project_id) else None
        if project is None or not hub.may_use(call.caller, project):
            raise RefusedError(
                f"Error: user {call.caller.account_id} does not have write access to"
                f" project {project_id}"
            )
        if not project.has_member(account_id):
            project.users[account_id] = {"group": "collaborator"}
            hub.store.save_project(project)
    return {"event": "success"}


def _pairs(call: Call) -> Iterator[tuple[str, str]]:
    projects, accounts = call["project_id"], call["account_id"]
    if not isinstance(projects, list) and not isinstance(accounts, list):
        yield projects, accounts
        return
    if not (isinstance(projects, list) and isinstance(accounts, list)) or len(projects) != len(
        accounts
    ):
        raise RefusedError("Error: project_id and account_id must be arrays of the same length")
    yield from zip(projects, accounts, strict=True)


async def invite_collaborator(hub: Hub, call: Call) -> Message:
    """As add_collaborator; a real server would also send the mail."""
    project = project_for(hub, call.caller, call["project_id"])
    if not project.has_member(call["account_id"]):
        project.users[call["account_id"]] = {"group": "collaborator"}
        hub.store.save_project(project)
    return {"event": "success"}


async def remove_collaborator(hub: Hub, call: Call) -> Message:
    """Answers success for an owner too, and leaves him where he is."""
    project = project_for(hub, call.caller, call["project_id"])
    member = project.users.get(call["account_id"], {})
    if member.get("group") == "collaborator":
        del project.users[call["account_id"]]
        hub.store.save_project(project)
    return {"event": "success"}
