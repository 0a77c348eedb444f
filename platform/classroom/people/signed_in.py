"""Signed out everywhere: a user's sign-ins until now count no more, in whatever browsers they are.

Nobody looks through the sessions, of which there may be a million. Each says how often its user
had been signed out everywhere when it began, and counts while that is still so: a number, for the
clocks of several servers never agree.
"""

from typing import Any

from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_in
from django.contrib.sessions.backends.base import SessionBase
from django.db import transaction
from django.db.models import F
from django.dispatch import receiver
from django.http import HttpRequest

from classroom.models import Profile
from embedding.services.door import codes_end
from embedding.services.suspending import was_suspended

_KEY = "classroom_signed_out"


def sign_out_everywhere(user: User) -> None:
    """End all of a user's sign-ins, and the codes that would sign a browser in to CoCalc."""
    with transaction.atomic():
        Profile.objects.get_or_create(user=user)
        Profile.objects.filter(user=user).update(signed_out=F("signed_out") + 1)
        codes_end(user)


def counts(session: SessionBase, user: User) -> bool:
    """Say whether a user's session is one that was not ended; `user` was read just now."""
    return bool(session.get(_KEY, 0) == Profile.of(user).signed_out)


@receiver(user_logged_in)
def _signed_in(*, request: HttpRequest, user: Any, **_: object) -> None:
    times = Profile.objects.filter(user=user).values_list("signed_out", flat=True).first()
    if times:
        request.session[_KEY] = times
    else:
        request.session.pop(_KEY, None)


@receiver(was_suspended)
def _suspended(*, user: Any, **_: object) -> None:
    sign_out_everywhere(user)
