"""Who waits at this moment: for a notebook to open, or for a submit to arrive."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from administration.overview.links import Links
from classroom.models import Kind, Transfer
from embedding.models import EmbedSession, Member
from embedding.services.preparation import next_step

State = EmbedSession.State
LONGEST = timedelta(minutes=5)  # who has waited longer has gone away
SHOWN = 5


@dataclass(frozen=True, slots=True)
class Person:
    """Who waits, for what, since when, and where it is."""

    name: str
    what: str
    since: datetime
    step: str
    link: str


@dataclass(frozen=True, slots=True)
class People:
    """Those who have waited longest, and how many there are."""

    notebooks: list[Person]
    opening: int
    opening_link: str
    submits: list[Person]


def people(now: datetime, links: Links) -> People:
    """Look who waits."""
    since = now - LONGEST
    rows = EmbedSession.objects.filter(
        state__in=(State.PREPARING, State.OPENING), started__gte=since, started__lte=now
    )
    return People(
        notebooks=_notebooks(list(_longest(rows)), links),
        opening=rows.count(),
        opening_link=links.rows(
            EmbedSession,
            state__in=f"{State.PREPARING},{State.OPENING}",
            started__gte=since,
        ),
        submits=_submits(links),
    )


def _longest(rows: "QuerySet[EmbedSession]") -> "QuerySet[EmbedSession]":
    return rows.select_related("project", "user__cocalc_account").order_by("started")[:SHOWN]


def _notebooks(rows: list[EmbedSession], links: Links) -> list[Person]:
    members: dict[tuple[Any, Any], Member] = {
        (member.user_id, member.project_id): member
        for member in Member.objects.filter(
            user__in=[row.user_id for row in rows], project__in=[row.project_id for row in rows]
        ).select_related("project")
    }
    may_look = bool(links.rows(EmbedSession))
    return [
        Person(
            name=row.username,
            what=row.path,
            since=row.started,
            step=_step(row, members.get((row.user_id, row.project_id))),
            link=reverse("admin:embedding_embedsession_change", args=[row.pk]) if may_look else "",
        )
        for row in rows
    ]


def _step(row: EmbedSession, member: Member | None) -> str:
    """Say what is being waited for, by our own rows alone."""
    if row.state == State.OPENING:
        return _("the editor loads")
    if member is None:
        return _("not a member of the project")
    steps = {
        "account": _("the account is made"),
        "project": _("the project is made"),
        "membership": _("the person is let into the project"),
        None: _("the project starts"),
    }
    return steps[next_step(getattr(row.user, "cocalc_account", None), member)]


def _submits(links: Links) -> list[Person]:
    rows = (
        Transfer.objects.filter(kind=Kind.SUBMIT, state__in=Transfer.ACTIVE)
        .select_related("member__user", "assignment", "course")
        .order_by("created")[:SHOWN]
    )
    may_look = bool(links.rows(Transfer))
    return [
        Person(
            name=row.member.user.get_username() if row.member else "–",
            what=str(row.assignment or row.course),
            since=row.created,
            step=str(row.get_state_display()),
            link=reverse("admin:classroom_transfer_change", args=[row.pk]) if may_look else "",
        )
        for row in rows
    ]
