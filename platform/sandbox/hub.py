"""What every door of the front shares."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any

from sandbox.caches import Caches
from sandbox.calls import Calls
from sandbox.clock import Clock
from sandbox.config import Config
from sandbox.daemons import Daemons
from sandbox.projects import Projects
from sandbox.quirks import Quirks
from sandbox.store import Account, Project, Store


@dataclass
class Hub:
    config: Config
    quirks: Quirks
    store: Store
    projects: Projects
    admin: Account
    clock: Clock
    caches: Caches
    calls: Calls = field(default_factory=Calls)
    closing: asyncio.Event = field(default_factory=asyncio.Event)
    daemons: Daemons = field(init=False)
    _tasks: set[asyncio.Task[Any]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.daemons = Daemons(self.projects)

    def may_use(self, account: Account, project: Project) -> bool:
        """Members may, and site admins (CoCalc, July 2024, observed)."""
        return account.is_admin or project.has_member(account.account_id)

    def spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run something that no request waits for, or that outlives the one that does."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def close(self) -> None:
        self.closing.set()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
