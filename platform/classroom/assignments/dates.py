"""The dates, points and weights of all assignments of a course, changed together.

1. A row says what it showed when the page was made. Only what differs from that is a change.
2. A row that somebody else has changed since is told so, with what is stored now: it is saved when
   it is sent once more. So nothing is written over unseen.
3. All is saved, or nothing. What would change scores or totals is not done here: the page of the
   assignment says first what becomes of them.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import QueryDict
from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from classroom.assignments import rescoring
from classroom.assignments.forms import MOMENTS, AssignmentForm
from classroom.assignments.numbers import plain_number
from classroom.assignments.said import listed
from classroom.models import Assignment, Course
from classroom.pages.moments import local_moment
from classroom.rules.scoring import number_text

FIELDS = ("release", "due", "late_policy", "late_until", "points", "weight")
OF_HANDOUTS = ("release",)
LABELS = {
    "release": gettext_lazy("Release"),
    "due": gettext_lazy("Due"),
    "late_policy": gettext_lazy("Late work"),
    "late_until": gettext_lazy("Late work until"),
    "points": gettext_lazy("Points"),
    "weight": gettext_lazy("Weight"),
}
POLICIES = {
    "closed": gettext_lazy("Not accepted"),
    "until": gettext_lazy("Until…"),
    "any": gettext_lazy("Any time"),
}
DAYS_MOST = 3660  # that all is moved by
_FORMAT = "%Y-%m-%dT%H:%M"


class DatesForm(AssignmentForm):
    """Of one assignment what the table of dates shows; its fields are named by the assignment."""

    def __init__(self, assignment: Assignment, data: Any = None) -> None:
        super().__init__(
            assignment.course,
            data,
            instance=assignment,
            prefix=f"a{assignment.pk}",
            is_out=assignment.out is not None,
        )
        wanted = OF_HANDOUTS if assignment.handout else FIELDS
        for name in list(self.fields):
            if name not in wanted:
                del self.fields[name]
        if policy := self.fields.get("late_policy"):  # the table has no room for sentences
            kept = policy.choices  # type: ignore[attr-defined]  # the field's own
            policy.choices = [(key, POLICIES.get(key, label)) for key, label in kept]  # type: ignore[attr-defined]
        for name, each in self.fields.items():
            each.help_text = ""
            words = {"title": assignment.title, "field": LABELS[name]}
            each.widget.attrs["aria-label"] = _("%(title)s: %(field)s") % words

    def clean(self) -> dict[str, Any]:
        """Check it as its own page does; a handout stays one."""
        self.cleaned_data["handout"] = self.instance.handout
        data = super().clean()
        return {name: value for name, value in data.items() if name in self.fields}

    @property
    def shown(self) -> dict[str, str]:
        """What the fields hold, as texts that are the same in every language."""
        return {name: plain_number(_text(self[name].value())) for name in self.fields}


@dataclass(slots=True)
class Row:
    """One assignment: its form, and what of it differs from what is stored."""

    assignment: Assignment
    form: DatesForm
    stored: dict[str, str]
    changed: dict[str, str] = field(default_factory=dict)  # as it was shown before
    needs_its_page: bool = False

    @property
    def seen(self) -> str:
        """What is stored, for the next time that the row is sent."""
        return json.dumps(self.stored)

    @property
    def cells(self) -> Iterator[tuple[str, Any, str]]:
        """Each column's name, its field if there is one, and what a changed date was before."""
        for name in FIELDS:
            bound = self.form[name] if name in self.form.fields else None
            was = self.changed.get(name, "") if name in MOMENTS else ""
            yield name, bound, _said(name, was)


def dates_of(course: Course, sent: QueryDict | None = None, *, lock: bool = False) -> list[Row]:
    """Return a row for each assignment and handout; with what was `sent`, its changes in place.

    Call with `lock` in a transaction.
    """
    found = Assignment.objects.filter(course=course, removed=None)
    if lock:  # all lock them in this order
        list(found.select_for_update(no_key=True).order_by("pk").values_list("pk"))
    rows = []
    for assignment in found:
        assignment.course = course
        rows.append(_row(assignment, sent or QueryDict()))
    return rows


def dates_save(course: Course, sent: QueryDict, *, by: User) -> tuple[list[Row], list[Row], bool]:
    """Save what was sent. Return all rows, those that were changed, and whether it was saved.

    Where it was not, the forms say why, and hold what was sent.
    """
    try:
        with transaction.atomic():
            rows = dates_of(course, sent, lock=True)
            changed = [row for row in rows if row.changed]
            wrong = [row for row in changed if not row.form.is_valid()]
            if wrong:
                raise _NotSaved
            for row in changed:
                _save(row, by)
            if any(row.form.errors for row in changed):
                raise _NotSaved
    except _NotSaved:
        return rows, changed, False
    return rows, changed, True


def moved(sent: QueryDict, course: Course, days: int, *, after: datetime | None) -> QueryDict:
    """Return what was sent with all dates moved by so many days, at the same time by the clock.

    With `after`, dates that are not later than that stay.
    """
    data = sent.copy()
    for row in dates_of(course, sent):
        for name in MOMENTS:
            key = row.form.add_prefix(name)
            each = row.form.fields.get(name)
            if each is None or each.disabled or key not in data:
                continue
            text = str(data[key]).strip()
            if after is not None and not _is_later(text, course, after):
                continue
            data[key] = moved_text(text, days)
    return data


def moved_text(text: str, days: int) -> str:
    """Move a date and time by days; what is none, or would be none, stays as it is."""
    try:
        return (datetime.fromisoformat(text) + timedelta(days=days)).strftime(_FORMAT)
    except (ValueError, OverflowError):
        return text


class _NotSaved(Exception):
    """Undoes what the transaction has done so far."""


def _row(assignment: Assignment, sent: QueryDict) -> Row:
    plain = DatesForm(assignment)
    row = Row(assignment, plain, plain.shown)
    seen = _seen(sent.get(plain.add_prefix("seen")))
    if seen is None:
        return row
    for name, each in plain.fields.items():
        given = sent.get(plain.add_prefix(name))
        if given is None or each.disabled:
            continue
        if plain_number(given) != seen.get(name, ""):
            row.changed[name] = seen.get(name, "")
    if not row.changed:
        return row
    # What was not touched here is as it is stored now.
    data = sent.copy()
    for name in plain.fields.keys() - row.changed.keys():
        data[plain.add_prefix(name)] = _text(plain[name].value())
    row.form = DatesForm(assignment, data)
    others = [name for name in row.stored if seen.get(name, "") != row.stored[name]]
    if others:
        found = [f"{LABELS[name]} {_said(name, row.stored[name]) or '–'}" for name in others]
        row.form.add_error(
            None,
            _(
                "Someone else has changed this row: %(now)s. Your own changes are still here. Look "
                "at the row, then save again."
            )
            % {"now": listed(found)},
        )
    return row


def _save(row: Row, by: User) -> None:
    try:
        _effect, told = rescoring.assignment_change(row.assignment, seen="", rescale=False, by=by)
    except ValidationError as error:
        row.form.add_error("points", error)
        return
    if told is None:
        row.needs_its_page = True
        row.form.add_error(
            next((name for name in ("points", "weight") if name in row.changed), None),
            _(
                "This would change scores or totals. Change it on the assignment’s own page: there "
                "you first see what would happen."
            ),
        )


def _seen(text: str | None) -> dict[str, str] | None:
    """Read what a row showed; None where it was not sent, or by no page of ours."""
    try:
        found = json.loads(text or "")
    except ValueError:
        return None
    if not isinstance(found, dict):
        return None
    return {str(name): str(value) for name, value in found.items()}


def _is_later(text: str, course: Course, moment: datetime) -> bool:
    try:
        return local_moment(text, course.zone) > moment
    except ValueError:
        return False


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _moment_said(text: str) -> str:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    return formats.date_format(moment, pgettext("date format", "D j M Y, H:i"))


def _said(name: str, text: str) -> str:
    """Say what a field held, for people."""
    if name == "late_policy":
        return str(POLICIES.get(text, text))
    if name in MOMENTS:
        return _moment_said(text)
    return number_text(Decimal(text)) if text else ""
