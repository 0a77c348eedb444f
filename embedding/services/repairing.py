"""What an administrator has repaired for one user: looked for on CoCalc, and put right.

Only what is our own is adopted: an account under the address that this site alone made for it, a
project by the marker in its description (`embedding.services.mapping`). Nothing that is there is
replaced; what CoCalc has no more is made anew when the administrator says so, and not before: its
files are lost.
"""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext as _

from embedding.client import client
from embedding.cocalc.client import Project
from embedding.cocalc.errors import BadRequest, CocalcError, Forbidden, NotFound
from embedding.conf import conf
from embedding.models import CocalcAccount, CocalcProject, Event, Member, Trashed
from embedding.problems import Busy, Problem, of_cocalc
from embedding.services import care, mapping, preparation
from embedding.services.endings import ending_ask
from embedding.services.sessions import forget_checks

ACCOUNT_REPLACED, PROJECT_REPLACED = "account.replaced", "project.replaced"

_GONE = (NotFound, Forbidden)  # for a key that is no site admin's CoCalc answers the same for both


@dataclass(frozen=True, slots=True)
class Found:
    """One thing that was looked at, in words.

    `ask`: it is gone, and can be made anew: the account, or the project of this number.
    """

    level: Literal["fine", "done", "ask", "failed"]
    words: str
    project: int | None = None


def repair(user: User, *, stop: Callable[[], bool] = lambda: False) -> list[Found]:
    """Look at a user's account and own projects, put right what can be, and say what was found.

    What `stop` leaves no time for is looked after by the next worker that comes by, as is what
    the user may open besides. Raises nothing that CoCalc does: that is found, too.
    """
    account = mapping.account_row(user)
    found = list(_guarded(lambda: _account(account), _("The account could not be looked at.")))
    members = Member.objects.filter(user=user).select_related("project", "user")
    left = []
    for member in members.filter(role=Member.Role.OWNER).order_by("project_id"):
        if stop():
            left.append(member.project_id)
            continue
        words = _("“%(project)s” could not be looked at.") % {"project": member.project}
        found += _guarded(lambda member=member: _project(member, account), words)  # type: ignore[misc]
    others = members.filter(role=Member.Role.COLLABORATOR).values_list("project_id", flat=True)
    later = [*left, *others]
    if later:
        CocalcProject.objects.filter(pk__in=later).update(looked=None)
        found.append(Found("fine", _("Other projects of theirs are looked after next.")))
    return found


def account_anew(user: User, *, actor: User) -> None:
    """Give a user another account, since CoCalc has theirs no more. Problem where it has."""
    account = mapping.account_row(user)
    if account.linked is not None:
        words = _("This is the person’s own account, which the site does not replace.")
        raise Problem("linked", words, status=409)
    old = account.account_id
    if old is not None:
        there = client().find_account(account.email)
        if there is not None and there.account_id == str(old):
            raise _is_there(_("The account is there, so it was not replaced."))
        with transaction.atomic():
            # Should it still be there under another address, it loses what it could open.
            ending_ask(account, user.get_username())
            # Under a new address: at the old one may be an account that is not ours.
            fresh = f"{uuid.uuid4()}@{conf().account_domain}"
            CocalcAccount.objects.filter(pk=account.pk, account_id=old).update(
                account_id=None, email=fresh, attempts=0, claimed_until=None
            )
            name = user.get_username()
            Event.log(
                ACCOUNT_REPLACED, name, actor=actor.get_username(), user=name, account_id=str(old)
            )
        account.refresh_from_db()
    mapping.account_ensure(account)


def project_anew(member: Member, *, actor: User) -> None:
    """Give a member another project, since CoCalc has this one no more. Problem where it has."""
    row = member.project
    old = row.project_id
    if old is not None:
        if _is_on_cocalc(str(old)):
            words = _("“%(project)s” is there, so it was not replaced.") % {"project": row}
            raise _is_there(words)
        with transaction.atomic():
            # With a new marker, so that the old one is not found by it.
            CocalcProject.objects.filter(pk=row.pk, project_id=old).update(
                project_id=None,
                marker=uuid.uuid4(),
                attempts=0,
                claimed_until=None,
                closed=None,
                looked=None,
            )
            Member.objects.filter(project=row).update(added=None)
            member.added = None
            Trashed.objects.filter(project=row).delete()
            forget_checks(member)
            name = member.user.get_username()
            Event.log(
                PROJECT_REPLACED,
                str(row),
                actor=actor.get_username(),
                user=name,
                project=row.pk,
                project_id=str(old),
            )
        row.refresh_from_db()
    mapping.project_ensure(row)
    preparation.prepare(mapping.account_row(member.user), member)


def _guarded(look: Callable[[], Iterator[Found]], words: str) -> Iterator[Found]:
    """Give what is found; a failure of CoCalc's is a finding."""
    try:
        yield from look()
    except Busy:
        yield Found("failed", f"{words} {_('It is being made this very moment.')}")
    except CocalcError as error:
        yield Found("failed", f"{words} {of_cocalc(error).message}")


def _account(account: CocalcAccount) -> Iterator[Found]:
    if account.account_id is None:
        how = mapping.account_ensure(account)
        words = _("An account was made.")
        if how == "account.adopted":
            words = _("An account that this site had made was found on CoCalc, and is used again.")
        yield Found("done", words)
        return
    if account.linked is not None:
        words = _(
            "The person’s own account is linked. Its address is not known, so it was not "
            "looked for."
        )
        yield Found("fine", words)
        return
    there = client().find_account(account.email)
    if there is None:
        yield Found(
            "ask",
            _(
                "CoCalc has no account with the address that this site made for it. The account "
                "was deleted there, or its address was changed there."
            ),
        )
    elif there.account_id != str(account.account_id):
        yield Found(
            "ask",
            _(
                "The address that this site made for the account belongs to another account on "
                "CoCalc, which was not made by this site."
            ),
        )
    else:
        yield Found("fine", _("The account is there."))


def _project(member: Member, account: CocalcAccount) -> Iterator[Found]:
    row = member.project
    values = {"project": str(row)}
    if row.project_id is None:
        how = mapping.project_ensure(row)
        words = _("“%(project)s” was made.") % values
        if how == "project.adopted":
            words = _("“%(project)s” was found on CoCalc, where this site had made it.") % values
        yield Found("done", words)
    seen = _seen(str(row.project_id))
    if seen is None:
        yield Found(
            "ask",
            _(
                "CoCalc does not show “%(project)s” to this site. It is gone, or somebody in it "
                "has thrown this site out."
            )
            % values,
            row.pk,
        )
        return
    mended = []
    try:
        mended = care.mend(row, seen)
    except (NotFound, BadRequest):
        if not seen.deleted:
            raise
        words = _("“%(project)s” was deleted on CoCalc, and cannot be restored.") % values
        yield Found("ask", words, row.pk)
        return
    for one in mended:
        who = User.objects.filter(pk=str(one.user_id)).first() if one.user_id else None
        yield Found("done", _said(one.action, str(row), who.get_username() if who else ""))
    if not member.added and account.account_id and preparation.prepare(account, member):
        words = _("“%(name)s” was added to “%(project)s”.")
        yield Found("done", words % {"name": member.user.get_username(), **values})
    if seen.state == "running":
        care.home_close(row)
        if not mended:
            yield Found("fine", _("“%(project)s” is there, and as it should be.") % values)
        return
    # It need not be started for that: it is closed when it is used next.
    CocalcProject.objects.filter(pk=row.pk).update(closed=None)
    if not mended:
        yield Found(
            "fine", _("“%(project)s” is there, and as it should be. It does not run.") % values
        )


def _said(action: str, project: str, name: str) -> str:
    """Say what was mended in a project."""
    name = f"“{name}”" if name else _("A stranger")
    words = {
        care.PUT_BACK: _("%(name)s was put back into “%(project)s”."),
        care.TAKEN_OUT: _("%(name)s was taken out of “%(project)s”."),
        care.DEMOTED: _("%(name)s had become an owner of “%(project)s”, and is no longer."),
        care.TAKEN_BACK: _("This site owns “%(project)s” again."),
        care.RESTORED: _("“%(project)s” was marked as deleted, and was restored with its files."),
    }[action]
    return words % {"name": name, "project": project}


def _seen(project_id: str) -> Project | None:
    try:
        return client().get_project(project_id)
    except _GONE:
        return None


def _is_on_cocalc(project_id: str) -> bool:
    """Say whether a project is there, after restoring one that is marked as deleted."""
    seen = _seen(project_id)
    if seen is None:
        return False
    if seen.deleted:
        try:
            client().restore_project(project_id)
        except (NotFound, BadRequest, Forbidden):
            return False
    return True


def _is_there(words: str) -> Problem:
    return Problem("is_there", words, status=409)
