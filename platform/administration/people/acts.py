"""What all acts on a person have in common: who may, by which way, and how they answer."""

from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from administration.access import View, administrators, may
from embedding.cocalc.errors import CocalcError
from embedding.problems import Busy, Problem, of_cocalc
from embedding.services.suspending import may_act_on

SEE, CHANGE, DELETE = "auth.view_user", "auth.change_user", "auth.delete_user"


def person_of(pk: int) -> User:
    """Return the person of a page, with profile and account; 404 where there is none."""
    return get_object_or_404(User.objects.select_related("profile", "cocalc_account"), pk=pk)


def actor_of(request: HttpRequest) -> User:
    """Return the administrator who asks."""
    return cast(User, request.user)


def may_act(request: HttpRequest, person: User, *permissions: str, on_self: bool = True) -> bool:
    """Say whether an administrator may do something for or about this very person."""
    actor = actor_of(request)
    return (
        may(actor, *permissions)
        and may_act_on(actor, person)
        and (on_self or actor.pk != person.pk)
    )


def only_who_may_act(
    *permissions: str, on_self: bool = True
) -> Callable[[Callable[..., HttpResponseBase]], View[Any]]:
    """Let in who may see people, holds these permissions, and may act on this very person.

    On a superuser only superusers act. Without `on_self` nobody acts on the own account. The view
    is called with the person in place of the number in the address.
    """

    def decorate(view: Callable[..., HttpResponseBase]) -> View[Any]:
        @wraps(view)
        def allowed(request: HttpRequest, /, pk: int, **more: Any) -> HttpResponseBase:
            person = person_of(pk)
            if not may_act(request, person, *permissions, on_self=on_self):
                raise PermissionDenied
            return view(request, person, **more)

        return administrators(SEE, *permissions)(allowed)

    return decorate


def act(*permissions: str, on_self: bool = True) -> Callable[[Callable[..., None]], View[Any]]:
    """Make a view of something that is done to a person by POST, and leads back to the page.

    What goes wrong is said there.
    """

    def decorate(do: Callable[..., None]) -> View[Any]:
        @wraps(do)
        def view(request: HttpRequest, person: User, **more: Any) -> HttpResponse:
            with_sentences(request, lambda: do(request, person, **more))
            return redirect("admin:person", person.pk)

        return only_who_may_act(*permissions, on_self=on_self)(require_POST(view))

    return decorate


def with_sentences(request: HttpRequest, do: Callable[[], None]) -> bool:
    """Do something that may ask CoCalc; say what went wrong, and return whether nothing did."""
    try:
        do()
    except Busy:
        words = _("This is being done this very moment. Wait a few seconds, then try again.")
        messages.error(request, words)
    except Problem as problem:
        messages.error(request, problem.message)
    except CocalcError as error:
        messages.error(request, of_cocalc(error).message)
    else:
        return True
    return False
