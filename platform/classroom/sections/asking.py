"""What a change would do to due times, said before it is done.

The change is made within a transaction and taken back, so that what is said is what is done.
"""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from classroom.models import Assignment, Membership
from classroom.rules.deadlines import Moved
from classroom.sections.following import only_asked

SHOWN = 12  # lines that are shown


@dataclass(frozen=True, slots=True)
class Line:
    """One due time that would move."""

    student: Membership
    assignment: Assignment
    before: datetime | None
    due: datetime | None

    @property
    def is_earlier(self) -> bool:
        """Whether it is to a student's disadvantage."""
        return self.due is not None and (self.before is None or self.due < self.before)

    @property
    def is_over(self) -> bool:
        """Whether the time would be over at once."""
        now = timezone.now()
        return self.is_earlier and self.due is not None and self.due <= now


class Effect:
    """What a change does to due times."""

    def __init__(self, moved: Sequence[Moved]) -> None:
        self._moved = sorted(moved, key=lambda each: each.submission)
        assignments = Assignment.objects.in_bulk({each.assignment for each in moved})
        kept = [each for each in moved if assignments[each.assignment].removed is None]
        self.count = len(kept)
        students: dict[int, set[int]] = defaultdict(set)
        for each in kept:
            students[each.assignment].add(each.student)
        self.titles = [
            (assignments[pk], len(found))
            for pk, found in sorted(students.items(), key=lambda item: assignments[item[0]].title)
        ]
        first = kept[:SHOWN]
        people = Membership.objects.select_related("user").in_bulk({each.student for each in first})
        self.lines = [
            Line(people[each.student], assignments[each.assignment], each.before, each.due)
            for each in first
        ]
        self.more = self.count - len(self.lines)
        self.earlier = sum(
            each.due is not None and (each.before is None or each.due < each.before)
            for each in kept
        )

    @property
    def digest(self) -> str:
        """A short text that is another one for any other effect."""
        parts = [f"{each.submission} {each.before} {each.due}" for each in self._moved]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def ask_or_do(do: Callable[[], Sequence[Moved]], seen: str) -> Effect | None:
    """Do a change where it moves no due time, or where just this effect of it was `seen`.

    Else nothing is done, and what it would do is returned.
    """
    with transaction.atomic():
        with only_asked(), transaction.atomic():
            effect = Effect(do())
            transaction.set_rollback(True)
        if effect.count and effect.digest != seen:
            return effect
        do()
    return None


def ask_page(
    request: HttpRequest, membership: Membership, effect: Effect, *, title: str, back: str
) -> HttpResponse:
    """Show what would change; the same form, sent again with `seen`, does it."""
    status = 200
    if "seen" in request.POST:
        messages.warning(
            request,
            _("Something has changed in the meantime, so nothing was saved. Please look again."),
        )
        status = 409
    context = {
        "membership": membership,
        "tab": "people",
        "effect": effect,
        "title": title,
        "back": back,
        "kept": [
            (name, value)
            for name in request.POST
            if name not in ("seen", "csrfmiddlewaretoken")
            for value in request.POST.getlist(name)
        ],
    }
    return render(request, "classroom/sections/confirm.html", context, status=status)
