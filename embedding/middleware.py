"""What stands before all views: a turn at CoCalc for each request."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from embedding.cocalc.errors import CocalcError
from embedding.problems import of_cocalc
from embedding.turns import Lasting, Turn
from embedding.views.shell import show_problem


class Turns:
    """Gives each request its turn (`embedding.turns`); after the middleware that signs in."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
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

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Tell on a page of its own what CoCalc could not do, where a view leaves it at that."""
        if not isinstance(error, CocalcError):
            return None
        problem = of_cocalc(error)
        response = show_problem(request, "CoCalc could not do this", problem)
        if problem.retry_after is not None:
            response["Retry-After"] = str(problem.retry_after)
        return response
