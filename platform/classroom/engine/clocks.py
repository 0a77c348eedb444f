"""What workers do every so often, beside the queue: apps above this one add to it in `ready()`.

    every(60, count_hours)

Each runs in a thread of its own, in every worker at once: what must not be done twice sees to
that itself. What it raises is logged, and it is tried again after its pause.
"""

from collections.abc import Callable

Clock = tuple[float, Callable[[], object]]

_clocks: list[Clock] = []


def every(seconds: float, work: Callable[[], object]) -> None:
    """Have workers do something again and again, with a pause of so many seconds."""
    if (seconds, work) not in _clocks:
        _clocks.append((seconds, work))


def clocks() -> list[Clock]:
    """Return what was added."""
    return list(_clocks)
