"""One's due times as an iCalendar file (RFC 5545), which calendar programs fetch now and then.

A student's are their own, extensions included, and only of what is out: nothing else has a title
yet. What was submitted stays, with a tick. Staff have everybody's due times of their courses.

Each event is a moment in UTC, which is right in any zone: it has no end, and blocks no time. It
keeps its UID for good. Programs take an event that comes again for a newer one by its DTSTAMP, so
that is the time of asking; nothing here counts changes, which SEQUENCE would have to.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.models import User
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override
from icalendar import Calendar, Event

from classroom.models import Assignment, Course, Membership, Profile, Role, Submission
from classroom.students.standing import standings

KEPT = timedelta(days=180)  # what is longer over is left out
AGAIN = timedelta(hours=1)  # when a program is to ask again; most ask more seldom


def calendar_of(user: User, now: datetime | None = None) -> bytes:
    """Return a user's calendar, in their language; a number of queries that does not grow."""
    with override(Profile.language_of(user)):
        return _made(user, now or timezone.now())


def _made(user: User, now: datetime) -> bytes:
    made = Calendar()
    made.add("prodid", f"-//{settings.SITE_NAME}//Lectern//EN")
    made.add("version", "2.0")
    made.add("method", "PUBLISH")
    made.add("x-wr-calname", settings.SITE_NAME)
    made.add("refresh-interval", AGAIN, parameters={"VALUE": "DURATION"})
    made.add("x-published-ttl", "PT1H")
    going_on = Membership.objects.filter(user=user, removed=None, course__archived=None)
    members = list(going_on.select_related("course"))
    for event in (*_studied(members, now), *_taught(members, now)):
        event.add("dtstamp", now.astimezone(UTC).replace(microsecond=0))
        made.add_component(event)
    return bytes(made.to_ical())


def _studied(members: list[Membership], now: datetime) -> Iterator[Event]:
    mine = {member.course_id: member for member in members if member.role == Role.STUDENT}
    rows = Submission.objects.filter(student__in=mine.values(), due__gte=now - KEPT)
    rows = rows.filter(assignment__handout=False).order_by("due", "pk")
    for standing in standings(rows, now) if mine else ():
        if standing.is_out and standing.due:
            work = standing.assignment
            course = mine[work.course_id].course
            page = reverse("classroom:course", args=[course.pk])
            title = f"✓ {work.title}" if standing.submission.submitted else work.title
            uid = f"work-{standing.submission.pk}"
            yield _event(uid, title, course, standing.due, f"{page}#a{work.pk}")


def _taught(members: list[Membership], now: datetime) -> Iterator[Event]:
    courses = {member.course_id: member.course for member in members if member.role != Role.STUDENT}
    if not courses:
        return
    rows = Assignment.objects.filter(course__in=courses, handout=False, removed=None)
    for work in rows.filter(due__gte=now - KEPT).order_by("due", "pk"):
        page = reverse("classroom:assignment", args=[work.course_id, work.pk])
        if work.due:
            yield _event(f"due-{work.pk}", work.title, courses[work.course_id], work.due, page)


def _event(uid: str, title: str, course: Course, due: datetime, page: str) -> Event:
    """Return one due time. `page` is its address within the site."""
    url = f"{settings.SITE_URL}{page}"
    event = Event()
    event.add("uid", f"{uid}@{urlsplit(settings.SITE_URL).hostname}")
    event.add("dtstart", due.astimezone(UTC))
    event.add("summary", _("%(title)s (%(course)s)") % {"title": title, "course": course.title})
    event.add("url", url)
    event.add("description", url)  # Google shows no URL
    event.add("transp", "TRANSPARENT")
    return event
