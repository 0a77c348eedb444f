"""Dates of an assignment for one section: given, changed, taken back."""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from classroom.models import Assignment, SectionDates, section_key
from classroom.pages.sections import Section, sections_of
from classroom.rules.deadlines import Moved
from classroom.sections.following import follow
from embedding.models import Event


class Dates(NamedTuple):
    """A release and a due time; None: everybody's."""

    release: datetime | None = None
    due: datetime | None = None


def dates_of(assignment: Assignment) -> dict[str, Dates]:
    """Return the dates of sections by the sections' keys."""
    rows = SectionDates.objects.filter(assignment=assignment)
    return {section_key(row.section): Dates(row.release, row.due) for row in rows}


def section_dates_set(
    assignment: Assignment, given: Mapping[str, Dates], *, by: User
) -> list[Moved]:
    """Give sections, by their names, dates of their own; a section that is not named keeps its.

    Returned is whose due time has moved.
    """
    with transaction.atomic():
        Assignment.objects.select_for_update(no_key=True).get(pk=assignment.pk)
        rows = {
            section_key(row.section): row
            for row in SectionDates.objects.filter(assignment=assignment)
        }
        before = {key: Dates(row.release, row.due) for key, row in rows.items()}
        for name, dates in given.items():
            key = section_key(name)
            if not key or before.get(key, Dates()) == dates:
                continue
            row = rows.get(key) or SectionDates(assignment=assignment, section=name.strip())
            row.release, row.due = dates
            if any(dates):
                row.save()
            elif row.pk:
                row.delete()
            Event.log(
                "course.section_dates",
                str(assignment.course)[:300],
                actor=by.get_username(),
                course=assignment.course_id,
                assignment=assignment.folder,
                section=row.section,
                release=dates.release.isoformat() if dates.release else "",
                due=dates.due.isoformat() if dates.due else "",
            )
        return follow(assignment.course, assignments=[assignment.pk], by=by, tells=True)


def waiting(assignment: Assignment) -> list[tuple[Section, datetime]]:
    """Return the sections whose own release lies ahead, of those the reader sees, with it."""
    now = timezone.now()
    dates = dates_of(assignment)
    return [
        (section, release)
        for section in sections_of(assignment.course)
        if (release := dates.get(section.key, Dates()).release) and release > now
    ]


def release_now(assignment: Assignment, *, section: str = "", by: User) -> None:
    """Let the sections that still wait for their own release, or one, have it from now on."""
    dates, now = dates_of(assignment), timezone.now()
    ahead = [
        each for each, _release in waiting(assignment) if section_key(section) in ("", each.key)
    ]
    given = {each.name: dates[each.key]._replace(release=now) for each in ahead}
    section_dates_set(assignment, given, by=by)
