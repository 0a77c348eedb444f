"""Release and due time of an assignment, section by section."""

import hashlib
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.forms import BoundField
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from classroom.models import Assignment
from classroom.pages.access import assignment_of_teacher
from classroom.pages.moments import MomentField, twice_note
from classroom.pages.sections import Section, sections_of
from classroom.sections.dates import Dates, dates_of, section_dates_set
from embedding.views.access import user_of


class SectionDatesForm(forms.Form):
    """Two moments for each section; an empty one is everybody's."""

    def __init__(self, assignment: Assignment, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._assignment = assignment
        self.sections = sections_of(assignment.course, empty=True)
        stored = dates_of(assignment)
        names = ("release",) if assignment.handout else ("release", "due")
        for section in self.sections:
            dates = stored.get(section.key, Dates())
            for name in names:
                label = LABELS[name] % {"section": section.name}
                field = MomentField(label=label, required=False)
                field.zone = assignment.course.zone
                field.stored = getattr(dates, name)
                self.fields[_field(section, name)] = field
                self.initial[_field(section, name)] = field.stored

    def rows(self) -> list[tuple[Section, BoundField, BoundField | None]]:
        """Return each section with its fields."""
        has_due = not self._assignment.handout
        return [
            (
                section,
                self[_field(section, "release")],
                self[_field(section, "due")] if has_due else None,
            )
            for section in self.sections
        ]

    def clean(self) -> dict[str, Any]:
        """Check each section's dates against each other and everybody's."""
        data = super().clean() or self.cleaned_data
        for section in self.sections:
            dates = self._dates(section, data)
            release = dates.release or self._assignment.release
            due = dates.due or self._assignment.due
            own = dates.release or dates.due
            if own and release and due and release >= due and not self._assignment.handout:
                name = "due" if dates.due else "release"
                self.add_error(
                    _field(section, name),
                    _("The release must be earlier than the due time.")
                    if name == "release"
                    else _("The due time must be later than the release."),
                )
        return data

    @property
    def given(self) -> dict[str, Dates]:
        """The dates by the sections' names."""
        return {each.name: self._dates(each, self.cleaned_data) for each in self.sections}

    def notes(self) -> list[str]:
        """Say of which of two moments a time is meant, where the clocks show it twice."""
        zone = self._assignment.course.zone
        moments = {moment for dates in self.given.values() for moment in dates if moment}
        return [note for moment in sorted(moments) if (note := twice_note(moment, zone))]

    @staticmethod
    def _dates(section: Section, data: dict[str, Any]) -> Dates:
        return Dates(data.get(_field(section, "release")), data.get(_field(section, "due")))


LABELS = {
    "release": gettext_lazy("Release for %(section)s"),
    "due": gettext_lazy("Due for %(section)s"),
}


def _field(section: Section, name: str) -> str:
    """Name a field after its section, however many there are when the form comes back."""
    return f"{name}-{hashlib.sha256(section.key.encode()).hexdigest()[:12]}"


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def section_dates(request: HttpRequest, course: int, assignment: int) -> HttpResponse:
    """Show and change the dates of the course's sections."""
    membership, found = assignment_of_teacher(request, course, assignment)
    form = SectionDatesForm(found, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        moved = section_dates_set(found, form.given, by=user_of(request))
        said = ngettext(
            "Saved. The due time of %(count)s student has changed.",
            "Saved. The due time of %(count)s students has changed.",
            len(moved),
        )
        messages.success(request, said % {"count": len(moved)} if moved else _("Saved."))
        for note in form.notes():
            messages.warning(request, note)
        return redirect("classroom:section-dates", course, found.pk)
    context = {
        "membership": membership,
        "tab": "course",
        "assignment": found,
        "page": "edit",
        "form": form,
    }
    status = 400 if form.errors else 200
    return render(request, "classroom/sections/dates.html", context, status=status)
