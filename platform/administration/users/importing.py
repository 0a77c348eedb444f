"""What a list of people does to the site's users: said first, done when confirmed.

1. A line is somebody who is here already by their user name, or by an address that is confirmed
   and one user's alone. Else it makes a user; without a user name that is the e-mail address.
2. Of who is here, empty or other names are taken from the list. An address is given to who has
   none, and never changed. Nobody is made an administrator, and of administrators nothing changes.
3. Nobody gets a password: `classroom.people.first_password` has them choose one.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from django.contrib.auth.models import Group, User
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Lower
from django.utils.translation import gettext as _

from classroom.models import Profile
from classroom.people.roster import in_parts
from classroom.people.roster_file import Line
from classroom.rules.addresses import unproven
from embedding.models import Event


class Outcome(StrEnum):
    """What a line does."""

    NEW = "new"
    CHANGED = "changed"
    ALREADY = "already"
    DUPLICATE = "duplicate"
    MALFORMED = "malformed"


@dataclass(frozen=True, slots=True)
class Judged:
    """A line, what it does and why in words; `user` is who is here already."""

    line: Line
    outcome: Outcome
    said: str
    user: User | None = None
    username: str = ""  # of who is new
    changes: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Wishes:
    """What all of a list get besides."""

    groups: Sequence[Group] = ()
    language: str = ""


def groups_for(actor: User) -> QuerySet[Group]:
    """Return the groups that this administrator may put people into by a list.

    A group with permissions of its own is a superuser's to give.
    """
    groups = Group.objects.order_by("name")
    return groups if actor.is_superuser else groups.filter(permissions=None)


def judge(lines: Sequence[Line]) -> list[Judged]:
    """Say what each line would do now; nothing is written."""
    known = _Known(lines)
    seen: dict[object, int] = {}
    judged = []
    for line in lines:
        one = known.judge(line)
        if one.outcome != Outcome.MALFORMED:
            keys: list[object] = [one.user.pk] if one.user else [one.username.lower()]
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


def users_apply(
    lines: Sequence[Line], wishes: Wishes, *, actor: User
) -> tuple[Counter[Outcome], list[User]]:
    """Do what the lines say, as things are now; return the outcomes, and who is new."""
    by = actor.get_username()
    allowed = {group.pk for group in groups_for(actor)}
    groups = [group for group in wishes.groups if group.pk in allowed]
    fresh: list[User] = []
    with transaction.atomic():
        judged = judge(lines)
        for one in judged:
            user = one.user
            if one.outcome == Outcome.NEW:
                user = User(username=one.username, **_given(one.line))
                user.set_unusable_password()
                user.save()
                fresh.append(user)
                if wishes.language:
                    Profile.objects.create(user=user, language=wishes.language)
                Event.log("user.made", user.username, actor=by, user=user.username, how="list")
            elif one.outcome == Outcome.CHANGED and user:
                User.objects.filter(pk=user.pk).update(**one.changes)
                fields = sorted(one.changes)
                Event.log(
                    "user.changed", user.username, actor=by, user=user.username, fields=fields
                )
            if user and one.outcome in (Outcome.NEW, Outcome.CHANGED, Outcome.ALREADY):
                _into(user, groups, by)
        Event.log("users.listed", "users", actor=by, lines=len(judged), made=len(fresh))
    return counts(judged), fresh


def _into(user: User, groups: Sequence[Group], by: str) -> None:
    if user.is_staff or user.is_superuser:
        return
    has = set(user.groups.values_list("pk", flat=True))
    for group in groups:
        if group.pk not in has:
            user.groups.add(group)
            name = user.username
            Event.log("user.grouped", name, actor=by, user=name, group=group.name)


def _given(line: Line) -> dict[str, str]:
    return {"first_name": line.first_name, "last_name": line.last_name, "email": line.email}


class _Known:
    """Which users these lines may mean; a few queries for every many lines."""

    def __init__(self, lines: Sequence[Line]) -> None:
        names = {(line.username or line.email).lower() for line in lines}
        emails = {line.email for line in lines if line.email}
        self._by_name: dict[str, list[User]] = defaultdict(list)
        self._by_email: dict[str, list[User]] = defaultdict(list)
        users = User.objects.annotate(low_name=Lower("username"), low_email=Lower("email"))
        for part in in_parts(names):
            for user in users.filter(low_name__in=part):
                self._by_name[user.username.lower()].append(user)
        for part in in_parts(emails):
            for user in users.filter(~unproven(), low_email__in=part):
                self._by_email[user.email.lower()].append(user)

    def judge(self, line: Line) -> Judged:
        if line.problem:
            return Judged(line, Outcome.MALFORMED, line.problem)
        wanted = line.username or line.email
        same = self._by_name.get(wanted.lower(), [])
        named = [user for user in same if user.username == wanted] or same
        addressed = self._by_email.get(line.email, []) if line.email else []
        if len(named) > 1:
            said = _(
                "Several user names differ from this one only in capital letters. Write it exactly."
            )
            return Judged(line, Outcome.MALFORMED, said)
        if named and addressed and named[0] not in addressed:
            said = _("The user name and the e-mail address belong to two different people.")
            return Judged(line, Outcome.MALFORMED, said)
        if named:
            return _of(line, named[0])
        if len(addressed) > 1:
            said = _("Several accounts have this e-mail address. Enter the user name instead.")
            return Judged(line, Outcome.MALFORMED, said)
        if addressed and line.username:
            said = _("“%(name)s” has this e-mail address.") % {"name": addressed[0].username}
            return Judged(line, Outcome.MALFORMED, said, addressed[0])
        if addressed:
            return _of(line, addressed[0])
        try:
            UnicodeUsernameValidator()(wanted)
        except ValidationError:
            said = _("A user name has letters, digits and @ . + - _ only.")
            return Judged(line, Outcome.MALFORMED, said)
        if len(wanted) > 150:
            return Judged(line, Outcome.MALFORMED, _("The user name is too long."))
        said = _("Gets an account.")
        if not line.email:
            said = _("Gets an account, and has no e-mail address: hand the link on yourself.")
        return Judged(line, Outcome.NEW, said, username=wanted)


def _of(line: Line, user: User) -> Judged:
    """Say what a line does to somebody who is here."""
    if user.is_staff or user.is_superuser:
        said = _("“%(name)s” is an administrator, whom a list never changes.")
        return Judged(line, Outcome.ALREADY, said % {"name": user.username}, user)
    if not user.is_active:
        return Judged(line, Outcome.MALFORMED, _("This account is switched off."), user)
    given = _given(line)
    changes = {
        name: given[name]
        for name in ("first_name", "last_name")
        if given[name] and given[name] != getattr(user, name)
    }
    said = _("Has the account “%(name)s”.") % {"name": user.username}
    if changes:
        said += " " + _("The name becomes “%(new)s”.") % {"new": line.name}
    if line.email and not user.email:
        changes["email"] = line.email
        said += " " + _("Gets the e-mail address.")
    elif line.email and line.email.lower() != user.email.lower():
        said += " " + _("Keeps the e-mail address %(email)s.") % {"email": user.email}
    return Judged(line, Outcome.CHANGED if changes else Outcome.ALREADY, said, user, "", changes)
