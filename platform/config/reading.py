"""What a user has chosen for all pages: their time zone, light or dark."""

from collections.abc import Callable
from zoneinfo import ZoneInfo

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from classroom.models import Profile
from classroom.pages.own_zone import read_in


class OwnZone:
    """Answers each request in the user's own time zone; after the middleware that signs in."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        name = Profile.of(request.user).time_zone if request.user.is_authenticated else ""
        with read_in(ZoneInfo(name) if name else None):
            return self._get_response(request)
