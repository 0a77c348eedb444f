"""Accounts, projects and memberships on CoCalc: each is made on first need, exactly once.

1. An account is created under an address that only this site makes. An address that is taken is
   adopted only because it is such an address: then it is our own earlier attempt.
2. The service account owns every project; users are added as collaborators.
3. Nobody is ever mapped to the service account itself.

Each function is idempotent. It raises Busy while another request is at the same step, and
CocalcError where CoCalc fails; nothing is lost then, the next call goes on from there.
"""

import logging
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from embedding.client import client, service_identity
from embedding.cocalc.errors import BadRequest, CocalcError, Duplicate, Forbidden, OutcomeUnknown
from embedding.conf import conf
from embedding.models import Claim, CocalcAccount, CocalcProject, Event, Member
from embedding.names import person_name, tidy
from embedding.problems import Busy
from embedding.services.acts import whose

_TRIES = 20  # against one who makes himself an owner all the time

log = logging.getLogger(__name__)


def account_row(user: User) -> CocalcAccount:
    """Return the user's row, whether or not the account exists on CoCalc yet."""
    row, _made = CocalcAccount.objects.get_or_create(
        user=user, defaults={"email": f"{uuid.uuid4()}@{conf().account_domain}"}
    )
    return row


def account_ensure(row: CocalcAccount) -> str:
    """Make sure that the account exists on CoCalc; return the event's name if that took anything.

    That is "account.created", or "account.adopted" for an earlier attempt of ours.
    """
    if row.account_id:
        return ""
    with holding(row, "account") as needed:
        if not needed:
            return ""
        account_id, how = _find_account(row), "account.adopted"
        if account_id is None:
            account_id, how = _create_account(row)
        if account_id == service_identity().account_id:
            raise Forbidden("create_account", "CoCalc named the service account itself")
        if row.settle(uuid.UUID(account_id)):
            name = row.user.get_username()
            Event.log(how, name, whom=name, account_id=account_id)
        return how


def _find_account(row: CocalcAccount) -> str | None:
    """Return our own earlier attempt, if there was one."""
    if row.attempts < 2:
        return None
    found = client().find_account(row.email)
    return found.account_id if found else None


def _create_account(row: CocalcAccount) -> tuple[str, str]:
    # Another site's users need not have these.
    first_name = tidy(getattr(row.user, "first_name", "")) or row.user.get_username()
    last_name = tidy(getattr(row.user, "last_name", "")) or "-"
    try:
        created = client().create_account(
            email=row.email, first_name=first_name, last_name=last_name
        )
    except Duplicate:
        found = client().find_account(row.email)
        if found is None:
            raise
        return found.account_id, "account.adopted"
    except BadRequest as refused:
        # CoCalc takes no name that looks like an address ("u.example"): any other one will do.
        log.info("CoCalc refused a name (%s); the account gets a neutral one", refused)
        created = client().create_account(
            email=row.email, first_name="User", last_name=str(row.user.pk)
        )
    return created, "account.created"


def project_row(slot: str, *, title: str, owner: User) -> CocalcProject:
    """Return the project of a slot, with its owner a member; made locally if it is new."""
    row = CocalcProject.objects.filter(slot=slot).first()
    if row is None:
        with transaction.atomic():
            row, _made = CocalcProject.objects.get_or_create(slot=slot, defaults={"title": title})
            Member.objects.get_or_create(
                project=row, user=owner, defaults={"role": Member.Role.OWNER}
            )
    return row


def personal_slot(user_id: object) -> str:
    """Return the slot of a user's own project."""
    return f"personal:{user_id}"


def personal_project(user: User) -> CocalcProject:
    """Return the user's own project."""
    title = _("Notebooks of %(name)s") % {"name": person_name(user)}
    return project_row(personal_slot(user.pk), title=title[:200], owner=user)


def project_ensure(row: CocalcProject) -> str:
    """Make sure that the project exists on CoCalc; return the event's name if that took anything.

    That is "project.created", or "project.adopted" for an earlier attempt of ours.
    """
    if row.project_id:
        return ""
    with holding(row, "project") as needed:
        if not needed:
            return ""
        project_id = _find_project(row)
        how = "project.adopted" if project_id else "project.created"
        if project_id is None:
            project_id = client().create_project(title=tidy(row.title), description=row.description)
        if row.settle(uuid.UUID(project_id)):
            row.looked = timezone.now()
            CocalcProject.objects.filter(pk=row.pk).update(looked=row.looked)
            whom, place = whose(row)
            Event.log(how, row.slot, whom=whom, place=place, project_id=project_id)
        elif str(row.project_id) != project_id:
            # Our claim ran out under us and its next holder was faster.
            client().delete_project(project_id)
        return how


def _find_project(row: CocalcProject) -> str | None:
    """Return our own earlier attempt, if there was one: the oldest, should there be several."""
    if row.attempts < 2:
        return None
    us = service_identity().account_id
    for project in client().find_projects(description=row.description):
        ours = project.members.get(us) == "owner"
        # A collaborator can copy a description, so it must not be another slot's project.
        if ours and not CocalcProject.objects.filter(project_id=project.project_id).exists():
            return project.project_id
    return None


def membership_ensure(member: Member, account: CocalcAccount) -> None:
    """Make sure that the member is a collaborator on CoCalc."""
    if member.added:
        return
    if membership_make(member, account):
        place = whose(member.project).place
        name = member.user.get_username()
        Event.log("member.added", str(member.project), place=place, user=name)


def membership_make(member: Member, account: CocalcAccount) -> bool:
    """Let the member in on CoCalc, whatever we believe; False for one who is no member any more."""
    project_id, account_id = str(member.project.project_id), str(account.account_id)
    client().add_member(project_id, account_id)
    member.added = timezone.now()
    # Shut out, switched off or deleted meanwhile, and perhaps ended before this let them in.
    here = active_members().filter(project=member.project, user=member.user_id)
    if here.update(added=member.added):
        return True
    account_shut_out(project_id, account_id)
    return False


def membership_end(project: CocalcProject, user: User) -> None:
    """Make sure that a user who is no longer a member is no collaborator on CoCalc either."""
    account = CocalcAccount.objects.filter(user=user, account_id__isnull=False).first()
    if account and project.project_id:
        account_shut_out(str(project.project_id), str(account.account_id))


def account_shut_out(project_id: str, account_id: str) -> None:
    """Take an account out of a project on CoCalc, also one that made itself an owner.

    Raises Forbidden for the service account, which owns every project; and for an owner who
    takes the ownership again faster than it is taken away.
    """
    if account_id == service_identity().account_id:
        raise Forbidden("remove_member", "the service account owns the project")
    for _attempt in range(_TRIES):
        try:
            client().remove_member(project_id, account_id)
            return
        except Forbidden:
            client().set_role(project_id, account_id, "collaborator")
    client().remove_member(project_id, account_id)


def active_members() -> QuerySet[Member]:
    """Return the members who may open something now: of users who were not switched off."""
    rows = Member.objects.all()
    return rows.filter(user__is_active=True) if can_be_switched_off() else rows


def can_be_switched_off() -> bool:
    """Say whether the site's kind of users has the field `is_active`."""
    return any(field.name == "is_active" for field in get_user_model()._meta.get_fields())


@contextmanager
def holding(row: Claim, step: str) -> Iterator[bool]:
    """Hold the row's claim; Busy if somebody else does, False if it was made meanwhile.

    After a failure the claim is given back at once, but for an unknown outcome: what was begun
    may still complete, and looking too early would miss it.
    """
    if not row.claim(conf().claim_seconds):
        if getattr(row, row.remote_field) is None:
            raise Busy(step)
        yield False
        return
    try:
        yield True
    except OutcomeUnknown:
        raise
    except (CocalcError, OSError):
        row.release()
        raise
