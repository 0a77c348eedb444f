"""The tables that `query` knows, with their columns."""

from typing import Any

from sandbox.hub import Hub
from sandbox.store import Project

_ACCOUNT = ("account_id", "email_address", "first_name", "last_name", "groups", "created")
_PROJECT = (
    "project_id",
    "title",
    "description",
    "users",
    "deleted",
    "state",
    "status",
    "action_request",
    "last_edited",
    "created",
    "course",
    "name",
    "settings",
    "last_active",
)

TABLES = {
    "accounts": _ACCOUNT,
    "crm_accounts": _ACCOUNT,
    "projects": _PROJECT,
    "projects_all": _PROJECT,
    "projects_admin": _PROJECT,
    "crm_projects": _PROJECT,
    "site_settings": ("name", "value"),
}
PROJECT_TABLES = ("projects", "projects_all", "projects_admin", "crm_projects")
ADMIN_TABLES = ("crm_accounts", "projects_admin", "crm_projects", "site_settings")


def project_row(hub: Hub, project: Project) -> dict[str, Any]:
    return {
        "project_id": project.project_id,
        "title": project.title,
        "description": project.description,
        "users": project.users,
        "state": hub.projects.state(project.project_id),
        "last_edited": project.last_edited,
        **project.extra,
    }
