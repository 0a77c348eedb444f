"""A new password by mail, for who forgot theirs.

Only a proven address gets one. Whoever took an invitation's link chose the account, and nothing
says that the address in it is theirs: by a mail there, a stranger whose address a list had wrong
would get the account with all its work. They ask the site's administrator.

Whoever asks is answered the same, and as fast, whether there is such an account: a worker does what
differs, and makes the link itself, so that no row holds it. A user is mailed once an hour, whoever
asks for it, and a visitor may ask so often.
"""

import logging
import unicodedata
from collections.abc import Sequence
from datetime import timedelta
from smtplib import SMTPException

from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.auth.tokens import default_token_generator
from django.core.mail import EmailMessage, get_connection
from django.db import transaction
from django.db.models import Q, QuerySet
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
from django.utils.translation import gettext as _
from django.utils.translation import override
from django_tasks import task

from classroom.conf import conf
from classroom.models import Profile
from classroom.rules.addresses import unproven
from embedding.models import Event
from embedding.problems import Problem

AGAIN = timedelta(hours=1)  # for one user
ASKED, EACH = 20, timedelta(minutes=15)  # by one visitor
_MOST = 5  # accounts of one address
_MAIL_SECONDS = 10
_ASKED = "password.reset_asked"

log = logging.getLogger(__name__)


def reset_ask(address: str, *, visitor: str) -> None:
    """Have a mail sent to who has this address, if somebody has. `visitor` is where it comes from.

    Problem where the site sends no mail, or the visitor has asked too often.
    """
    if not conf().mail:
        raise Problem("no_mail", _("This site sends no e-mail."), status=409)
    since = timezone.now() - EACH
    asked = Event.objects.filter(action=_ASKED, at__gte=since, detail__visitor=visitor)
    if asked.count() >= ASKED:
        raise Problem(
            "too_many",
            _("Your network has asked for too many e-mails. Try again in 15 minutes."),
            status=429,
            retry_after=int(EACH.total_seconds()),
        )
    found = [user for user in _users(email__iexact=address) if _same(user.email, address)][:_MOST]
    keys = [user.pk for user in found]
    with transaction.atomic():
        # What is nobody's address may be anything that was typed into the wrong field.
        names = ", ".join(user.get_username() for user in found)
        whom = found[0].get_username() if len(found) == 1 else ""
        Event.log(_ASKED, names or "(no such address)", whom=whom, visitor=visitor)
        transaction.on_commit(lambda: mail_reset.enqueue(keys), robust=True)


def reset_done(user: User) -> None:
    """After a new password: whoever had the account before has nothing left that still works."""
    with transaction.atomic():
        Profile.objects.filter(user=user).update(calendar=None, reset_asked=None)
        name = user.get_username()
        Event.log("password.reset", name, actor=name, whom=name)


def reset_link(user: User) -> str:
    """Return the address at which the user chooses a new password: a secret, good once."""
    key = urlsafe_base64_encode(force_bytes(user.pk))
    token = default_token_generator.make_token(user)
    path = reverse("password_reset_confirm", kwargs={"uidb64": key, "token": token})
    return str(settings.SITE_URL) + path


@task(priority=-10)
def mail_reset(keys: list[int]) -> int:
    """Mail the link to these users; return how many were mailed."""
    return sum(_mail(user) for user in _users(pk__in=keys))


def _mail(user: User) -> bool:
    now = timezone.now()
    mine, _made = Profile.objects.get_or_create(user=user)
    free = Q(reset_asked=None) | Q(reset_asked__lte=now - AGAIN)
    if not Profile.objects.filter(free, pk=mine.pk).update(reset_asked=now):
        return False
    names = {"user": user, "link": reset_link(user), "brand": settings.SITE_NAME}
    with override(Profile.language_of(user)):
        text = render_to_string("registration/password_reset_mail.txt", names)
        subject = _("Choose a new password (%(site)s)") % {"site": settings.SITE_NAME}
    try:
        with get_connection(timeout=_MAIL_SECONDS) as connection:
            EmailMessage(subject, text, to=[user.email], connection=connection).send()
    except (SMTPException, OSError, ValueError) as error:
        # What a server says may hold anything; the kind of error is enough to look further.
        log.warning("A mail for a new password was not sent (%s)", type(error).__name__)
        Profile.objects.filter(pk=mine.pk, reset_asked=now).update(reset_asked=None)
        return False
    return True


def _users(**which: object) -> Sequence[User]:
    """Return those of these users who may have a new password by mail."""
    rows: QuerySet[User] = User.objects.filter(~unproven(), is_active=True, **which)
    return [user for user in rows.exclude(email="").order_by("pk") if user.has_usable_password()]


def _same(one: str, other: str) -> bool:
    """Whether they are one address: databases take more letters for the same than mail does."""
    first, second = (unicodedata.normalize("NFKC", each).casefold() for each in (one, other))
    return first == second
