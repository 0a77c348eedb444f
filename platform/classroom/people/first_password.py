"""The first password of who was given an account: a link, mailed or handed on, and once more.

No list and no administrator ever holds somebody's password. The link is the one of a forgotten
password: it works once, for a day, and only while the account has not been signed in to.
"""

import logging
from collections.abc import Iterable, Sequence
from functools import partial
from smtplib import SMTPException

from django.conf import settings
from django.contrib.auth.models import User
from django.core.mail import EmailMessage, get_connection
from django.db import transaction
from django.db.models import QuerySet
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.utils.translation import override
from django_tasks import task

from classroom.models import Profile
from classroom.pages.spreadsheets import written
from classroom.people.resetting import reset_link
from embedding.models import Event
from embedding.names import tidy

_AT_ONCE = 200
_MAIL_SECONDS = 10

log = logging.getLogger(__name__)


def may_be_invited(rows: QuerySet[User], *, actor: User) -> QuerySet[User]:
    """Return those who have never signed in; of administrators, only for a superuser."""
    rows = rows.filter(is_active=True, last_login=None)
    return rows if actor.is_superuser else rows.filter(is_staff=False, is_superuser=False)


def invite(users: Iterable[User], *, actor: User) -> int:
    """Have the link mailed to these users, where they have an address; return to how many."""
    keys = []
    with transaction.atomic():
        for user in users:
            if user.email:
                keys.append(user.pk)
                name = user.get_username()
                Event.log("user.invited", name, actor=actor.get_username(), user=name)
        for start in range(0, len(keys), _AT_ONCE):
            part = keys[start : start + _AT_ONCE]
            transaction.on_commit(partial(mail_first_password.enqueue, part), robust=True)
    return len(keys)


def links_csv(users: Iterable[User], *, actor: User) -> str:
    """Return the links of these users, to be handed on, as CSV; each is a secret of its user's."""
    rows = [[_("User name"), _("Name"), _("E-mail address"), _("Link, valid for one day")]]
    with transaction.atomic():
        for user in users:
            name = user.get_username()
            rows.append([name, tidy(user.get_full_name()), user.email, reset_link(user)])
            Event.log("user.link_taken", name, actor=actor.get_username(), user=name)
    return written(rows)


@task(priority=-10)
def mail_first_password(keys: list[int]) -> int:
    """Mail the link to those of these users who have not signed in; return to how many."""
    users = User.objects.filter(pk__in=keys, is_active=True, last_login=None).exclude(email="")
    return sum(_mail(user) for user in users.select_related("profile").order_by("pk"))


def _mail(user: User) -> bool:
    names = {"user": user, "link": reset_link(user), "brand": settings.SITE_NAME}
    with override(Profile.language_of(user)):
        text = render_to_string("classroom/people/first_password_mail.txt", names)
        subject = _("Your account on %(site)s") % {"site": settings.SITE_NAME}
    try:
        with get_connection(timeout=_MAIL_SECONDS) as connection:
            EmailMessage(subject, text, to=[user.email], connection=connection).send()
    except (SMTPException, OSError, ValueError) as error:
        # What a server says may hold anything; the kind of error is enough to look further.
        log.warning("A mail for a first password was not sent (%s)", type(error).__name__)
        return False
    return True


def users_csv(users: Sequence[User], *, actor: User) -> str:
    """Return these users for a spreadsheet; that it was taken is an event."""
    rows = [
        [
            *(_("User name"), _("First name"), _("Last name"), _("E-mail address"), _("Groups")),
            *(_("Active"), _("Administrator"), _("Made"), _("Last signed in")),
        ]
    ]
    for user in users:
        seen = user.last_login.isoformat(timespec="seconds") if user.last_login else ""
        groups = ", ".join(sorted(group.name for group in user.groups.all()))
        rows.append(
            [
                *(user.get_username(), user.first_name, user.last_name, user.email, groups),
                _("yes") if user.is_active else _("no"),
                _("yes") if user.is_staff else _("no"),
                *(user.date_joined.isoformat(timespec="seconds"), seen),
            ]
        )
    Event.log("users.exported", "users", actor=actor.get_username(), count=len(users))
    return written(rows)
