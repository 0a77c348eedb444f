"""Guessing passwords is slow: who failed too often waits, at the site's own form and the admin's.

What failed is counted in the database (django-axes), whether or not such an account exists:

1. for a user name from one address: this stops a guesser without stopping anybody elsewhere;
2. for an address, whatever the names;
3. for a user name, wherever from: this stops who guesses from many addresses.

The last two could be used to keep a person out. So they do not hold who signed in from the very
address before: for them only their own failures there count. A wrong password is answered as for
everybody else, so that this tells nobody who has an account.
"""

import ipaddress
from datetime import timedelta
from typing import Any

from axes.handlers.database import AxesDatabaseHandler
from axes.helpers import get_client_username
from axes.models import AccessLog
from django.conf import settings
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.auth.models import AnonymousUser, User
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext, gettext_lazy, ngettext

from classroom.conf import conf
from classroom.people.signed_in import counts
from config.errors import answer
from config.logs import clean
from embedding.models import Event

# In the order of settings.AXES_LOCKOUT_PARAMETERS: a class may sit behind one address.
PAIR, ADDRESS, ACCOUNT = 10, 100, 50
FULL = settings.AXES_FAILURE_LIMIT  # the one number that axes compares with
REMEMBERED = timedelta(days=90)  # how long a sign-in tells that an address is the user's


_FORGOTTEN = {
    True: gettext_lazy("If you forgot your password, choose a new one on the sign-in page."),
    False: gettext_lazy("If you forgot your password, ask the site’s administrator for a new one."),
}


class Accounts(ModelBackend):
    """Django's own, which reads a user's profile together with the user: each page needs both."""

    def get_user(self, user_id: int) -> User | None:
        """Return the user of a session, unless switched off."""
        user = User.objects.select_related("profile").filter(pk=user_id).first()
        return user if user and self.user_can_authenticate(user) else None


class Authentication(AuthenticationMiddleware):
    """Django's own, for which whoever was signed out everywhere is nobody."""

    def process_request(self, request: HttpRequest) -> None:
        """Let the user be looked up when somebody asks; then an ended session is emptied, too."""
        super().process_request(request)
        found = request.user

        def still() -> User | AnonymousUser:
            if found.is_authenticated and not counts(request.session, found):
                request.session.flush()
                request._cached_user = AnonymousUser()  # type: ignore[attr-defined]
                return AnonymousUser()
            return found

        request.user = SimpleLazyObject(still)  # type: ignore[assignment]


class Handler(AxesDatabaseHandler):
    """Counts by three limits, of which axes knows one."""

    def get_failures(self, request: HttpRequest, credentials: dict[str, Any] | None = None) -> int:
        """Return how full the fullest limit is."""
        return max(self._shares(request, credentials))

    def is_locked(self, request: HttpRequest, credentials: dict[str, Any] | None = None) -> bool:
        """Whether a password is not even looked at."""
        pair, *others = self._shares(request, credentials)
        if pair >= FULL or max(others) < FULL:
            return pair >= FULL
        return not AccessLog.objects.filter(
            username=get_client_username(request, credentials),
            ip_address=request.axes_ip_address,  # type: ignore[attr-defined]
            attempt_time__gte=timezone.now() - REMEMBERED,
        ).exists()

    def user_logged_in(self, sender: Any, request: HttpRequest, user: User, **more: Any) -> None:
        """Write down where somebody signed in from; a link that let them in stays a secret."""
        request.axes_path_info = clean(request.axes_path_info)  # type: ignore[attr-defined]
        super().user_logged_in(sender, request, user, **more)

    def user_login_failed(
        self,
        sender: Any,
        credentials: dict[str, Any],
        request: HttpRequest | None = None,
        **more: Any,
    ) -> None:
        """Count a failure and write it into the audit log, and that a limit is reached.

        What is not even looked at any more is not written down: a guesser cannot fill the log.
        """
        refused = getattr(request, "axes_locked_out", False)
        super().user_login_failed(sender, credentials, request, **more)
        if request is None or refused:
            return
        name = get_client_username(request, credentials) or ""
        # What is no account's name may be a password, typed into the wrong field.
        known = name if User.objects.filter(username=name).exists() else ""
        locked = getattr(request, "axes_locked_out", False)
        for action in ("sign_in.failed", *(["sign_in.throttled"] if locked else [])):
            Event.log(
                action,
                known or "(no such user name)",
                whom=known,
                address=request.axes_ip_address,  # type: ignore[attr-defined]
            )

    def reset_user_attempts(
        self, request: HttpRequest, credentials: dict[str, Any] | None = None
    ) -> int:
        """After a success forget its own failures alone, or one's own account would free others."""
        pair, *_ = self.filter_user_attempts(request, credentials)
        count: int = pair.delete()[0]
        return count

    def _shares(self, request: HttpRequest, credentials: dict[str, Any] | None) -> list[int]:
        found = self.get_user_attempts(request, credentials)
        limits = (PAIR, ADDRESS, ACCOUNT)
        return [
            sum(attempts.values_list("failures_since_start", flat=True)) * FULL // limit
            for attempts, limit in zip(found, limits, strict=True)
        ]


def client_address(request: HttpRequest) -> str | None:
    """Return where a request comes from: as the site's own proxy says, else who is connected.

    Of an IPv6 address only the network counts, since whoever has one has all of it.
    """
    said = request.META.get("REMOTE_ADDR") or ""
    if settings.BEHIND_PROXY:
        # What stands further left was said by the visitor.
        said = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip() or said
    try:
        address = ipaddress.ip_address(said)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, 64), strict=False).network_address)
    return str(address)


def throttled(request: HttpRequest, *_: object) -> HttpResponse:
    """429: too many wrong passwords."""
    minutes = int(settings.AXES_COOLOFF_TIME.total_seconds() // 60)
    wait = ngettext(
        "Wait %(count)s minute, then try again.", "Wait %(count)s minutes, then try again.", minutes
    )
    sentences = (
        gettext(
            "Someone entered a wrong password too often, for this user name or from your network."
        ),
        wait % {"count": minutes},
        str(_FORGOTTEN[conf().mail]),
    )
    title = gettext("Too many wrong passwords")
    response = answer(request, 429, title, " ".join(sentences), "too_many")
    response["Retry-After"] = str(minutes * 60)
    return response
