"""Addresses that came by an invitation's link, and how their users prove them by mail.

Such an address says nothing about who has the account, since a link can be passed on. Its user
asks for a mail to it, opens the link in that mail signed in with this very account, and says that
the address is theirs. A link works once, for a day, and until a later one is asked for.
"""

import logging
from datetime import datetime, timedelta
from smtplib import SMTPException

from django.conf import settings
from django.contrib.auth.models import User
from django.core import signing
from django.core.mail import EmailMessage, get_connection
from django.db import transaction
from django.db.models import Q
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override
from django_tasks import task

from classroom.conf import conf
from classroom.models import Profile, UnprovenAddress
from classroom.rules.addresses import unproven
from embedding.models import Event
from embedding.problems import Problem

VALID = timedelta(days=1)
AGAIN = timedelta(hours=1)  # the address may be another person's, who is not to be flooded
_MAIL_SECONDS = 10
_REFUSED = "refused"  # by the mail server, whatever it said
_signer = signing.Signer(salt="classroom.address")

log = logging.getLogger(__name__)


def worthless() -> Problem:
    """Say that a link was used, followed by a later one, or never one."""
    said = _(
        "This link is not valid: it has been used, you asked for a newer one, or it is incomplete. "
        "Look at the page “E-mail address”."
    )
    return Problem("proof_worthless", said, status=404)


def unproven_of(user: User) -> UnprovenAddress | None:
    """Return the row that says that the user's address is not proven; None for one that is."""
    row: UnprovenAddress | None = getattr(user, "unproven_address", None)
    return row if row and row.email == user.email.lower() else None


def unproven_mark(user: User) -> None:
    """Write down that the user has their address by a link alone; have it proven if we can mail."""
    UnprovenAddress.objects.update_or_create(
        user=user, defaults={"email": user.email.lower(), "asked": None, "mail_error": ""}
    )
    if conf().mail:
        proof_ask(user)


def wait_until(row: UnprovenAddress) -> datetime | None:
    """Return when another mail may be asked for; None for now."""
    at = row.asked + AGAIN if row.asked else None
    return at if at and at > timezone.now() else None


def proof_ask(user: User) -> None:
    """Have a mail sent by which the user proves their address.

    Problem where the address is proven, the site sends no mail, or one was sent lately.
    """
    with transaction.atomic():
        row = UnprovenAddress.objects.select_for_update(no_key=True).filter(user=user).first()
        if row is None or row.email != user.email.lower():
            raise Problem("proven", _("Your address is already confirmed."), status=409)
        if not conf().mail:
            raise Problem("no_mail", _("This site sends no e-mail."), status=409)
        if wait_until(row):
            said = _("We sent you an e-mail within the last hour.")
            raise Problem("asked_lately", said, status=429)
        row.asked, row.mail_error = timezone.now(), ""
        row.save(update_fields=["asked", "mail_error"])
        transaction.on_commit(lambda: mail_proof.enqueue(row.pk), robust=True)


def link(row: UnprovenAddress) -> str:
    """Return the address that proves another; it is a secret of who reads the mail."""
    asked = row.asked.isoformat() if row.asked else ""
    return str(settings.SITE_URL) + reverse(
        "classroom:address-prove", args=[_signer.sign_object([row.pk, asked])]
    )


def proof_find(proof: str, user: User) -> UnprovenAddress:
    """Return what a link proves for this user.

    Problem where it is worthless, over, or belongs to another account.
    """
    try:
        key, asked = _signer.unsign_object(proof)
    except signing.BadSignature:
        raise worthless() from None
    row = UnprovenAddress.objects.select_related("user").filter(pk=key).first()
    if row is None or row.asked is None or row.asked.isoformat() != asked:
        raise worthless()
    if row.user_id != user.pk:
        said = _(
            "This link belongs to another account. Sign out, sign in with that account, and open "
            "the link again. If you have no other account, someone else used your address: do "
            "nothing."
        )
        raise Problem("proof_of_another", said, status=403)
    if row.email != user.email.lower():
        raise worthless()
    if timezone.now() > row.asked + VALID:
        said = _("This link has expired. Ask for a new one on the page “E-mail address”.")
        raise Problem("proof_over", said, status=410)
    return row


def prove(proof: str, user: User) -> None:
    """Take a link for a proof, once. Problem as `proof_find`."""
    with transaction.atomic():
        row = proof_find(proof, user)
        if not UnprovenAddress.objects.filter(pk=row.pk).delete()[0]:
            raise worthless()
        proven(user, by="mail", actor=user.get_username())


def proven(user: User, *, by: str, actor: str) -> None:
    """Count the user's address as theirs; who has it by a link alone has it no more."""
    with transaction.atomic():
        UnprovenAddress.objects.filter(user=user).delete()
        name = user.get_username()
        Event.log("user.address_proven", name, actor=actor, whom=name, by=by)
        same = Q(email__iexact=user.email)
        for other in User.objects.filter(same, unproven()).exclude(pk=user.pk):
            User.objects.filter(pk=other.pk).update(email="")
            UnprovenAddress.objects.filter(user=other).delete()
            name = other.get_username()
            Event.log("user.address_taken_back", name, actor=actor, whom=name)


@task(priority=-10)
def mail_proof(key: int) -> bool:
    """Mail the link by which an address is proven; False where it could not be."""
    row = UnprovenAddress.objects.select_related("user").filter(pk=key).first()
    if row is None or row.asked is None or row.email != row.user.email.lower():
        return False
    names = {"user": row.user, "link": link(row), "brand": settings.SITE_NAME}
    with override(Profile.language_of(row.user)):
        text = render_to_string("classroom/people/address_mail.txt", names)
        subject = _("Confirm your e-mail address (%(site)s)") % {"site": settings.SITE_NAME}
    try:
        with get_connection(timeout=_MAIL_SECONDS) as connection:
            EmailMessage(subject, text, to=[row.email], connection=connection).send()
    except (SMTPException, OSError, ValueError) as error:
        # What a server says may hold anything; the kind of error is enough to look further.
        log.warning("A mail to prove an address was not sent (%s)", type(error).__name__)
        still = UnprovenAddress.objects.filter(pk=row.pk, asked=row.asked)
        still.update(asked=None, mail_error=_REFUSED)
        return False
    return True
