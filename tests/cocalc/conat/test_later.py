"""Functions that came later: servers of each day do everything, by them or without."""

import pytest

from embedding.cocalc.conat import ConatClient
from embedding.cocalc.errors import Forbidden, NotSupported
from tests.cocalc.conat.conftest import Make
from tests.cocalc.conat.hub import ADMIN, PROJECT, STUDENT, TEACHER, TOKEN, Hub

# The day on which a function came; the bridges themselves, and what is not here, on 2025-08-29.
CAME = {
    "projects.start": "2025-08-30",
    "projects.stop": "2025-08-30",
    "projects.deleteProject": "2025-09-29",
    "projects.state": "2025-11-21",
    "projects.changeUserType": "2025-12-04",
}
DAYS = ["2025-09-01", "2025-09-29", "2025-11-21", "2025-12-04", "2026-07-03"]


@pytest.fixture(params=DAYS)
def day(request: pytest.FixtureRequest, hub: Hub) -> str:
    """Make it a hub of that day."""
    for function, came in CAME.items():
        if came > request.param:
            del hub.functions[function]
    return str(request.param)


def test_a_project_lives_on_a_server_of_any_day(hub: Hub, client: ConatClient, day: str) -> None:
    hub.functions["projects.start"] = lambda _: setattr(hub, "state", "running")
    hub.functions["projects.stop"] = lambda _: setattr(hub, "state", "opened")
    hub.state = "opened"
    assert client.project_state(PROJECT) == "opened"
    client.start_project(PROJECT)
    assert client.project_state(PROJECT) == "running"
    client.stop_project(PROJECT)
    assert hub.state == "opened"
    client.delete_project(PROJECT)
    assert ("projects.deleteProject" in hub.functions) != ("projects" in hub.asked)
    client.restore_project(PROJECT)
    changes = hub.argument("projects")["query"]["projects"]
    assert changes == {"project_id": PROJECT, "deleted": False}


def test_what_is_not_there_is_asked_for_once(hub: Hub, client: ConatClient, day: str) -> None:
    for _ in range(3):
        client.project_state(PROJECT)
        client.delete_project(PROJECT)
    for function in ("projects.state", "projects.deleteProject"):
        assert hub.asked.count(function) == (3 if function in hub.functions else 1)


def test_an_owner_is_made_on_a_server_of_any_day(hub: Hub, client: ConatClient, day: str) -> None:
    hub.functions["projects"] = lambda argument: (
        hub.members.update(argument["query"]["projects"]["users"]) or {}
    )
    client.set_role(PROJECT, TEACHER, "owner")
    client.set_role(PROJECT, STUDENT, "owner")
    client.set_role(PROJECT, ADMIN, "collaborator")
    groups = {account: member["group"] for account, member in hub.members.items()}
    assert groups == {TEACHER: "owner", STUDENT: "owner", ADMIN: "collaborator"}
    assert ("projects" in hub.asked) == (day < "2025-12-04")


def test_where_the_row_keeps_its_groups_an_owner_cannot_be_made(
    hub: Hub, client: ConatClient
) -> None:
    """Read in CoCalc's source, that the row takes them; nobody has tried."""
    del hub.functions["projects.changeUserType"]
    with pytest.raises(NotSupported, match="too old"):
        client.set_role(PROJECT, TEACHER, "owner")
    hub.functions["projects"] = {"error": "FATAL: user must be an admin"}
    with pytest.raises(Forbidden):
        client.set_role(PROJECT, TEACHER, "owner")


def test_before_calls_into_a_project_started_it_we_do(
    hub: Hub, client: ConatClient, day: str
) -> None:
    hub.functions["system.exec"] = {"error": "killed command 'c'"}
    for _ in range(2):
        with pytest.raises(Exception, match="stopped"):
            client.exec(PROJECT, "true")
    begun = ["projects.state"] if day >= "2025-11-21" else ["projects.state", "projects.start"]
    again = begun[1:]
    assert hub.asked == [*begun, "system.exec", *again, "system.exec"]


@pytest.mark.parametrize("missing", ["org.expireToken", "system.revokeUserAuthToken"])
def test_a_token_is_ended_by_either_function(hub: Hub, make: Make, missing: str) -> None:
    del hub.functions[missing]
    client = make()
    client.revoke_token(TOKEN)
    client.revoke_token(TOKEN)
    if missing == "org.expireToken":
        assert hub.argument("system.revokeUserAuthToken") == TOKEN
        assert hub.asked.count("org.expireToken") == 1
    else:
        assert hub.asked == ["org.expireToken", "org.expireToken"]


def test_on_a_server_without_any_function_for_it_nothing_is_done(
    hub: Hub, client: ConatClient
) -> None:
    """The bridges are a day older than starting by them."""
    del hub.functions["projects.start"]
    with pytest.raises(NotSupported, match=r"unknown function 'projects\.start'"):
        client.start_project(PROJECT)
