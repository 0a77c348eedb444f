"""What goes wrong with CoCalc, told on the page that comes next."""

import logging
from types import TracebackType

from django.contrib import messages
from django.http import HttpRequest
from django.utils.translation import gettext as _

from embedding.cocalc.errors import CocalcError
from embedding.problems import Busy, Problem, of_cocalc

log = logging.getLogger(__name__)


class Telling:
    """Turns what CoCalc or we cannot do into a message; the rest of the block is left out."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        if isinstance(error, Busy):
            self._tell(_("The course’s project is being prepared. Try again in a moment."))
        elif isinstance(error, CocalcError | Problem):
            problem = of_cocalc(error) if isinstance(error, CocalcError) else error
            level = logging.WARNING if problem.status >= 500 else logging.INFO
            request = self._request
            log.log(level, "%s %s: %s", request.method, request.path, problem.detail or problem)
            self._tell(problem.message)
        else:
            return False
        return True

    def _tell(self, message: str) -> None:
        messages.error(self._request, message)
