"""What a user says of themself: name, language, time zone, light or dark; and their calendar."""

from typing import Any, cast

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language_from_request, gettext_lazy, override
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from classroom.models import Profile
from classroom.pages.naming import name_given
from classroom.people.proving import unproven_of
from classroom.today.calendar_link import calendar_link, calendar_link_renew
from classroom.today.zones import zones
from embedding.models import Event
from embedding.names import person_name
from embedding.views.access import user_of

_NAME_MOST = 80  # letters


class ProfileForm(forms.Form):
    """A user's name, and what the profile keeps."""

    first_name = forms.CharField(
        label=gettext_lazy("First name"),
        max_length=_NAME_MOST,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "given-name"}),
    )
    last_name = forms.CharField(
        label=gettext_lazy("Last name"),
        max_length=_NAME_MOST,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "family-name"}),
    )
    time_zone = forms.ChoiceField(
        label=gettext_lazy("Time zone"),
        required=False,
        help_text=gettext_lazy("Due times are shown in your course’s time zone and in yours."),
    )

    language = forms.ChoiceField(label=gettext_lazy("Language"), required=False)
    color_scheme = forms.ChoiceField(
        label=gettext_lazy("Colours"), choices=Profile.Scheme.choices, widget=forms.RadioSelect
    )

    def __init__(self, user: User, data: Any = None) -> None:
        kept = Profile.of(user)
        names = {"first_name": user.first_name, "last_name": user.last_name}
        chosen = {
            "language": kept.own_language,
            "time_zone": kept.time_zone,
            "color_scheme": kept.color_scheme,
        }
        super().__init__(data, initial=names | chosen)
        offered: list[Any] = [("", _("As this device")), *zones()]
        if kept.time_zone and all(kept.time_zone not in dict(found) for _region, found in zones()):
            offered.append((kept.time_zone, kept.time_zone))
        # Each in its own name, for whoever reads no other.
        languages = [("", _("As my browser")), *settings.LANGUAGES]
        for name, choices in (("time_zone", offered), ("language", languages)):
            cast(forms.ChoiceField, self.fields[name]).choices = choices

    def clean_first_name(self) -> str:
        return name_given(self.cleaned_data["first_name"])

    def clean_last_name(self) -> str:
        return name_given(self.cleaned_data["last_name"])


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def profile(request: HttpRequest) -> HttpResponse:
    """Show a user's own profile, and change it."""
    user = user_of(request)
    form = ProfileForm(user, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        profile_change(user, form)
        # The next page is in the language that was chosen just now.
        with override(form.cleaned_data["language"] or get_language_from_request(request)):
            messages.success(request, _("Saved."))
        return redirect("classroom:profile")
    calendar = calendar_link(Profile.of(user))
    context = {
        "form": form,
        "unproven": unproven_of(user),
        "calendar": calendar,
        # What opens the calendar program of a device, if it has one.
        "webcal": calendar.replace("https:", "webcal:", 1).replace("http:", "webcal:", 1),
    }
    return render(request, "classroom/today/profile.html", context)


@never_cache
@require_POST
@login_required
def calendar_renew(request: HttpRequest) -> HttpResponse:
    """Make the user a new address of the calendar; the one before leads nowhere from now on."""
    calendar_link_renew(user_of(request))
    messages.success(request, _("This is your calendar’s address."))
    return redirect(f"{reverse('classroom:profile')}#calendar")


def profile_change(user: User, form: ProfileForm) -> None:
    """Write down what a user has chosen. Another name is told by the audit log, with the old."""
    given = form.cleaned_data
    before = person_name(user)
    with transaction.atomic():
        Profile.objects.update_or_create(
            user=user,
            defaults={key: given[key] for key in ("language", "time_zone", "color_scheme")},
        )
        names = {key: given[key] for key in ("first_name", "last_name")}
        if names != {key: getattr(user, key) for key in names}:
            User.objects.filter(pk=user.pk).update(**names)
            user.first_name, user.last_name = names["first_name"], names["last_name"]
            Event.log(
                "user.name_changed",
                user.get_username(),
                actor=user.get_username(),
                whom=user.get_username(),
                before=before,
                after=person_name(user),
            )
