"""What a project's own server remembers, and forgets when the project stops."""

import contextlib
from dataclasses import dataclass, field
from typing import Any

from jupyter_client.manager import AsyncKernelManager

from sandbox.projects import Projects


@dataclass
class Daemon:
    """One project's: its asynchronous commands, its spare kernels, whether its API still listens.

    A job is the answer that is given about it, kept up to date by whoever runs it.
    """

    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    kernels: dict[int, AsyncKernelManager] = field(default_factory=dict)
    terminated: bool = False


class Daemons:
    def __init__(self, projects: Projects) -> None:
        self._daemons: dict[str, Daemon] = {}
        projects.on_stop.append(self._forget)

    def of(self, project_id: str) -> Daemon:
        return self._daemons.setdefault(project_id, Daemon())

    async def _forget(self, project_id: str) -> None:
        daemon = self._daemons.pop(project_id, None)
        for kernel in daemon.kernels.values() if daemon else ():
            with contextlib.suppress(ProcessLookupError):
                await kernel.shutdown_kernel(now=True)
