"""A site without a key of CoCalc's (COCALC_SIGN_IN=own) has no courses: it says so instead.

Every step of a course works in projects of CoCalc's with the site's key. What is in the database
stays there, and is back together with a key.
"""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _

from config.errors import answer
from embedding.conf import conf

# Of the classroom's pages, what is a user's own and no course's.
WITHOUT_KEY = ("today", "profile", "address", "address-prove", "unsubscribe")


class Courses:
    """Answers 501 for all pages of courses, by any method and for anybody, before they do a thing.

    By a list of what is left: a page that is new is none of it.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self._get_response(request)

    def process_view(
        self, request: HttpRequest, _view: object, _args: Any, _kwargs: Any
    ) -> HttpResponse | None:
        """Refuse, or go on."""
        match = request.resolver_match
        if match is None or match.namespace != "classroom" or match.url_name in WITHOUT_KEY:
            return None
        return refusal(request) if conf().own_sign_in else None


def refusal(request: HttpRequest) -> HttpResponse:
    """Say that courses are off, and why."""
    return answer(
        request,
        501,
        _("There are no courses on this site"),
        _("Courses need a key of CoCalc’s, and this site has none."),
        "no_key",
    )
