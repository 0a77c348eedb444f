"""Functions of a project that touch no file: whether it is there, and how old its server is."""

from datetime import UTC, datetime
from typing import Any

from sandbox.conat.functions import Call, project_function

_BUILT = "2026-07-03T12:17:12"


@project_function("ping")
async def pong(call: Call) -> str:
    return "pong"


@project_function("system.ping")
async def ping(call: Call) -> dict[str, Any]:
    return {"now": int(call.hub.clock.now() * 1000)}


@project_function("system.test", since="2025-10-23")
async def test(call: Call) -> dict[str, Any]:
    return {"project_id": call.given["project_id"], "server_time": int(call.hub.clock.now() * 1000)}


@project_function("system.version")
async def version(call: Call) -> int:
    """When the server was built, in seconds since 1970."""
    day = call.hub.quirks.server_date
    built = datetime.fromisoformat(day or _BUILT).replace(tzinfo=UTC)
    return int(built.timestamp())


@project_function("system.terminate")
async def terminate(call: Call) -> dict[str, Any]:
    """End the project's API, until the project starts anew."""
    if call.project_id:
        call.hub.daemons.of(call.project_id).terminated = True
    return {"status": "terminated", "service": call.given.get("service")}
