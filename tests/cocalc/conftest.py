"""A project of bash and a folder, behind HTTP."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from embedding.cocalc.v1 import V1Client
from tests.cocalc.server import ExecProject, Reply, Server, client_for


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(lambda request: Reply({"event": "error", "error": "not told"})).running() as server:
        yield server


@pytest.fixture
def client(server: Server) -> Iterator[V1Client]:
    client = client_for(server.url)
    yield client
    client.close()


@pytest.fixture
def home(server: Server, tmp_path: Path) -> Path:
    """Make the server run commands in a fresh folder."""
    folder = tmp_path / "home"
    folder.mkdir()
    server.answer = ExecProject(folder)
    return folder
