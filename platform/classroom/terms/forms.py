"""What a teacher says when a course, or assignments of one, are made once more."""

import uuid
from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from classroom.models import Course
from classroom.pages.naming import title_given
from classroom.terms.plan import DAYS_MOST
from embedding.names import tidy


class DatesForm(forms.Form):
    """To which day the first date moves; all others move with it. Empty: no dates come along."""

    first = forms.DateField(
        required=False, widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d")
    )
    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, first: date | None, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._first = first
        self.fields["first"].label = _("The first date moves to")
        if first is None:
            del self.fields["first"]

    def clean_first(self) -> date | None:
        """ValidationError for a day that is too far away to be meant."""
        given: date | None = self.cleaned_data["first"]
        if given and self._first and abs((given - self._first).days) > DAYS_MOST:
            raise forms.ValidationError(_("This is more than ten years away from the old date."))
        return given

    @property
    def days(self) -> int | None:
        """By how many days all dates move; None where none come along."""
        given = self.cleaned_data.get("first")
        return (given - self._first).days if given and self._first else None

    @property
    def is_seen(self) -> bool:
        """Whether the page has shown the dates that this makes."""
        if self._first is None:
            return True
        given = self.cleaned_data.get("first")
        return bool(self.cleaned_data.get("seen", "") == (given.isoformat() if given else "none"))


class CopyForm(DatesForm):
    """What a copied course is called, and when it begins."""

    title = forms.CharField(
        label=gettext_lazy("Title"),
        max_length=Course._meta.get_field("title").max_length,
        widget=forms.TextInput({"autocomplete": "off"}),
    )
    term = forms.CharField(
        label=gettext_lazy("Term"),
        required=False,
        max_length=Course._meta.get_field("term").max_length,
        widget=forms.TextInput({"autocomplete": "off"}),
    )
    asked = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)
    field_order = ("title", "term", "first")

    def clean_title(self) -> str:
        return title_given(self.cleaned_data["title"])

    def clean_term(self) -> str:
        return tidy(self.cleaned_data["term"])
