"""Who is in a course: let in, taken out, let in again, given another role.

What somebody may open follows from their membership, and is written down as `Member` rows in the
same transaction: a student opens the own project; teachers and assistants open the course's and
all students', or those of the sections that an assistant looks after. What CoCalc keeps follows in
transfers: PREPARE makes it, EXPEL ends it.
Everything here holds the course's row, so that two who press at once come one after the other.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from classroom.engine.holding import cancel
from classroom.engine.queue import QUIET, URGENT, USUAL, step_start, transfer_add
from classroom.models import Course, Kind, Membership, Role, Transfer, section_key
from classroom.rules.deadlines import submissions_ensure
from classroom.sections.assistants import duties_follow, sections_by_user
from classroom.sections.following import follow
from embedding.models import CocalcProject, Event, Member
from embedding.problems import Problem

T = TypeVar("T")

MANY = 200  # rows a query: databases limit the number of parameters
_AGAIN = timedelta(seconds=60)  # a page that is loaded again and again does not try more often


@dataclass(frozen=True, slots=True)
class Place:
    """Who is to be let in; number and section are the school's own, for students."""

    user: User
    number: str = ""
    section: str = ""


def student_enrol(course: Course, user: User, number: str = "", *, actor: User) -> Membership:
    """Let a student in, or in again with all their work. Somebody who is in stays what they are."""
    return member_enrol(course, user, Role.STUDENT, number=number, actor=actor)


def member_enrol(
    course: Course, user: User, role: Role, *, number: str = "", section: str = "", actor: User
) -> Membership:
    """Let somebody in, or in again. Somebody who is in stays what they are."""
    enrol(course, [Place(user, number, section)], role=role, actor=actor)
    return Membership.objects.select_related("course", "user", "project").get(
        course=course, user=user
    )


def enrol(course: Course, places: Sequence[Place], *, role: Role, actor: User) -> list[Membership]:
    """Let people in, or in again; return the memberships of those who were not in before.

    The number of queries grows by a few with each couple of hundred people.
    """
    with transaction.atomic():
        hold(course)
        wanted = {place.user.pk: place for place in places}
        there = _memberships(course, wanted)
        back = [member for member in there if member.removed]
        moved: list[int] = []
        for member in back:
            member.removed, member.role, member.prepared = None, role, None
            member.number = wanted[member.user_id].number or member.number
            section = wanted[member.user_id].section or member.section
            if member.section != section:
                moved.append(member.pk)
            member.section = section
        Membership.objects.bulk_update(
            back, ["removed", "role", "number", "section", "prepared"], batch_size=MANY
        )
        missing = wanted.keys() - {member.user_id for member in there}
        fresh = [place for key, place in wanted.items() if key in missing]
        Membership.objects.bulk_create(
            (
                Membership(
                    course=course,
                    user=place.user,
                    role=role,
                    number=place.number,
                    section=place.section,
                )
                for place in fresh
            ),
            batch_size=MANY,
        )
        new = _memberships(course, missing)
        came = [*back, *new]
        if not came:
            return []
        if role == Role.STUDENT:
            _projects_ensure(course, came)
            submissions_ensure(course)
        if moved:
            follow(course, students=moved, by=actor, tells=True)
            duties_follow(course, by=actor)
        _entitle(course, came)
        _log("course.member_added", new, actor, role)
        _log("course.member_restored", back, actor, role)
        _prepare(course, came, actor)
    return came


def member_remove(membership: Membership, *, actor: User) -> None:
    """Take somebody out: nothing opens any more, from this moment; the work is kept.

    Problem where it is the course's last teacher.
    """
    course = membership.course
    with transaction.atomic():
        hold(course)
        membership.refresh_from_db(fields=["role", "removed"])
        if membership.removed:
            return
        if membership.role == Role.TEACHER:
            _another_teacher(course, membership)
        membership.removed = timezone.now()
        membership.save(update_fields=["removed"])
        waiting = Transfer.objects.filter(member=membership).exclude(kind=Kind.EXPEL)
        cancel(waiting, code="moot", error=_("No longer in the course."))
        Member.objects.filter(user=membership.user, project__in=projects_of(course)).delete()
        _expel(membership, everywhere=membership.role != Role.STUDENT)
        _log("course.member_removed", [membership], actor, membership.role)


def member_restore(membership: Membership, *, actor: User) -> None:
    """Let somebody who was removed in again, as what they were, with all their work."""
    place = Place(membership.user, membership.number, membership.section)
    enrol(membership.course, [place], role=Role(membership.role), actor=actor)
    membership.refresh_from_db()


def role_set(membership: Membership, role: Role, *, actor: User) -> None:
    """Make a teacher an assistant, a student a teacher, and so on.

    Problem where the course would lose its last teacher. Work of one who was a student is kept.
    """
    course = membership.course
    with transaction.atomic():
        hold(course)
        membership.refresh_from_db(fields=["role", "removed", "project"])
        before = Role(membership.role)
        if membership.removed or before == role:
            return
        if before == Role.TEACHER:
            _another_teacher(course, membership)
        membership.role, membership.prepared = role, None
        membership.save(update_fields=["role", "prepared"])
        if role == Role.STUDENT:
            _projects_ensure(course, [membership])
            submissions_ensure(course)
            Member.objects.filter(user=membership.user, project__in=projects_of(course)).exclude(
                project=membership.project
            ).delete()
            _expel(membership, everywhere=True)
        _entitle(course, [membership])
        duties_follow(course, by=actor, freed=[membership])
        _log("course.role_changed", [membership], actor, role, before=str(before))
        transfer_add(course, Kind.PREPARE, membership, priority=USUAL)


def prepare_again(course: Course, members: Sequence[Membership], *, actor: User) -> None:
    """Prepare these people on CoCalc once more, after it failed."""
    with transaction.atomic():
        step_start(course, Kind.PREPARE, members, actor=actor, priority=USUAL)
        for member in members:
            member.course = course
        _log("course.prepared_again", members, actor, "")


def student_waits(membership: Membership) -> None:
    """Somebody is in front of the page, and CoCalc's part is not there yet: they come first."""
    if membership.prepared:
        return
    last = Transfer.objects.filter(member=membership, kind=Kind.PREPARE).first()
    if last and last.state == Transfer.State.RUNNING:
        return
    if last and last.state == Transfer.State.QUEUED:
        if last.priority >= URGENT:
            return
    elif last and last.ended and timezone.now() - last.ended < _AGAIN:
        return
    added = transfer_add(membership.course, Kind.PREPARE, membership, priority=URGENT)
    # It may have been put off until CoCalc's limit of accounts lets the background go on.
    Transfer.objects.filter(pk=added.pk, state=Transfer.State.QUEUED).update(not_before=None)


def hold(course: Course) -> None:
    """Within a transaction: let nobody else change who is in the course until it ends."""
    Course.objects.select_for_update(no_key=True).get(pk=course.pk)


def projects_of(course: Course) -> QuerySet[CocalcProject]:
    """Return the course's own project and those of its students, removed ones included."""
    return CocalcProject.objects.filter(
        Q(pk=course.project_id) | Q(student_membership__course=course)
    )


def in_parts(keys: Iterable[T]) -> Iterable[list[T]]:
    """Cut a list of values into parts that fit into a query."""
    rest = list(keys)
    return (rest[start : start + MANY] for start in range(0, len(rest), MANY))


def _memberships(course: Course, users: Iterable[int]) -> list[Membership]:
    found: list[Membership] = []
    for part in in_parts(users):
        rows = Membership.objects.filter(course=course, user__in=part)
        found.extend(rows.select_related("user", "project"))
    for member in found:
        member.course = course
    return found


def _projects_ensure(course: Course, students: Iterable[Membership]) -> None:
    """Give each student a project's row for this course; CoCalc's part comes later."""
    slots = {
        f"course:{course.uid}:student:{student.user_id}": student
        for student in students
        if student.project_id is None
    }
    CocalcProject.objects.bulk_create(
        (
            CocalcProject(slot=slot, title=f"{student.name} - {course.title}"[:200])
            for slot, student in slots.items()
        ),
        batch_size=MANY,
        ignore_conflicts=True,
    )
    for part in in_parts(slots):
        for project in CocalcProject.objects.filter(slot__in=part):
            slots[project.slot].project = project
    Membership.objects.bulk_update(slots.values(), ["project"], batch_size=MANY)


def _entitle(course: Course, members: Iterable[Membership]) -> None:
    """Write down what these people may open, and who may look over their shoulders."""
    staff = Membership.objects.filter(course=course, removed=None).exclude(role=Role.STUDENT)
    staff_ids = list(staff.values_list("user", flat=True))
    limited = sections_by_user(course)
    projects = {
        pk: section_key(section or "")
        for pk, section in projects_of(course).values_list("pk", "student_membership__section")
    }
    rows: list[Member] = []

    def entitle(project: int, user: int, section: str) -> None:
        # The course's own project is open to all its staff.
        mine = user not in limited or section in limited[user] or project == course.project_id
        if mine:
            rows.append(Member(project_id=project, user_id=user))

    for member in members:
        if member.role == Role.STUDENT and member.project_id:
            owner = Member.Role.OWNER
            rows.append(Member(project_id=member.project_id, user_id=member.user_id, role=owner))
            for key in staff_ids:
                entitle(member.project_id, key, section_key(member.section))
        elif member.role != Role.STUDENT:
            for key, section in projects.items():
                entitle(key, member.user_id, section)
    Member.objects.bulk_create(rows, batch_size=MANY, ignore_conflicts=True)


def _prepare(course: Course, members: Sequence[Membership], actor: User) -> None:
    if len(members) > 1:
        step_start(course, Kind.PREPARE, members, actor=actor, priority=QUIET)
        return
    waits = members[0].user_id == actor.pk
    transfer_add(course, Kind.PREPARE, members[0], priority=URGENT if waits else QUIET)


def _expel(membership: Membership, *, everywhere: bool) -> None:
    """Have CoCalc's part ended: in the student's own project, or in all of the course's."""
    wish = {"everywhere": True} if everywhere else {}
    added = transfer_add(membership.course, Kind.EXPEL, membership, options=wish, priority=URGENT)
    if everywhere and not added.options.get("everywhere"):
        # It joined one that was there: that one looks at its options again before it ends.
        Transfer.objects.filter(pk=added.pk).update(options=wish)


def _another_teacher(course: Course, membership: Membership) -> None:
    # Who was switched off on this site cannot look after a course.
    others = Membership.objects.filter(
        course=course, role=Role.TEACHER, removed=None, user__is_active=True
    )
    if not others.exclude(pk=membership.pk).exists():
        raise Problem(
            "last_teacher",
            _("%(name)s is the only teacher. Make someone else a teacher first.")
            % {"name": membership.name},
            status=409,
        )


def _log(action: str, members: Iterable[Membership], actor: User, role: str, **detail: Any) -> None:
    Event.objects.bulk_create(
        (
            Event.made(
                action,
                str(member),
                actor=actor.get_username(),
                whom=member.user.get_username(),
                course=member.course_id,
                role=str(role),
                **detail,
            )
            for member in members
        ),
        batch_size=MANY,
    )
