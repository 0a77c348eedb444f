"""To stop mails from within a mail, signed out, at one click (RFC 8058).

The address in a mail is signed, and names a user, the address it was sent to and the kinds of
notices in it. It works as long as the user has that address, however often it is used; what it
stopped is turned on again on the page of choices.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256

from django.conf import settings
from django.contrib.auth.models import User
from django.core import signing
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from classroom.models import MailChoice, Notice
from embedding.problems import Problem

_signer = signing.Signer(salt="classroom.unsubscribe")


@dataclass(frozen=True, slots=True)
class Stop:
    """What an address in a mail may stop."""

    user: User
    kinds: Sequence[Notice.Kind]


def link(user: User, kinds: Iterable[str]) -> str:
    """Return the address that stops mails to a user: of all kinds, or of one that is in this mail.

    It is a secret of who reads the mail.
    """
    signed = _signer.sign_object([user.pk, _digest(user), sorted(set(kinds))])
    return str(settings.SITE_URL) + reverse("classroom:unsubscribe", args=[signed])


def find(signed: str) -> Stop:
    """Return what an address may stop; Problem where it is worthless."""
    try:
        pk, digest, kinds = _signer.unsign_object(signed)
    except signing.BadSignature:
        raise _worthless() from None
    user = User.objects.filter(pk=pk).first()
    if user is None or _digest(user) != digest:
        raise _worthless()
    return Stop(user, [Notice.Kind(kind) for kind in kinds if kind in Notice.Kind])


def stop(signed: str, kind: str = "") -> Stop:
    """Stop all mails about what is new, or one kind of them. Problem as `find`."""
    found = find(signed)
    with transaction.atomic():
        MailChoice.objects.get_or_create(user=found.user)
        choice = MailChoice.objects.select_for_update(no_key=True).get(user=found.user)
        if kind in found.kinds:
            choice.off = sorted({*choice.off, kind})
        else:
            choice.when = MailChoice.When.NEVER
        choice.save()
    return found


def _digest(user: User) -> str:
    return sha256(user.email.lower().encode()).hexdigest()[:16]


def _worthless() -> Problem:
    return Problem(
        "unsubscribe_worthless",
        _(
            "This link is incomplete, or its e-mail address is no longer used on this site. "
            "Sign in to choose which e-mails you get."
        ),
        status=404,
    )
