"""Which sections an assistant looks after, and which students' projects staff may open for it.

What may be opened are `Member` rows. CoCalc's part follows in transfers: PREPARE lets in, EXPEL
takes out. The course's own project stays open to all its staff: there lies what is collected.
"""

from collections import defaultdict
from collections.abc import Iterable

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q

from classroom.engine.queue import USUAL, transfer_add
from classroom.models import Course, Kind, Membership, Role, SectionAssistant, section_key
from embedding.models import Event, Member

_PART = 500  # rows a query


def duties_of(course: Course) -> dict[int, list[str]]:
    """Return the names of the sections that assistants of a course look after, by membership."""
    found: dict[int, list[str]] = defaultdict(list)
    rows = SectionAssistant.objects.filter(
        membership__course=course, membership__role=Role.ASSISTANT, membership__removed=None
    )
    for row in rows.order_by("section"):
        found[row.membership_id].append(row.section)
    return found


def duties_set(assistant: Membership, names: Iterable[str], *, by: User) -> None:
    """Let an assistant look after these sections and no others; with none, after all."""
    course = assistant.course
    wanted = {section_key(name): name.strip() for name in names if section_key(name)}
    with transaction.atomic():
        Course.objects.select_for_update(no_key=True).get(pk=course.pk)
        rows = {section_key(row.section): row for row in assistant.section_duties.all()}
        if wanted.keys() == rows.keys():
            return
        assistant.section_duties.filter(
            pk__in=[row.pk for key, row in rows.items() if key not in wanted]
        ).delete()
        SectionAssistant.objects.bulk_create(
            SectionAssistant(membership=assistant, section=name)
            for key, name in wanted.items()
            if key not in rows
        )
        Event.log(
            "course.assistant_sections",
            str(assistant)[:300],
            actor=by.get_username(),
            whom=assistant.user.get_username(),
            course=course.pk,
            sections=sorted(wanted.values()),
        )
        duties_follow(course, by=by, freed=[assistant])


def sections_by_user(course: Course) -> dict[int, set[str]]:
    """Return the keys of the sections of those users who look after some only."""
    found: dict[int, set[str]] = defaultdict(set)
    rows = SectionAssistant.objects.filter(
        membership__course=course, membership__role=Role.ASSISTANT, membership__removed=None
    )
    for user, section in rows.values_list("membership__user", "section"):
        found[user].add(section_key(section))
    return found


def duties_follow(course: Course, *, by: User, freed: Iterable[Membership] = ()) -> None:
    """Let assistants of sections into their students' projects, and out of all others'.

    `freed` are those whose sections were changed, who may by now look after all again.
    """
    limited = sections_by_user(course)
    users = {*limited, *(each.user_id for each in freed)}
    if not users:
        return
    staff = Membership.objects.filter(course=course, user__in=users, removed=None)
    staff = staff.exclude(role=Role.STUDENT)
    projects = {
        member.project_id: section_key(member.section)
        for member in Membership.objects.filter(course=course).only("project", "section")
        if member.project_id is not None
    }
    for member in staff.select_related("user"):
        member.course = course
        own = limited.get(member.user_id)
        wanted = {pk for pk, section in projects.items() if own is None or section in own}
        if member.project_id is not None:  # who was a student here keeps the own project
            wanted.add(member.project_id)
        rows = Member.objects.filter(
            Q(project__student_membership__course=course), user=member.user_id
        )
        there = set(rows.values_list("project_id", flat=True))
        lost = list(there - wanted)
        for start in range(0, len(lost), _PART):
            rows.filter(project__in=lost[start : start + _PART]).delete()
        Member.objects.bulk_create(
            (Member(project_id=pk, user_id=member.user_id) for pk in wanted - there),
            batch_size=_PART,
            ignore_conflicts=True,
        )
        if lost:
            _expel(member)
        if wanted - there:
            Membership.objects.filter(pk=member.pk).update(prepared=None)
            transfer_add(course, Kind.PREPARE, member, priority=USUAL)


def _expel(member: Membership) -> None:
    """Have CoCalc's part ended in all projects that the rows do not name any more."""
    wish = {"everywhere": True}
    added = transfer_add(member.course, Kind.EXPEL, member, options=wish, priority=USUAL)
    if not added.options.get("everywhere"):
        # It joined one that was there: that one looks at its options again before it ends.
        type(added).objects.filter(pk=added.pk).update(options=wish)
