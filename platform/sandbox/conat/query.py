"""db.userQuery: reading and setting rows. A `null` anywhere in one row makes it a read.

What the database layer throws are bare texts; most begin with `FATAL: `.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox.api.query import act
from sandbox.conat import texts
from sandbox.conat.access import caller_of, is_site_admin
from sandbox.conat.functions import Call, Thrown, hub_function
from sandbox.hub import Hub
from sandbox.ids import is_uuid, iso
from sandbox.patterns import PROJECT, Row, fits, has_null, limit_in, without_null
from sandbox.store import Account, Project

_RECENT = timedelta(weeks=6)
_RECENT_LIMIT = 300
_SET = {"title", "description", "deleted", "users", "action_request", "name"}
_OWNERS_SET = "manage_users_owner_only"
_ACCOUNT = {
    "account_id",
    "email_address",
    "first_name",
    "last_name",
    "name",
    "groups",
    "org",
    "created",
    "last_active",
}
_PROJECT = {*PROJECT, _OWNERS_SET}
_COLUMNS = {
    "accounts": _ACCOUNT,
    "crm_accounts": _ACCOUNT | {"banned", "deleted"},
    "projects": _PROJECT,
    "projects_all": _PROJECT,
    "projects_admin": _PROJECT,
    "crm_projects": _PROJECT,
    "site_settings": {"name", "value"},
}
_OF_ADMINS = {"crm_accounts", "projects_admin", "crm_projects", "site_settings"}


@hub_function("db.userQuery")
async def user_query(call: Call) -> Row:
    """`query`: one table with a row, or with a list of one row for many; `options`: a list."""
    account, options = caller_of(call), call.given.get("options") or []
    for option in options if isinstance(options, list) else []:
        if isinstance(option, dict) and option.get("account_id"):
            if not is_site_admin(call):
                raise Thrown("user must be admin to sudo")
            account = _sudo(call.hub, str(option["account_id"]))
    return await query(call.hub, account, call.given.get("query"), options)


def _sudo(hub: Hub, account_id: str) -> Account:
    """Somebody else, or nobody known: then one without any rights."""
    return hub.store.account(account_id) or Account(account_id, None, "", "", [], 0)


async def query(hub: Hub, account: Account, wanted: Any, options: Any = None) -> Row:
    """What a query of this account answers: `{}` for a set. Raises Thrown."""
    if wanted is None:
        raise Thrown(texts.QUERY_MISSING.format(shown="{…}"))
    if not isinstance(wanted, dict) or len(wanted) != 1:
        raise Thrown("FATAL: must specify exactly one key in the query")
    [(table, pattern)] = wanted.items()
    single = not isinstance(pattern, list)
    row = pattern if single else (pattern or [{}])[0]
    if single and not has_null(row):
        await _set(hub, account, table, row)
        return {}
    found = [one for one in _get(hub, account, table, row) if fits(one, row)]
    if single:
        return {table: {name: found[0].get(name) for name in row}} if found else {}
    return {table: [without_null(one, row) for one in found[: limit_in(options)]]}


def _check_admin(hub: Hub, account: Account) -> None:
    if not hub.caches.is_admin(account.account_id):
        raise Thrown("FATAL: user must be an admin")


def _get(hub: Hub, account: Account, table: str, pattern: Row) -> list[Row]:
    columns = _COLUMNS.get(table)
    if columns is None:
        raise Thrown(f"FATAL: get queries not allowed for table '{table}'")
    for name in pattern:
        if name not in columns:
            raise Thrown(f"FATAL: user get query not allowed for {table}.{name}")
    if table in _OF_ADMINS:
        _check_admin(hub, account)
    if columns is _PROJECT:
        return [_project_row(hub, one) for one in _projects(hub, account, table, pattern)]
    if table == "site_settings":
        return [{"name": name, "value": value} for name, value in hub.store.settings().items()]
    accounts = [account] if table == "accounts" else hub.store.accounts()
    return [_account_row(one) for one in accounts]


def _account_row(account: Account) -> Row:
    return {
        "account_id": account.account_id,
        "email_address": account.email,
        "first_name": account.first_name,
        "last_name": account.last_name,
        "groups": account.groups,
        "org": account.org,
        "created": iso(datetime.fromtimestamp(account.created / 1000, UTC)),
        "banned": account.banned or None,
        "deleted": account.deleted or None,
    }


def _project_row(hub: Hub, project: Project) -> Row:
    """The row as the database has it: its state may be older than what `projects.state` says."""
    return {
        "project_id": project.project_id,
        "title": project.title,
        "description": project.description,
        "users": project.users,
        "state": hub.projects.state(project.project_id) | {"ip": "127.0.0.1"},
        "last_edited": project.last_edited,
        **project.extra,
    }


def _projects(hub: Hub, account: Account, table: str, pattern: Row) -> list[Project]:
    """The named project, where the account may see it; or its own; or an admin's, all."""
    project_id = pattern.get("project_id")
    if project_id is not None:
        if not is_uuid(project_id):
            raise Thrown(f"invalid project_id -- {project_id}")
        project = hub.store.project(project_id)
        if not hub.caches.is_admin(account.account_id) and (
            project is None or not project.has_member(account.account_id)
        ):
            raise Thrown(
                "FATAL: you do not have read access to this project --"
                f" account_id={account.account_id}, project_id_=undefined"
            )
        found = [project] if project else []
    elif table in _OF_ADMINS:
        return hub.store.projects()
    else:
        found = [one for one in hub.store.projects() if account.account_id in one.users]
    if table == "projects":
        since = iso(datetime.fromtimestamp(hub.clock.now(), UTC) - _RECENT)
        found = [one for one in found if one.last_edited >= since][:_RECENT_LIMIT]
    return found


async def _set(hub: Hub, account: Account, table: str, row: Row) -> None:
    if table == "site_settings":
        _check_admin(hub, account)
        if row.get("name") in hub.quirks.fixed_settings:
            raise Thrown(f"setting name='{row['name']}' is readonly")
        hub.store.set_setting(str(row.get("name")), str(row.get("value")))
    elif table == "accounts":
        if row.get("account_id", account.account_id) != account.account_id:
            raise Thrown("FATAL: user must be an admin")
        hub.store.rename_account(
            account.account_id,
            first_name=str(row.get("first_name", account.first_name)),
            last_name=str(row.get("last_name", account.last_name)),
        )
    elif table == "projects":
        await _set_project(hub, account, row)
    else:
        raise Thrown(f"FATAL: user set queries not allowed for table '{table}'")


async def _set_project(hub: Hub, account: Account, row: Row) -> None:
    for name in row:
        if name not in {"project_id", _OWNERS_SET, *_SET}:
            raise Thrown(f"FATAL: changing projects.{name} not allowed")
    if len(row) == 1:
        return  # Nothing to do, so nobody asks whether it were allowed.
    project_id = row.get("project_id")
    project = hub.store.project(str(project_id)) if is_uuid(project_id) else None
    if project is None or not project.has_member(account.account_id):
        _check_admin(hub, account)
    if project is None:
        raise Thrown(f"FATAL: unknown project_id '{project_id}'")
    _change(hub, account, project, row)
    hub.store.save_project(project)
    if "action_request" in row:
        await act(hub, project, row["action_request"])


def _change(hub: Hub, account: Account, project: Project, row: Row) -> None:
    if _OWNERS_SET in row:
        if project.users.get(account.account_id, {}).get("group") != "owner":
            raise Thrown("Error: Only project owners can change collaborator management settings")
        project.extra[_OWNERS_SET] = bool(row[_OWNERS_SET])
    for account_id, change in row.get("users", {}).items():
        _change_user(hub, project, account_id, change)
    project.title = str(row.get("title", project.title))
    project.description = str(row.get("description", project.description))
    for name in ("deleted", "name"):
        if name in row:
            project.extra[name] = row[name]


def _change_user(hub: Hub, project: Project, account_id: str, change: Row) -> None:
    """By reading, any member may set anybody's group, his own included."""
    if "group" in change:
        if not hub.quirks.group_by_query:
            raise Thrown(texts.GROUP_REFUSED)
        if change["group"] not in ("owner", "collaborator"):
            raise Thrown(texts.NO_GROUP)
    project.users.setdefault(account_id, {}).update(change)
