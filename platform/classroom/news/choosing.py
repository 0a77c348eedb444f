"""The form in which a user chooses what is mailed to them."""

from typing import Any

from django import forms
from django.contrib.auth.models import User
from django.utils.translation import gettext_lazy as _

from classroom.models import MailChoice, Membership, Notice, Role
from classroom.notices.mailable import choice_of

When = MailChoice.When


class MailForm(forms.Form):
    """How often, and of what: the kinds of notices that this user can get."""

    when = forms.ChoiceField(
        label=_("How often"),
        choices=[
            (When.AT_ONCE, _("At once, but at most one e-mail every 15 minutes")),
            (When.DAILY, _("Once a day at 7:00, if there is something new")),
            (When.NEVER, _("Never. I look at the notices on the site.")),
        ],
        widget=forms.RadioSelect,
    )
    kinds = forms.MultipleChoiceField(
        label=_("Send me e-mails about"), required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, data: Any, *, user: User) -> None:
        self._choice = choice_of(user)
        self._offered = kinds_for(user)
        wanted = [kind for kind in self._offered if kind not in self._choice.off]
        super().__init__(data, initial={"when": self._choice.when, "kinds": wanted})
        field = self.fields["kinds"]
        assert isinstance(field, forms.MultipleChoiceField)  # noqa: S101  for types
        field.choices = [(kind.value, kind.label) for kind in self._offered]

    def save(self) -> None:
        """Write the choice down; what is not offered stays as it was chosen before."""
        wanted = set(self.cleaned_data["kinds"])
        kept = set(self._choice.off) - set(self._offered)
        self._choice.off = sorted(kept | {kind for kind in self._offered if kind not in wanted})
        self._choice.when = self.cleaned_data["when"]
        MailChoice.objects.update_or_create(
            user=self._choice.user, defaults={"when": self._choice.when, "off": self._choice.off}
        )


def kinds_for(user: User) -> list[Notice.Kind]:
    """Return the kinds of notices that a user can get, by what they are in their courses."""
    roles = set(Membership.objects.filter(user=user, removed=None).values_list("role", flat=True))
    for_staff = bool(roles - {Role.STUDENT})
    for_students = Role.STUDENT in roles or not for_staff
    return [
        kind for kind in Notice.Kind if (for_staff if kind in Notice.OF_STAFF else for_students)
    ]
