"""query: reading and writing rows. One table a call; a `null` anywhere in it makes it a read."""

from datetime import UTC, datetime, timedelta

from sandbox.api.messages import BadCallError, Call, Message, RefusedError
from sandbox.api.tables import ADMIN_TABLES, PROJECT_TABLES, TABLES, project_row
from sandbox.hub import Hub
from sandbox.ids import is_uuid, iso, now_iso
from sandbox.patterns import fits, has_null, limit_in, without_null
from sandbox.store import Account, Project

_RECENT = timedelta(days=21)
_RECENT_LIMIT = 100
_SETTABLE = ("title", "description", "deleted", "users", "action_request")


async def query(hub: Hub, call: Call) -> Message:
    wanted = call["query"]
    if call["multi_response"]:
        raise BadCallError("ReferenceError: otps is not defined")
    if not isinstance(wanted, dict) or len(wanted) != 1:
        raise RefusedError("FATAL: must specify exactly one key in the query")
    [(table, pattern)] = wanted.items()
    single = not isinstance(pattern, list)
    row = pattern if single else (pattern or [{}])[0]
    reply: Message = {"event": "query", "multi_response": False}
    reply |= {name: call[name] for name in ("options", "changes") if call[name] is not None}
    if single and not has_null(row):
        await _set(hub, call.caller, table, row)
        return reply | {"query": {}}
    found = _get(hub, call.caller, table, row, limit_in(call["options"]))
    rows = [without_null(candidate, row) for candidate in found if fits(candidate, row)]
    if single:
        return reply | {"query": {table: rows[0]} if rows else {}}
    return reply | {"query": {table: rows}}


def _check_admin(caller: Account) -> None:
    if not caller.is_admin:
        raise RefusedError("FATAL: user must be an admin")


def _get(
    hub: Hub, caller: Account, table: str, pattern: Message, limit: int | None
) -> list[Message]:
    columns = TABLES.get(table)
    if columns is None:
        raise RefusedError(f"FATAL: get queries not allowed for table '{table}'")
    for name in pattern:
        if name not in columns:
            raise RefusedError(f"FATAL: user get query not allowed for {table}.{name}")
    if table in ADMIN_TABLES:
        _check_admin(caller)
    if table in PROJECT_TABLES:
        projects = _visible_projects(hub, caller, table, pattern)
        if table == "projects":
            limit = _RECENT_LIMIT  # The table's own, whatever the options say.
        return [project_row(hub, project) for project in projects[:limit]]
    if table == "site_settings":
        return [{"name": name, "value": value} for name, value in hub.store.settings().items()]
    accounts = [caller] if table == "accounts" else hub.store.accounts()
    return [
        {
            "account_id": account.account_id,
            "email_address": account.email,
            "first_name": account.first_name,
            "last_name": account.last_name,
            "groups": account.groups or None,
            "created": account.created,
        }
        for account in accounts
    ][:limit]


def _visible_projects(hub: Hub, caller: Account, table: str, pattern: Message) -> list[Project]:
    """One named project, where the caller may see it; or his own; or, for an admin's table, all."""
    project_id = pattern.get("project_id")
    if project_id is not None:
        project = hub.store.project(str(project_id)) if is_uuid(project_id) else None
        if project is None and caller.is_admin:
            return []
        if project is None or not hub.may_use(caller, project):
            raise RefusedError("FATAL: you do not have read access to this project")
        projects = [project]
    elif table in ADMIN_TABLES:
        return hub.store.projects()
    else:
        projects = [p for p in hub.store.projects() if caller.account_id in p.users]
    if table == "projects":
        since = iso(datetime.now(UTC) - _RECENT)
        projects = [project for project in projects if project.last_edited >= since]
    return projects


async def _set(hub: Hub, caller: Account, table: str, row: Message) -> None:
    if table == "site_settings":
        _check_admin(caller)
        hub.store.set_setting(str(row["name"]), str(row["value"]))
    elif table == "accounts":
        if row.get("account_id", caller.account_id) != caller.account_id:
            raise RefusedError("FATAL: user must be an admin")
        hub.store.rename_account(
            caller.account_id,
            first_name=row.get("first_name", caller.first_name),
            last_name=row.get("last_name", caller.last_name),
        )
    elif table == "projects":
        await _set_project(hub, caller, row)
    elif table == "projects_owner":
        name = next((name for name in row if name != "project_id"), "project_id")
        raise RefusedError(f"FATAL: changing projects_owner.{name} not allowed")
    else:
        raise RefusedError(f"FATAL: user set queries not allowed for table '{table}'")


async def _set_project(hub: Hub, caller: Account, row: Message) -> None:
    for name in row:
        if name != "project_id" and name not in _SETTABLE:
            raise RefusedError(f"FATAL: changing projects.{name} not allowed")
    project = hub.store.project(str(row.get("project_id")))
    if not caller.is_admin and (project is None or not project.has_member(caller.account_id)):
        raise RefusedError("FATAL: user must be an admin")
    if project is None:
        raise RefusedError(f"FATAL: unknown project_id '{row.get('project_id')}'")
    project.title = str(row.get("title", project.title))
    project.description = str(row.get("description", project.description))
    if "deleted" in row:
        project.extra["deleted"] = bool(row["deleted"])
    for account_id, change in row.get("users", {}).items():
        # Any member may set anybody's role, his own included.
        project.users.setdefault(account_id, {}).update(change)
    hub.store.save_project(project)
    if "action_request" in row:
        await act(hub, project, row["action_request"])


async def act(hub: Hub, project: Project, request: Message) -> None:
    """Start, stop or restart, and wait for it. A request without a new `time` is only noted."""
    before = project.extra.get("action_request", {})
    request = {**before, **request}
    project.extra["action_request"] = request
    if request.get("time") in (None, before.get("time")):
        hub.store.save_project(project)
        return
    request["started"] = now_iso()
    request.pop("finished", None)
    hub.store.save_project(project)
    if request["action"] in ("stop", "restart"):
        await hub.projects.stop(project.project_id)
    if request["action"] in ("start", "restart"):
        await hub.projects.start(project.project_id)
    # Its row may have changed meanwhile.
    project = hub.store.project(project.project_id) or project
    project.extra["action_request"] = request | {"finished": now_iso()}
    hub.store.save_project(project)
