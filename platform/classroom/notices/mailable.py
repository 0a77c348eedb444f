"""Who gets mail about what is new, which kinds of it, and what time it is where they are.

An address that came by an invitation's link and was never proven gets none: it may be a stranger's,
who would read of a course and its work.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.models import User
from django.utils import timezone

from classroom.models import MailChoice, Membership, Profile
from classroom.rules.addresses import unproven

DIGEST_AT = time(7, 0)
When = MailChoice.When


@dataclass(frozen=True, slots=True)
class Reader:
    """A user, as one who is written to."""

    user: User
    choice: MailChoice
    is_reachable: bool  # switched on, with an address that is theirs

    @property
    def wants_none(self) -> bool:
        """Whether nothing at all goes to them."""
        return not self.is_reachable or self.choice.when == When.NEVER


def readers(users: Collection[int]) -> dict[int, Reader]:
    """Return these users with their choices; one query."""
    rows = User.objects.filter(pk__in=users).select_related("mail_choice", "profile")
    return {
        user.pk: Reader(
            user,
            _choice(user),
            user.is_active and bool(user.email) and not vars(user)["address_unproven"],
        )
        for user in rows.annotate(address_unproven=unproven())
    }


def choice_of(user: User) -> MailChoice:
    """Return what a user has chosen, or what holds for who has not; that is not saved."""
    return MailChoice.objects.filter(user=user).first() or MailChoice(user=user)


def zones_of(users: Collection[int]) -> dict[int, ZoneInfo]:
    """Return the time zone of each of these users: the one chosen, else that of the last course."""
    rows = Membership.objects.filter(user__in=users, removed=None).order_by("pk")
    zones = dict(rows.values_list("user", "course__time_zone"))
    chosen = Profile.objects.filter(user__in=users).exclude(time_zone="")
    zones |= dict(chosen.values_list("user", "time_zone"))
    return {user: ZoneInfo(zone) for user, zone in zones.items()}


def zone_of(zones: dict[int, ZoneInfo], user: int) -> ZoneInfo:
    """Return a user's time zone, of those that `zones_of` found; else the site's."""
    return zones.get(user) or ZoneInfo(settings.TIME_ZONE)


def last_digest(now: datetime, zone: ZoneInfo) -> datetime:
    """Return when the last daily mail was to be written, in a time zone."""
    local = timezone.localtime(now, zone)
    today = datetime.combine(local.date(), DIGEST_AT, zone)
    if today <= now:
        return today
    return datetime.combine(local.date() - timedelta(days=1), DIGEST_AT, zone)


def _choice(user: User) -> MailChoice:
    found: MailChoice | None = getattr(user, "mail_choice", None)
    return found or MailChoice(user=user)
