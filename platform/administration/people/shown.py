"""What a person's page shows: from our own database alone, and never more than fits a page."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, TypeVar

from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import F, Model, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from classroom.models import Membership, Transfer, UnprovenAddress
from embedding.models import CocalcAccount, EmbedSession, Ending, Event, Member
from embedding.problems import Problem
from embedding.services.allowance import allowance_check
from embedding.services.sentences import Link, names_of, places_of, sentence

M = TypeVar("M", bound=Model)

_PROJECTS, _COURSES, _SESSIONS, _TRANSFERS, _EVENTS = 30, 30, 10, 10, 20


class Told(NamedTuple):
    """An event as a sentence, and where it was."""

    at: datetime
    words: str
    place: Link


@dataclass(frozen=True, slots=True)
class Shown:
    """The parts of the page; each list is cut, and `more` names those that were."""

    account: CocalcAccount | None
    account_state: str
    endings: list[Ending]
    is_address_proven: bool
    projects: list[Member]
    courses: list[Membership]
    sessions: list[EmbedSession]
    transfers: list[Transfer]
    events: list[Told]
    wrong_passwords: int
    waits: str
    more: set[str]


def shown_of(person: User) -> Shown:
    """Return what the site knows of a person."""
    account = getattr(person, "cocalc_account", None)
    name = person.get_username()
    projects = person.cocalc_memberships.select_related("project").order_by("-role", "-pk")
    courses = person.course_memberships.select_related("course").order_by(
        F("removed").asc(nulls_first=True), "-pk"
    )
    sessions = person.embed_sessions.select_related("project").order_by("-started")
    transfers = (
        Transfer.objects.filter(member__user=person)
        .filter(state__in=(*Transfer.ACTIVE, Transfer.State.FAILED))
        .select_related("course", "assignment")
        .order_by("-pk")
    )
    more: set[str] = set()

    def cut(part: str, rows: QuerySet[M], most: int) -> list[M]:
        found = list(rows[: most + 1])
        if len(found) > most:
            more.add(part)
        return found[:most]

    unproven = UnprovenAddress.objects.filter(user=person, email=person.email.lower())
    return Shown(
        account=account,
        account_state=_state(account),
        endings=list(Ending.objects.filter(username=name, done=None).order_by("-asked")[:5]),
        is_address_proven=bool(person.email) and not unproven.exists(),
        wrong_passwords=sum(_failures(name)),
        waits=_waits(person),
        projects=cut("projects", projects, _PROJECTS),
        courses=cut("courses", courses, _COURSES),
        sessions=cut("sessions", sessions, _SESSIONS),
        transfers=cut("transfers", transfers, _TRANSFERS),
        events=_told(cut("events", events_of(name), _EVENTS)),
        more=more,
    )


def events_of(username: str) -> QuerySet[Event]:
    """Return the events by somebody and about somebody, newest first."""
    return Event.objects.filter(Q(actor=username) | Q(whom=username)).order_by("-pk")


def _told(events: list[Event]) -> list[Told]:
    names, places = names_of(events), places_of(events)
    return [
        Told(event.at, sentence(event, names), places.get(event.place) or Link(event.place, ""))
        for event in events
    ]


def _state(account: CocalcAccount | None) -> str:
    if account is None:
        return _("not made yet")
    if account.account_id is not None:
        return _("ready")
    held: datetime | None = account.claimed_until
    if held is not None and held > timezone.now():
        return _("is being made")
    return _("not made yet")


def _failures(username: str) -> Iterator[int]:
    """Give the wrong passwords of late, for each address that they came from."""
    since = timezone.now() - settings.AXES_COOLOFF_TIME
    rows = AccessAttempt.objects.filter(username=username, attempt_time__gte=since)
    yield from rows.values_list("failures_since_start", flat=True)


def _waits(person: User) -> str:
    """Say why a person may open no notebook just now; empty where there is no reason."""
    try:
        allowance_check(person)
    except Problem as problem:
        return problem.message
    return ""
