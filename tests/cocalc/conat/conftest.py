"""A client of the bridges, and a hub of the tests."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from embedding.cocalc.conat import ConatClient, Limits, projects, starting
from tests.cocalc.conat.hub import Hub
from tests.cocalc.server import KEY, Server

QUICK = Limits(call=10, start=2, margin=5, backoff=0.001, backoff_most=0.002)
Make = Callable[..., ConatClient]


@pytest.fixture
def hub() -> Hub:
    return Hub()


@pytest.fixture
def make(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    """Make clients that do not wait long."""
    monkeypatch.setattr(starting, "POLL", 0.01)
    monkeypatch.setattr(starting, "SETTLED", 0.05)
    monkeypatch.setattr(projects, "MEMBER_CACHE", 0.01)
    made: list[ConatClient] = []
    with Server(hub).running() as server:

        def new(**options: Any) -> ConatClient:
            made.append(ConatClient(server.url, KEY, **{"limits": QUICK, **options}))
            return made[-1]

        yield new
        for client in made:
            client.close()


@pytest.fixture
def client(make: Make) -> ConatClient:
    """With a site admin's key, and no organization."""
    return make()


@pytest.fixture
def organizer(make: Make) -> ConatClient:
    """With an organization."""
    return make(organization="ORG")
