"""Django's own pages for a forgotten password, with what `classroom.people.resetting` asks of them.

The mailed link leads to a page whose address no longer holds the token: Django keeps it in the
session, so that no log or `Referer` of what follows has it.
"""

from typing import Any

from axes.handlers.proxy import AxesProxyHandler
from django.contrib.auth import views
from django.contrib.auth.forms import PasswordResetForm, SetPasswordForm
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render

from classroom.conf import conf
from classroom.people.resetting import reset_ask, reset_done
from config.signing_in import client_address
from embedding.problems import Problem


class AddressForm(PasswordResetForm):
    """Asks for the mail; whether anybody has the address is not said."""

    def save(self, *, request: HttpRequest, **_: Any) -> None:  # type: ignore[override]
        """Problem as `reset_ask`."""
        reset_ask(self.cleaned_data["email"], visitor=client_address(request) or "")


class Ask(views.PasswordResetView):
    """Asks for the address; where the site sends no mail, says whom to ask."""

    form_class = AddressForm

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not conf().mail:
            status = 409 if request.method == "POST" else 200
            return render(request, "registration/password_reset_none.html", status=status)
        return super().dispatch(request, *args, **kwargs)

    def form_valid(self, form: PasswordResetForm) -> HttpResponse:
        try:
            return super().form_valid(form)
        except Problem as problem:
            form.add_error(None, problem.message)
            response = self.render_to_response(self.get_context_data(form=form))
            response.status_code = problem.status
            if problem.retry_after:
                response["Retry-After"] = str(problem.retry_after)
            return response


class Confirm(views.PasswordResetConfirmView):
    """Takes the new password of who opened the mailed link."""

    def get_user(self, uidb64: str) -> Any:
        """Return whose link it is; None also for who was switched off since."""
        user = super().get_user(uidb64)
        return user if user and user.is_active else None

    def form_valid(self, form: "SetPasswordForm[User]") -> HttpResponse:
        response = super().form_valid(form)
        reset_done(form.user)
        # Who guessed wrong before asking need not wait now.
        AxesProxyHandler.reset_attempts(
            username=form.user.get_username(), ip_address=client_address(self.request)
        )
        return response
