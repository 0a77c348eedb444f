"""A person's own account on CoCalc in place of the one that the site has made.

The site's key signs in as anyone, so nobody is mapped to an account by its name, address or number.
The proof is that account's own key: CoCalc says whose it is, and then it is gone; it is in no row,
no log and no answer. The account stays the person's: the site never replaces it, and takes it out
of its own projects alone.
"""

import re
import uuid
from contextlib import closing, suppress

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from embedding import which
from embedding.client import client, client_with, service_identity
from embedding.cocalc.client import Identity
from embedding.cocalc.errors import BadRequest, Forbidden, NotFound, NotSupported, RefusedKey
from embedding.conf import conf
from embedding.models import CocalcAccount, Event
from embedding.problems import Problem
from embedding.services import mapping
from embedding.services.door import codes_end
from embedding.services.endings import ending_ask

LINKED, UNLINKED = "account.linked", "account.unlinked"

_KEY = re.compile(r"[!-~]{8,200}", re.ASCII)  # nothing that would change a header


@sensitive_variables("key")
def account_link(user: User, key: str, *, actor: User) -> None:
    """Map a user to the account whose key this is; Problem where that may not be.

    The account before is taken out of the projects by a worker; the new one is let in on need.
    """
    account_id = _proven(key)
    row = mapping.account_row(user)
    try:
        with transaction.atomic():
            row = CocalcAccount.objects.select_for_update().get(pk=row.pk)
            taken = CocalcAccount.objects.filter(account_id=account_id)
            if taken.exists():
                raise _refused(
                    _("This account is linked to this person already.")
                    if taken.filter(pk=row.pk).exists()
                    else _("This account belongs to another user of this site.")
                )
            _leave(row, user)
            CocalcAccount.objects.filter(pk=row.pk).update(
                account_id=account_id,
                claimed_until=None,
                linked=timezone.now(),
                linked_by=actor.get_username()[:150],
            )
            _tell(LINKED, user, actor, str(account_id))
    except IntegrityError:  # somebody else was faster
        raise _refused(_("This account belongs to another user of this site.")) from None


def account_unlink(user: User, *, actor: User) -> None:
    """End a link. On need the user gets the account that the site had made before, or a new one."""
    with transaction.atomic():
        row = CocalcAccount.objects.select_for_update().filter(user=user).first()
        if row is None or row.linked is None:
            raise _refused(_("No account is linked to this person."))
        _leave(row, user)
        CocalcAccount.objects.filter(pk=row.pk).update(
            account_id=None, linked=None, linked_by="", attempts=0, claimed_until=None
        )
        _tell(UNLINKED, user, actor, str(row.account_id))


@sensitive_variables("key")
def _proven(key: str) -> uuid.UUID:
    """Return the account that a key proves, where it may be linked."""
    if not _KEY.fullmatch(key):
        raise _refused(_("This is no API key of CoCalc’s. It begins with “sk”."))
    identity = _identity(key)
    if identity.account_id == service_identity().account_id:
        raise _refused(_("This is the key of the account that this site itself uses."))
    if identity.is_admin or identity.may_sign_in:
        raise _refused(
            _(
                "This account administers CoCalc or its organization. This site signs nobody in "
                "as such an account."
            )
        )
    _check_sign_in(identity.account_id)
    return uuid.UUID(identity.account_id)


@sensitive_variables()  # nor what the client has of it, in a report of an error
def _identity(key: str) -> Identity:
    try:
        with closing(client_with(which.spoken(), key)) as theirs:
            return theirs.identify()
    except (RefusedKey, Forbidden, BadRequest, NotFound):
        # Said without CoCalc's words, and without what was sent.
        words = _("CoCalc does not accept this key as an account’s. Make a new one in CoCalc.")
        raise _refused(words) from None


def _check_sign_in(account_id: str) -> None:
    """Make sure that the site can sign this account in, where a token can be ended again.

    API v1 lets a site admin sign anybody in, and ends no tokens: there is nothing to find out.
    """
    if which.spoken() == "v1":
        return
    try:
        token = client().mint_token(account_id)
    except Forbidden:
        words = _("CoCalc does not let this site sign this account in.")
        if conf().organization:
            words = _(
                "This account is not in the organization “%(name)s” on CoCalc, and this site can "
                "sign in nobody else. Add it there first."
            ) % {"name": conf().organization}
        raise _refused(words) from None
    with suppress(NotSupported):  # then it ends by its time
        client().revoke_token(token)


def _leave(row: CocalcAccount, user: User) -> None:
    """Have the account of until now taken out of all projects."""
    ending_ask(row, user.get_username())
    codes_end(user)


def _tell(action: str, user: User, actor: User, account_id: str) -> None:
    name = user.get_username()
    Event.log(action, name, actor=actor.get_username(), user=name, account_id=account_id)


def _refused(words: str) -> Problem:
    return Problem("not_linked", words, status=409)
