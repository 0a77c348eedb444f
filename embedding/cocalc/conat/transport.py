"""A call of a function by one of CoCalc's two bridges: its result, or an error."""

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

from embedding.cocalc.caller import Caller, Retry
from embedding.cocalc.conat.answers import Shape, is_undone, understand
from embedding.cocalc.errors import BadRequest, CocalcError
from embedding.untranslated import noop

MAX_BODY = 1_048_576  # bytes, what Next.js takes ("Body exceeded 1mb limit")
THEIRS = 0.9  # of our own time: CoCalc gives up before we do, and says so


class Bridges(Caller):
    """Calls functions of one CoCalc's hub, and of its projects. Thread-safe."""

    def hub(
        self,
        operation: str,
        function: str,
        args: Sequence[Any],
        *,
        shape: Shape,
        limit: float,
        retry: Retry = Retry.NEVER,
        about: Mapping[str, Any] | None = None,
        secret: str = "",
    ) -> Any:
        """Call a function of the hub and return its result, which has this `shape`.

        Args:
            args: positional; nearly every function takes one object.
            limit: seconds for all attempts together; `before_call` may say less.
            about: the ids of the projects that it is about, for `before_call`.
            secret: what no error may repeat, such as a token.

        Raises:
            CocalcError: never with another exception in its context (see `Wire.post`).
            UnknownFunction: this server is older than the function.
        """
        request = {"name": function, "args": list(args)}
        return self._call(
            operation, "hub", request, shape, about or {}, limit, retry, secret=secret
        )

    def project(
        self,
        operation: str,
        project_id: str,
        function: str,
        args: Sequence[Any],
        *,
        shape: Shape,
        limit: float,
        work: float,
        retry: Retry = Retry.NEVER,
    ) -> Any:
        """Call a function of a project; CoCalc starts it first, which does not count as work.

        Args:
            work: seconds that the function itself may take. CoCalc is told some more (the margin
                of our limits), in which the project's side must also have come up.
            limit: as for `hub`; leave it time for a start.
        """
        request = {"project_id": project_id, "name": function, "args": list(args)}
        about = {"project_id": project_id}
        return self._call(operation, "project", request, shape, about, limit, retry, work=work)

    def v2(
        self,
        operation: str,
        route: str,
        fields: Mapping[str, Any],
        *,
        shape: Shape,
        limit: float,
        secret: str,
    ) -> Any:
        """Post to a route of API v2, which knows no `timeout`. Never retried."""

        def attempt(deadline: float) -> Any:
            body = _encode(fields)
            return self._post(operation, f"api/v2/{route}", body, shape, deadline, secret)

        return self.repeat(
            operation, {}, attempt, limit=limit, retry=Retry.NEVER, is_undone=is_undone
        )

    def _call(
        self,
        operation: str,
        bridge: str,
        request: dict[str, Any],
        shape: Shape,
        about: Mapping[str, Any],
        limit: float,
        retry: Retry,
        *,
        work: float | None = None,
        secret: str = "",
    ) -> Any:
        def attempt(deadline: float) -> Any:
            seconds = (deadline - time.monotonic()) * THEIRS
            if work is not None:
                seconds = min(seconds, work + self._limits.margin)
            # In milliseconds, while a command's own time is in seconds. 0 is an error.
            body = _encode({**request, "timeout": max(int(seconds * 1000), 1)})
            if len(body) > MAX_BODY:
                return BadRequest(operation, noop("too large to send"))
            return self._post(operation, f"api/conat/{bridge}", body, shape, deadline, secret)

        return self.repeat(operation, about, attempt, limit=limit, retry=retry, is_undone=is_undone)

    def _post(
        self, operation: str, path: str, body: bytes, shape: Shape, deadline: float, secret: str
    ) -> Any:
        response = self._wire.post(operation, path, body, "application/json", deadline)
        if isinstance(response, CocalcError):
            return response

        def redact(text: str) -> str:
            text = self._wire.key.redact(text)
            return text.replace(secret, "[secret]") if secret else text

        return understand(operation, response, shape, redact)


def fits(function: str, args: Sequence[Any]) -> bool:
    """Say whether CoCalc takes such a call of a project's function in one request."""
    return len(_encode({"name": function, "args": list(args)})) <= MAX_BODY - 200  # for the rest


def _encode(fields: Mapping[str, Any]) -> bytes:
    return json.dumps(fields, ensure_ascii=False).encode()
