"""What all tests share: people, a test client that speaks https, and who may be asked twice."""

import os
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from hypothesis import settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from tests.network import Guard

# The same examples each time: a run of the tests says what a change did. To look further:
# `pytest --hypothesis-profile default`.
settings.register_profile("steady", derandomize=True)
settings.load_profile("steady")

Person = Callable[..., User]


@pytest.fixture(scope="session", autouse=True)
def only_our_own_ports() -> None:
    """No test depends on what else runs on this machine, or on what its name server knows."""
    Guard(os.getpid()).install()


@pytest.fixture
def person(db: None) -> Person:
    """Make a user."""

    def make(username: str, **fields: Any) -> User:
        return User.objects.create_user(username, password="notebook", **fields)

    return make


class HttpsClient(Client):
    """A test client that speaks https, signed in as a user or as nobody."""

    def __init__(self, user: User | None = None, *, csrf: bool = False) -> None:
        super().__init__(enforce_csrf_checks=csrf)
        self.defaults["SERVER_NAME"] = "learn.school.test"
        if user:
            self.force_login(user)

    def generic(self, *args: Any, **kwargs: Any) -> Any:
        return super().generic(*args, **kwargs | {"secure": True})


# Of real browsers one at a time: two of them at once would wait for each other.
IN_BROWSERS = ("bridge", "browser", "sandbox")


class Rooms(LoadScopeScheduling):
    """Where tests run side by side, those of a file stay together, and all those of browsers."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return "browsers" if file.split("/")[1] in IN_BROWSERS else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Rooms:
    return Rooms(config, log)
