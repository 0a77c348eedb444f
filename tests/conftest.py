"""What all tests share: people, and a test client that speaks https."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

Person = Callable[..., User]


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


def pytest_itemcollected(item: pytest.Item) -> None:
    """Say what stays together where tests run side by side: those of a browser, and of a file."""
    parts = item.path.relative_to(Path(__file__).parent).parts
    group = "browsers" if parts[0] in IN_BROWSERS else "/".join(parts)
    item.add_marker(pytest.mark.xdist_group(group))
