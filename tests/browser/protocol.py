"""A browser by its own protocol, over a WebSocket: where Playwright does not reach.

Chromium's DevTools protocol and WebDriver BiDi (Firefox) are alike in this: commands with ids and
answers with the same; events in between.
"""

import asyncio
import itertools
import os
import re
import subprocess
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import aiohttp

from tests.browser.school import PATIENCE, until

T = TypeVar("T")
Message = dict[str, Any]


class Refused(Exception):
    """The browser answered a command with an error."""


class Loop:
    """An event loop of its own thread, for Playwright's runs in ours."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE * 2)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


class Wire:
    """Commands and their answers; what the browser says of itself is kept in `events`."""

    def __init__(self, loop: Loop, address: str) -> None:
        self.events: list[Message] = []
        self.loop = loop
        self._numbers = itertools.count(1)
        self._answers: dict[int, asyncio.Future[Message]] = {}
        loop.run(self._connect(address))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.loop.run(self._close())

    def call(self, method: str, session: str = "", **parameters: Any) -> Message:
        """Return the result. Raises Refused."""
        return self.loop.run(self._call(method, session, parameters))

    def all(self, method: str, session: str | None = None) -> list[Message]:
        """What was said so far under this name (of one session of DevTools)."""
        return [
            event["params"]
            for event in list(self.events)
            if event.get("method") == method and session in (None, event.get("sessionId"))
        ]

    async def _connect(self, address: str) -> None:
        self._client = aiohttp.ClientSession()
        self._socket = await self._client.ws_connect(address, max_msg_size=0)
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        async for message in self._socket:
            said: Message = message.json()
            waiting = self._answers.pop(said.get("id") or 0, None)
            if waiting is None:
                self.events.append(said)
            elif not waiting.done():
                waiting.set_result(said)

    async def _call(self, method: str, session: str, parameters: Message) -> Message:
        number = next(self._numbers)
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        command = {"id": number, "method": method, "params": parameters}
        await self._socket.send_json(command | ({"sessionId": session} if session else {}))
        said = await asyncio.wait_for(answer, PATIENCE)
        if "result" not in said:
            raise Refused(f"{method}: {said.get('error')} {said.get('message', '')}")
        result: Message = said["result"]
        return result

    async def _close(self) -> None:
        self._reading.cancel()
        await self._socket.close()
        await self._client.close()


@contextmanager
def running(command: list[str], said: Path, pattern: str, path: str = "") -> Iterator[Wire]:
    """Run a browser and connect to it by what it has written into a file: port and path."""
    loop = Loop()
    # A home of its own, and not for order alone: Firefox refuses one that is another user's.
    environment = {**os.environ, "HOME": str(said.parent)}
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )

    def written() -> re.Match[str] | None:
        assert process.poll() is None, f"{command[0]} has ended."
        return re.search(pattern, said.read_text()) if said.exists() else None

    try:
        found = until(written)
        assert found
        with Wire(loop, f"ws://127.0.0.1:{''.join(found.groups())}{path}") as wire:
            yield wire
    finally:
        process.terminate()
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        loop.close()
