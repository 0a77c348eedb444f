"""The overview's numbers alone, for the front page that is open to put in place of older ones."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from administration.access import administrators
from administration.overview.page import PERMISSIONS, shown


@administrators(*PERMISSIONS)
@require_safe
def numbers(request: HttpRequest) -> HttpResponse:
    """Render what stands on the front page above the lists."""
    return render(request, "administration/overview/overview.html", shown(request.user))
