"""Which students a page is about: those that its reader looks after, and of those one section.

Every list of students, and of what is theirs, goes through `seen`; every address that names one
student through `access.student_in`. So an assistant of some sections meets nobody else, anywhere.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest

from classroom.models import (
    Course,
    Invitation,
    Membership,
    Role,
    SectionAssistant,
    SectionDates,
    section_key,
)

NONE = "-"  # in an address: those in no section


@dataclass(slots=True)
class Section:
    """One section of a course."""

    key: str
    spellings: Counter[str] = field(default_factory=Counter)  # with how many students each has

    @property
    def name(self) -> str:
        """The spelling that most students have."""
        return min(self.spellings, key=lambda name: (-self.spellings[name], name))

    @property
    def students(self) -> int:
        """How many are in it."""
        return self.spellings.total()


def sections_of(course: Course, *, empty: bool = False) -> list[Section]:
    """Return the sections in which the course has students, by name, of those its reader sees.

    With `empty` also those that are only named: by an invitation, by dates, or for an assistant.
    """
    found: dict[str, Section] = {}

    def add(names: Iterable[str], count: int) -> None:
        for name in names:
            if key := section_key(name):
                found.setdefault(key, Section(key)).spellings[name.strip()] += count

    add(_present(course).values_list("section", flat=True), 1)
    if empty:
        invited = Invitation.objects.filter(course=course, accepted=None, role=Role.STUDENT)
        dates = SectionDates.objects.filter(assignment__course=course)
        duties = SectionAssistant.objects.filter(
            membership__course=course, membership__role=Role.ASSISTANT, membership__removed=None
        )
        for rows in (invited, dates, duties):
            add(rows.values_list("section", flat=True).distinct(), 0)
    return sorted(found.values(), key=lambda section: section.name.casefold())


def _present(course: Course) -> Any:
    rows = Membership.objects.filter(seen(course), course=course)
    return rows.filter(role=Role.STUDENT, removed=None).exclude(section="")


def seen(course: Course, prefix: str = "", *, section: str = "") -> Q:
    """Return the condition that a student is one whom the page is about.

    The student is what `prefix` leads to ("student__"). The reader is whoever `course` was asked
    for by `pages.access`; of theirs, `section` (a name, or NONE) chooses one.
    """
    which = Q()
    if course.only_sections is not None:
        which &= Q(**{f"{prefix}section__in": course.only_sections})
    if section == NONE:
        which &= Q(**{f"{prefix}section": ""})
    elif section:
        which &= Q(**{f"{prefix}section__in": spellings(course, [section])})
    return which


def spellings(course: Course, names: Iterable[str]) -> tuple[str, ...]:
    """Return how the sections of these names are written in the course's memberships."""
    keys = {section_key(name) for name in names} - {""}
    if not keys:
        return ()
    return tuple(name for _, name in _written([course.pk]) if section_key(name) in keys)


def _written(courses: Iterable[int]) -> "QuerySet[Membership, tuple[int, str]]":
    """Return each course's sections as its memberships write them: (course, name)."""
    rows = Membership.objects.filter(course__in=courses).exclude(section="").order_by()
    return rows.values_list("course_id", "section").distinct()


def seen_by(members: Iterable[Membership], *prefixes: str) -> list[Q]:
    """Return the same condition for the staff of several courses at once, for each prefix.

    It asks twice, of however many courses; and not at all for who is no assistant.
    """
    which = [Q() for _prefix in prefixes]
    duties: dict[int, set[str]] = defaultdict(set)
    assistants = {each.pk: each.course_id for each in members if each.role == Role.ASSISTANT}
    rows = SectionAssistant.objects.filter(membership__in=assistants) if assistants else []
    for duty in rows:
        duties[assistants[duty.membership_id]].add(section_key(duty.section))
    written = _written(duties) if duties else ()
    for course, keys in duties.items():
        names = [name for of, name in written if of == course and section_key(name) in keys]
        for at, prefix in enumerate(prefixes):
            which[at] &= ~Q(**{f"{prefix}course": course}) | Q(**{f"{prefix}section__in": names})
    return which


def sees(course: Course, student: Membership) -> bool:
    """Whether the reader looks after a student."""
    return course.only_sections is None or student.section in course.only_sections


@dataclass(frozen=True, slots=True)
class SectionFilter:
    """The choice of a section on a page; not shown where there is nothing to choose."""

    chosen: str  # as an address has it; empty for all
    sections: list[Section]
    has_others: bool  # whether somebody is in no section

    @property
    def is_shown(self) -> bool:
        """Whether there is anything to choose."""
        return len(self.sections) + self.has_others > 1

    @property
    def none(self) -> str:
        """What an address says for those in no section."""
        return NONE


def section_filter(request: HttpRequest, course: Course) -> SectionFilter:
    """Read the choice from a page's address or form; one that is not there is as if not made."""
    sections = sections_of(course)
    students = Membership.objects.filter(seen(course), course=course)
    others = students.filter(role=Role.STUDENT, removed=None, section="").exists()
    given = request.POST.get("section") or request.GET.get("section", "")
    wanted = section_key(given)
    names = [section.name for section in sections if section.key == wanted]
    chosen = NONE if given == NONE and others else (names[0] if names else "")
    return SectionFilter(chosen, sections, others)
