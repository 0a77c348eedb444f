"""Letting a list of people in: first what each line would do, then, when confirmed, doing it.

People are matched by their user name, or by their e-mail address where exactly one user has it.
That an address decides is safe because users cannot change theirs: administrators set it. One that
came by an invitation's link matches nobody until it is proven by mail, but for the members of the
course whose own invitation it was. (CoCalc accounts are never matched by address.)
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass
from enum import StrEnum

from django.contrib.auth.models import User
from django.core import signing
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext as _

from classroom.models import Course, Invitation, Membership, Role, section_key
from classroom.people.invitations import invite
from classroom.people.roster import Place, enrol, hold, in_parts
from classroom.people.roster_agree import disagreement
from classroom.people.roster_file import Line
from classroom.people.roster_table import Table
from classroom.rules.addresses import unproven
from classroom.sections.members import names_of, sections_set
from embedding.names import tidy

_SALT = "classroom.roster.lines"
_SALT_TABLE = "classroom.roster.table"
_CONFIRM_SECONDS = 24 * 3600


class Outcome(StrEnum):
    """What a line does."""

    NEW = "new"
    KNOWN = "known"
    BACK = "back"
    ALREADY = "already"
    MOVES = "moves"
    DUPLICATE = "duplicate"
    STAFF = "staff"
    MALFORMED = "malformed"


@dataclass(frozen=True, slots=True)
class Judged:
    """A line, what it does, and why in words; `user` for those who are users of this site.

    `more` is what a teacher should know besides.
    """

    line: Line
    outcome: Outcome
    said: str
    user: User | None = None
    more: str = ""


def judge(course: Course, lines: Sequence[Line]) -> list[Judged]:
    """Say what each line would do now; nothing is written."""
    known = _Known(course, lines)
    seen: dict[object, int] = {}
    judged = []
    for line in lines:
        one = known.judge(line)
        if one.outcome not in (Outcome.MALFORMED, Outcome.STAFF):
            keys: list[object] = [one.user.pk] if one.user else []
            keys += [line.email] if line.email else []
            first = min((seen[key] for key in keys if key in seen), default=0)
            for key in keys:
                seen.setdefault(key, line.number_in_file)
            if first:
                said = _("The same person as in line %(line)s.") % {"line": first}
                one = Judged(line, Outcome.DUPLICATE, said, one.user)
        judged.append(one)
    return judged


def counts(judged: Iterable[Judged]) -> Counter[Outcome]:
    """Count the outcomes."""
    return Counter(one.outcome for one in judged)


def roster_apply(
    course: Course,
    lines: Sequence[Line],
    *,
    role: Role = Role.STUDENT,
    moves: bool = False,
    actor: User,
) -> list[Judged]:
    """Let in whom the lines name, as things stand now; return what each did. Repeats harmlessly.

    With `moves`, who is in already goes to the section that the list says.
    """
    with transaction.atomic():
        hold(course)
        judged = judge(course, lines)
        if role != Role.STUDENT:
            judged = [_staff_by_name(one) for one in judged]
        places = [
            Place(one.user, one.line.number, one.line.section)
            for one in judged
            if one.user and one.outcome in (Outcome.KNOWN, Outcome.BACK)
        ]
        enrol(course, places, role=role, actor=actor)
        new = [one.line for one in judged if one.outcome == Outcome.NEW]
        invite(
            course,
            [
                Invitation(
                    course=course,
                    email=line.email,
                    first_name=line.first_name,
                    last_name=line.last_name,
                    number=line.number,
                    section=line.section,
                    role=role,
                )
                for line in new
            ],
            actor=actor,
        )
        if moves:
            sections = {
                one.user.pk: one.line.section
                for one in judged
                if one.user and one.outcome == Outcome.MOVES
            }
            members = Membership.objects.filter(course=course, user__in=sections)
            named = names_of(course, sections.values())
            wanted = {each.pk: named[sections[each.user_id]] for each in members}
            sections_set(course, wanted, by=actor)
    return judged


def _staff_by_name(one: Judged) -> Judged:
    """Whoever took an invitation's link has its address, and need not be who reads its mail."""
    if one.line.username or one.outcome not in (Outcome.KNOWN, Outcome.BACK):
        return one
    said = _("Enter the user name. An e-mail address is not enough for a teacher or an assistant.")
    return Judged(one.line, Outcome.MALFORMED, said, one.user)


def pack(course: Course, lines: Sequence[Line]) -> str:
    """Carry lines through the browser to the confirmation; nobody can change them there."""
    return signing.dumps([course.pk, [astuple(line) for line in lines]], salt=_SALT, compress=True)


def unpack(course: Course, packed: str) -> list[Line] | None:
    """Return the lines; None where they are not this course's, or a day old."""
    try:
        key, cells = signing.loads(packed, salt=_SALT, max_age=_CONFIRM_SECONDS)
    except signing.BadSignature:
        return None
    return [Line(*line) for line in cells] if key == course.pk else None


def pack_table(course: Course, table: Table) -> str:
    """Carry a table through the browser while its columns are chosen: nothing of it stays here."""
    content = [course.pk, table.rows, table.columns, table.sheet]
    return signing.dumps(content, salt=_SALT_TABLE, compress=True)


def unpack_table(course: Course, packed: str) -> Table | None:
    """Return the table; None where it is not this course's, or a day old."""
    try:
        key, rows, columns, sheet = signing.loads(
            packed, salt=_SALT_TABLE, max_age=_CONFIRM_SECONDS
        )
    except signing.BadSignature:
        return None
    return (
        Table([(at, cells) for at, cells in rows], tuple(columns), sheet)
        if key == course.pk
        else None
    )


class _Known:
    """What the site knows of those whom the lines name; a few queries for every MANY lines."""

    def __init__(self, course: Course, lines: Sequence[Line]) -> None:
        names = {line.username.lower() for line in lines if line.username}
        emails = {line.email for line in lines if line.email}
        self._by_name: dict[str, list[User]] = defaultdict(list)
        self._by_email: dict[str, list[User]] = defaultdict(list)
        self._unproven: dict[str, list[User]] = defaultdict(list)
        users = User.objects.select_related("unproven_address").annotate(
            low_name=Lower("username"), low_email=Lower("email")
        )
        for part in in_parts(names):
            for user in users.filter(low_name__in=part):
                self._by_name[user.username.lower()].append(user)
        for part in in_parts(emails):
            for user in users.filter(low_email__in=part).annotate(unproven=unproven()):
                known = self._unproven if user.unproven else self._by_email
                known[user.email.lower()].append(user)
        self._members = {
            member.user_id: member for member in Membership.objects.filter(course=course)
        }
        taken = Q(accepted=None) | Q(accepted_by__isnull=False)
        self._invitations = {
            row.email: row
            for row in Invitation.objects.filter(taken, course=course).select_related("accepted_by")
        }

    def judge(self, line: Line) -> Judged:
        if line.problem:
            return Judged(line, Outcome.MALFORMED, line.problem)
        if line.role:
            said = _(
                "The list says “%(role)s”. A list adds students only: add teachers and assistants "
                "with “Add a person”. If this is a student, ignore the column with the roles."
            )
            return Judged(line, Outcome.STAFF, said % {"role": line.role})
        found = self._user(line)
        if isinstance(found, str):
            return Judged(line, Outcome.MALFORMED, found)
        if found:
            said = disagreement(line, found)
            return Judged(line, Outcome.MALFORMED, said) if said else self._judge_user(line, found)
        if not line.email:
            said = _("No account “%(name)s” exists. Add an e-mail address to send an invitation.")
            return Judged(line, Outcome.MALFORMED, said % {"name": line.username})
        invitation = self._invitations.get(line.email)
        taker = invitation.accepted_by if invitation else None
        if taker and self._is_removed(taker):
            # Perhaps because it was not whom the teacher meant: then it is not to come back so.
            more = _(
                "%(name)s, who used the last invitation, was removed. If that is the right person, "
                "add that account again instead."
            )
            said = _("Gets a new invitation.")
            return Judged(line, Outcome.NEW, said, more=more % {"name": _called(taker)})
        if taker:
            return self._judge_user(line, taker)
        if invitation:
            return Judged(line, Outcome.ALREADY, _("Already invited."))
        return Judged(line, Outcome.NEW, _("Gets an invitation."), more=self._to_know(line))

    def _to_know(self, line: Line) -> str:
        here = [user for user in self._unproven.get(line.email, []) if user.pk in self._members]
        if here:
            said = _(
                "%(name)s in this course has this address too, but never confirmed it. It may be "
                "the same person."
            )
            return said % {"name": _called(here[0])}
        if line.email in self._unproven:
            return _(
                "An account has this address, but never confirmed it. If it is the same person, "
                "they can sign in with it and open the invitation, or you add its user name."
            )
        return ""

    def _user(self, line: Line) -> User | str | None:
        """Return whom a line names, None for nobody, or what is wrong."""
        same = self._by_name.get(line.username.lower(), []) if line.username else []
        named = [user for user in same if user.username == line.username] or same
        addressed = self._by_email.get(line.email, []) if line.email else []
        if len(named) > 1:
            return _(
                "Several user names differ from this one only in capital letters. Write it exactly."
            )
        if named:
            if addressed and named[0] not in addressed:
                return _("The user name and the e-mail address belong to two different people.")
            return named[0]
        if len(addressed) > 1:
            return _("Several accounts have this e-mail address. Enter the user name instead.")
        return addressed[0] if addressed else None

    def _is_removed(self, user: User) -> bool:
        member = self._members.get(user.pk)
        return member is not None and member.removed is not None

    def _judge_user(self, line: Line, user: User) -> Judged:
        if not user.is_active:
            return Judged(line, Outcome.MALFORMED, _("This account is switched off."), user)
        who = _called(user)
        member = self._members.get(user.pk)
        if member is None:
            return Judged(line, Outcome.KNOWN, _("Joins as %(name)s.") % {"name": who}, user)
        if member.removed:
            said = _("Was removed. %(name)s comes back, with all work.") % {"name": who}
            return Judged(line, Outcome.BACK, said, user)
        if member.role == Role.STUDENT and self._moves(member, line):
            said = _("Already in the course. Moves from section “%(old)s” to “%(new)s”.")
            if not section_key(member.section):
                said = _("Already in the course. Moves to section “%(new)s”.")
            words = {"old": member.section, "new": line.section}
            return Judged(line, Outcome.MOVES, said % words, user)
        said = _("Already in the course (%(role)s).") % {"role": Role(member.role).label}
        return Judged(line, Outcome.ALREADY, said, user)

    def _moves(self, member: Membership, line: Line) -> bool:
        """Whether the list says another section; one that says none changes nothing."""
        wanted = section_key(line.section)
        return bool(wanted) and wanted != section_key(member.section)


def _called(user: User) -> str:
    return f"{tidy(user.get_full_name())} ({user.username})".strip()
