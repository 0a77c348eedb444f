"""Projects: their rows, their members, and whether they run."""

import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from embedding.cocalc.caller import Retry
from embedding.cocalc.client import Role
from embedding.cocalc.errors import CocalcError, Forbidden, OutcomeUnknown, ServerFault
from embedding.cocalc.projects import STOPPED, UNSEEN, Rows, members_in, state_of
from embedding.cocalc.reading import checked_uuid, id_in, rows_in, words_of
from embedding.cocalc.v1.commands import Commands

POLL = 0.5  # seconds between two looks at a project that stops


class Projects(Commands, Rows):
    """The operations on projects."""

    def create_project(self, *, title: str, description: str) -> str:
        answer = self._transport.call(
            "create_project",
            "create_project",
            {"title": title, "description": description},
            success=("project_created",),
            limit=self._limits.call,
        )
        return id_in("create_project", answer, "project_id")

    def delete_project(self, project_id: str) -> None:
        self._set("delete_project", project_id, {"deleted": True})

    def add_member(self, project_id: str, account_id: str) -> None:
        self._member("add_member", "add_collaborator", project_id, account_id)

    def remove_member(self, project_id: str, account_id: str) -> None:
        self._member("remove_member", "remove_collaborator", project_id, account_id)
        # For an owner CoCalc answers success and does nothing.
        if account_id in members_in(self._row("remove_member", project_id, {"users": None})):
            raise Forbidden("remove_member", "the account is an owner of the project", status=200)

    def set_role(self, project_id: str, account_id: str, role: Role) -> None:
        users = {checked_uuid(account_id): {"group": role}}
        self._set("set_role", project_id, {"users": users}, retry=Retry.ALWAYS)

    def project_state(self, project_id: str, *, limit: float | None = None) -> str:
        row = self._row("project_state", project_id, {"state": None}, limit=limit)
        return state_of(row.get("state")) or UNSEEN

    def _runs(self, operation: str, project_id: str) -> bool:
        with suppress(CocalcError):
            return self.project_state(project_id) == "running"
        return False

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
            if (state_of(row.get("state")) or UNSEEN) in STOPPED:
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

    def _set(
        self,
        operation: str,
        project_id: str,
        changes: Mapping[str, Any],
        *,
        retry: Retry = Retry.UNDONE,
        limit: float | None = None,
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
