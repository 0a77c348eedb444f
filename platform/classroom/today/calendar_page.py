"""A calendar, for the program that has its secret address."""

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from classroom.today.calendar_feed import calendar_of
from classroom.today.calendar_link import calendar_user


@never_cache
@require_safe
def calendar(request: HttpRequest, signed: str) -> HttpResponse:
    """Give out the calendar of whose address this is, whoever asks."""
    user = calendar_user(signed)
    if user is None:
        raise Http404
    response = HttpResponse(calendar_of(user), content_type="text/calendar; charset=utf-8")
    response["Content-Disposition"] = 'inline; filename="calendar.ics"'
    response["Referrer-Policy"] = "no-referrer"
    return response
