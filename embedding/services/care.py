"""What changes behind our back is mended: who is in a project, whether it is there, its home.

On CoCalc any collaborator can remove others, let strangers in, make himself an owner, and mark the
project deleted; whoever runs programs in it can open its home to all other projects. So the site
compares a project's row there with its own `Member` rows, and puts right what differs. Each repair
is an event, for the audit log and for whoever is told (`REPAIRS`).
"""

import logging
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core.cache import cache
from django.dispatch import receiver
from django.utils import timezone

from embedding.client import client, home_was_open, service_identity
from embedding.cocalc.client import Project
from embedding.cocalc.errors import CocalcError, Forbidden, Limited, NotFound
from embedding.models import CocalcAccount, CocalcProject, EmbedSession, Ending, Event, Member
from embedding.services import mapping
from embedding.services.acts import whose

PUT_BACK, TAKEN_OUT = "member.put_back", "member.taken_out"
DEMOTED, TAKEN_BACK = "member.demoted", "project.taken_back"
RESTORED, HOME_OPENED = "project.restored", "project.home_opened"
REPAIRS = (PUT_BACK, TAKEN_OUT, DEMOTED, TAKEN_BACK, RESTORED, HOME_OPENED)

EVERY = timedelta(minutes=10)  # so often a project is looked after, whatever happens
# A step in a project looks itself, unless somebody has just done so.
STEP_EVERY = timedelta(minutes=2)
# A look into a home is a command, and a project in which commands run is not stopped as idle.
HOME_EVERY = timedelta(days=1)
_TELL_EVERY = timedelta(hours=1)
_PAGE_SECONDS = 5  # in which one page's user has it mended once
_MEMORY = 31  # seconds; for 30 a CoCalc of 2025 and later remembers who was no member
_FEW = 3  # so many projects are asked for one by one, more all at once

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Mended:
    """One thing that was put right: the event's name, and whom it was about, if anybody."""

    action: str
    user_id: object = None


@dataclass(frozen=True, slots=True)
class _Difference:
    """What is not ours in a project on CoCalc; accounts by their ids there."""

    lost: bool  # the service account does not own it
    deleted: bool
    missing: list[Member]  # let in, and not there
    strangers: list[str]  # there, and not let in
    owners: list[Member]  # who made themselves owners

    def __bool__(self) -> bool:
        return bool(self.lost or self.deleted or self.missing or self.strangers or self.owners)


def mend(row: CocalcProject, seen: Project | None = None) -> list[Mended]:
    """Put right what is not ours in a project on CoCalc, and return what that was.

    `seen` is how the project looked there a while ago: it is asked for once more only where
    something was not right then. Idempotent; raises CocalcError, and what was put right until then
    stays so.
    """
    if row.project_id is None:
        return []
    if seen is None or _difference(row, seen, timezone.now()):
        asked = timezone.now()
        seen = client().get_project(str(row.project_id))
        difference = _difference(row, seen, asked)
    else:
        difference = None
    CocalcProject.objects.filter(pk=row.pk).update(looked=timezone.now())
    return _put_right(row, difference) if difference else []


def mend_quietly(row: CocalcProject, seen: Project | None = None) -> list[Mended]:
    """Mend beside something else, which tells of a CoCalc that fails itself."""
    try:
        return mend(row, seen)
    except CocalcError as error:
        log.warning("%s could not be looked after: %s", row, error)
        return []


def _difference(row: CocalcProject, seen: Project, asked: datetime) -> _Difference:
    us = service_identity().account_id
    members = _members(row)
    there = {account: role for account, role in seen.members.items() if account != us}
    return _Difference(
        lost=seen.members.get(us) != "owner",
        deleted=seen.deleted,
        missing=[
            member
            for account, member in members.items()
            # Not who came after CoCalc was asked.
            if account not in there and member.added and member.added < asked
        ],
        strangers=[account for account in there if account not in members],
        owners=[
            members[account]
            for account, role in there.items()
            if account in members and role == "owner"
        ],
    )


def _put_right(row: CocalcProject, difference: _Difference) -> list[Mended]:
    project_id = str(row.project_id)
    done: list[Mended] = []

    def tell(action: str, user: Any = None, **detail: object) -> None:
        done.append(Mended(action, user.pk if user else None))
        name = {"user": user.get_username()} if user else {}
        of = whose(row)
        whom = name.get("user", of.whom)
        Event.log(
            action, str(row), whom=whom, place=of.place, **{"project": row.pk, **name, **detail}
        )

    if difference.lost:  # first of all: the rest is done by the owner
        us = service_identity().account_id
        with suppress(Forbidden):  # where its owners let nobody else add members
            client().add_member(project_id, us)
        client().set_role(project_id, us, "owner")
        tell(TAKEN_BACK)
    if difference.deleted:
        client().restore_project(project_id)
        tell(RESTORED)
    for member in difference.missing:
        if mapping.membership_make(member, member.user.cocalc_account):
            tell(PUT_BACK, member.user)
    for member in difference.owners:
        client().set_role(project_id, str(member.user.cocalc_account.account_id), "collaborator")
        tell(DEMOTED, member.user)
    for account in difference.strangers:
        mapping.account_shut_out(project_id, account)
        if account in _members(row):
            # Let in this very moment: then it has to be made once more.
            here = Member.objects.filter(project=row, user__cocalc_account__account_id=account)
            here.update(added=None)
        elif not Ending.objects.filter(account_id=account, done=None).exists():
            known = CocalcAccount.objects.filter(account_id=account).first()
            tell(TAKEN_OUT, known.user if known else None, account=account)
    return done


def _members(row: CocalcProject) -> dict[str, Member]:
    """Return who may open the project, by account."""
    rows = mapping.active_members().filter(
        project=row, user__cocalc_account__account_id__isnull=False
    )
    found = {}
    for member in rows.select_related("user__cocalc_account"):
        member.project = row
        found[str(member.user.cocalc_account.account_id)] = member
    return found


def access_mended(session: EmbedSession) -> bool:
    """Mend what may keep a page's user out; say whether anything was, since the page began."""
    if session.project is None:
        return False
    mended: list[Mended] = []
    # A page that asks again and again asks CoCalc once.
    if cache.add(f"embedding-mend-{session.project_id}-{session.user_id}", True, _PAGE_SECONDS):
        mended = mend_quietly(session.project)
    if any(one.user_id == session.user_id or one.action == RESTORED for one in mended):
        return True
    member = Member.objects.filter(project=session.project, user=session.user).first()
    back = member is not None and member.added is not None and member.added > session.started
    return back and "membership" not in session.steps


def after_refusal(row: CocalcProject) -> None:
    """Mend a project in which CoCalc refused to let us work. Raises Limited where that helps.

    Where CoCalc lets members alone work in a project, it refuses a site that members have thrown
    out. Then the project is taken back, which CoCalc takes a while to notice.
    """
    mend_quietly(row)
    lately = timezone.now() - timedelta(seconds=_MEMORY)
    back = Event.objects.filter(action=TAKEN_BACK, detail__project=row.pk, at__gte=lately)
    if back.exists():
        raise Limited("take_back", retry_after=_MEMORY)


def is_due(row: CocalcProject, every: timedelta = EVERY) -> bool:
    """Say whether nobody has looked after a project for so long."""
    return row.looked is None or row.looked < timezone.now() - every


def look_after(
    rows: Sequence[CocalcProject], *, stop: Callable[[], bool] = lambda: False
) -> list[Mended]:
    """Look after many projects: a few are asked for one by one, more in one call.

    Processes that come at once share them. Raises CocalcError where CoCalc is away; what could
    not be looked after is due again.
    """
    taken = {row.pk: row for row in rows if _take(row)}
    done: list[Mended] = []
    left = set(taken)
    try:
        listed = _listed(taken)
        for key, row in taken.items():
            if stop():
                break
            try:
                # Where the service account is no member any more, the list leaves a project out.
                seen = listed.get(str(row.project_id))
                seen = seen or client().get_project(str(row.project_id))
                done += mend(row, seen)
                if seen.state == "running" and home_is_due(row):
                    home_close(row)
            except NotFound:
                log.warning("%s is not on CoCalc any more", row)
            except CocalcError as error:
                if error.recoverable:
                    raise
                log.warning("%s could not be looked after: %s", row, error)
                continue
            left.discard(key)
    finally:
        CocalcProject.objects.filter(pk__in=left).update(looked=None)
    return done


def home_is_due(row: CocalcProject) -> bool:
    """Say whether nobody has looked at a project's home for a while, or ever."""
    return row.closed is None or row.closed < timezone.now() - HOME_EVERY


def home_close(row: CocalcProject) -> None:
    """Make sure that no other project can read a project's files; this starts it."""
    client().close_home(str(row.project_id))
    row.closed = timezone.now()
    CocalcProject.objects.filter(pk=row.pk).update(closed=row.closed)


@receiver(home_was_open)
def _home_was_open(*, project_id: str, **_: object) -> None:
    """Write it down, unless it was the first time: homes are open as CoCalc makes them."""
    row = CocalcProject.objects.filter(project_id=project_id).first()
    if row is None:
        return
    now = timezone.now()
    told = Event.objects.filter(
        action=HOME_OPENED, detail__project=row.pk, at__gt=now - _TELL_EVERY
    )
    # Whoever opens it all the time, or makes believe to, fills no log.
    if row.closed and not told.exists():
        whom, place = whose(row)
        Event.log(HOME_OPENED, str(row), whom=whom, place=place, project=row.pk)
    CocalcProject.objects.filter(pk=row.pk).update(closed=now)


def _take(row: CocalcProject) -> bool:
    """Say that this project is looked after now; False where somebody else was faster."""
    unchanged = CocalcProject.objects.filter(pk=row.pk, looked=row.looked)
    return unchanged.update(looked=timezone.now()) == 1


def _listed(rows: Collection[object]) -> dict[str, Project]:
    if len(rows) <= _FEW:
        return {}
    return {project.project_id: project for project in client().list_projects()}
