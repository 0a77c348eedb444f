"""What each process counts: requests, and calls to CoCalc.

All labels are few and known: patterns of addresses, names of operations, codes.
"""

import os
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram, values
from prometheus_client.multiprocess import MultiProcessCollector

from config.metrics import slots
from config.request_lines import answered
from embedding import calls

_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


_current: "Counting | None" = None


def start(folder: Path) -> "Counting":
    """Have this process count; slots.NoFolder where the folder cannot be written to."""
    global _current
    _current = Counting(folder)
    return _current


def all_processes() -> CollectorRegistry:
    """Return what all processes have counted together; nothing where this one does not count."""
    return _current.all_processes() if _current else CollectorRegistry()


class Counting:
    """Counts into files of a folder that all processes of this machine share."""

    def __init__(self, folder: Path) -> None:
        """Begin; slots.NoFolder where the folder cannot be written to."""
        self._folder = folder
        # The library asks the environment for it with each new label.
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
        values.ValueClass = values.MultiProcessValue(lambda: slots.number(folder))
        own = CollectorRegistry()
        self._requests = Counter(
            "lectern_requests",
            "Requests answered, by the pattern of their address.",
            ("method", "route", "status"),
            registry=own,
        )
        self._request_seconds = Histogram(
            "lectern_request_seconds",
            "From a request's first byte here to the answer's last.",
            ("route",),
            buckets=_SECONDS,
            registry=own,
        )
        self._calls = Counter(
            "lectern_cocalc_calls",
            "HTTP requests to CoCalc, and how each ended: ok, or the code of an error.",
            ("operation", "result"),
            registry=own,
        )
        self._call_seconds = Histogram(
            "lectern_cocalc_call_seconds",
            "How long CoCalc took to answer.",
            ("operation",),
            buckets=_SECONDS,
            registry=own,
        )
        answered.connect(self._answered)
        calls.made.connect(self._called)

    def stop(self) -> None:
        """Count nothing any more."""
        answered.disconnect(self._answered)
        calls.made.disconnect(self._called)

    def all_processes(self) -> CollectorRegistry:
        """Return what all processes have counted together."""
        registry = CollectorRegistry()
        MultiProcessCollector(registry, path=str(self._folder))
        return registry

    def _answered(self, *, method: str, route: str, status: int, seconds: float, **_: Any) -> None:
        self._requests.labels(method, route, str(status)).inc()
        self._request_seconds.labels(route).observe(seconds)

    def _called(self, *, operation: str, seconds: float, code: str, **_: Any) -> None:
        self._calls.labels(operation, code).inc()
        self._call_seconds.labels(operation).observe(seconds)
