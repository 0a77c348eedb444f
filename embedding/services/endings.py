"""Access ends when it ends: who was switched off or deleted is taken out of every project.

A token that CoCalc has given, and the session made of it, cannot be taken back. What can be is
what they open. So the account is written down as an `Ending` in the very transaction that
switches off or deletes its user, and a worker takes it out of all projects of the site, tried
again until it is done. `User.objects.update(is_active=False)` tells nobody: `endings_missed`
finds those.

It acts on what the site knows when it runs: somebody who was switched on again stays, and what was
ended meanwhile is made again on need.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Q
from django.db.models.signals import post_save, pre_delete
from django.dispatch import receiver
from django.utils import timezone

from embedding.client import client, service_identity
from embedding.cocalc.client import Project
from embedding.cocalc.errors import CocalcError, Forbidden, NotFound
from embedding.models import CocalcAccount, CocalcProject, Ending, Event, Member
from embedding.services import care, mapping
from embedding.services.suspending import suspension_noticed
from embedding.turns import beside

_HOLD = timedelta(minutes=1)  # nobody else tries meanwhile
_MOST = timedelta(minutes=5)  # between two attempts
_AT_ONCE = 20

log = logging.getLogger(__name__)


class _Stuck(Exception):
    """CoCalc did not do its part, and at which project; None where it was at none."""

    def __init__(self, error: CocalcError, project_id: str | None) -> None:
        super().__init__(str(error))
        self.error = error
        self.project_id = project_id


@contextmanager
def _at(project_id: str | None) -> Iterator[None]:
    """What CoCalc refuses in the block it refuses at this project."""
    try:
        yield
    except CocalcError as error:
        raise _Stuck(error, project_id) from error


def ending_ask(account: CocalcAccount, username: str) -> None:
    """Have a user's access on CoCalc ended, from now on until it is done."""
    with transaction.atomic():
        Member.objects.filter(user=account.user_id).update(added=None)
        if account.account_id is not None:
            Ending.objects.update_or_create(
                account_id=account.account_id,
                defaults={
                    "username": username[:150],
                    "linked": account.linked is not None,
                    "asked": timezone.now(),
                    "done": None,
                    "attempts": 0,
                    "not_before": None,
                    "error": "",
                    "waits_for": None,
                },
            )


def endings_missed() -> None:
    """Ask for the endings of users who were switched off without a word."""
    if not mapping.can_be_switched_off():
        return
    members = Member.objects.filter(user__is_active=False, added__isnull=False)
    accounts = CocalcAccount.objects.filter(user__in=members.values("user"))
    for account in accounts.select_related("user"):
        with transaction.atomic():
            ending_ask(account, account.user.get_username())
            suspension_noticed(account.user)


def endings_work(now: datetime | None = None) -> int:
    """Try those that are due; return how many were done. Never raises what CoCalc does."""
    now = now or timezone.now()
    done = 0
    due = Ending.objects.filter(done=None).filter(Q(not_before=None) | Q(not_before__lte=now))
    for row in due.order_by("asked"):
        held = now + _HOLD
        ours = due.filter(pk=row.pk, asked=row.asked).update(not_before=held)
        if ours:
            done += _try(row)
    return done


def _try(row: Ending) -> bool:
    # One that was asked for again meanwhile is another one, and tried by itself.
    this = Ending.objects.filter(pk=row.pk, asked=row.asked)
    try:
        with _at(None):
            ended = _end(str(row.account_id), linked=row.linked)
    except _Stuck as stuck:
        log.warning("%s could not be ended, trying again: %s", row, stuck.error)
        pause = min(timedelta(seconds=2) * 2 ** min(row.attempts, 10), _MOST)
        this.update(
            attempts=row.attempts + 1,
            not_before=timezone.now() + pause,
            error=str(stuck.error)[:500],
            waits_for=CocalcProject.objects.filter(project_id=stuck.project_id).first(),
        )
        return False
    if this.update(done=timezone.now(), error="", waits_for=None):
        Event.log(
            "access.ended",
            row.username,
            whom=row.username,
            account_id=str(row.account_id),
            projects=len(ended),
        )
    return True


def _end(account_id: str, *, linked: bool) -> list[str]:
    """Take an account out of all projects but those that its user may open; return their ids.

    A person's own account (`linked`) may share other projects with the service account, which are
    none of the site's business.
    """
    us = service_identity().account_id
    if account_id == us:
        return []
    ended: list[str] = []
    for project in _projects_of(account_id):
        with _at(project.project_id):
            if _end_in(project, account_id, us, linked=linked):
                ended.append(project.project_id)
    return ended


def _end_in(project: Project, account_id: str, us: str, *, linked: bool) -> bool:
    """Take an account out of a project, unless its user may open it; say whether it was."""
    project_id = project.project_id
    allowed = mapping.active_members().filter(
        project__project_id=project_id, user__cocalc_account__account_id=account_id
    )
    if allowed.exists():
        return False
    ours = CocalcProject.objects.filter(project_id=project_id).first()
    if linked and ours is None:
        return False
    if ours and project.members.get(us) != "owner":
        care.mend_quietly(ours, project)  # or CoCalc lets nobody be taken out by us
    _shut_out(project, account_id)
    # Switched on again this very moment: then it has to be made once more.
    Member.objects.filter(pk__in=list(allowed.values_list("pk", flat=True))).update(added=None)
    # Two who are ended together may have let each other in once more: the last one ends that.
    if ours:
        care.mend_quietly(ours)
    if project.state == "running" and set(project.members) <= {account_id, us}:
        # Nobody else is in it: what was started there, and what is connected to it, ends too.
        with suppress(CocalcError):
            client().stop_project(project_id)
    return True


def _shut_out(project: Project, account_id: str) -> None:
    """Take an account out of a project, and at once the others there whose access is to end.

    One after the other they would let each other in again.
    """
    allowed = mapping.active_members().filter(
        project__project_id=project.project_id, user__cocalc_account__account_id__isnull=False
    )
    others = (
        Ending.objects.filter(done=None, account_id__in=project.members)
        .exclude(account_id=account_id)
        .exclude(account_id__in=allowed.values("user__cocalc_account__account_id"))
        .values_list("account_id", flat=True)[:_AT_ONCE]
    )
    under_way = [
        beside(mapping.account_shut_out, project.project_id, str(other)) for other in others
    ]
    try:
        mapping.account_shut_out(project.project_id, account_id)
    finally:
        for one in under_way:
            with suppress(CocalcError):  # each has an ending of its own
                one.result()


def _projects_of(account_id: str) -> Iterator[Project]:
    """Give all projects of the site that an account is in on CoCalc.

    Raises, after all others, for one that CoCalc does not let this site look at.
    """
    refused: _Stuck | None = None
    listed = {project.project_id: project for project in client().list_projects()}
    ours = CocalcProject.objects.filter(project_id__isnull=False)
    for project_id in map(str, ours.values_list("project_id", flat=True)):
        # One that the service account was thrown out of is not in the list.
        if project_id not in listed:
            try:
                listed[project_id] = client().get_project(project_id)
            except NotFound:
                continue
            except Forbidden as error:  # so it tells a key that is no site admin's
                refused = refused or _Stuck(error, project_id)
    for project in listed.values():
        if account_id in project.members:
            yield project
    if refused:
        raise refused


@receiver(pre_delete, sender=CocalcAccount)
def _account_goes(*, instance: CocalcAccount, **_: object) -> None:
    """With the user's row goes the account's: last chance to write down which one it was."""
    ending_ask(instance, instance.user.get_username())


def _user_saved(*, instance: Any, **_: object) -> None:
    if not instance.is_active:
        account = CocalcAccount.objects.filter(user=instance.pk).first()
        if account:
            ending_ask(account, instance.get_username())


def connect() -> None:
    """Listen to the site's own kind of users, which is known once all apps are loaded."""
    post_save.connect(_user_saved, sender=get_user_model(), dispatch_uid="embedding.endings")
