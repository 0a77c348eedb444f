"""What is told of each call to CoCalc: a line of the log, and a signal for whoever counts.

Neither holds an argument or an answer of the call.
"""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.dispatch import Signal

from embedding.cocalc.caller import OnCall
from embedding.cocalc.errors import CocalcError

log = logging.getLogger(__name__)

# `operation`, `seconds`, `code` (the error's, "ok" without) and `generation` of each HTTP request.
made = Signal()


def told(generation: str, then: OnCall) -> OnCall:
    """Return what a client is to call after each request: it tells of it, then calls `then`."""

    def called(operation: str, seconds: float, code: str | None) -> None:
        _tell(generation, operation, seconds, code)
        then(operation, seconds, code)

    return called


@contextmanager
def timed(generation: str, operation: str) -> Iterator[None]:
    """Tell of a request to CoCalc that no client makes."""
    began = time.monotonic()
    code: str | None = None
    try:
        yield
    except CocalcError as error:
        code = error.code
        raise
    finally:
        _tell(generation, operation, time.monotonic() - began, code)


def _tell(generation: str, operation: str, seconds: float, code: str | None) -> None:
    ms, result = round(seconds * 1000), code or "ok"
    fields = {"operation": operation, "ms": ms, "code": result, "generation": generation}
    log.info(
        "CoCalc (%s) %s: %s, %d ms", generation, operation, result, ms, extra={"fields": fields}
    )
    made.send_robust(
        sender=None, operation=operation, seconds=seconds, code=result, generation=generation
    )
