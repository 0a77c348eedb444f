"""What the operations of API v1 share: the transport, and the queries."""

from typing import Any, ClassVar

from embedding.cocalc import calls
from embedding.cocalc.caller import Retry
from embedding.cocalc.errors import NotCocalc
from embedding.cocalc.v1.transport import Transport
from embedding.cocalc.wire import Scheme


class Calls(calls.Calls):
    """A client of API v1 without operations."""

    scheme: ClassVar[Scheme] = "Basic"

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._transport = Transport(self._wire, self._limits, self._on_call, self._before_call)

    def _query(
        self, operation: str, query: dict[str, Any], *, retry: Retry, limit: float | None = None
    ) -> dict[str, Any]:
        """Send a query and return its result: one table with its row or rows, or an empty object.

        CoCalc takes any `null` inside for the wish to read, and only a query without for a change.
        """
        answer = self._transport.call(
            operation,
            "query",
            {"query": query},
            success=("query",),
            limit=limit or self._limits.call,
            retry=retry,
        )
        result = answer.get("query")
        if not isinstance(result, dict):
            raise NotCocalc(operation, "the answer has no query", status=200)
        return result
