"""What no single exchange shows of the stand-in's new face: caches, clocks, days, long waits."""

import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from sandbox.clock import Clock
from sandbox.process import SandboxProcess
from sandbox.store import Store
from tests.sandbox.conat_world import (
    ADMIN,
    FOREIGN,
    OTHER,
    OURS,
    PLAIN,
    PROJECT,
    STUDENT,
    World,
)
from tests.sandbox.support import ADMIN_KEY, until

NO_MEMBER = {"error": "user must be a collaborator on the project"}
NO_KEY = {"error": "must be signed in and MUST provide an api key (cookies are not allowed)"}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    folder = tmp_path_factory.mktemp("conat")
    with SandboxProcess.start(
        folder, admin_key=ADMIN_KEY, generation="conat", both=True, start_seconds=0.05
    ) as sandbox:
        yield sandbox


@pytest.fixture
def world(running: SandboxProcess) -> Iterator[World]:
    yield World.make(running)
    running.reset_quirks()


def _add(world: World, account: str, at: str = OURS, **more: Any) -> Any:
    opts = {"project_id": at, "account_id": account}
    return world.hub("projects.addCollaborator", {"opts": opts}, **more)


def _remove(world: World, account: str) -> Any:
    opts = {"project_id": OURS, "account_id": account}
    return world.hub("projects.removeCollaborator", {"opts": opts})


def _group(world: World, account: str) -> str | None:
    row = {"project_id": OURS, "users": None}
    answer = world.hub("db.userQuery", {"query": {"projects_all": [row]}})
    users = answer["projects_all"][0]["users"]
    group: str | None = users.get(world.live(account), {}).get("group")
    return group


def test_a_no_about_a_member_is_kept_for_half_a_minute(world: World) -> None:
    assert world.inside("system.ping", by=PLAIN) == NO_MEMBER
    _add(world, PLAIN)
    assert world.inside("system.ping", by=PLAIN) == NO_MEMBER
    world.sandbox.forward(31)
    assert "now" in world.inside("system.ping", by=PLAIN)
    _remove(world, PLAIN)
    assert "now" in world.inside("system.ping", by=PLAIN)
    world.sandbox.forward(31)
    assert world.inside("system.ping", by=PLAIN) == NO_MEMBER


def test_a_site_admin_is_no_member(world: World) -> None:
    assert world.inside("system.ping", at=FOREIGN) == NO_MEMBER
    assert _add(world, ADMIN, FOREIGN) == {"project_id": [world.live(FOREIGN)]}
    world.sandbox.forward(31)
    assert "now" in world.inside("system.ping", at=FOREIGN)


def test_who_is_removed_and_added_within_seconds_may_stay_out(world: World) -> None:
    world.sandbox.forward(6)
    _add(world, STUDENT)  # A look finds him a member, and is kept for 5 s.
    _remove(world, STUDENT)
    _add(world, STUDENT)
    assert _group(world, STUDENT) is None
    world.sandbox.forward(6)
    _add(world, STUDENT)
    assert _group(world, STUDENT) == "collaborator"


def test_a_second_adding_within_seconds_undoes_a_promotion(world: World) -> None:
    _add(world, PLAIN)
    opts = {"project_id": OURS, "target_account_id": PLAIN, "new_group": "owner"}
    world.hub("projects.changeUserType", {"opts": opts})
    assert _group(world, PLAIN) == "owner"
    _add(world, PLAIN)
    assert _group(world, PLAIN) == "collaborator"


def test_a_deleted_key_works_for_15_seconds(world: World) -> None:
    made = world.hub("system.manageApiKeys", {"action": "create"}, by=PLAIN)[0]
    world.keys["short"] = made["secret"]
    assert "now" in world.hub("system.ping", by="short")
    world.hub("system.manageApiKeys", {"action": "delete", "id": made["id"]}, by=PLAIN)
    assert "now" in world.hub("system.ping", by="short")
    world.sandbox.forward(16)
    assert world.hub("system.ping", by="short") == NO_KEY


def test_a_ban_is_seen_after_a_minute_and_its_end_after_ten(world: World) -> None:
    assert "now" in world.hub("system.ping", by=PLAIN)
    world.sandbox.ban(world.live(PLAIN))
    assert "now" in world.hub("system.ping", by=PLAIN)
    world.sandbox.forward(61)
    assert world.hub("system.ping", by=PLAIN) == NO_KEY
    world.sandbox.ban(world.live(PLAIN), banned=False)
    world.sandbox.forward(61)
    assert world.hub("system.ping", by=PLAIN) == NO_KEY
    world.sandbox.forward(600)
    assert "now" in world.hub("system.ping", by=PLAIN)


def test_a_key_ends_when_it_was_said_to(world: World) -> None:
    soon = world.hub("system.ping")["now"] + 60_000
    made = world.hub("system.manageApiKeys", {"action": "create", "expire": soon}, by=PLAIN)
    world.keys["ending"] = made[0]["secret"]
    assert "now" in world.hub("system.ping", by="ending")
    world.sandbox.forward(61)
    assert world.hub("system.ping", by="ending") == NO_KEY
    keys = world.hub("system.manageApiKeys", {"action": "get"}, by=PLAIN)
    assert made[0]["id"] not in [key["id"] for key in keys]


def test_a_token_signs_in_until_its_end_or_its_revocation(world: World) -> None:
    def signs_in(token: str) -> bool:
        address = f"{world.sandbox.faces['conat']}/auth/impersonate?auth_token={token}"
        return "ERROR" not in requests.get(address, timeout=30).text

    soon = world.hub("system.ping")["now"] + 60_000
    ending = world.hub("org.createToken", {"user": STUDENT, "expire": soon})["token"]
    seconds = world.hub("org.createToken", {"user": STUDENT, "expire": soon // 1000})["token"]
    plain = world.hub("org.createToken", {"user": STUDENT})["token"]
    other = world.hub("system.generateUserAuthToken", {"user_account_id": OTHER})
    assert [signs_in(one) for one in (ending, seconds, plain, other)] == [True, False, True, True]
    world.sandbox.forward(61)
    assert [signs_in(one) for one in (ending, plain, other)] == [False, True, True]
    assert world.hub("org.expireToken", {"token": plain}, by=PLAIN) is None
    assert world.hub("system.revokeUserAuthToken", other, by=PLAIN) is None
    assert [signs_in(one) for one in (plain, other)] == [False, False]


def test_work_goes_on_after_a_call_has_timed_out(world: World) -> None:
    world.sandbox.quirks(latency=0.5)
    answer = world.hub("org.createUser", {"name": "ORG", "email": "late@x.test"}, timeout=50)
    assert answer["error"].startswith("timeout - callHub: subject='hub.account.")
    world.sandbox.quirks(latency=0)
    assert until(lambda: world.hub("system.userSearch", {"query": "late@x.test"}))


def test_a_start_that_never_ends_blocks_the_project(world: World) -> None:
    world.sandbox.quirks(never_starts=True, stuck_starting=True)
    body = {"name": "system.ping", "args": [], "project_id": world.live(OURS)}
    with pytest.raises(requests.ReadTimeout):
        requests.post(
            world.sandbox.faces["conat"] + PROJECT,
            json=body,
            headers={"Authorization": f"Bearer {ADMIN_KEY}"},
            timeout=1,
        )
    world.sandbox.quirks(never_starts=False)
    assert world.hub("projects.start", {"project_id": OURS}) is None
    assert world.hub("projects.stop", {"project_id": OURS}) is None
    assert world.hub("projects.state", {"project_id": OURS}) == {"state": "starting"}
    assert world.inside("system.ping", timeout=50)["error"].startswith("timeout - Error")


def test_functions_come_with_the_servers_day(world: World) -> None:
    world.sandbox.quirks(server_date="2025-09-15")
    unknown = {"error": "Error: unknown function 'projects.state'"}
    assert world.hub("projects.state", {"project_id": OURS}) == unknown
    assert "unknown" in world.hub("projects.deleteProject", {"project_id": OURS})["error"]
    # No call into a project starts it yet.
    late = world.inside("system.ping", timeout=50)
    assert "code='408'" in late["error"]
    assert world.hub("projects.start", {"project_id": OURS}) is None
    assert "now" in world.inside("system.ping")
    with pytest.raises(ValueError, match="server_date"):
        world.sandbox.quirks(server_date="soon")


def test_a_lost_answer_and_a_refusal_on_demand(world: World) -> None:
    world.sandbox.quirks(lost_replies=["org.createUser"])
    with pytest.raises(requests.ConnectionError):
        world.hub("org.createUser", {"name": "ORG", "email": "lost@x.test"})
    world.sandbox.quirks(fail_events=["projects.start"])
    assert "told to fail" in world.hub("projects.start", {"project_id": OURS})["error"]
    [found] = world.hub("system.userSearch", {"query": "lost@x.test"})
    assert found["email_address"] == world.live("lost@x.test")


def test_calls_are_counted_by_bridge_and_function(world: World) -> None:
    world.sandbox.reset_calls()
    world.hub("system.ping")
    world.inside("system.ping")
    world.ask("/api/v2/projects/touch", {"project_id": OURS})
    counts = world.sandbox.calls()["counts"]
    assert counts == {"hub system.ping": 1, "project system.ping": 1, "v2 projects/touch": 1}


def test_groups_by_query_can_be_closed(world: World) -> None:
    row = {"project_id": OURS, "users": {STUDENT: {"group": "owner"}}}
    world.sandbox.quirks(group_by_query=False)
    answer = world.hub("db.userQuery", {"query": {"projects": row}}, by=STUDENT)
    assert answer["error"].startswith("FATAL: error setting 'users'")
    assert _group(world, STUDENT) == "collaborator"
    world.sandbox.quirks(group_by_query=True)
    assert world.hub("db.userQuery", {"query": {"projects": row}}, by=STUDENT) == {}
    assert _group(world, STUDENT) == "owner"


def test_both_generations_have_the_same_projects(world: World) -> None:
    response = requests.post(
        f"{world.sandbox.faces['v1']}/api/v1/query",
        json={"query": {"projects_all": {"project_id": world.live(OURS), "title": None}}},
        auth=(ADMIN_KEY, ""),
        timeout=30,
    )
    assert response.json()["query"]["projects_all"]["title"] == "T"


def test_the_file_of_an_older_sandbox_still_opens(tmp_path: Path) -> None:
    path = tmp_path / "sandbox.sqlite3"
    db = sqlite3.connect(path)
    db.executescript(
        "create table accounts (account_id text primary key, email text unique,"
        " first_name text not null, last_name text not null, password text,"
        " groups text not null, created integer not null);"
        "create table keys (hash text primary key, account_id text not null);"
        "insert into accounts values ('a1', 'a@x.test', 'A', 'B', null, '[\"admin\"]', 5);"
    )
    db.close()
    store = Store(path, Clock())
    account = store.account_by_email("a@x.test")
    assert account
    assert (account.is_admin, account.org, account.banned, account.deleted) == (
        True,
        None,
        False,
        False,
    )
    store.close()
    assert Store(path, Clock()).account("a1") == account


def test_time_is_told_by_the_clock_that_moves(world: World) -> None:
    world.sandbox.forward(3600)
    assert world.hub("system.ping")["now"] / 1000 > time.time() + 3500
    with pytest.raises(ValueError, match="forward"):
        world.sandbox.forward(-1)
