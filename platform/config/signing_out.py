"""Signing out, here and at CoCalc: where it has a door (`embedding.door`)."""

from django.contrib.auth.views import LogoutView
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from embedding.services.door import USED_TABS, codes_end, way_out
from embedding.views.access import origin_of


class SignOut(LogoutView):
    """Django's own, which then has the browser's sign-in to CoCalc ended, too."""

    def post(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        """End the site's session, whatever becomes of CoCalc's."""
        was_somebody = request.user.is_authenticated
        if request.user.is_authenticated:
            codes_end(request.user)
        used_tabs = request.session.get(USED_TABS, False)
        response = super().post(request, *args, **kwargs)
        way = way_out(origin_of(request), used_tabs=used_tabs) if was_somebody else ""
        return HttpResponseRedirect(way) if way else response
