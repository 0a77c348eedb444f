"""The recorded server: it answers what CoCalc was seen, or is read, to answer."""

import pytest

from embedding.cocalc.conat import projects, starting
from tests.cocalc.conftest import client, server

__all__ = ["client", "server"]


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the driver of the bridges not wait between two looks."""
    monkeypatch.setattr(starting, "POLL", 0.01)
    monkeypatch.setattr(starting, "SETTLED", 0.05)
    monkeypatch.setattr(projects, "MEMBER_CACHE", 0.01)
