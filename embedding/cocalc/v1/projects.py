"""Projects: their rows, their members, and whether they run."""

import time
from datetime import UTC, datetime
from typing import Any

from embedding.cocalc.caller import Retry
from embedding.cocalc.client import Project, Role
from embedding.cocalc.errors import Forbidden, NotFound, OutcomeUnknown, ServerFault
from embedding.cocalc.reading import checked_uuid, rows_in, text_in, words_of
from embedding.cocalc.v1.commands import Commands

POLL = 0.5  # seconds between two looks at a project that stops
ROW = {"title": None, "description": None, "users": None, "deleted": None, "state": None}
STOPPED = ("opened", "closed", "archived")
UNSEEN = "opened"  # a project that never ran may have no state


class Projects(Commands):
    """The operations on projects."""

    def create_project(self, *, title: str, description: str) -> str:
        answer = self._transport.call(
            "create_project",
            "create_project",
            {"title": title, "description": description},
            success=("project_created",),
            limit=self._limits.call,
        )
        return text_in("create_project", answer, "project_id")

    def find_projects(self, *, description: str) -> list[Project]:
        columns = {**ROW, "project_id": None, "description": description, "created": None}
        rows = self._rows("find_projects", columns)
        rows.sort(key=lambda row: str(row.get("created") or "~"))  # ISO dates; unknown ones last
        projects = [_project("find_projects", row) for row in rows]
        return [
            project
            for project in projects
            if project.description == description and not project.deleted
        ]

    def get_project(self, project_id: str) -> Project:
        return _project("get_project", self._row("get_project", project_id, ROW))

    def list_projects(self) -> list[Project]:
        rows = self._rows("list_projects", {"project_id": None, **ROW})
        return [_project("list_projects", row) for row in rows]

    def update_project(
        self, project_id: str, *, title: str | None = None, description: str | None = None
    ) -> None:
        changes = {"title": title, "description": description}
        given = {name: value for name, value in changes.items() if value is not None}
        if given:
            self._set("update_project", project_id, given)

    def delete_project(self, project_id: str) -> None:
        self._set("delete_project", project_id, {"deleted": True})

    def restore_project(self, project_id: str) -> None:
        # Said twice it is as true, unlike the other changes of a row.
        self._set("restore_project", project_id, {"deleted": False}, retry=Retry.ALWAYS)

    def add_member(self, project_id: str, account_id: str) -> None:
        self._member("add_member", "add_collaborator", project_id, account_id)

    def remove_member(self, project_id: str, account_id: str) -> None:
        self._member("remove_member", "remove_collaborator", project_id, account_id)
        # For an owner CoCalc answers success and does nothing.
        if account_id in _members(self._row("remove_member", project_id, {"users": None})):
            raise Forbidden("remove_member", "the account is an owner of the project", status=200)

    def set_role(self, project_id: str, account_id: str, role: Role) -> None:
        users = {checked_uuid(account_id): {"group": role}}
        self._set("set_role", project_id, {"users": users}, retry=Retry.ALWAYS)

    def project_state(self, project_id: str, *, limit: float | None = None) -> str:
        row = self._row("project_state", project_id, {"state": None}, limit=limit)
        return _state(row) or UNSEEN

    def start_project(self, project_id: str) -> None:
        """Run `true` in it: API v1 has no endpoint, but any command starts the project."""
        output = self._exec("start_project", project_id, "true", retry=Retry.ALWAYS)
        if output.exit_code != 0:
            raise ServerFault("start_project", "the project does not run commands", status=200)

    def stop_project(self, project_id: str) -> None:
        deadline = time.monotonic() + self._limits.start
        # Without a time of its own CoCalc takes the request for an old one, and does nothing.
        asked_at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        request = {"action_request": {"action": "stop", "time": asked_at}}
        self._set("stop_project", project_id, request, limit=self._limits.start)
        while True:
            columns = {"state": None, "action_request": None}
            row = self._row("stop_project", project_id, columns)
            if (_state(row) or UNSEEN) in STOPPED:
                return
            done = row.get("action_request")
            if isinstance(done, dict) and done.get("time") == asked_at and done.get("err"):
                words = self._readable(words_of(done["err"]))
                raise ServerFault("stop_project", words, status=200)
            if time.monotonic() + POLL > deadline:
                raise OutcomeUnknown("stop_project", "it has not stopped yet")
            time.sleep(POLL)

    def _rows(
        self, operation: str, columns: dict[str, Any], *, limit: float | None = None
    ) -> list[dict[str, Any]]:
        # `projects` would leave out what nobody edited for three weeks.
        retry = Retry.NEVER if limit else Retry.ALWAYS
        result = self._query(operation, {"projects_all": [columns]}, retry=retry, limit=limit)
        return rows_in(operation, result, "projects_all")

    def _row(
        self,
        operation: str,
        project_id: str,
        columns: dict[str, Any],
        *,
        limit: float | None = None,
    ) -> dict[str, Any]:
        given = {"project_id": checked_uuid(project_id), **columns}
        rows = self._rows(operation, given, limit=limit)
        for row in rows:
            if row.get("project_id") == project_id:
                return row
        raise NotFound(operation, "no such project", status=200)

    def _set(
        self,
        operation: str,
        project_id: str,
        changes: dict[str, Any],
        *,
        limit: float | None = None,
        retry: Retry = Retry.UNDONE,
    ) -> None:
        row = {"project_id": checked_uuid(project_id), **changes}
        self._query(operation, {"projects": row}, retry=retry, limit=limit)

    def _member(self, operation: str, event: str, project_id: str, account_id: str) -> None:
        self._transport.call(
            operation,
            event,
            {"project_id": checked_uuid(project_id), "account_id": checked_uuid(account_id)},
            success=("success",),
            limit=self._limits.call,
            retry=Retry.ALWAYS,
        )


# CoCalc leaves out what is null.


def _project(operation: str, row: dict[str, Any]) -> Project:
    return Project(
        project_id=text_in(operation, row, "project_id"),
        title=row.get("title") or "",
        description=row.get("description") or "",
        state=_state(row),
        members=_members(row),
        deleted=bool(row.get("deleted")),
    )


def _state(row: dict[str, Any]) -> str | None:
    state = row.get("state")
    return state.get("state") if isinstance(state, dict) else None


def _members(row: dict[str, Any]) -> dict[str, Role]:
    """Whoever has only hidden the project, say, stands among its users without a group."""
    members: dict[str, Role] = {}
    users = row.get("users")
    for account_id, user in users.items() if isinstance(users, dict) else ():
        group = user.get("group") if isinstance(user, dict) else None
        if group in ("owner", "collaborator"):
            members[account_id] = group
    return members
