"""What stands before all views: a look at how much comes, and a turn at CoCalc for each request.

After a request whose calls have failed, somebody looks whether CoCalc is there at all.
"""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import Resolver404, resolve
from django.utils.translation import gettext as _

from embedding import bodies
from embedding.cocalc.errors import CocalcError
from embedding.problems import Problem, of_cocalc
from embedding.services import state
from embedding.services.rights import acting
from embedding.sizes import size_text
from embedding.turns import Lasting, Turn
from embedding.views.access import answer, is_for_scripts, signed_out
from embedding.views.shell import show_problem


class Bodies:
    """Refuses a body that is too large by its length, before anybody reads it.

    After the middleware that signs in. What checks forms may stand before it: that reads later.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        problem = _refusal(request)
        if problem is None:
            return self._get_response(request)
        json = request.headers.get("Accept", "").startswith("application/json")
        if json or is_for_scripts(_view(request)):
            return answer(problem)
        return show_problem(request, _("This request was refused"), problem)


def _view(request: HttpRequest) -> Callable[..., object] | None:
    try:
        return resolve(request.path_info).func
    except Resolver404:
        return None


def _refusal(request: HttpRequest) -> Problem | None:
    if "Transfer-Encoding" in request.headers:
        return Problem(
            "no_length",
            _("Your browser did not say how large this is. Please try again."),
            status=411,
        )
    given = str(request.META.get("CONTENT_LENGTH") or "")
    length = int(given) if given.isdecimal() else 0  # as Django reads it
    if length <= bodies.SIGNED_OUT:
        return None
    if not request.user.is_authenticated:
        return signed_out()
    limit = bodies.limit_of(_view(request))
    if length <= limit + bodies.AROUND:
        return None
    return Problem(
        "too_large",
        _("This is too large. You can send up to %(size)s at once.") % {"size": size_text(limit)},
        status=413,
    )


class Acting:
    """Says who acts, for events of what changes users' rights; after who signs in is known."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        with acting(lambda: request.user.get_username()):
            return self._get_response(request)


class Turns:
    """Gives each request its turn (`embedding.turns`); after the middleware that signs in."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        state.tell()
        turn = Turn(lambda: request.user.pk)
        lasts = False
        try:
            with turn.on():
                response = self._get_response(request)
            if getattr(response, "streaming", False) and not getattr(response, "is_async", False):
                response.streaming_content = Lasting(  # type: ignore[attr-defined]
                    turn,
                    response.streaming_content,  # type: ignore[attr-defined]
                )
                lasts = True
            return response
        finally:
            if not lasts:
                turn.end()
            state.tell()

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Tell on a page of its own what CoCalc could not do, where a view leaves it at that."""
        if not isinstance(error, CocalcError):
            return None
        problem = of_cocalc(error)
        response = show_problem(request, _("CoCalc could not do this"), problem)
        if problem.retry_after is not None:
            response["Retry-After"] = str(problem.retry_after)
        return response
