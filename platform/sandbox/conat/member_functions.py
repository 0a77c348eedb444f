"""Functions about who is in a project. Their arguments are inside `opts`.

Errors of the rules of ownership have their class in front: `OwnershipError: …`.
"""

import json
from typing import Any

from sandbox.conat.access import caller_of, is_collaborator, is_site_admin
from sandbox.conat.functions import Call, Thrown, hub_function
from sandbox.hub import Hub
from sandbox.ids import is_uuid
from sandbox.store import Account, Project

_OWNERS_ONLY = "OwnershipError: Only owners can manage collaborators when this setting is enabled"


def _opts(call: Call) -> dict[str, Any]:
    opts = call.given.get("opts")
    if not isinstance(opts, dict):
        raise Thrown("TypeError: Cannot read properties of undefined (reading 'project_id')")
    return opts


def _group(project: Project, account_id: str) -> str | None:
    group = project.users.get(account_id, {}).get("group")
    return None if group is None else str(group)


def _owners_only(project: Project, account: Account) -> bool:
    """Whether the project leaves its members to its owners, and this is none of them."""
    closed = bool(project.extra.get("manage_users_owner_only"))
    return closed and _group(project, account.account_id) != "owner"


@hub_function("projects.addCollaborator")
async def add_collaborator(call: Call) -> dict[str, Any]:
    """One pair, or two lists of the same length. Whether the account exists is not asked."""
    opts = _opts(call)
    projects, accounts = _list(opts.get("project_id")), _list(opts.get("account_id"))
    if len(projects) != len(accounts):
        raise Thrown(
            f"Error: accounts (of length {len(accounts)}) and projects (of length"
            f" {len(projects)}) must be arrays of the same length"
        )
    for account_id in accounts:
        if not is_uuid(account_id):
            raise Thrown(
                f"Error: all account id's must be valid uuid's, but {json.dumps(account_id)} is not"
            )
    for project_id, account_id in zip(projects, accounts, strict=True):
        _add(call, project_id, account_id)
    return {"project_id": projects}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _add(call: Call, project_id: Any, account_id: str) -> None:
    if not is_uuid(project_id):
        raise Thrown(f"Error: Invalid project_id: {project_id}")
    account, project = caller_of(call), call.hub.store.project(project_id)
    if project is None:
        raise Thrown("OwnershipError: Project not found")
    if _owners_only(project, account):
        raise Thrown(_OWNERS_ONLY)
    if not (project.has_member(account.account_id) or is_site_admin(call)):
        if account_id == account.account_id:
            raise Thrown(f'Error: cannot add self to "{project_id}" -- must be an admin')
        raise Thrown(
            f"Error: user {account.account_id} does not have write access to project {project_id}"
        )
    # A look of some seconds ago may say yes to one removed since, or no to one made an owner.
    if not call.hub.caches.was_added(account_id, project_id):
        project.users.setdefault(account_id, {})["group"] = "collaborator"
        call.hub.store.save_project(project)


@hub_function("projects.inviteCollaborator")
async def invite_collaborator(call: Call) -> None:
    """As addCollaborator; a real server would also send the mail."""
    opts = _opts(call)
    if not is_collaborator(call.hub, caller_of(call), opts.get("project_id")):
        raise Thrown("Error: user must be a collaborator")
    await add_collaborator(call)


@hub_function("projects.removeCollaborator")
async def remove_collaborator(call: Call) -> None:
    """Harmless where he is none. A site admin has to be a collaborator, too."""
    opts, account = _opts(call), caller_of(call)
    if not is_collaborator(call.hub, account, opts.get("project_id")):
        raise Thrown("Error: user must be a collaborator")
    remove(call.hub, account, str(opts["project_id"]), str(opts.get("account_id")))


def remove(hub: Hub, account: Account, project_id: str, account_id: str) -> None:
    project = hub.store.project(project_id)
    if project is None:
        raise Thrown("OwnershipError: Project not found")
    if account_id != account.account_id and _owners_only(project, account):
        raise Thrown(_OWNERS_ONLY)
    if _group(project, account_id) == "owner":
        raise Thrown("OwnershipError: Cannot remove an owner. Demote to collaborator first.")
    if project.users.pop(account_id, None) is not None:
        hub.store.save_project(project)


@hub_function("projects.changeUserType", since="2025-12-04")
async def change_user_type(call: Call) -> None:
    opts, account = _opts(call), caller_of(call)
    target, group = str(opts.get("target_account_id")), opts.get("new_group")
    project = call.hub.store.project(str(opts.get("project_id")))
    if project is None:
        raise Thrown("OwnershipError: Project not found")
    if _group(project, account.account_id) is None:
        raise Thrown("OwnershipError: Not a project member")
    if _group(project, account.account_id) != "owner":
        raise Thrown("OwnershipError: Only project owners can change user types")
    if _group(project, target) is None:
        raise Thrown("OwnershipError: Target user is not a member of this project")
    owners = [one for one in project.users if _group(project, one) == "owner"]
    if group != "owner" and owners == [target]:
        raise Thrown(
            "OwnershipError: Cannot change the last owner to collaborator. At least one owner is"
            " required."
        )
    project.users[target]["group"] = group
    call.hub.store.save_project(project)
