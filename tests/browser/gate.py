"""The way from a browser to servers of this machine, by the names that they have in the tests."""

import asyncio
import re
from contextlib import suppress

from tests.browser.protocol import Loop


class Gate:
    """A proxy that leads names to ports of this machine, and nowhere else."""

    def __init__(self, loop: Loop, ports: dict[str, int]) -> None:
        self._loop = loop
        self._ports = ports
        self._writers: set[asyncio.StreamWriter] = set()
        self._server = loop.run(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.port: int = self._server.sockets[0].getsockname()[1]

    def close(self) -> None:
        self._server.close()
        self._loop.run(self._break())

    async def _break(self) -> None:
        for writer in self._writers:
            writer.transport.abort()
        while self._writers:
            await asyncio.sleep(0.01)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            asked = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            found = re.match(r"CONNECT ([\w.-]+):443 ", asked)
            port = self._ports.get(found[1]) if found else None
            if port:
                there = await asyncio.open_connection("127.0.0.1", port)
                self._writers.add(there[1])
                writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
                await asyncio.gather(_pump(reader, there[1]), _pump(there[0], writer))
                await self._end(there[1])
        await self._end(writer)

    async def _end(self, writer: asyncio.StreamWriter) -> None:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
        self._writers.discard(writer)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()
