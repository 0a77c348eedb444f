"""The page on which a new key takes the place of the old; the key is never shown again."""

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods

from administration.access import SUPERUSERS, administrators, context
from embedding import key as keys
from embedding.conf import conf
from embedding.services.key_rotation import Refused, fingerprint_of, replace


class KeyForm(forms.Form):
    """The new key, which is not sent back to the browser, also where it was refused."""

    key = forms.CharField(
        label=gettext_lazy("The new key"),
        max_length=500,
        widget=forms.PasswordInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )


@sensitive_post_parameters("key")
@administrators(SUPERUSERS)
@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_variables("form")
def page(request: HttpRequest) -> HttpResponse:
    """Show where the key is, and take a new one."""
    form = KeyForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            replaced = replace(form.cleaned_data["key"], actor=request.user.get_username())
        except Refused as refused:
            form.add_error("key", str(refused))
        else:
            good = _("The new key is %(email)s's, and good. Its fingerprint is %(print)s.")
            values = {"email": replaced.identity.email, "print": replaced.fingerprint}
            messages.success(request, good % values)
            for step in replaced.next_steps():
                messages.warning(request, step)
            return HttpResponseRedirect(reverse("admin:key"))
    more = {
        "form": form,
        "own": conf().own_sign_in,
        "file": conf().api_key_file,
        "fingerprint": "" if conf().own_sign_in else fingerprint_of(keys.current()),
    }
    return render(
        request, "administration/key/key.html", context(request, _("CoCalc's key"), **more)
    )
