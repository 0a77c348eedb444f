"""Two students of a course who may be one person with two accounts.

Nobody is taken out for it: teachers are told, and decide.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import combinations

from django.contrib.auth.models import User
from django.utils.translation import gettext as _

from classroom.models import Course, Invitation, Membership, Role
from classroom.people.proving import unproven_of
from embedding.models import Event
from embedding.names import plain

MOVED = "user.address_changed"  # by an administrator; `user` had the address `was`
_READ = 1000  # of these events
_MOST = 20  # pairs


@dataclass(frozen=True, slots=True)
class Double:
    """Two students, and what they have in common, in a sentence."""

    one: Membership
    other: Membership
    why: str


@dataclass(frozen=True, slots=True)
class _Student:
    member: Membership
    addresses: frozenset[str]  # that the account has, had, or was invited by

    @property
    def number(self) -> str:
        return self.member.number.casefold()

    @property
    def name(self) -> str:
        """The full name without accents, in whatever order; empty where half of it is missing."""
        user = self.member.user
        if not (user.first_name and user.last_name):
            return ""
        return " ".join(sorted(plain(user.get_full_name()).casefold().split()))

    @property
    def proven(self) -> str:
        user = self.member.user
        return "" if unproven_of(user) else user.email.lower()


def doubles(course: Course) -> list[Double]:
    """Return the pairs that may be one person, in three queries however many students there are.

    They share an address, which one of them may have lost to the other; or a number; or a name,
    where neither numbers nor proven addresses tell them apart.
    """
    students = _students(course)
    found: dict[tuple[int, int], Double] = {}
    for one, other, address in _pairs(students, lambda each: each.addresses):
        why = _("Both have or had the e-mail address %(address)s.") % {"address": address}
        found.setdefault(_key(one, other), Double(one.member, other.member, why))
    for one, other, _same in _pairs(students, lambda each: {each.number}):
        why = _("Both have the number %(number)s.") % {"number": one.member.number}
        found.setdefault(_key(one, other), Double(one.member, other.member, why))
    for one, other, _same in _pairs(students, lambda each: {each.name}):
        if not (one.number and other.number) and not (one.proven and other.proven):
            why = _("They have the same name.")
            found.setdefault(_key(one, other), Double(one.member, other.member, why))
    return list(found.values())[:_MOST]


def double_of(membership: Membership, email: str) -> Membership | None:
    """Return another student of the course whose account has the address."""
    return (
        Membership.objects.select_related("user")
        .filter(course=membership.course, role=Role.STUDENT, removed=None)
        .filter(user__email__iexact=email)
        .exclude(pk=membership.pk)
        .first()
    )


def _students(course: Course) -> list[_Student]:
    rows = Membership.objects.filter(course=course, role=Role.STUDENT, removed=None)
    members = list(rows.select_related("user__unproven_address").order_by("joined", "pk"))
    known: dict[int, set[str]] = defaultdict(set)
    for member in members:
        known[member.user_id].add(member.user.email.lower())
    invited = Invitation.objects.filter(accepted_by__in=rows.values("user"))
    for user, email in invited.values_list("accepted_by", "email"):
        known[user].add(email.lower())
    moved = Event.objects.filter(action=MOVED).values_list("detail", flat=True)
    for detail in moved[:_READ]:
        if detail["user"] in known:
            known[detail["user"]].add(detail["was"])
    return [_Student(member, frozenset(known[member.user_id])) for member in members]


def _pairs(
    students: Iterable[_Student], keys: Callable[[_Student], Iterable[str]]
) -> Iterable[tuple[_Student, _Student, str]]:
    """Give out the pairs with a key in common, and the key: no more than are shown."""
    groups: dict[str, list[_Student]] = defaultdict(list)
    for student in students:
        for key in keys(student):
            if key:
                groups[key].append(student)
    for key, group in groups.items():
        for one, other in combinations(group[:_MOST], 2):
            yield one, other, key


def _key(one: _Student, other: _Student) -> tuple[int, int]:
    return one.member.pk, other.member.pk


def address_log(user: User, was: str, *, actor: str) -> None:
    """Write down that an administrator gave an account another address."""
    name = user.get_username()
    Event.log(MOVED, name, actor=actor, whom=name, user=user.pk, was=was.lower())
