"""Which projects run. A project is a folder; it runs from its start until its stop.

Starting takes a moment, as on a real server, and calls that come at once share one start.
Everything is stopped after a restart of the sandbox.
"""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from sandbox.config import Config
from sandbox.ids import now_iso
from sandbox.processes import environment, kill_marked
from sandbox.quirks import Quirks

STOPPED, STARTING, RUNNING, STOPPING = "opened", "starting", "running", "stopping"
NEVER = "timeout"
"""What is said of a project that does not come up."""


class NotStarted(Exception):
    """The project did not come up in the time that CoCalc gives it (20 s there).

    Or CoCalc's own server fails at it; then `error` is what it says.
    """

    def __init__(self, error: object = NEVER) -> None:
        super().__init__(error)
        self.error = error


def make_home(home: Path) -> None:
    """Make a home where there is none: others can read it, as on a server in multi-user mode."""
    if not home.is_dir():
        home.mkdir(parents=True)
        home.chmod(0o755)


class Projects:
    def __init__(self, config: Config, quirks: Quirks, instance: str) -> None:
        self._config = config
        self._quirks = quirks
        self._instance = instance
        self._states: dict[str, tuple[str, str]] = {}
        self._locks: dict[str, asyncio.Lock] = {}
        self.on_stop: list[Callable[[str], Awaitable[None]]] = []

    def home(self, project_id: str) -> Path:
        return self._config.home(project_id)

    def environment(self, project_id: str) -> dict[str, str]:
        state = self._config.data / "jupyter"
        return environment(self._instance, project_id, self.home(project_id), state)

    def is_running(self, project_id: str) -> bool:
        return self._state(project_id)[0] == RUNNING

    def is_moving(self, project_id: str) -> bool:
        """Whether it is on its way up or down."""
        return self._state(project_id)[0] in (STARTING, STOPPING)

    def state(self, project_id: str) -> dict[str, Any]:
        """A project's state as CoCalc's rows show it."""
        state, since = self._state(project_id)
        row = {"state": state, "time": since}
        return row if state in (STARTING, STOPPING) else row | {"ip": "localhost"}

    def _state(self, project_id: str) -> tuple[str, str]:
        # A project never started since we run is stopped since we run: the time is only shown.
        return self._states.setdefault(project_id, (STOPPED, now_iso()))

    def _set(self, project_id: str, state: str) -> None:
        self._states[project_id] = (state, now_iso())

    def _lock(self, project_id: str) -> asyncio.Lock:
        return self._locks.setdefault(project_id, asyncio.Lock())

    async def start(self, project_id: str) -> None:
        """Start a project unless it runs, and wait until it does, or for as long as one waits."""
        async with self._lock(project_id):
            if self.is_running(project_id):
                return
            self._set(project_id, STARTING)
            make_home(self.home(project_id))
            await asyncio.sleep(self._quirks.start_seconds)
            if error := self._quirks.start_error:
                self._set(project_id, STOPPED)
                raise NotStarted(int(error) if error.isdecimal() else error)
            if self._quirks.never_starts:
                raise NotStarted
            self._set(project_id, RUNNING)

    async def stop(self, project_id: str) -> None:
        """Stop a project with everything that runs in it."""
        async with self._lock(project_id):
            if not self.is_running(project_id):
                return
            self._set(project_id, STOPPING)
            for hook in self.on_stop:
                await hook(project_id)
            await asyncio.to_thread(kill_marked, self._instance, project_id)
            self._set(project_id, STOPPED)
