"""Who may touch a project through the API, in CoCalc's words."""

from sandbox.api.messages import RefusedError
from sandbox.hub import Hub
from sandbox.ids import is_uuid
from sandbox.store import Account, Project


def project_for(hub: Hub, caller: Account, project_id: object, kind: str = "write") -> Project:
    """The project, where the caller may read or write it: members and site admins may."""
    if not is_uuid(project_id):
        raise RefusedError(
            f"{kind.capitalize()} access denied -- invalid project_id -- {project_id}"
        )
    project = hub.store.project(str(project_id))
    if project is None:
        if caller.is_admin:
            # An admin passes the check, and the server trips over the missing row.
            raise RefusedError(
                "TypeError: Cannot read properties of undefined (reading 'site_license')"
            )
    elif hub.may_use(caller, project):
        return project
    raise RefusedError(
        f"User {caller.account_id} does not have {kind} access to project {project_id}"
    )
