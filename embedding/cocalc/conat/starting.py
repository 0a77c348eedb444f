"""Whether a project runs, and making it run or stop.

CoCalc starts and stops without any limit of time, and a start or stop that is asked for meanwhile
is answered at once, without effect: what counts is the state afterwards.
"""

import time
from typing import Any

from embedding.cocalc.caller import Retry
from embedding.cocalc.conat.answers import is_state, is_void
from embedding.cocalc.conat.calls import Calls
from embedding.cocalc.errors import (
    CannotStart,
    Forbidden,
    NotStarted,
    OutcomeUnknown,
    StillStarting,
)
from embedding.cocalc.projects import STOPPED, UNSEEN, state_of
from embedding.cocalc.reading import checked_uuid

POLL = 0.5  # seconds between two looks at a project that starts or stops
SETTLED = 3.0  # seconds in which a stopped project's state may still be the one from before
STARTS = 2  # the first may find the project stopping, and be without effect


class Starting(Calls):
    """The operations on a project's state."""

    def project_state(self, project_id: str, *, limit: float | None = None) -> str:
        try:
            return self._state("project_state", project_id, limit=limit)
        except Forbidden as forbidden:
            if limit:
                raise
            refused = forbidden
        # A site admin's key is told whether there is such a project at all.
        self._row("project_state", project_id, {"title": None})
        raise refused

    def start_project(self, project_id: str) -> None:
        """Start it and look until it runs. Raises StillStarting where it hangs in `starting`."""
        deadline = time.monotonic() + self._limits.start
        for _ in range(STARTS):
            try:
                self._ask_to_start("start_project", project_id, deadline - time.monotonic())
            except OutcomeUnknown:
                # Not where a shorter limit was set: it is then asked again.
                if deadline - time.monotonic() > self._limits.start / 5:
                    raise
            if self._state_in_the_end("start_project", project_id, deadline) == "running":
                return
        raise CannotStart("start_project", "it stands still after its start", status=200)

    def stop_project(self, project_id: str) -> None:
        deadline = time.monotonic() + self._limits.start
        while True:
            self._hub(
                "stop_project",
                "projects.stop",
                {"project_id": checked_uuid(project_id)},
                shape=is_void,
                retry=Retry.ALWAYS,
                limit=max(deadline - time.monotonic(), POLL),
            )
            # Without effect while it starts: then once more, when it runs.
            while (state := self._state("stop_project", project_id)) not in STOPPED:
                if time.monotonic() + POLL > deadline:
                    raise OutcomeUnknown("stop_project", "it has not stopped yet")
                time.sleep(POLL)
                if state == "running":
                    break
            else:
                return
            # Later than this, it would be cut short.
            if time.monotonic() > deadline - self._limits.start / 5:
                raise OutcomeUnknown("stop_project", "it has not stopped yet")

    def _wake(self, operation: str, project_id: str, limit: float) -> None:
        """Start a project where a call into it does not, as it does since 2025-11-21."""
        if not self._has(operation, "projects.state"):  # of the same day
            self._ask_to_start(operation, project_id, limit)

    def _ask_to_start(self, operation: str, project_id: str, limit: float) -> None:
        self._hub(
            operation,
            "projects.start",
            {"project_id": checked_uuid(project_id)},
            shape=is_void,
            retry=Retry.ALWAYS,
            limit=max(limit, POLL),
        )

    def _state(self, operation: str, project_id: str, *, limit: float | None = None) -> str:
        fields = {"project_id": checked_uuid(project_id)}
        retry = Retry.NEVER if limit else Retry.ALWAYS

        def asked() -> Any:
            return self._hub(
                operation, "projects.state", fields, shape=is_state, retry=retry, limit=limit
            )

        def read() -> Any:
            return self._row(operation, project_id, {"state": None}, limit=limit).get("state")

        return state_of(self._newer("projects.state", asked, read)) or UNSEEN

    def _state_in_the_end(self, operation: str, project_id: str, deadline: float) -> str:
        """Look until the project runs or stands still; NotStarted where it does neither."""
        still_since = None
        while True:
            state = self._state(operation, project_id)
            now = time.monotonic()
            if state == "running":
                return state
            if state not in STOPPED:
                still_since = None
            elif still_since is None:
                still_since = now
            elif now - still_since > SETTLED:
                return state
            if now + POLL > deadline:
                kind = StillStarting if state == "starting" else NotStarted
                raise kind(operation, f"after {self._limits.start:g} s it is {state}", status=200)
            time.sleep(POLL)
