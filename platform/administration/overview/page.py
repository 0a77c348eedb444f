"""The overview itself: all its numbers, read from the database alone."""

from dataclasses import dataclass, field
from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.utils import timezone

from administration.overview import checking
from administration.overview.accounts import Accounts, accounts
from administration.overview.attention import Attention, attention
from administration.overview.cocalc import Cocalc, cocalc
from administration.overview.endings import Endings, endings
from administration.overview.links import Links
from administration.overview.mail import Mail, mail
from administration.overview.people import People, people
from administration.overview.queue import Queue, queue
from administration.overview.recent import Recent, recent
from administration.overview.sessions import Sessions, sessions
from administration.overview.steps import Steps, steps
from administration.overview.versions import Versions, versions
from administration.overview.workers import Workers, workers

# Who may see who works where, and what went wrong.
PERMISSIONS = ("embedding.view_embedsession", "classroom.view_transfer")


@dataclass(frozen=True, slots=True)
class Overview:
    """What the page shows. `found` is None until the checks were run in this process."""

    now: datetime
    cocalc: Cocalc
    workers: Workers
    queue: Queue
    people: People
    recent: Recent
    sessions: Sessions
    steps: Steps
    accounts: Accounts
    mail: Mail
    endings: Endings
    versions: Versions
    found: checking.Found | None
    attention: list[Attention] = field(default_factory=list)


def overview(user: AbstractBaseUser | AnonymousUser, now: datetime | None = None) -> Overview:
    """Read all numbers, as one administrator may follow them; nobody waits for CoCalc."""
    now, links = now or timezone.now(), Links(user)
    lately, found = recent(now), checking.found()
    seen = Overview(
        now=now,
        cocalc=cocalc(now, links),
        workers=workers(now),
        queue=queue(now, links),
        people=people(now, links),
        recent=lately,
        sessions=sessions(lately, links),
        steps=steps(lately, links),
        accounts=accounts(now, links),
        mail=mail(now, links),
        endings=endings(links),
        versions=versions(found),
        found=found,
    )
    seen.attention.extend(attention(seen))
    return seen
