"""The stand-in with both faces, each driver's client, and a project for each test."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from embedding.cocalc.client import Client
from sandbox.process import SandboxProcess
from tests.contract.promises.support import ADMIN_KEY, DRIVERS, Person, Side


@pytest.fixture(scope="package")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    with SandboxProcess.start(
        tmp_path_factory.mktemp("promises"),
        admin_key=ADMIN_KEY,
        both=True,
        start_seconds=0.05,
        account_limit=10_000,
    ) as sandbox:
        yield sandbox


@pytest.fixture(scope="package", params=DRIVERS)
def side(request: pytest.FixtureRequest, sandbox: SandboxProcess) -> Side:
    return Side(request.param, sandbox.faces[request.param], sandbox)


@pytest.fixture(scope="package")
def client(side: Side) -> Iterator[Client]:
    """The driver with the service account's key, which is a site admin's."""
    with side.client() as client:
        yield client


@pytest.fixture
def project(client: Client) -> str:
    """A project of the service account's, never started."""
    return client.create_project(title="A project", description=str(uuid4()))


@pytest.fixture
def stranger(side: Side) -> Person:
    """Somebody who is no admin, and a member of nothing."""
    return side.person()


@pytest.fixture
def quirks(side: Side) -> Iterator[Any]:
    """Make the stand-in misbehave until the end of the test."""
    yield side.sandbox.quirks
    side.sandbox.reset_quirks()
