"""Whoever changes what a user may do leaves an event."""

import pytest
from django.contrib.auth.models import Group, Permission, User

from embedding.models import Event
from tests.conftest import HttpsClient, Person

pytestmark = pytest.mark.django_db


@pytest.fixture
def boss(person: Person) -> User:
    found = person("boss", is_staff=True, is_superuser=True)
    Event._base_manager.all().delete()
    return found


def told() -> list[tuple[str, str, str]]:
    events = Event.objects.filter(action__startswith="user.").order_by("pk")
    return [(each.actor, each.action, each.whom) for each in events]


def test_in_the_admin(boss: User, person: Person) -> None:
    ada = person("ada")
    group = Group.objects.create(name="Some")
    form = {
        "username": "ada",
        "is_staff": "on",
        "groups": [group.pk],
        "date_joined_0": "2026-01-01",
        "date_joined_1": "12:00",
    }
    answer = HttpsClient(boss).post(f"/admin/auth/user/{ada.pk}/change/", form)
    assert answer.status_code == 302, answer.content.decode()[:2000]
    assert told() == [
        ("boss", "user.suspended", "ada"),
        ("boss", "user.staff_given", "ada"),
        ("boss", "user.group_added", "ada"),
    ]
    assert Event.objects.get(action="user.group_added").detail["what"] == "Some"


def test_anywhere(boss: User, person: Person) -> None:
    ada, group = person("ada"), Group.objects.create(name="Some")
    ada.save()
    ada.is_active = False
    ada.save(update_fields=["last_login"])
    assert told() == [], "nothing of it was written"
    ada.is_active = False
    ada.save()
    ada.is_active, ada.is_superuser = True, True
    ada.save()
    ada.is_superuser = False
    ada.save(update_fields=["is_superuser"])
    group.user_set.add(ada)
    ada.groups.clear()
    ada.user_permissions.add(Permission.objects.all()[0])
    ada.delete()
    User.objects.create_user("max", is_staff=True)
    assert [action for _actor, action, _whom in told()] == [
        "user.suspended",
        "user.reinstated",
        "user.superuser_given",
        "user.superuser_taken",
        "user.group_added",
        "user.group_removed",
        "user.permission_added",
        "user.deleted",
        "user.staff_given",
    ]
    assert {whom for _actor, _action, whom in told()} == {"ada", "max"}
    assert {actor for actor, _action, _whom in told()} == {""}
