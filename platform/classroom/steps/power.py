"""Start or stop one student's project.

A project that runs already is started, and one that stands still stopped, in no time. Stopping
ends the programs in it; files that were saved stay.
"""

from typing import Any

from django.utils.translation import gettext as _

from classroom.models import Kind, Transfer
from classroom.steps.prepare import student_ready
from classroom.steps.registry import Skip, step
from embedding.client import client
from embedding.models import CocalcProject
from embedding.services.running import project_was_seen_running
from embedding.services.sessions import project_was_stopped


@step(Kind.START)
def start(transfer: Transfer) -> dict[str, Any]:
    """Start it; one that is not there yet is made."""
    if transfer.member is None:
        raise Skip(_("There is no student."))
    project_id = student_ready(transfer.member)
    client().start_project(project_id)
    project_was_seen_running(project_id)
    return {}


@step(Kind.STOP)
def stop(transfer: Transfer) -> dict[str, Any]:
    """Stop it; Skip where there is none yet."""
    project: CocalcProject | None = transfer.member.project if transfer.member else None
    if project is None or project.project_id is None:
        raise Skip(_("There is no project yet."))
    client().stop_project(str(project.project_id))
    project_was_stopped(project)
    return {}
