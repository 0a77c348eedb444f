"""Projects as rows of CoCalc's database, whatever the generation: only how one asks differs."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

from embedding.cocalc.caller import Retry
from embedding.cocalc.calls import Calls
from embedding.cocalc.client import Project, Role
from embedding.cocalc.errors import NotFound
from embedding.cocalc.reading import checked_uuid, id_in, words_in

ROW = {"title": None, "description": None, "users": None, "deleted": None, "state": None}
STOPPED = ("opened", "closed", "archived")
UNSEEN = "opened"  # a project that never ran may have no state in its row


class Rows(Calls):
    """The operations that read or change a project's row."""

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
        if given:  # with a null among them, it would be a question
            self._set("update_project", project_id, given)

    def restore_project(self, project_id: str) -> None:
        # Said twice it is as true, unlike the other changes of a row.
        self._set("restore_project", project_id, {"deleted": False}, retry=Retry.ALWAYS)

    @abstractmethod
    def _rows(
        self, operation: str, columns: dict[str, Any], *, limit: float | None = None
    ) -> list[dict[str, Any]]:
        """Return the rows of projects; nulls in `columns` are asked for, the rest filters.

        CoCalc leaves out what is null. With a `limit` in seconds it is asked once.
        """

    def _row(
        self,
        operation: str,
        project_id: str,
        columns: dict[str, Any],
        *,
        limit: float | None = None,
    ) -> dict[str, Any]:
        """Return one project's row.

        Raises NotFound; on conat Forbidden to a key that is no site admin's.
        """
        given = {"project_id": checked_uuid(project_id), **columns}
        for row in self._rows(operation, given, limit=limit):
            if row.get("project_id") == project_id:
                return row
        raise NotFound(operation, "no such project", status=200)

    @abstractmethod
    def _set(
        self,
        operation: str,
        project_id: str,
        changes: Mapping[str, Any],
        *,
        retry: Retry = Retry.UNDONE,
        limit: float | None = None,
    ) -> None:
        """Change a project's row: what is given, and nothing else."""


def members_in(row: dict[str, Any]) -> dict[str, Role]:
    """Return the members that a row names.

    Whoever has only hidden the project, say, stands among its users without a group.
    """
    members: dict[str, Role] = {}
    users = row.get("users")
    for account_id, user in users.items() if isinstance(users, dict) else ():
        group = user.get("group") if isinstance(user, dict) else None
        if group in ("owner", "collaborator"):
            members[account_id] = group
    return members


def state_of(state: Any) -> str | None:
    """Return CoCalc's word in a state, if there is one."""
    word = state.get("state") if isinstance(state, dict) else None
    return word if isinstance(word, str) else None


def _project(operation: str, row: dict[str, Any]) -> Project:
    return Project(
        project_id=id_in(operation, row, "project_id"),
        title=words_in(operation, row, "title"),
        description=words_in(operation, row, "description"),
        state=state_of(row.get("state")),
        members=members_in(row),
        deleted=bool(row.get("deleted")),
    )
