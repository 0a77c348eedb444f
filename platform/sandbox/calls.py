"""The log of API calls: tests count with it what a page view costs CoCalc."""

from collections import Counter, deque
from typing import Any


class Calls:
    def __init__(self) -> None:
        self._log: deque[dict[str, Any]] = deque(maxlen=10_000)
        self._counts: Counter[str] = Counter()

    def begin(self, event: str, account_id: str | None, mesg: dict[str, Any]) -> dict[str, Any]:
        """Enter a call when it arrives, so that one never answered is seen too."""
        ids = {name: mesg[name] for name in mesg if name.endswith(("project_id", "account_id"))}
        entry = {"event": event, "by": account_id, **ids, "status": None, "ms": None}
        self._log.append(entry)
        self._counts[event] += 1
        return entry

    def reset(self) -> None:
        self._log.clear()
        self._counts.clear()

    def as_dict(self) -> dict[str, Any]:
        return {"counts": dict(self._counts), "log": list(self._log)}
