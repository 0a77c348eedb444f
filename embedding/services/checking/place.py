"""The account and the project on CoCalc that the check works with: made once, then used again.

They belong to no user and stand in tables of their own. What is gone on CoCalc is made anew, what
was marked as deleted is taken back.
"""

import uuid

from django.utils.translation import gettext as _

from embedding.client import service_identity
from embedding.cocalc.client import Client
from embedding.cocalc.errors import BadRequest, Duplicate, Forbidden, NotFound
from embedding.conf import conf
from embedding.models import CheckAccount, CheckProject, Event
from embedding.services.mapping import holding

SLOT = "check:"


def account_of(cocalc: Client, us: str = "") -> str:
    """Return the id of the check's account, which is on CoCalc. Raises Busy, CocalcError.

    `us` is the account of the client's key, where that is not the site's own.
    """
    us = us or service_identity().account_id
    row, _made = CheckAccount.objects.get_or_create(slot=SLOT, defaults={"email": _address()})
    if row.account_id and cocalc.find_account(row.email) is None and _is_gone(cocalc, row):
        row.account_id, row.email, row.attempts = None, _address(), 0
        row.save(update_fields=["account_id", "email", "attempts"])
    if row.account_id is None:
        with holding(row, "account") as needed:
            if needed:
                account_id = _found(cocalc, row) or _created(cocalc, row)
                if account_id == us:
                    raise Forbidden("create_account", "CoCalc named the service account itself")
                if row.settle(uuid.UUID(account_id)):
                    Event.log("account.created", SLOT, account_id=account_id)
    return str(row.account_id)


def project_of(cocalc: Client, account_id: str) -> str:
    """Return the id of the check's project, with its account in it. Raises Busy, CocalcError."""
    row, _made = CheckProject.objects.get_or_create(slot=SLOT)
    members: set[str] = set()
    if row.project_id:
        try:
            seen = cocalc.get_project(str(row.project_id))
        except (NotFound, Forbidden):
            row.project_id, row.marker, row.attempts = None, uuid.uuid4(), 0
            row.save(update_fields=["project_id", "marker", "attempts"])
        else:
            members = set(seen.members)
            if seen.deleted:
                cocalc.restore_project(seen.project_id)
    if row.project_id is None:
        with holding(row, "project") as needed:
            if needed:
                project_id = _project(cocalc, row)
                if row.settle(uuid.UUID(project_id)):
                    Event.log("project.created", SLOT, project_id=project_id)
                elif str(row.project_id) != project_id:
                    cocalc.delete_project(project_id)
    if account_id not in members:
        cocalc.add_member(str(row.project_id), account_id)
    return str(row.project_id)


def known_project() -> str:
    """Return the id of the check's project, as last seen; empty where there is none yet."""
    found = CheckProject.objects.filter(slot=SLOT, project_id__isnull=False).first()
    return str(found.project_id) if found else ""


def _address() -> str:
    return f"{uuid.uuid4()}@{conf().account_domain}"


def _is_gone(cocalc: Client, row: CheckAccount) -> bool:
    """CoCalc's search shows addresses only to some; its word on the id alone counts then."""
    try:
        cocalc.mint_token(str(row.account_id))
    except (NotFound, Forbidden, BadRequest):
        return True
    return cocalc.identify().is_admin


def _found(cocalc: Client, row: CheckAccount) -> str | None:
    """Return our own earlier attempt, if there was one."""
    if row.attempts < 2:
        return None
    found = cocalc.find_account(row.email)
    return found.account_id if found else None


def _created(cocalc: Client, row: CheckAccount) -> str:
    try:
        return cocalc.create_account(email=row.email, first_name="Check", last_name="Lectern")
    except Duplicate:
        found = cocalc.find_account(row.email)
        if found is None:
            raise
        return found.account_id


def _project(cocalc: Client, row: CheckProject) -> str:
    if row.attempts >= 2:
        us = service_identity().account_id
        for project in cocalc.find_projects(description=row.description):
            if project.members.get(us) == "owner":
                return project.project_id
    return cocalc.create_project(title=_("Check of the connection"), description=row.description)
