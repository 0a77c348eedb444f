"""What a user has chosen for all pages: their language and time zone, light or dark."""

from collections.abc import Callable
from zoneinfo import ZoneInfo

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import translation

from classroom.models import Profile
from classroom.pages.own_zone import read_in


class OwnChoices:
    """Answers each request in the user's own language and time zone.

    It comes after the middleware that signs in, and after Django's `LocaleMiddleware`, whose
    choice by the browser stays where the user has made none.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        chosen = Profile.of(request.user) if request.user.is_authenticated else Profile()
        if language := chosen.own_language:
            translation.activate(language)
            request.LANGUAGE_CODE = language
        with read_in(ZoneInfo(chosen.time_zone) if chosen.time_zone else None):
            return self._get_response(request)
