"""The stand-in with both faces, each driver's client, and a project for each test.

A test is run on each side: either driver with a site admin's key, and that of conat once more with
an organization. What finds the same whatever the key's rights is marked `any_key`, and left out
there; of a file that is marked as a whole, what shows a capability stays.
"""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from embedding.cocalc.client import Client
from sandbox.process import SandboxProcess
from tests.contract.promises.support import (
    ADMIN_KEY,
    GENERATIONS,
    ORGANIZATION,
    SIDES,
    Person,
    Side,
    organizer_of,
    person_of,
)


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


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "any_key: finds the same whatever the key's rights")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "side" in metafunc.fixturenames:
        own = any(mark.name == "any_key" for mark in metafunc.definition.own_markers)
        of_file = metafunc.definition.get_closest_marker("any_key")
        alike = own or (of_file and not hasattr(metafunc.function, "capability"))
        sides = GENERATIONS if alike else SIDES
        metafunc.parametrize("side", sides, indirect=True, scope="package")


@pytest.fixture(scope="package")
def organizer(sandbox: SandboxProcess) -> Person:
    """The admin of an organization, who is no site admin."""
    return organizer_of(sandbox)


@pytest.fixture(scope="package")
def side(request: pytest.FixtureRequest, sandbox: SandboxProcess, organizer: Person) -> Side:
    if request.param in GENERATIONS:
        return Side(request.param, sandbox, sandbox.admin_account_id, ADMIN_KEY)
    return Side("conat", sandbox, organizer.account_id, organizer.key, ORGANIZATION)


@pytest.fixture(scope="package")
def client(side: Side) -> Iterator[Client]:
    """The driver with the service account's key."""
    with side.client() as client:
        yield client


@pytest.fixture
def project(client: Client) -> str:
    """A project of the service account's, never started."""
    return client.create_project(title="A project", description=str(uuid4()))


@pytest.fixture
def stranger(sandbox: SandboxProcess) -> Person:
    """Somebody who is no admin, and a member of nothing."""
    return person_of(sandbox)


@pytest.fixture
def quirks(side: Side) -> Iterator[Any]:
    """Make the stand-in misbehave until the end of the test."""
    yield side.sandbox.quirks
    side.sandbox.reset_quirks()
