"""The mail that a letter becomes, made of what is still so at the moment it is sent."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.models import User
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from classroom.models import Letter, Notice, Profile
from classroom.notices.mailable import Reader, readers
from classroom.notices.reading import visible
from classroom.notices.unsubscribing import link
from classroom.notices.words import Said, is_over, say, works_of
from classroom.pages.own_zone import read_in
from embedding.names import person_name, tidy

MOST = 50  # notices in one mail
_SUBJECT = 150  # characters


def compose(letter: Letter) -> EmailMessage | None:
    """Return the mail, in its reader's language; None: nothing is left to say, or nobody to tell.

    Its times are the courses', and the reader's own where they have chosen a time zone.
    """
    reader = readers([letter.user_id])[letter.user_id]
    if reader.wants_none:
        return None
    with _as_read_by(reader.user):
        return _composed(letter, reader)


@contextmanager
def _as_read_by(user: User) -> Iterator[None]:
    zone = Profile.of(user).time_zone
    with (
        translation.override(Profile.language_of(user)),
        read_in(ZoneInfo(zone) if zone else None),
    ):
        yield


def _composed(letter: Letter, reader: Reader) -> EmailMessage | None:
    notices = still_new(letter, reader.choice.off)
    if not notices:
        return None
    said = say(notices[:MOST])
    stop = link(reader.user, {notice.kind for notice in notices})
    context = {
        "name": person_name(reader.user),
        "courses": [(course, list(each)) for course, each in groupby(said, lambda one: one.course)],
        "more": len(notices) - len(said),
        "site": settings.SITE_URL,
        "brand": settings.SITE_NAME,
        "page": reverse("classroom:notices"),
        "choices": reverse("classroom:mail-choices"),
        "stop": stop,
    }
    return EmailMessage(
        _subject(said, len(notices)),
        render_to_string("classroom/news/mail.txt", context),
        to=[reader.user.email],
        headers=_headers(letter, stop),
    )


def still_new(letter: Letter, off: list[str]) -> list[Notice]:
    """Return what of a letter is still to be said: unread, not done meanwhile, not switched off."""
    rows = visible(Notice.objects.filter(letter=letter, read=None)).exclude(kind__in=off)
    parts = ("course", "assignment", "member__user")
    found = list(rows.select_related(*parts).order_by("course", "pk"))
    works = works_of(found)
    handed_out = {notice.assignment_id for notice in found if notice.kind == Notice.Kind.HANDED_OUT}
    return [
        notice
        for notice in found
        if not is_over(notice, works.get((notice.assignment_id, notice.user_id)))
        # Handing out says when it is due, so the same mail does not remind of it.
        and not (notice.kind == Notice.Kind.DUE_SOON and notice.assignment_id in handed_out)
    ]


def _subject(said: list[Said], count: int) -> str:
    if count == 1:
        names = {"title": said[0].title, "course": said[0].course}
        return tidy(_("%(course)s: %(title)s") % names)[:_SUBJECT]
    courses = {one.course for one in said}
    where = courses.pop() if len(courses) == 1 else settings.SITE_NAME
    text = ngettext("%(where)s: %(count)s new notice", "%(where)s: %(count)s new notices", count)
    return tidy(text % {"where": where[: _SUBJECT - 30], "count": count})


def _headers(letter: Letter, stop: str) -> dict[str, Any]:
    return {
        # The same each time it is tried: whoever gets it twice after all can tell.
        "Message-ID": f"<{letter.uid.hex}@{urlsplit(settings.SITE_URL).hostname}>",
        "Auto-Submitted": "auto-generated",
        "List-Unsubscribe": f"<{stop}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
