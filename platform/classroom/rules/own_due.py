"""Why a student's own due time is what it is: by an extension, more time in all, or a section."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from classroom.models import Extension, Membership, SectionDates, Submission, section_key


class Why(StrEnum):
    """What gives it; the first of these that does."""

    EXTENSION = "extension"
    ACCOMMODATION = "accommodation"
    SECTION = "section"


@dataclass(frozen=True, slots=True)
class OwnDue:
    """What is known of it. Whose accommodation it is, is nothing for others to see."""

    why: Why | None  # None: it is everybody's, or there is none
    usual: datetime | None  # the section's, or else everybody's
    by_section: bool  # `usual` is the section's, and another than everybody's
    extension: Extension | None  # the one that counts


def own_dues(student: Membership, works: Collection[Submission]) -> dict[int, OwnDue]:
    """Return it for a student's works, by assignment; two queries. They come with theirs."""
    assignments = [work.assignment_id for work in works]
    extensions = {
        row.assignment_id: row
        for row in Extension.objects.filter(student=student, assignment__in=assignments)
    }
    sections: dict[int, datetime] = {}
    if key := section_key(student.section):
        dates = SectionDates.objects.filter(assignment__in=assignments, due__isnull=False)
        sections = {
            row.assignment_id: row.due
            for row in dates
            if row.due and section_key(row.section) == key
        }
    return {
        work.assignment_id: _own_due(
            work, sections.get(work.assignment_id), extensions.get(work.assignment_id)
        )
        for work in works
    }


def _own_due(work: Submission, section: datetime | None, given: Extension | None) -> OwnDue:
    usual = section or work.assignment.due
    by_section = section is not None and section != work.assignment.due
    longer = work.due is not None and usual is not None and work.due > usual
    # An extension that something else has overtaken changes nothing.
    extension = given if given and longer and given.due == work.due else None
    why: Why | None = None
    if extension:
        why = Why.EXTENSION
    elif longer:
        why = Why.ACCOMMODATION
    elif by_section and work.due is not None:
        why = Why.SECTION
    return OwnDue(why, usual, by_section, extension)
