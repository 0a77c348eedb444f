"""What the drivers of all generations share: the constructor, and how a client is closed."""

from collections.abc import Callable
from typing import ClassVar

from embedding.cocalc.caller import BeforeCall, OnCall
from embedding.cocalc.reading import readable
from embedding.cocalc.wire import Limits, Scheme, Wire

OnOpenHome = Callable[[str], None]


class Calls:
    """A client without operations."""

    scheme: ClassVar[Scheme]

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
            scheme=self.scheme,
            connect_timeout=connect_timeout,
            pool_size=pool_size,
            limits=self._limits,
        )
        self._on_call, self._before_call = on_call, before_call
        self._on_open_home = on_open_home

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._wire.base_url}>"

    def close(self) -> None:
        """Close the pooled connections."""
        self._wire.close()

    def _readable(self, text: str) -> str:
        """Make a text fit for an error: no secret, no control characters, not long."""
        return readable(self._wire.key.redact(text))
