"""A call of API v1: an event with its fields, an answer or an error, and when to try again."""

import json
import logging
import random
import time
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from embedding.cocalc.errors import (
    BadRequest,
    CannotConnect,
    CocalcError,
    OutcomeUnknown,
    ServerFault,
)
from embedding.cocalc.v1.answers import is_undone, readable, understand
from embedding.cocalc.v1.wire import Limits, Wire
from embedding.untranslated import noop

logger = logging.getLogger(__name__)

MAX_JSON = 100_000  # bytes: CoCalc takes 100 KB (recorded: 90 KB fine, 101 KB HTTP 413)
MAX_FORM = 900_000  # bytes: CoCalc takes 1 MB (recorded: 900 KB fine, 1.1 MB HTTP 413)

OnCall = Callable[[str, float, str | None], None]
BeforeCall = Callable[[str, Mapping[str, Any]], float]


class Retry(Enum):
    """When a failed call may be made again."""

    NEVER = "never"
    UNDONE = "undone"  # only where nobody can have acted on it
    ALWAYS = "always"  # also where it may have been done: twice is as good as once


class Transport:
    """Sends events to one CoCalc. Thread-safe."""

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

    def readable(self, text: str) -> str:
        """Make a text fit for an error: no secret, no control characters, not long."""
        return readable(self._wire.key.redact(text))

    def call(
        self,
        operation: str,
        event: str,
        fields: Mapping[str, Any],
        *,
        success: tuple[str, ...],
        limit: float,
        retry: Retry = Retry.NEVER,
        form: bool = False,
    ) -> dict[str, Any]:
        """Send an event and return the answer, whose own event is one of `success`.

        Args:
            limit: seconds for all attempts together; `before_call` may say less.
            form: send it form-encoded; `fields` may then hold no booleans and no lists, which
                CoCalc would take as strings.

        Raises:
            CocalcError: never with another exception in its context (see `Wire.post`).
        """
        if self._before_call:
            limit = min(limit, self._before_call(operation, fields))
        deadline = time.monotonic() + limit
        # Later than this, an attempt would be cut short, and its outcome be unknown.
        last_start = deadline - limit / 5
        attempt = 0
        while True:
            answer = self._attempt(operation, event, fields, success, deadline, form)
            if not isinstance(answer, CocalcError):
                return answer
            pause = min(self._limits.backoff * 2**attempt, self._limits.backoff_most)
            pause *= self._random.uniform(0.5, 1.5)
            attempt += 1
            may_repeat = self._may_repeat(retry, answer, attempt)
            if not may_repeat or time.monotonic() + pause > last_start:
                raise answer
            time.sleep(pause)

    def _may_repeat(self, retry: Retry, error: CocalcError, attempt: int) -> bool:
        if retry is Retry.NEVER:
            return False
        if is_undone(error):  # a project is starting: as often as the time allows
            return True
        if attempt >= self._limits.attempts:
            return False
        if isinstance(error, CannotConnect):
            return True
        return retry is Retry.ALWAYS and isinstance(error, OutcomeUnknown | ServerFault)

    def _attempt(
        self,
        operation: str,
        event: str,
        fields: Mapping[str, Any],
        success: tuple[str, ...],
        deadline: float,
        form: bool,
    ) -> dict[str, Any] | CocalcError:
        call_id = str(uuid4())
        body = _encode({**fields, "id": call_id}, form)
        if len(body) > (MAX_FORM if form else MAX_JSON):
            return BadRequest(operation, noop("too large to send"))
        started = time.monotonic()
        response = self._wire.post(operation, event, body, form, deadline)
        answer = (
            response
            if isinstance(response, CocalcError)
            else understand(operation, response, success, call_id, self._wire.key.redact)
        )
        seconds = time.monotonic() - started
        failure = answer if isinstance(answer, CocalcError) else None
        code = failure.code if failure else None
        status = failure.status if failure else 200
        logger.debug("%s: HTTP %s, %d ms, %s", operation, status, seconds * 1000, code or "ok")
        if self._on_call:
            self._on_call(operation, seconds, code)
        return answer


def fits_json(fields: Mapping[str, Any]) -> bool:
    """Say whether CoCalc takes these fields as JSON."""
    return len(_encode(fields, form=False)) <= MAX_JSON - 100  # for the id


def _encode(fields: Mapping[str, Any], form: bool) -> bytes:
    if not form:
        return json.dumps(fields, ensure_ascii=False).encode()
    for value in fields.values():
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise TypeError("A form holds texts and numbers only.")
    return urlencode(fields).encode()
