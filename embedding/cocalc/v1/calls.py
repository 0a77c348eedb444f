"""What all operations share: the constructor, the queries, and a strict look at the answers."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from embedding.cocalc.errors import NotCocalc
from embedding.cocalc.v1.transport import BeforeCall, OnCall, Retry, Transport
from embedding.cocalc.v1.wire import Limits, Wire

OnOpenHome = Callable[[str], None]


class Calls:
    """A client without operations."""

    def __init__(
        self,
        base_url: str,
        api_key: str,
        *,
        connect_timeout: float = 5.0,
        pool_size: int = 32,
        limits: Limits | None = None,
        on_call: OnCall | None = None,
        before_call: BeforeCall | None = None,
        on_open_home: OnOpenHome | None = None,
    ) -> None:
        self._limits = limits or Limits()
        self._wire = Wire(
            base_url,
            api_key,
            connect_timeout=connect_timeout,
            pool_size=pool_size,
            limits=self._limits,
        )
        self._transport = Transport(self._wire, self._limits, on_call, before_call)
        self._on_open_home = on_open_home

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._wire.base_url}>"

    def close(self) -> None:
        """Close the pooled connections."""
        self._wire.close()

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


def checked_uuid(value: str) -> str:
    """Return an id of the canonical form; a query with anything else may mean other rows.

    Raises ValueError.
    """
    if str(UUID(value)) != value:
        raise ValueError("Not an id of CoCalc's.")
    return value


def text_in(operation: str, answer: dict[str, Any], key: str) -> str:
    """Return a text that a success must hold. Raises NotCocalc; never shows the answer."""
    value = answer.get(key)
    if not isinstance(value, str) or not value:
        raise NotCocalc(operation, f"the answer has no {key}", status=200)
    return value


def rows_in(operation: str, answer: dict[str, Any], key: str) -> list[dict[str, Any]]:
    """Return the rows that a success must hold. Raises NotCocalc."""
    rows = answer.get(key)
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise NotCocalc(operation, f"the answer has no {key}", status=200)
    return rows
