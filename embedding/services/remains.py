"""What is left on CoCalc of a person whom the site has forgotten is deleted there, too.

Projects, and folders in the projects of others. The site's own rows about the person go at once,
and in that very transaction this is written down; a worker then does it, and tries again until it
is done, however long CoCalc is away. Until then a project keeps a row without a name, a title or
a member, so that it is taken back first where somebody in it has thrown the site out.
"""

import logging
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone

from embedding.client import client
from embedding.cocalc.errors import CocalcError, NotFound
from embedding.conf import conf
from embedding.models import CocalcProject, Event, Member, Remains, Trashed
from embedding.problems import Busy
from embedding.services import care

PROJECT_DELETED, FOLDER_DELETED = "project.deleted", "folder.deleted"

_HOLD = timedelta(minutes=5)  # nobody else tries meanwhile; a project may have to be started
_MOST = timedelta(minutes=30)  # between two attempts

log = logging.getLogger(__name__)


def project_forget(row: CocalcProject, whose: str) -> None:
    """Have a project deleted on CoCalc. `whose` is a pseudonym; nothing else is left here."""
    if CocalcProject.objects.filter(pk=row.pk, project_id=None, attempts=0).delete()[0]:
        return  # nobody has begun to make it
    Member.objects.filter(project=row).delete()
    Trashed.objects.filter(project=row).delete()
    CocalcProject.objects.filter(pk=row.pk).update(slot=f"forgotten:{row.marker}", title=whose)
    _ask(row, "", whose)


def folders_forget(project: CocalcProject, paths: Iterable[str], whose: str) -> None:
    """Have folders in a project of others deleted."""
    if project.project_id is not None:
        for path in sorted(set(paths)):
            _ask(project, path, whose)


def remains_work(now: datetime | None = None) -> int:
    """Try what is due; return how much was done. Never raises what CoCalc does."""
    if conf().own_sign_in:
        return 0
    now = now or timezone.now()
    due = Remains.objects.filter(Q(not_before=None) | Q(not_before__lte=now))
    done = 0
    for row in due.select_related("project").order_by("asked", "pk"):
        if due.filter(pk=row.pk).update(not_before=now + _HOLD):
            done += _try(row)
    return done


def _ask(project: CocalcProject, path: str, whose: str) -> None:
    Remains.objects.update_or_create(
        project=project,
        path=path,
        defaults={
            "whose": whose,
            "asked": timezone.now(),
            "attempts": 0,
            "not_before": None,
            "error": "",
        },
    )


def _try(row: Remains) -> bool:
    project = row.project
    try:
        if row.path:
            _folder_delete(project, row.path)
        else:
            _project_delete(project)
    except (CocalcError, Busy) as error:
        log.warning("%s could not be deleted, trying again: %s", row.pk, error)
        pause = min(timedelta(seconds=2) * 2 ** min(row.attempts, 12), _MOST)
        Remains.objects.filter(pk=row.pk).update(
            attempts=row.attempts + 1, not_before=timezone.now() + pause, error=str(error)[:500]
        )
        return False
    if row.path:
        row.delete()
        Event.log(FOLDER_DELETED, str(project), whom=row.whose, project=project.pk)
    else:
        number = str(project.project_id or "")
        project.delete()
        Event.log(PROJECT_DELETED, row.whose, whom=row.whose, project_id=number)
    return True


def _folder_delete(project: CocalcProject, path: str) -> None:
    if project.project_id is not None:
        with suppress(NotFound):  # it is gone, and so is what was in it
            client().remove(str(project.project_id), path)


def _project_delete(project: CocalcProject) -> None:
    if project.project_id is None:
        _unsettled_delete(project)
        return
    # Nobody is a member by our rows any more, so all others are taken out. What was looked after
    # just now is left alone for a while: nothing restores it meanwhile.
    care.mend_quietly(project)
    with suppress(NotFound):
        client().delete_project(str(project.project_id))


def _unsettled_delete(project: CocalcProject) -> None:
    """Delete what an attempt may have made whose end nobody knows; Busy while it is under way."""
    if project.claimed_until and project.claimed_until > timezone.now():
        raise Busy("project")
    for found in client().find_projects(description=project.description):
        if not CocalcProject.objects.filter(project_id=found.project_id).exists():
            client().delete_project(found.project_id)
