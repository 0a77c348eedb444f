"""Calling CoCalc: for how long, when to try again, and who is told of it."""

import logging
import random
import time
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, TypeVar

from embedding.cocalc.errors import CannotConnect, CocalcError, OutcomeUnknown, ServerFault
from embedding.cocalc.wire import Limits, Wire

logger = logging.getLogger(__name__)

OnCall = Callable[[str, float, str | None], None]
BeforeCall = Callable[[str, Mapping[str, Any]], float]
T = TypeVar("T")


class Retry(Enum):
    """When a failed call may be made again."""

    NEVER = "never"
    UNDONE = "undone"  # only where nobody can have acted on it
    ALWAYS = "always"  # also where it may have been done: twice is as good as once


class Caller:
    """Makes the calls to one CoCalc. Thread-safe."""

    def __init__(
        self,
        wire: Wire,
        limits: Limits,
        on_call: OnCall | None,
        before_call: BeforeCall | None = None,
    ) -> None:
        self._wire = wire
        self._limits = limits
        self._on_call = on_call
        self._before_call = before_call
        self._random = random.SystemRandom()

    def repeat(
        self,
        operation: str,
        fields: Mapping[str, Any],
        attempt: Callable[[float], T | CocalcError],
        *,
        limit: float,
        retry: Retry,
        is_undone: Callable[[CocalcError], bool],
    ) -> T:
        """Call until it succeeds, or may not be tried again.

        Args:
            fields: what `before_call` is shown, the ids of projects among them.
            attempt: one exchange, given its deadline by the monotonic clock.
            limit: seconds for all attempts together; `before_call` may say less.
            is_undone: whether a failed call reached nobody who could have acted.

        Raises:
            CocalcError: never with another exception in its context (see `Wire.post`).
        """
        if self._before_call:
            limit = min(limit, self._before_call(operation, fields))
        deadline = time.monotonic() + limit
        # Later than this, an attempt would be cut short, and its outcome be unknown.
        last_start = deadline - limit / 5
        attempts = 0
        while True:
            answer = self._timed(operation, attempt, deadline)
            if not isinstance(answer, CocalcError):
                return answer
            pause = min(self._limits.backoff * 2 ** min(attempts, 30), self._limits.backoff_most)
            pause *= self._random.uniform(0.5, 1.5)
            attempts += 1
            may_repeat = self._may_repeat(retry, answer, attempts, undone=is_undone(answer))
            if not may_repeat or time.monotonic() + pause > last_start:
                raise answer
            time.sleep(pause)

    def _may_repeat(self, retry: Retry, error: CocalcError, attempts: int, *, undone: bool) -> bool:
        if retry is Retry.NEVER:
            return False
        if undone:  # a project is starting: as often as the time allows
            return True
        if attempts >= self._limits.attempts:
            return False
        if isinstance(error, CannotConnect):
            return True
        return retry is Retry.ALWAYS and isinstance(error, OutcomeUnknown | ServerFault)

    def _timed(
        self, operation: str, attempt: Callable[[float], T | CocalcError], deadline: float
    ) -> T | CocalcError:
        started = time.monotonic()
        answer = attempt(deadline)
        seconds = time.monotonic() - started
        failure = answer if isinstance(answer, CocalcError) else None
        code = failure.code if failure else None
        status = failure.status if failure else 200
        logger.debug("%s: HTTP %s, %d ms, %s", operation, status, seconds * 1000, code or "ok")
        if self._on_call:
            self._on_call(operation, seconds, code)
        return answer
