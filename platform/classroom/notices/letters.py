"""Which notices go into which mail: one mail for what is new for one user.

1. At once means after a minute without hurry, so that what comes together goes together; and the
   next mail comes `QUIET` later at the earliest, however much happens.
2. A daily mail holds what was new before seven in the morning where its reader is. What comes after
   that waits for the next day, so there is one a day, and none where nothing is new.
3. A notice goes into one mail, once: the mails are written down and their notices taken in one
   transaction, and of rows that another worker has taken nothing is left to take.
4. What is not to be mailed is let go: who chooses mail later is not sent what was long ago.
"""

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Min
from django.utils import timezone

from classroom.models import Letter, Notice
from classroom.notices.mailable import Reader, When, last_digest, readers, zone_of, zones_of

TOGETHER = timedelta(minutes=1)
QUIET = timedelta(minutes=15)
AT_ONCE = 100  # users of one transaction


def gather(now: datetime | None = None) -> int:
    """Write down the mails that it is time for; return how many."""
    now = now or timezone.now()
    waiting = Notice.objects.filter(to_mail=True).order_by().values("user")
    first: dict[int, datetime] = dict(
        waiting.annotate(first=Min("created")).values_list("user", "first")
    )
    if not first:
        return 0
    everybody = readers(first)
    before = _before(everybody, now)
    ripe = [everybody[user] for user, until in before.items() if first[user] < until]
    return sum(
        _write(ripe[start : start + AT_ONCE], before, now) for start in range(0, len(ripe), AT_ONCE)
    )


def _before(everybody: dict[int, Reader], now: datetime) -> dict[int, datetime]:
    """Return before when the first notice of each must have come for a mail to be due now.

    Whoever had a mail just now is left out.
    """
    lately = set(
        Letter.objects.filter(user__in=everybody, created__gt=now - QUIET).values_list(
            "user", flat=True
        )
    )
    zones = zones_of([pk for pk, reader in everybody.items() if reader.choice.when == When.DAILY])
    found = {}
    for pk, reader in everybody.items():
        if reader.wants_none:
            found[pk] = now
        elif reader.choice.when == When.DAILY:
            found[pk] = last_digest(now, zone_of(zones, pk))
        elif pk not in lately:
            found[pk] = now - TOGETHER
    return found


def _write(ripe: Collection[Reader], before: dict[int, datetime], now: datetime) -> int:
    with transaction.atomic():
        rows = Notice.objects.filter(to_mail=True, user__in=[each.user.pk for each in ripe])
        taken: dict[int, list[Notice]] = defaultdict(list)
        for row in rows.select_for_update(skip_locked=True).order_by("pk"):
            taken[row.user_id].append(row)
        letters, touched = [], []
        for reader in ripe:
            theirs = taken[reader.user.pk]
            if reader.choice.when == When.DAILY:
                theirs = [row for row in theirs if row.created < before[reader.user.pk]]
            touched += theirs
            wanted = [row for row in theirs if row.kind not in reader.choice.off]
            if reader.wants_none or not wanted:
                continue
            letter = Letter(user=reader.user, created=now, not_before=now)
            letters.append(letter)
            for row in wanted:
                row.letter = letter
        Letter.objects.bulk_create(letters)
        for row in touched:
            row.to_mail = False
            row.letter = row.letter  # its id is known by now
        Notice.objects.bulk_update(touched, ["to_mail", "letter"], batch_size=500)
    return len(letters)
