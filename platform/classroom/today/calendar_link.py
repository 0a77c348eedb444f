"""The address of a user's calendar: a secret that needs no signing in, and can be renewed.

It is signed over the user and a nonce of the profile's; the database alone gives it to nobody.
"""

from uuid import uuid4

from django.conf import settings
from django.contrib.auth.models import User
from django.core import signing
from django.urls import reverse

from classroom.models import Profile
from embedding.models import Event

# Without the colons of a usual signature, at which some programs break an address off.
_signer = signing.Signer(salt="classroom.calendar", sep=".")


def calendar_link(profile: Profile) -> str:
    """Return the address of the calendar; empty where none was asked for."""
    if profile.calendar is None:
        return ""
    signed = _signer.sign_object([profile.user_id, profile.calendar.hex])
    return str(settings.SITE_URL) + reverse("classroom:calendar", args=[signed])


def calendar_link_renew(user: User) -> None:
    """Make a new address; the old one is worthless."""
    Profile.objects.update_or_create(user=user, defaults={"calendar": uuid4()})
    name = user.get_username()
    Event.log("user.calendar_renewed", name, actor=name, whom=name)


def calendar_user(signed: str) -> User | None:
    """Return whose calendar an address is; None for a worthless one, or who is switched off."""
    try:
        key, nonce = _signer.unsign_object(signed)
    except (signing.BadSignature, ValueError):
        return None
    profile = Profile.objects.select_related("user").filter(user=key, user__is_active=True).first()
    if profile is None or profile.calendar is None or profile.calendar.hex != nonce:
        return None
    return profile.user
