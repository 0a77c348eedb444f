"""What all tests share: people, a test client that speaks https, and no way to anybody else."""

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from hypothesis import settings

from embedding import breaker
from embedding.services import state
from sandbox.config import GENERATIONS, Generation
from tests.network import Guard

pytest_plugins = ["tests.side_by_side", "tests.unsteady"]

# The same examples each time: a run of the tests says what a change did. To look further:
# `pytest --hypothesis-profile default`.
settings.register_profile("steady", derandomize=True)
settings.load_profile("steady")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let it be said which CoCalc the tests of the site run with."""
    parser.addoption(
        "--generation",
        choices=GENERATIONS,
        default="v1",
        help="which CoCalc the stand-in plays in the tests of the site",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Name the tests that run with each CoCalc (`make test-conat`), and with each database."""
    config.addinivalue_line("markers", "alike: finds the same whichever CoCalc the site works with")
    config.addinivalue_line("markers", "database: uses one (`make test-postgres`)")


# What comes with a database: Django's, or that of a site of the test's own (its certificates).
STORES = {"db", "transactional_db", "live_server", "tls"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test that does not ask which CoCalc it is finds the same with each."""
    for item in items:
        names = set(getattr(item, "fixturenames", ()))
        if "generation" not in names:
            item.add_marker("alike")
        if names & STORES or item.get_closest_marker("django_db"):
            item.add_marker("database")


@pytest.fixture(scope="session")
def generation(pytestconfig: pytest.Config) -> Generation:
    """Which CoCalc the site works with: `pytest --generation conat`."""
    chosen: Generation = pytestconfig.getoption("generation")
    return chosen


Person = Callable[..., User]


@pytest.fixture(scope="session", autouse=True)
def only_our_own_ports() -> None:
    """No test depends on what else runs on this machine, or on what its name server knows."""
    Guard(os.getpid()).install()


@pytest.fixture(autouse=True)
def nobody_knows_how_cocalc_is() -> Iterator[None]:
    """What one test's CoCalc did says nothing of the next one's."""
    yield
    state.forget()
    breaker.forget()


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
