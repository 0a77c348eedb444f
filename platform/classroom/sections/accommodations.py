"""Accommodations: a student's standing right to more time, given, changed and ended."""

from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from classroom.models import Accommodation, Course, Membership, Role
from classroom.rules.deadlines import Moved
from classroom.sections.following import follow
from embedding.models import Event


@dataclass(frozen=True, slots=True)
class Longer:
    """How much longer: so many percent of the time there is, and then days and hours."""

    percent: int = 0
    days: int = 0
    hours: int = 0

    def __bool__(self) -> bool:
        return bool(self.percent or self.days or self.hours)

    @property
    def words(self) -> str:
        """Say it: "Half as long again, and 2 days"."""
        parts = []
        if self.percent:
            names = {50: _("half as long again"), 100: _("twice as long")}
            parts.append(
                names.get(self.percent) or _("%(percent)s %% more time") % {"percent": self.percent}
            )
        if self.days:
            parts.append(ngettext("+%(n)s day", "+%(n)s days", self.days) % {"n": self.days})
        if self.hours:
            parts.append(ngettext("+%(n)s hour", "+%(n)s hours", self.hours) % {"n": self.hours})
        return pgettext("list", ", ").join(parts)


def longer_of(row: Accommodation) -> Longer:
    """Return what an accommodation gives."""
    return Longer(row.percent, row.days, row.hours)


def accommodations_of(course: Course) -> dict[int, Accommodation]:
    """Return what is in force for students who are in the course, by student, by name."""
    rows = Accommodation.objects.filter(
        student__course=course, student__role=Role.STUDENT, student__removed=None, ended=None
    )
    order = ("student__user__last_name", "student__user__first_name", "student__user__username")
    found = rows.select_related("student__user", "granted_by").order_by(*order)
    return {row.student_id: row for row in found}


def accommodation_set(
    course: Course, student: Membership, longer: Longer, *, reason: str, by: User
) -> list[Moved]:
    """Let a student have longer from now on, in all assignments; nothing longer ends it.

    Due times that are over stay as they are. Returned is what has moved.
    """
    with transaction.atomic():
        # Nobody else gives this student another one meanwhile.
        Membership.objects.select_for_update(no_key=True).get(pk=student.pk)
        now = timezone.now()
        there = Accommodation.objects.filter(student=student, ended=None).first()
        if there and longer_of(there) == longer:
            Accommodation.objects.filter(pk=there.pk).update(reason=reason)
            return []
        if there is None and not longer:
            return []
        Accommodation.objects.filter(student=student, ended=None).update(ended=now)
        if longer:
            Accommodation.objects.create(
                student=student,
                percent=longer.percent,
                days=longer.days,
                hours=longer.hours,
                reason=reason,
                since=now,
                granted_by=by,
            )
        Event.log(
            "course.accommodation_set" if longer else "course.accommodation_ended",
            str(course)[:300],
            actor=by.get_username(),
            course=course.pk,
            student=student.user.get_username(),
            percent=longer.percent,
            days=longer.days,
            hours=longer.hours,
        )
        return follow(course, students=[student.pk], by=by, tells=bool(longer))
