"""Who may see a page of the administration: the line that each begins with."""

from collections.abc import Callable
from functools import update_wrapper
from typing import Any, Concatenate, ParamSpec

from django.contrib import admin
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, PermissionsMixin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.http.response import HttpResponseBase

P = ParamSpec("P")
# A permission that nobody can be given: superusers alone hold whatever is asked for.
SUPERUSERS = "administration.superusers_alone"
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def administrators(*permissions: str) -> Callable[[View[P]], View[P]]:
    """Let in staff who hold all these permissions, such as "auth.view_user"; with none, any staff.

    Whoever is not signed in as staff is led to the sign-in, as by all of Django's admin; staff
    without a permission get 403. The answers are not kept by browsers.
    """

    def decorate(view: View[P]) -> View[P]:
        def allowed(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            if not may(request.user, *permissions):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        def page(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            return admin.site.admin_view(allowed)(request, *args, **kwargs)

        update_wrapper(page, view)
        return page

    return decorate


def may(user: AbstractBaseUser | AnonymousUser, *permissions: str) -> bool:
    """Return whether a user holds all these permissions, for what a page offers."""
    return isinstance(user, PermissionsMixin) and user.has_perms(permissions)


def context(request: HttpRequest, title: str, **more: Any) -> dict[str, Any]:
    """Return what the template `administration/page.html` needs, with what the page itself does."""
    return {**admin.site.each_context(request), "title": title, **more}
