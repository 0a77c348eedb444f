"""A call of API v1: an event with its fields, an answer or an error."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from embedding.cocalc.caller import Caller, Retry
from embedding.cocalc.errors import BadRequest, CocalcError
from embedding.cocalc.v1.answers import is_undone, understand
from embedding.untranslated import noop

MAX_JSON = 100_000  # bytes: CoCalc takes 100 KB (recorded: 90 KB fine, 101 KB HTTP 413)
MAX_FORM = 900_000  # bytes: CoCalc takes 1 MB (recorded: 900 KB fine, 1.1 MB HTTP 413)


class Transport(Caller):
    """Sends events to one CoCalc. Thread-safe."""

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

        def attempt(deadline: float) -> dict[str, Any] | CocalcError:
            return self._attempt(operation, event, fields, success, deadline, form)

        return self.repeat(
            operation, fields, attempt, limit=limit, retry=retry, is_undone=is_undone
        )

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
        kind = "application/x-www-form-urlencoded" if form else "application/json"
        response = self._wire.post(operation, f"api/v1/{event}", body, kind, deadline)
        if isinstance(response, CocalcError):
            return response
        return understand(operation, response, success, call_id, self._wire.key.redact)


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
