"""system.manageApiKeys: the keys of an account or of a project."""

from typing import Any

from sandbox.conat.access import caller_of, is_collaborator
from sandbox.conat.functions import Call, Thrown, hub_function
from sandbox.conat.times import moment, shown
from sandbox.keyring import Key


@hub_function("system.manageApiKeys")
async def manage_api_keys(call: Call) -> list[dict[str, Any]] | None:
    """`action`: "get", "create", "edit" or "delete". A secret is told at its creation only."""
    account, given = caller_of(call), call.given
    project_id = given.get("project_id")
    if project_id is not None and not is_collaborator(call.hub, account, project_id):
        raise Thrown("Error: user must be collaborator on project to manage project_id api keys")
    keyring = call.hub.store.keyring
    keys = keyring.of(account.account_id, project_id)
    action = given.get("action")
    if action == "get":
        return [
            _row(key, "id", "account_id", "expire", "created", "name", "trunc", "last_active")
            for key in keys
        ]
    expire = None if given.get("expire") is None else moment(given["expire"])
    if action == "create":
        key, secret = keyring.make(
            account.account_id,
            name=str(given.get("name") or ""),
            project_id=project_id,
            expire=expire,
        )
        row = _row(key, "id", "account_id", "expire", "created", "name", "last_active", "trunc")
        return [row | {"secret": secret}]
    mine = next((key for key in keys if key.id == given.get("id")), None)
    if mine and action == "edit":
        keyring.change(mine.id, name=given.get("name"), expire=expire)
    elif mine and action == "delete":
        keyring.delete(mine.id)
    return None


def _row(key: Key, *names: str) -> dict[str, Any]:
    row = {name: getattr(key, name) for name in names}
    return row | {name: shown(row[name]) for name in ("expire", "created", "last_active")}
