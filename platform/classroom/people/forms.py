"""What is asked about people: whom to show, and whom to let in."""

from typing import Any

from django import forms

from classroom.models import Role
from classroom.people import people_list
from classroom.people.roster_file import (
    MOST_BYTES,
    Line,
    Unreadable,
    decode,
    line_of,
    read,
)


class FilterForm(forms.Form):
    """What of the list to show; whatever else stands in the address is as if it were not there."""

    q = forms.CharField(required=False, max_length=200)
    role = forms.ChoiceField(
        required=False, choices=[("", "Everybody"), *Role.choices, ("removed", "Removed")]
    )
    state = forms.ChoiceField(
        required=False,
        choices=[
            ("", "Any state"),
            (people_list.READY, "Prepared"),
            (people_list.COMING, "Being prepared"),
            (people_list.FAILED, "Failed"),
        ],
    )


class AddForm(forms.Form):
    """One person to let in, or to invite."""

    who = forms.CharField(
        max_length=254,
        label="User name or e-mail address",
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )
    role = forms.ChoiceField(choices=list(reversed(Role.choices)))
    number = forms.CharField(max_length=60, required=False, label="Number at school")
    first_name = forms.CharField(
        max_length=150, required=False, help_text="For an invitation; they can change it."
    )
    last_name = forms.CharField(max_length=150, required=False)

    def line(self) -> Line:
        """Return it as a line of a list."""
        given = self.cleaned_data
        return line_of(
            given["who"],
            first_name=given["first_name"],
            last_name=given["last_name"],
            number=given["number"],
        )


class ImportForm(forms.Form):
    """A list of people, pasted or as a file."""

    text = forms.CharField(
        required=False,
        strip=False,
        label="Paste a list",
        widget=forms.Textarea(attrs={"rows": 10, "maxlength": MOST_BYTES, "spellcheck": "false"}),
    )
    file = forms.FileField(
        required=False,
        allow_empty_file=True,
        label="Or choose a file",
        widget=forms.FileInput(attrs={"accept": ".csv,.tsv,.txt,text/csv,text/plain"}),
    )

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        file, text = given.get("file"), given.get("text") or ""
        if file and text.strip():
            raise forms.ValidationError("Either paste a list or choose a file, not both.")
        try:
            given["lines"] = read(decode(file.read(MOST_BYTES + 1)) if file else text)
        except Unreadable as unreadable:
            self.add_error("file" if file else "text", str(unreadable))
        return given
