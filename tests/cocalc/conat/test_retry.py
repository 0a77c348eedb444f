"""What the bridges' driver asks again after a lost answer, and what it never does."""

from collections.abc import Callable

import pytest

from embedding.cocalc.conat import ConatClient, Limits
from embedding.cocalc.errors import BadRequest, OutcomeUnknown, ServerFault
from tests.cocalc.conat.conftest import Make
from tests.cocalc.conat.hub import PROJECT, STUDENT, TOKEN, Hub, in_turn, late, nobody

Call = Callable[[ConatClient], object]

ALWAYS: dict[str, tuple[str, Call]] = {
    "identify": ("accounts", lambda client: client.identify()),
    "find_account": ("system.userSearch", lambda client: client.find_account("a@b.test")),
    "mint_token": ("org.createToken", lambda client: client.mint_token(STUDENT)),
    "revoke_token": ("org.expireToken", lambda client: client.revoke_token(TOKEN)),
    "get_project": ("projects_all", lambda client: client.get_project(PROJECT)),
    "restore_project": ("projects", lambda client: client.restore_project(PROJECT)),
    "add_member": ("projects.addCollaborator", lambda client: client.add_member(PROJECT, STUDENT)),
    "remove_member": (
        "projects.removeCollaborator",
        lambda client: client.remove_member(PROJECT, STUDENT),
    ),
    "set_role": (
        "projects.changeUserType",
        lambda client: client.set_role(PROJECT, STUDENT, "owner"),
    ),
    "project_state": ("projects.state", lambda client: client.project_state(PROJECT)),
    "stop_project": ("projects.stop", lambda client: client.stop_project(PROJECT)),
}
ONCE: dict[str, tuple[str, Call]] = {
    "update_project": ("projects", lambda client: client.update_project(PROJECT, title="t")),
}
NEVER: dict[str, tuple[str, Call]] = {
    "create_account": (
        "org.createUser",
        lambda client: client.create_account(email="a@b.test", first_name="A", last_name="B"),
    ),
    "create_project": (
        "projects.createProject",
        lambda client: client.create_project(title="t", description="d"),
    ),
    "project_state, within a limit": (
        "projects.state",
        lambda client: client.project_state(PROJECT, limit=5),
    ),
}


@pytest.mark.parametrize("name", [*ALWAYS, *ONCE, *NEVER])
def test_after_a_lost_answer(make: Make, hub: Hub, name: str) -> None:
    function, call = {**ALWAYS, **ONCE, **NEVER}[name]
    hub.functions[function] = late(name=function)
    with pytest.raises(OutcomeUnknown):
        call(make(organization="ORG"))
    assert hub.asked.count(function) == (Limits().attempts if name in ALWAYS else 1)


@pytest.mark.parametrize("name", [*ALWAYS, *ONCE, *NEVER])
def test_where_nobody_was_there_to_hear_it(make: Make, hub: Hub, name: str) -> None:
    function, call = {**ALWAYS, **ONCE, **NEVER}[name]
    unheard = [nobody("hub.account.x.api")] * 2 * Limits().attempts
    hub.functions[function] = in_turn(*unheard, {"error": "no"})
    with pytest.raises(ServerFault if name in NEVER else BadRequest):
        call(make(organization="ORG"))
    assert hub.asked.count(function) == (1 if name in NEVER else len(unheard) + 1)
