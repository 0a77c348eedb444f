"""People against the sandbox that tests/embedding starts, and who administers them."""

import pytest
from django.contrib.auth.models import Permission, User

from tests.conftest import Person
from tests.embedding.conftest import cocalc, sandbox, sandbox_process

__all__ = ["cocalc", "sandbox", "sandbox_process"]


@pytest.fixture
def boss(person: Person) -> User:
    """A superuser."""
    return person("boss", is_staff=True, is_superuser=True)


@pytest.fixture
def looker(person: Person) -> User:
    """Staff who may see users."""
    user = person("looker", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_user"))
    return user


@pytest.fixture
def helper(person: Person) -> User:
    """Staff who may see, change and delete users, and is no superuser."""
    user = person("helper", is_staff=True)
    codenames = ("view_user", "change_user", "delete_user")
    user.user_permissions.add(*Permission.objects.filter(codename__in=codenames))
    return user


@pytest.fixture
def ada(person: Person) -> User:
    """Whom it is about."""
    return person("ada", first_name="Ada", last_name="Lovelace", email="ada@home.test")
