"""What is asked about people: whom to show, and whom to let in."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from classroom.models import Role
from classroom.people import people_list
from classroom.people.roster_file import Line, choose, line_of
from classroom.people.roster_table import MOST_BYTES, Unreadable, table_of, tables_of


class FilterForm(forms.Form):
    """What of the list to show; whatever else stands in the address is as if it were not there."""

    q = forms.CharField(required=False, max_length=200)
    role = forms.ChoiceField(
        required=False,
        choices=[
            ("", gettext_lazy("Everyone")),
            *Role.choices,
            ("removed", pgettext_lazy("people", "Removed")),
        ],
    )
    state = forms.ChoiceField(
        required=False,
        choices=[
            ("", gettext_lazy("Any state")),
            (people_list.READY, pgettext_lazy("person", "Prepared")),
            (people_list.COMING, pgettext_lazy("person", "Being prepared")),
            (people_list.FAILED, pgettext_lazy("person", "Failed")),
        ],
    )


class AddForm(forms.Form):
    """One person to let in, or to invite."""

    who = forms.CharField(
        max_length=254,
        label=gettext_lazy("User name or e-mail address"),
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )
    role = forms.ChoiceField(choices=list(reversed(Role.choices)), label=gettext_lazy("Role"))
    number = forms.CharField(max_length=60, required=False, label=gettext_lazy("Student number"))
    first_name = forms.CharField(
        max_length=150,
        required=False,
        label=gettext_lazy("First name"),
        help_text=gettext_lazy("For an invitation; they can change it."),
    )
    last_name = forms.CharField(max_length=150, required=False, label=gettext_lazy("Last name"))

    def line(self) -> Line:
        """Return it as a line of a list."""
        given = self.cleaned_data
        names = {key: given[key] for key in ("first_name", "last_name")}
        # Names are for an invitation: who is named by user name has theirs.
        named = names if "@" in given["who"] else {}
        return line_of(given["who"], number=given["number"], **named)


class ImportForm(forms.Form):
    """A list of people, pasted or as a file."""

    text = forms.CharField(
        required=False,
        strip=False,
        label=gettext_lazy("Paste a list"),
        widget=forms.Textarea(attrs={"rows": 10, "maxlength": MOST_BYTES, "spellcheck": "false"}),
    )
    file = forms.FileField(
        required=False,
        allow_empty_file=True,
        label=gettext_lazy("Or choose a file"),
        widget=forms.FileInput(
            attrs={"accept": ".csv,.tsv,.txt,.xlsx,.xls,.ods,text/csv,text/plain"}
        ),
    )

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        file, text = given.get("file"), given.get("text") or ""
        if file and text.strip():
            raise forms.ValidationError(_("Either paste a list or choose a file, not both."))
        try:
            tables = tables_of(file.read(MOST_BYTES + 1)) if file else [table_of(text)]
            given["table"] = choose(tables)
        except Unreadable as unreadable:
            self.add_error("file" if file else "text", str(unreadable))
        return given
