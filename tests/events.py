"""What calls of CoCalc are named in the stand-in's log, and in its quirks, whatever the generation.

Tests name them as API v1 does. What a driver asks besides, to find out how old a server is or to
end a token, is left out: which calls an operation costs is told by the drivers' own tests.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import requests

from sandbox.process import SandboxProcess

_AS_V1 = {
    "hub db.userQuery": "query",
    "hub projects.addCollaborator": "add_collaborator",
    "hub projects.copyPathBetweenProjects": "copy_path_between_projects",
    "hub projects.createProject": "create_project",
    "hub projects.removeCollaborator": "remove_collaborator",
    "hub system.generateUserAuthToken": "user_auth",
    "hub system.userSearch": "user_search",
    "project system.exec": "project_exec",
    "v2 auth/sign-up": "create_account",
}
_STATE = "hub projects.state"  # of no project: only whether the server has the function
_BESIDES = {"hub org.expireToken", "hub system.revokeUserAuthToken", _STATE}


def as_v1(counts: Mapping[str, int]) -> dict[str, int]:
    """Give how often each was called, by API v1's names."""
    found: Counter[str] = Counter()
    for event, count in counts.items():
        if event not in _BESIDES:
            found[_AS_V1.get(event, event)] += count
    return dict(found)


class NamedAsV1(SandboxProcess):
    """A stand-in whose calls have API v1's names, whichever generation it plays."""

    def calls(self) -> dict[str, Any]:
        found = super().calls()
        counts = Counter(
            "query" if call["event"] == _STATE and "project_id" in call else call["event"]
            for call in found["log"]
        )
        return found | {"counts": as_v1(counts)}

    def quirks(self, **changes: Any) -> dict[str, Any]:
        for name in ("latency_events", "hang_events", "fail_events", "lost_replies"):
            if name in changes and self.generation == "conat":
                changes[name] = [each for event in changes[name] for each in _on_conat(event)]
        return super().quirks(**changes)


def ask(sandbox: SandboxProcess, event: str, *, key: str = "", **fields: Any) -> str:
    """Ask CoCalc past the site, with the admin's key or another; return what it says against it.

    "" where it did as it was told. `event` and `fields` are API v1's.
    """
    key = key or sandbox.admin_key
    if sandbox.generation == "v1":
        url, body, auth = f"{sandbox.url}/api/v1/{event}", fields, (key, "")
    else:
        [function] = _on_conat(event)
        given = {"opts": fields} if event.endswith("_collaborator") else fields
        url, auth = f"{sandbox.url}/api/conat/hub", (key, "")
        body = {"name": function, "args": [given]}
    answer = requests.post(url, json=body, auth=auth, timeout=30).json()
    return str(answer.get("error", "")) if isinstance(answer, dict) else ""


def _on_conat(event: str) -> list[str]:
    """Give the functions that do on conat what an event does on v1, as its quirks name them."""
    return [each.split(" ", 1)[1] for each, v1 in _AS_V1.items() if v1 == event] or [event]
