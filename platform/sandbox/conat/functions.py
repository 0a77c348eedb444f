"""What the two bridges offer: functions by name, each since a day on which a server got it.

A module of functions registers them where it is imported:

    @hub_function("projects.touch", since="2025-11-21")
    async def touch(call: Call) -> None: ...

What a function returns is the answer (None is `null`), what it raises is the error.
"""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from sandbox.hub import Hub
from sandbox.quirks import TOLD_TO_FAIL
from sandbox.store import Account

FIRST = "2025-08-29"  # the bridges themselves
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Call:
    """One call by a bridge: who calls, which project was named, and what with.

    `caller` is None for a project's own key. `project_id` is None on the hub's bridge.
    """

    hub: Hub
    caller: Account | None
    project_id: str | None
    args: list[Any] = field(default_factory=list)

    @property
    def given(self) -> dict[str, Any]:
        """The one object that most functions take; empty where there is none."""
        first = self.args[0] if self.args else None
        return first if isinstance(first, dict) else {}


class Thrown(Exception):
    """A function threw. `what` is as the caller reads it in `error`, its class name in front.

    `Thrown("Error: no such thing")` for a thrown Error, `Thrown("killed command 'c'")` for a
    thrown text, `Thrown(1)` for a thrown number.
    """

    def __init__(self, what: object) -> None:
        super().__init__(what)
        self.what = what


Function = Callable[[Call], Awaitable[Any]]


@dataclass(frozen=True)
class Offered:
    """A function, and the first day of a server that has it."""

    run: Function
    since: str


HUB: dict[str, Offered] = {}
PROJECT: dict[str, Offered] = {}


def hub_function(name: str, *, since: str = FIRST) -> Callable[[Function], Function]:
    """Offer a function at `/api/conat/hub`."""
    return _offered(HUB, name, since)


def project_function(name: str, *, since: str = FIRST) -> Callable[[Function], Function]:
    """Offer a function at `/api/conat/project`."""
    return _offered(PROJECT, name, since)


async def carry_out(hub: Hub, name: str, work: Callable[[], Awaitable[Any]]) -> Any:
    """Do what a call asks for. Raises Thrown, whatever broke: an answer is due."""
    await hub.quirks.delay(name)
    if name in hub.quirks.fail_events:
        raise Thrown(TOLD_TO_FAIL)
    try:
        return await work()
    except Thrown:
        raise
    except Exception as problem:
        log.exception("function %s", name)
        raise Thrown(f"Error: {problem}") from problem


def _offered(where: dict[str, Offered], name: str, since: str) -> Callable[[Function], Function]:
    def offer(function: Function) -> Function:
        where[name] = Offered(function, since)
        return function

    return offer
