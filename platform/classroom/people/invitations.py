"""Invitations: a place in a course for somebody who has no account on this site yet.

The link is signed over the invitation's id and nonce, and runs out 30 days after it was made. A
teacher copies it; where the site can send e-mail, a worker mails it too. Taking, renewing or
cancelling an invitation makes its links worthless.
"""

import logging
from collections.abc import Iterable, Sequence
from datetime import timedelta
from functools import partial
from smtplib import SMTPException, SMTPRecipientsRefused, SMTPResponseException
from uuid import uuid4

from django.conf import settings
from django.contrib.auth.models import User
from django.core import signing
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction
from django.db.models import Q, QuerySet
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy, override
from django.utils.translation import gettext as _
from django_tasks import task

from classroom.conf import conf
from classroom.models import Course, Invitation, Membership, Role
from classroom.pages.spreadsheets import written
from classroom.pages.text import moment
from classroom.people.doubles import double_of
from classroom.people.proving import unproven_mark
from classroom.people.roster import hold, in_parts, member_enrol
from classroom.rules.addresses import unproven
from embedding.models import Event
from embedding.names import tidy
from embedding.problems import Problem

VALID = timedelta(days=30)
_AT_ONCE = 20  # mails a task, so that class steps come in between
_MAIL_SECONDS = 10
_signer = signing.Signer(salt="classroom.invitation")

# What `Invitation.mail_error` holds, and what it means.
_UNREACHABLE, _REFUSED = "unreachable", "refused"
_NOT_MAILED = {
    _UNREACHABLE: gettext_lazy("Not sent: the mail server cannot be reached."),
    _REFUSED: gettext_lazy("Not sent: the mail server refused it."),
}

log = logging.getLogger(__name__)


def invite(course: Course, invitations: Sequence[Invitation], *, actor: User) -> None:
    """Write invitations down, one for an address, and have them mailed once that is committed.

    Whoever is invited already stays it, with the link that they have.
    """
    with transaction.atomic():
        hold(course)
        emails = [row.email for row in invitations]
        there: set[str] = set()
        for part in in_parts(emails):
            rows = Invitation.objects.filter(course=course, email__in=part)
            # Of a user who was deleted since, nothing is left but the used invitation; and one who
            # was removed may have been another person than the one who is invited again.
            out = Membership.objects.filter(course=course, removed__isnull=False).values("user")
            used = rows.filter(accepted__isnull=False)
            used.filter(Q(accepted_by=None) | Q(accepted_by__in=out)).delete()
            there.update(rows.values_list("email", flat=True))
        new = [row for row in invitations if row.email not in there]
        Invitation.objects.bulk_create(new, batch_size=200)
        Event.objects.bulk_create(
            Event.made(
                "course.invited",
                str(row),
                actor=actor.get_username(),
                course=course.pk,
                role=str(row.role),
            )
            for row in new
        )
        _mail_later([row.pk for row in new])


def renew(invitation: Invitation, *, actor: User) -> None:
    """Create a new link, valid from now, and have it mailed; the old one is worthless."""
    with transaction.atomic():
        open_one = Invitation.objects.filter(pk=invitation.pk, accepted=None)
        changed = open_one.update(nonce=uuid4(), created=timezone.now(), sent=None, mail_error="")
        if not changed:
            raise used()
        Event.log(
            "course.invitation_renewed",
            str(invitation),
            actor=actor.get_username(),
            course=invitation.course_id,
        )
        _mail_later([invitation.pk])


def cancel(invitation: Invitation, *, actor: User) -> None:
    """Take an invitation back; its link is worthless."""
    with transaction.atomic():
        gone = Invitation.objects.filter(pk=invitation.pk, accepted=None).delete()[0]
        if not gone:
            raise used()
        Event.log(
            "course.invitation_cancelled",
            str(invitation),
            actor=actor.get_username(),
            course=invitation.course_id,
        )


def link(invitation: Invitation) -> str:
    """Return the address that takes the invitation; it is a secret of the teachers'."""
    signed = _signer.sign_object([invitation.pk, invitation.nonce.hex])
    return str(settings.SITE_URL) + reverse("classroom:invitation", args=[signed])


def links_csv(course: Course, *, actor: User) -> str:
    """Return the links that can still be taken, and whose they are, as CSV."""
    rows = [[_("Name"), _("E-mail address"), _("Number"), _("Role"), _("Link"), _("Valid until")]]
    for row in course.invitations.filter(accepted=None).order_by("email"):
        if not is_over(row):
            over = moment(row.created + VALID, course.zone)
            rows.append([row.name, row.email, row.number, row.get_role_display(), link(row), over])
    Event.log(
        "course.invitation_links_taken",
        str(course),
        actor=actor.get_username(),
        course=course.pk,
        links=len(rows) - 1,
    )
    return written(rows)


def is_over(invitation: Invitation) -> bool:
    """Whether its link has run out."""
    return timezone.now() > invitation.created + VALID


def mail_error(invitation: Invitation) -> str:
    """Say why an invitation could not be mailed; an empty text where nothing went wrong."""
    code = invitation.mail_error
    return str(_NOT_MAILED[code]) if code in _NOT_MAILED else code


def worthless() -> Problem:
    """Say that a link was renewed, taken back, or never one."""
    said = _(
        "This invitation is not valid: your teacher renewed it or took it back, or the link is "
        "incomplete. Ask your teacher for a new one."
    )
    return Problem("invitation_worthless", said, status=404)


def used() -> Problem:
    """Say that somebody has taken the invitation."""
    said = _(
        "This invitation has already been used. If you used it, sign in with the user name and "
        "the password that you chose."
    )
    return Problem("invitation_used", said, status=410)


def removed() -> Problem:
    """Say that one who was removed does not come back on their own."""
    said = _("You were removed from this course. Only its teachers can add you again.")
    return Problem("removed", said, status=403)


def find(signed: str) -> Invitation:
    """Return the invitation of a link. Problem where it is worthless, over or used."""
    try:
        key, nonce = _signer.unsign_object(signed)
    except signing.BadSignature:
        raise worthless() from None
    row = Invitation.objects.select_related("course").filter(pk=key).first()
    if row is None or row.nonce.hex != nonce:
        raise worthless()
    if row.accepted:
        raise used()
    if row.course.archived:
        said = _("This course is archived: nobody can join it any more. Ask your teacher.")
        raise Problem("archived", said, status=410)
    if is_over(row):
        said = _("This invitation has expired. Ask your teacher to renew it.")
        raise Problem("invitation_over", said, status=410)
    return row


def accept(signed: str, user: User) -> Membership:
    """Let a user in by an invitation, once. Problem as `find`, and for one who was removed."""
    with transaction.atomic():
        invitation = find(signed)
        hold(invitation.course)
        invitation = find(signed)  # as it is now that nobody else can take it
        member = Membership.objects.filter(course=invitation.course, user=user).first()
        if member and member.removed:
            raise removed()
        invitation.accepted, invitation.accepted_by = timezone.now(), user
        invitation.save(update_fields=["accepted", "accepted_by"])
        member = member_enrol(
            invitation.course,
            user,
            Role(invitation.role),
            number=invitation.number,
            section=invitation.section,
            actor=user,
        )
        if other := double_of(member, invitation.email):
            Event.log(
                "course.address_of_two",
                str(member),
                actor=user.get_username(),
                whom=other.user.get_username(),
                course=member.course_id,
                other=other.user.get_username(),
            )
        return member


def account_create(signed: str, user: User) -> Membership:
    """Make the account that an invited person has filled in, and let it in."""
    with transaction.atomic():
        invitation = find(signed)
        # Whoever had the link makes the account, so its address is not proven. And one that is
        # proven to be somebody's would no longer name one person.
        if not User.objects.filter(~unproven(), email__iexact=invitation.email).exists():
            user.email = invitation.email
        user.save()
        if user.email:
            unproven_mark(user)
        name = user.get_username()
        Event.log("user.created_by_invitation", name, whom=name, course=invitation.course_id)
        return accept(signed, user)


def _mail_later(keys: Sequence[int]) -> None:
    if not conf().mail:
        return
    for start in range(0, len(keys), _AT_ONCE):
        part = list(keys[start : start + _AT_ONCE])
        # Who is invited has said no language yet: it is that of whoever invites.
        transaction.on_commit(partial(mail.enqueue, part, get_language() or ""), robust=True)


@task(priority=-10)
def mail(keys: list[int], language: str = "") -> int:
    """Mail invitations that were not mailed yet; return how many went out.

    What cannot be mailed says so on the page of people, where the link can be copied.
    """
    rows = Invitation.objects.filter(pk__in=keys, sent=None, accepted=None)
    invitations = list(rows.select_related("course").order_by("pk"))
    try:
        words = override(language or settings.LANGUAGE_CODE)
        with words, get_connection(timeout=_MAIL_SECONDS) as connection:
            return sum(_send(row, connection) for row in invitations)
    except (SMTPException, OSError) as error:
        _not_mailed(invitations, _UNREACHABLE, error)
        return 0


def _send(row: Invitation, connection: BaseEmailBackend) -> bool:
    text = render_to_string(
        "classroom/people/invitation_mail.txt",
        {"invitation": row, "link": link(row), "brand": settings.SITE_NAME, "days": VALID.days},
    )
    subject = tidy(_("Your invitation to “%(course)s”") % {"course": row.course})
    try:
        EmailMessage(subject, text, to=[row.email], connection=connection).send()
    except (SMTPResponseException, SMTPRecipientsRefused, ValueError) as error:
        _not_mailed([row], _REFUSED, error)
        return False
    _still(row).update(sent=timezone.now(), mail_error="")
    return True


def _not_mailed(rows: Iterable[Invitation], why: str, error: Exception) -> None:
    # What a server says may hold anything; the kind of error is enough to look further.
    log.warning("Invitations were not mailed: %s (%s)", why, type(error).__name__)
    for row in rows:
        _still(row).filter(sent=None).update(mail_error=why)


def _still(row: Invitation) -> QuerySet[Invitation]:
    """Return the row unless it was renewed meanwhile: then another mail is on its way."""
    return Invitation.objects.filter(pk=row.pk, nonce=row.nonce)
