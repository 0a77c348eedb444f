"""All numbers of the overview, read from the database alone."""

from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.utils import timezone

from administration.overview import checking
from administration.overview.accounts import Accounts, accounts
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


@dataclass(frozen=True, slots=True)
class Numbers:
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


def numbers(user: AbstractBaseUser | AnonymousUser, now: datetime | None = None) -> Numbers:
    """Read all numbers, as one administrator may follow them; nobody waits for CoCalc."""
    now, links = now or timezone.now(), Links(user)
    lately, found = recent(now), checking.found()
    return Numbers(
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
