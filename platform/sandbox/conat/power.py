"""Starting and stopping as a server of 2025 and later does it (read in its source).

A call that comes while the project starts or stops has no effect and ends at once. A start ends
when the project runs: where it never does, the call never ends.
"""

import asyncio
import contextlib
import time
from typing import Any

from sandbox.conat.functions import Thrown
from sandbox.hub import Hub
from sandbox.projects import NEVER, NotStarted

_LOOK_EVERY = 0.05


async def start(hub: Hub, project_id: str) -> None:
    """Start it unless it runs, starts or stops. Raises Thrown with what the launcher threw."""
    if hub.projects.is_moving(project_id):
        return
    try:
        await hub.projects.start(project_id)
    except NotStarted as problem:
        if problem.error != NEVER:
            raise Thrown(problem.error) from None
        await _wait_for_ever(hub, project_id)


async def _wait_for_ever(hub: Hub, project_id: str) -> None:
    """Wait for a project that never comes up, or, once it may come up again, until it has."""
    while hub.quirks.never_starts or hub.quirks.stuck_starting:
        await asyncio.sleep(_LOOK_EVERY)
    with contextlib.suppress(NotStarted):
        await hub.projects.start(project_id)


async def stop(hub: Hub, project_id: str) -> None:
    """Stop it unless it is stopped, or on its way there or up."""
    if not hub.projects.is_moving(project_id):
        await hub.projects.stop(project_id)


async def wait_until_running(hub: Hub, project_id: str, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while not hub.projects.is_running(project_id):
        if time.monotonic() >= end:
            return False
        await asyncio.sleep(_LOOK_EVERY)
    return True


def state_of(hub: Hub, project_id: str) -> dict[str, Any]:
    """The state as its function tells it: on the way there is neither address nor time."""
    if hub.projects.is_moving(project_id):
        return {"state": hub.projects.state(project_id)["state"]}
    return hub.projects.state(project_id) | {"ip": "127.0.0.1"}
