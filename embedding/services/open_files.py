"""Which files of a project a user has open in a page of ours, or had until a moment ago.

It is what the pages reported. What is typed there may not be in the file yet.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db.models import Q

from embedding.cocalc.paths import NOTEBOOK
from embedding.models import CocalcProject, EmbedSession

_State = EmbedSession.State


@dataclass(frozen=True, slots=True)
class OpenFile:
    """`left`: when the last page with it was left; None: it is open still."""

    path: str
    left: datetime | None


def last_session(user: User, project: CocalcProject, folder: str) -> EmbedSession | None:
    """Return the newest session of a notebook that the user opened in a folder; None: of none."""
    rows = EmbedSession.objects.filter(user=user, project=project, path__startswith=f"{folder}/")
    return rows.filter(path__iendswith=NOTEBOOK).order_by("-started").first()


def was_missing(user: User, project: CocalcProject, path: str) -> bool:
    """Whether a file was not there any more when the user opened it last."""
    row = (
        EmbedSession.objects.filter(user=user, project=project, path=path)
        .order_by("-started")
        .first()
    )
    return row is not None and row.state == _State.FAILED and row.reason == "file_missing"


def was_opened(user: User, project: CocalcProject, folder: str) -> bool:
    """Whether the user has opened any file of a folder."""
    rows = EmbedSession.objects.filter(user=user, project=project)
    return rows.filter(path__startswith=f"{folder}/").exists()


def open_files(
    user: User, project: CocalcProject, now: datetime, *, within: timedelta
) -> list[OpenFile]:
    """Return the files that are open, or were within this time, each once.

    A page that is not looked at says nothing, nor does one that is gone without a word: neither
    counts longer than that.
    """
    there = Q(state__in=(_State.READY, _State.SLOW), ended=None, seen__gte=now - within)
    gone = Q(state__in=(_State.LOST, _State.CLOSED), ended__gte=now - within)
    # What was never ready had nothing typed into it.
    rows = EmbedSession.objects.filter(user=user, project=project, steps__has_key="ready")
    found: dict[str, datetime | None] = {}
    for row in rows.filter(there | gone).order_by("started"):
        # A page that lost its connection is still there, with what is not saved.
        left = row.ended if row.state == _State.CLOSED else None
        known = found.get(row.path, left)
        found[row.path] = max(known, left) if known and left else None
    return [OpenFile(path, left) for path, left in found.items()]
