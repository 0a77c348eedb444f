"""Who is in which section: moved by hand or by a list, and sections renamed."""

from collections.abc import Iterable, Mapping

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext as _

from classroom.models import (
    Course,
    Invitation,
    Membership,
    Role,
    SectionAssistant,
    SectionDates,
    section_key,
)
from classroom.pages.sections import sections_of
from classroom.rules.deadlines import Moved
from classroom.sections.assistants import duties_follow
from classroom.sections.following import follow
from embedding.models import Event
from embedding.names import tidy
from embedding.problems import Problem

LONGEST = 60  # letters of a name


def section_named(course: Course, name: str) -> str:
    """Return a section's name as the course writes it already, else as it is given, tidied."""
    return names_of(course, [name])[name]


def names_of(course: Course, given: Iterable[str]) -> dict[str, str]:
    """Do `section_named` for several."""
    known = {section.key: section.name for section in sections_of(course, empty=True)}
    return {
        name: known.get(section_key(tidy(name)), tidy(name)[:LONGEST].strip()) for name in given
    }


def section_move(
    course: Course, students: Iterable[Membership], name: str, *, by: User
) -> list[Moved]:
    """Put students into a section; an empty name takes them out of theirs.

    Their due times follow. Returned is what has moved.
    """
    name = section_named(course, name)
    return sections_set(course, {student.pk: name for student in students}, by=by)


def sections_set(course: Course, wanted: Mapping[int, str], *, by: User) -> list[Moved]:
    """Write down in which section each of these students is, by their ids; as `section_move`."""
    with transaction.atomic():
        _hold(course)
        rows = Membership.objects.filter(course=course, role=Role.STUDENT, pk__in=list(wanted))
        changed = [row for row in rows.select_related("user") if row.section != wanted[row.pk]]
        if not changed:
            return []
        before = {row.pk: row.section for row in changed}
        for row in changed:
            row.section, row.course = wanted[row.pk], course
        Membership.objects.bulk_update(changed, ["section"], batch_size=500)
        Event.objects.bulk_create(
            Event.made(
                "course.section_changed",
                str(row),
                actor=by.get_username(),
                whom=row.user.get_username(),
                course=course.pk,
                section=row.section,
                before=before[row.pk],
            )
            for row in changed
        )
        duties_follow(course, by=by)
        return follow(course, students=[row.pk for row in changed], by=by, tells=True)


def section_rename(course: Course, old: str, new: str, *, by: User) -> None:
    """Give a section another name: its students, dates and assistants stay.

    Problem for no name, or for the name of another section.
    """
    new, key = tidy(new)[:LONGEST], section_key(old)
    if not new:
        raise Problem("no_name", _("Give the section a name."), status=400)
    with transaction.atomic():
        _hold(course)
        sections = {section.key: section for section in sections_of(course, empty=True)}
        if key not in sections:
            raise Problem("gone", _("This section does not exist any more."), status=409)
        if section_key(new) != key and section_key(new) in sections:
            raise Problem(
                "taken",
                _("A section “%(name)s” already exists. Move the students there instead.")
                % {"name": new},
                status=409,
            )
        students = Membership.objects.filter(course=course)
        tables = (
            students,
            Invitation.objects.filter(course=course),
            SectionDates.objects.filter(assignment__course=course),
            SectionAssistant.objects.filter(membership__course=course),
        )
        for rows in tables:
            names = rows.exclude(section="").order_by().values_list("section", flat=True).distinct()
            rows.filter(section__in=[name for name in names if section_key(name) == key]).update(
                section=new
            )
        Event.log(
            "course.section_renamed",
            str(course)[:300],
            actor=by.get_username(),
            course=course.pk,
            section=new,
            before=sections[key].name,
        )


def section_remove(course: Course, name: str, *, by: User) -> list[Moved]:
    """Take all students out of a section, and forget its dates; returned is what has moved.

    Its assistants keep it, and with it see nobody: without any section they would see all.
    """
    key = section_key(name)
    with transaction.atomic():
        _hold(course)
        rows = Membership.objects.filter(course=course).exclude(section="")
        inside = [
            pk for pk, section in rows.values_list("pk", "section") if section_key(section) == key
        ]
        dates = SectionDates.objects.filter(assignment__course=course)
        gone = [row.pk for row in dates if section_key(row.section) == key]
        invited = Invitation.objects.filter(course=course).exclude(section="")
        there = [row.pk for row in invited if section_key(row.section) == key]
        SectionDates.objects.filter(pk__in=gone).delete()
        Invitation.objects.filter(pk__in=there).update(section="")
        return sections_set(course, dict.fromkeys(inside, ""), by=by)


def _hold(course: Course) -> None:
    """Within a transaction: let nobody else change who is in the course until it ends."""
    Course.objects.select_for_update(no_key=True).get(pk=course.pk)
