"""One Jupyter Server for each running project, started when the kiosk first needs it."""

import asyncio
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from sandbox import notebook_config
from sandbox.config import Config
from sandbox.ids import random_text
from sandbox.processes import jupyter_places
from sandbox.projects import Projects

_UP_SECONDS = 60
_STYLE = Path(__file__).parent / "static" / "notebook.css"


@dataclass
class Server:
    """A server that answers: its process, the way to it, and what it wants to hear."""

    pid: int
    session: aiohttp.ClientSession
    token: str


class JupyterError(Exception):
    """A project's Jupyter Server did not come up."""


class Jupyters:
    def __init__(self, config: Config, projects: Projects, instance: str) -> None:
        self._config = config
        self._projects = projects
        self._instance = instance
        self._starts: dict[str, asyncio.Task[Server]] = {}
        # Sockets have short names only, so not under the data folder.
        self._run = Path(tempfile.mkdtemp(prefix="sandbox-run-"))
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        notebook_config.write(config.data / "jupyter" / "config", _STYLE)
        (config.data / "logs").mkdir(exist_ok=True)
        with theirs:
            self._zygote = subprocess.Popen(  # noqa: S603 - our own module
                [sys.executable, "-m", "sandbox.zygote", str(theirs.fileno()), instance],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                # Jupyter reads some of these when it is imported.
                env=os.environ | jupyter_places(config.data / "jupyter"),
                # Away from the terminal: Ctrl-C is for the front, which ends the rest.
                start_new_session=True,
            )
        self._control.setblocking(False)
        self._order = asyncio.Lock()
        projects.on_stop.append(self.stop)

    @staticmethod
    def base_url(project_id: str) -> str:
        return f"/{project_id}/jupyter/"

    async def server(self, project_id: str) -> Server:
        """The server of a running project. Those who ask at once wait for the same start."""
        start = self._starts.get(project_id)
        if start is None or (start.done() and not _is_alive(start)):
            start = asyncio.create_task(self._start(project_id))
            self._starts[project_id] = start
        return await asyncio.shield(start)

    async def stop(self, project_id: str) -> None:
        """Kill a project's server; its kernels fall with the project's other processes."""
        start = self._starts.pop(project_id, None)
        if start is None:
            return
        with contextlib.suppress(JupyterError):
            server = await start
            await server.session.close()
            with contextlib.suppress(ProcessLookupError):
                os.kill(server.pid, signal.SIGKILL)

    async def close(self) -> None:
        for project_id in tuple(self._starts):
            await self.stop(project_id)
        # The servers fall with the zygote; it may still import, and would not hear us.
        self._zygote.kill()
        await asyncio.to_thread(self._zygote.wait)
        self._control.close()
        shutil.rmtree(self._run, ignore_errors=True)

    async def _start(self, project_id: str) -> Server:
        path = self._run / f"{random_text(8)}.sock"
        token = random_text(32)
        order = {
            "project_id": project_id,
            "log": str(self._config.data / "logs" / f"{project_id}.log"),
            "environment": self._projects.environment(project_id)
            | {"JUPYTER_RUNTIME_DIR": str(self._run / project_id)},
            "options": notebook_config.options(
                home=self._projects.home(project_id),
                socket=path,
                base_url=self.base_url(project_id),
                token=token,
            ),
        }
        pid = await self._fork(order)
        session = aiohttp.ClientSession(
            connector=aiohttp.UnixConnector(str(path), limit=0),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=10),
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        server = Server(pid, session, token)
        try:
            await asyncio.wait_for(self._until_up(project_id, server, path), _UP_SECONDS)
        except BaseException as problem:
            await session.close()
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            if isinstance(problem, TimeoutError):
                raise JupyterError(f"No answer within {_UP_SECONDS} s.") from None
            raise
        return server

    async def _fork(self, order: Mapping[str, object]) -> int:
        loop = asyncio.get_running_loop()
        async with self._order:
            # While the zygote still imports, the order waits in the socket.
            await loop.sock_sendall(self._control, json.dumps(order).encode())
            answer = await loop.sock_recv(self._control, 65536)
        if not answer:
            raise JupyterError("The zygote is gone.")
        return int(json.loads(answer)["pid"])

    async def _until_up(self, project_id: str, server: Server, path: Path) -> None:
        url = f"http://localhost{self.base_url(project_id)}api"
        while True:
            if not Path(f"/proc/{server.pid}").exists():
                raise JupyterError("The server ended at its start: its log says why.")
            if path.exists():
                with contextlib.suppress(aiohttp.ClientError, OSError):
                    async with server.session.get(url) as response:
                        await response.read()
                        return
            await asyncio.sleep(0.02)


def _is_alive(start: "asyncio.Task[Server]") -> bool:
    if start.cancelled() or start.exception():
        return False
    return Path(f"/proc/{start.result().pid}").exists()
