"""The tables that `query` knows, with their columns."""

from typing import Any

from sandbox.hub import Hub
from sandbox.patterns import PROJECT
from sandbox.store import Project

_ACCOUNT = ("account_id", "email_address", "first_name", "last_name", "groups", "created")

TABLES = {
    "accounts": _ACCOUNT,
    "crm_accounts": _ACCOUNT,
    "projects": PROJECT,
    "projects_all": PROJECT,
    "projects_admin": PROJECT,
    "crm_projects": PROJECT,
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
