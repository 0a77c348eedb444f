"""Which notices a user may see: those of courses and work that are still theirs."""

from datetime import datetime

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from classroom.models import Membership, Notice, Role

MOST_COUNTED = 100  # beyond it the bell says "99+"


def visible(rows: QuerySet[Notice]) -> QuerySet[Notice]:
    """Leave out courses that the user has left, removed work, and what is for staff alone."""
    member = Membership.objects.filter(
        course=OuterRef("course"), user=OuterRef("user"), removed=None
    )
    staff = member.exclude(role=Role.STUDENT)
    return rows.filter(
        Exists(member),
        Q(assignment=None) | Q(assignment__removed=None),
        ~Q(kind__in=Notice.OF_STAFF) | Exists(staff),
        user__is_active=True,
    )


def notices_of(user: int) -> QuerySet[Notice]:
    """Return the notices that a user may see, the newest first, with all that their words need."""
    rows = visible(Notice.objects.filter(user=user)).order_by("-pk")
    return rows.select_related("course", "assignment", "member__user")


def unread_count(user: int) -> int:
    """Return how many of them are unread, up to `MOST_COUNTED`: one query."""
    rows = visible(Notice.objects.filter(user=user, read=None)).order_by()
    return rows[:MOST_COUNTED].count()


def read_set(user: int, *, upto: int | None = None, since: int | None = None) -> None:
    """Write down that the user has read their notices; with ids, those from `since` to `upto`."""
    rows = Notice.objects.filter(user=user, read=None)
    if upto is not None:
        rows = rows.filter(pk__lte=upto)
    if since is not None:
        rows = rows.filter(pk__gte=since)
    now: datetime = timezone.now()
    rows.update(read=now)
