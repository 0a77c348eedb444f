"""Projects: their rows and their members. The key's account owns every one of them.

A site admin's key may read every row and change it, but is no member: all work in a project, also
starting it, is the members'.
"""

import time
from contextlib import suppress

from embedding.cocalc.caller import Retry
from embedding.cocalc.client import Role
from embedding.cocalc.conat.answers import is_object, is_text, is_void
from embedding.cocalc.conat.starting import Starting
from embedding.cocalc.errors import (
    BadRequest,
    Forbidden,
    NotCocalc,
    NotFound,
    NotSupported,
    OutcomeUnknown,
    ServerFault,
)
from embedding.cocalc.projects import members_in
from embedding.cocalc.reading import checked_uuid, id_in

MEMBER_CACHE = 5.5  # seconds; for 5 CoCalc remembers who is a member when it adds one


class Projects(Starting):
    """The operations on projects."""

    def create_project(self, *, title: str, description: str) -> str:
        """Create it, and not out of CoCalc's pool: one from there runs already, and has a past."""
        answer = self._hub(
            "create_project",
            "projects.createProject",
            {"title": title, "description": description, "noPool": True, "start": False},
            shape=is_text,
        )
        return id_in("create_project", {"project_id": answer}, "project_id")

    def delete_project(self, project_id: str) -> None:
        """Stop it and mark it deleted; only mark it where it does not stop, or CoCalc is older."""
        fields = {"project_id": checked_uuid(project_id)}

        def mark() -> None:
            changes = {"deleted": True}
            self._set("delete_project", project_id, changes, retry=Retry.ALWAYS)

        def delete() -> None:
            self._hub(
                "delete_project",
                "projects.deleteProject",
                fields,
                shape=is_void,
                retry=Retry.UNDONE,
            )

        with suppress(OutcomeUnknown):
            return self._newer("projects.deleteProject", delete, mark)
        return mark()

    def add_member(self, project_id: str, account_id: str) -> None:
        self._add_and_look("add_member", project_id, account_id)

    def remove_member(self, project_id: str, account_id: str) -> None:
        """Remove and look: for an owner, older servers answer success and do nothing."""
        fields = {"project_id": checked_uuid(project_id), "account_id": checked_uuid(account_id)}
        self._hub(
            "remove_member",
            "projects.removeCollaborator",
            {"opts": fields},
            shape=is_void,
            retry=Retry.ALWAYS,
        )
        if account_id in self._members_of("remove_member", project_id):
            raise Forbidden("remove_member", "the account is an owner of the project", status=200)

    def set_role(self, project_id: str, account_id: str, role: Role) -> None:
        """The last owner stays one: Forbidden.

        Owners alone set roles. But whoever took a project from the service account is not to keep
        it, so an owner is also made by the row, as far as CoCalc lets us.
        """
        fields = {
            "project_id": checked_uuid(project_id),
            "target_account_id": checked_uuid(account_id),
            "new_group": role,
        }

        def change() -> None:
            self._hub(
                "set_role",
                "projects.changeUserType",
                {"opts": fields},
                shape=is_void,
                retry=Retry.ALWAYS,
            )

        def change_or_add() -> None:
            with suppress(NotFound):
                return change()
            self._add_and_look("set_role", project_id, account_id)  # no member yet
            return change()

        def change_or_write() -> None:
            try:
                change_or_add()
            except Forbidden:
                if role == "owner":
                    with suppress(BadRequest, Forbidden, NotSupported):
                        return write()
                raise

        def write() -> None:
            """By the row: read, never tried. Before 2025-12-04 there is no other way."""
            users = {account_id: {"group": role}}
            self._set("set_role", project_id, {"users": users}, retry=Retry.ALWAYS)
            if self._members_of("set_role", project_id).get(account_id) != role:
                words = "this CoCalc is too old to make an account an owner, or an owner none"
                raise NotSupported("set_role", words, status=200)

        self._newer("projects.changeUserType", change_or_write, write)

    def _add_and_look(self, operation: str, project_id: str, account_id: str) -> None:
        """Add and look: just after a removal CoCalc may answer success and do nothing."""
        for _ in range(2):
            self._add(operation, project_id, account_id)
            if account_id in self._members_of(operation, project_id):
                return
            time.sleep(MEMBER_CACHE)
        raise ServerFault(operation, "CoCalc did not add the account", status=200)

    def _add(self, operation: str, project_id: str, account_id: str) -> None:
        fields = {"project_id": checked_uuid(project_id), "account_id": checked_uuid(account_id)}
        answer = self._hub(
            operation,
            "projects.addCollaborator",
            {"opts": fields},
            shape=is_object,
            retry=Retry.ALWAYS,
        )
        if answer.get("project_id") != [project_id]:
            raise NotCocalc(operation, "the answer is for another project", status=200)

    def _members_of(self, operation: str, project_id: str) -> dict[str, Role]:
        row = self._row(operation, project_id, {"users": None})
        if not isinstance(row.get("users"), dict):
            raise NotCocalc(operation, "the answer has no members", status=200)
        return members_in(row)
