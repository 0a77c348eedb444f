"""What was read of CoCalc's bridges and v2, exchange by exchange, is what the stand-in answers.

Each line of conat.jsonl is asked in a world of its own, by whom and after what the tables here
say. Ids are ours, times and secrets are compared by their kind, and "…" stands for any text.
"""

import base64
import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from sandbox.process import SandboxProcess
from tests.sandbox.conat_world import (
    ADMIN,
    FOREIGN,
    HIS,
    ORG_ADMIN,
    OURS,
    PATIENCE,
    PLAIN,
    STUDENT,
    World,
)
from tests.sandbox.support import ADMIN_KEY

LINES = Path(__file__).parent.parent / "contract" / "conat.jsonl"
ALL = [json.loads(line) for line in LINES.read_text().splitlines()]
# From here on the lines are about what happens inside a project.
_END = next(n for n, case in enumerate(ALL) if case["case"] == "write file")
MINE = [
    case
    for case in (*ALL[:_END], *ALL)
    if case["path"].startswith("/api/") and (case in ALL[:_END] or case["case"] == "customize, v2")
]
CASES = {case["case"]: case for case in MINE}

NOT_IMITATED = {
    "hub: the conat server did not acknowledge the publication in time": "one process: no such way",
    "hub: nobody serves the hub API": "one process: who is asked is there",
    "hub: conat connection of the web process lost while waiting": "one process: no connection",
    "project: daemon launched, project never comes up": "no answer: see the test of it below",
    "create account, v2: cocalc.com without trust": "it is no commercial site",
    "create account, v2: registration token wanted": "it wants none",
    "state: could not be read": "a state is always known",
    "start: kucalc, did not run in 120 s": "it is no kucalc",
    "start: kucalc, the start was tried and failed": "it is no kucalc",
}

BY = {
    "hub: unknown key": PLAIN,
    "hub: key whose last six characters are no valid id": PLAIN,
    "hub: key of a banned account": PLAIN,
    "hub: key of a DELETED account": PLAIN,
    "hub: expired key": PLAIN,
    "hub: key deleted less than 15 s ago": PLAIN,
    "project: unknown, banned, expired key": PLAIN,
    "find account: admin:true without being one": PLAIN,
    "identify: plain account": PLAIN,
    "identify: org admin of ORG?": ORG_ADMIN,
    "identify: org.get by somebody else": PLAIN,
    "identify: org.getAll as non-admin": PLAIN,
    "userQuery: the same by a non-admin": PLAIN,
    "site settings: by a non-admin": PLAIN,
    "create account: by an org admin": ORG_ADMIN,
    "create account: caller is no admin of it": PLAIN,
    "create account: org does not exist, org admin's key": ORG_ADMIN,
    "org.create: not site admin": PLAIN,
    "org.addAdmin: not site admin": ORG_ADMIN,
    "org.addUser: org admin's key": ORG_ADMIN,
    "create account, v2: not site admin": PLAIN,
    "mint token: account of another org": PLAIN,
    "mint token: non-admin, right password of the target": PLAIN,
    "mint token: non-admin, wrong or no password": PLAIN,
    "mint token: non-admin, within 30 s": PLAIN,
    "create project: own id, not site admin": PLAIN,
    "get project: not a collaborator": PLAIN,
    "get project: unknown, not site admin": PLAIN,
    "update project: not allowed": PLAIN,
    "update project: the same by a collaborator": STUDENT,
    "update project, v2: no access": PLAIN,
    "delete project: any collaborator may": STUDENT,
    "delete project: no collaborator": PLAIN,
    "add member: caller is no collaborator": PLAIN,
    "add member: oneself to a foreign project": PLAIN,
    "remove member: only owners may": PLAIN,
    "add member: only owners may": STUDENT,
    "make owner: caller is collaborator only": STUDENT,
    "make owner: caller no member": PLAIN,
    "hub: system.terminate by a non-admin": PLAIN,
}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    with SandboxProcess.start(
        tmp_path_factory.mktemp("conat"),
        admin_key=ADMIN_KEY,
        generation="conat",
        dns="cocalc.school",
        start_seconds=0.05,
    ) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running: SandboxProcess) -> Iterator[SandboxProcess]:
    yield running
    running.reset_quirks()
    row = {"name": "email_signup", "value": "yes"}
    World(running, keys={ADMIN: ADMIN_KEY}).hub("db.userQuery", {"query": {"site_settings": row}})


@pytest.fixture
def world(sandbox: SandboxProcess) -> World:
    return World.make(sandbox)


# What has to be so before a line is asked.


def _quirk(**changes: Any) -> Callable[[World], None]:
    def change(world: World) -> None:
        world.sandbox.quirks(**changes)

    return change


def _start(world: World) -> None:
    world.hub("projects.start", {"project_id": OURS})


def _stop(world: World) -> None:
    world.hub("projects.stop", {"project_id": OURS})


def _slowly(world: World) -> None:
    """The project is on its way up for as long as the line takes."""
    world.sandbox.quirks(start_seconds=1.5)
    world.hub("projects.start", {"project_id": OURS}, timeout=50)


def _ban(world: World) -> None:
    world.sandbox.ban(world.live(PLAIN))
    world.sandbox.forward(61)


def _delete(who: str) -> Callable[[World], None]:
    def delete(world: World) -> None:
        world.sandbox.delete_account(world.live(who))

    return delete


def _forget(world: World) -> None:
    """Delete a key that the hub has just seen."""
    made = world.hub("system.manageApiKeys", {"action": "create"}, by=PLAIN)[0]
    world.keys[PLAIN] = made["secret"]
    world.hub("system.ping", by=PLAIN)
    world.hub("system.manageApiKeys", {"action": "delete", "id": made["id"]}, by=PLAIN)


def _expired(world: World) -> None:
    world.keys[PLAIN] = world.key_of(PLAIN, expire=world.hub("system.ping")["now"] / 1000 - 1)


def _left(world: World) -> None:
    """The project's key was made by somebody who is no member any more."""
    world.keys["project"] = world.key_of(STUDENT, project_id=OURS)
    opts = {"project_id": OURS, "account_id": STUDENT}
    world.hub("projects.removeCollaborator", {"opts": opts})


def _impossible_key(world: World) -> None:
    world.keys[PLAIN] = "sk-" + "a" * 16 + "ZZZZZZ"


def _taken(world: World) -> None:
    world.account("aaaaaaaa-0000-4000-8000-000000000007", "v2@x.test", "V", "Two")


def _taken_with_password(world: World) -> None:
    fields = {"email": "v2@x.test", "password": "c0rrect-horse-batt", "terms": True}
    made = world.ask("/api/v2/auth/sign-up", fields).json()["account_id"]
    world.ids["aaaaaaaa-0000-4000-8000-00000000000b"] = made


def _wrong_password(world: World) -> None:
    wrong = {"user_account_id": STUDENT, "password": "wrong"}
    world.hub("system.generateUserAuthToken", wrong, by=PLAIN)


def _owners_only(world: World) -> None:
    row = {"project_id": OURS, "manage_users_owner_only": True}
    world.hub("db.userQuery", {"query": {"projects": row}})


def _other_org(world: World) -> None:
    world.account("aaaaaaaa-0000-4000-8000-000000000006", "o2@x.test", "Two", "Orgs")
    world.hub("org.addUser", {"name": "ANOTHER", "user": "o2@x.test"})


def _new_id(world: World) -> None:
    world.ids[OURS] = f"bbbbbbbb-0000-4000-8000-{time.monotonic_ns() % 10**12:012}"


def _new_org(world: World) -> None:
    world.ids["ORG"] = f"NEW{world.number}"


def _nobody_yet(world: World) -> None:
    """The student's address is free, under any spelling."""
    world.sandbox.delete_account(world.live(STUDENT))


def _another_member(world: World) -> None:
    """One more, so that he may try to remove the other."""
    opts = {"project_id": OURS, "account_id": PLAIN}
    world.hub("projects.addCollaborator", {"opts": opts})
    _owners_only(world)


def _banned_and_deleted(world: World) -> None:
    world.sandbox.ban(world.live(STUDENT))
    world.sandbox.delete_account(world.live(STUDENT))


def _portal_key(world: World) -> None:
    made = world.hub("system.manageApiKeys", {"action": "create", "name": "portal"})[0]
    world.keys["portal"] = made["secret"]
    world.hub("system.ping", by="portal")


def _set(row: dict[str, Any]) -> dict[str, Any]:
    return {"query": {"projects": row}}


def _describe(what: str, *projects: str) -> Callable[[World], None]:
    def describe(world: World) -> None:
        world.ids['"D"'] = f'"{what}-{world.number}"'
        for project in projects:
            world.hub("db.userQuery", _set({"project_id": project, "description": "D"}))

    return describe


def _somebody_elses(world: World) -> None:
    """The file calls it by the other's id."""
    _describe("his", FOREIGN)(world)
    world.ids[HIS] = world.ids[FOREIGN]


def _project_key(world: World) -> None:
    world.keys["project"] = world.key_of(ADMIN, project_id=OURS)


SETUP: dict[str, Callable[[World], None]] = {
    "hub: system.test on a G4 server of 2025-08-28…2025-10-22": _quirk(server_date="2025-10-22"),
    "hub: unknown key": lambda world: world.keys.update({PLAIN: "sk-unknown"}),
    "hub: key whose last six characters are no valid id": _impossible_key,
    "hub: key of a banned account": _ban,
    "hub: key of a DELETED account": _delete(PLAIN),
    "hub: expired key": _expired,
    "hub: key deleted less than 15 s ago": _forget,
    "hub: RPC took longer than `timeout` (ms, default 15000)": _quirk(start_seconds=1.5),
    "hub: values on the way back": _start,
    "hub: void function": _start,
    "project: unknown, banned, expired key": _ban,
    "project: project key whose creator left the project": _left,
    "project: stopped project": _stop,
    "project: another call is starting it": _slowly,
    "project: API of the project not there within `timeout` (a)": _quirk(api_late="408"),
    "project: API of the project not there within `timeout` (b)": _quirk(api_late="503"),
    "project: launcher exits with code 1": _quirk(start_error="1"),
    "project: pnpm not to be found": _quirk(start_error="Error: spawn pnpm ENOENT"),
    "create account": _nobody_yet,
    "org.create": _new_org,
    "org.addAdmin: member of another org": _other_org,
    "site settings: fixed by the environment": _quirk(fixed_settings=["dns"]),
    "create account, v2: taken": _taken,
    "create account, v2: same address AND same password": _taken_with_password,
    "create account, v2: sign-up by e-mail disabled": lambda world: world.hub(
        "db.userQuery", {"query": {"site_settings": {"name": "email_signup", "value": "no"}}}
    ),
    "mint token: banned or deleted account": _banned_and_deleted,
    "mint token: non-admin, within 30 s": _wrong_password,
    "create project: own id, site admin": _new_id,
    "find projects by description": _describe("these", OURS),
    "find projects: none": _describe("none"),
    "find projects of everybody, site admin": _somebody_elses,
    "add member: only owners may": _owners_only,
    "remove member: only owners may": _another_member,
    "list keys": _portal_key,
    "hub: project key": _project_key,
    "project: with the project's own key, no project_id": _project_key,
    "project: project key for another project": _project_key,
    "start, v2: project key": _project_key,
    "state: running": _start,
    "state: stopped": _stop,
    "state: starting": _slowly,
    "start: while it starts or stops already": _slowly,
    "start: launcher exits with code 1": _quirk(start_error="1"),
    "start: never comes up": _quirk(never_starts=True),
    "stop": _start,
    "stop: while it starts": _slowly,
    "status": _start,
    "start, v2: launcher exits with code 1": _quirk(start_error="1"),
}

# Headers and bodies that the file tells in words only.
HEADERS: dict[str, Callable[[str], str]] = {
    "hub: ping with Basic": lambda key: "Basic " + base64.b64encode(f"{key}:x:y".encode()).decode(),
    "hub: unknown authorization scheme": lambda key: f"Token {key}",
    "hub: scheme in lower case": lambda key: f"bearer {key}",
    "hub: empty Authorization header": lambda key: "",
    "hub: 'Bearer' without key": lambda key: "Bearer",
    "hub: 'Basic' without credentials": lambda key: "Basic",
}
TEXT = {"Content-Type": "text/plain"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_JSON = "application/json"
JSON = {"Content-Type": _JSON}
BODIES: dict[str, tuple[dict[str, str], str]] = {
    "hub: empty body, JSON content type": (JSON, ""),
    "hub: JSON sent as text/plain or without content type": (TEXT, '{"name":"system.ping"}'),
    "hub: form body": (FORM, "name=system.ping"),
    "hub: malformed JSON": (JSON, "{not json"),
    "project: malformed JSON": (JSON, "{not json"),
    "hub: body larger than 1 MiB": (JSON, '"' + "x" * 1048575 + '"'),
    "project: body larger than 1 MiB": (JSON, '"' + "x" * 1048575 + '"'),
    "v2: body larger than 1 MiB": (JSON, '"' + "x" * 1048575 + '"'),
    "hub: unknown charset in Content-Type": (
        {"Content-Type": "application/json; charset=no"},
        "{}",
    ),
}
# Waited for in earnest, so shorter than a server's own.
SHORT = {
    "project: API of the project not there within `timeout` (a)",
    "project: API of the project not there within `timeout` (b)",
    "project: project_id in upper case",
    "project: compute_server_id null",
    "start: never comes up",
    "hub: RPC took longer than `timeout` (ms, default 15000)",
    "project: function took longer than `timeout`",
}

# Made anew by each server: compared by their kind.
VOLATILE = {
    "created",
    "expire",
    "id",
    "last_active",
    "now",
    "secret",
    "server_time",
    "session_id",
    "start_ts",
    "time",
    "trunc",
    "project.pid",
    "hub-server.port",
    "browser-server.port",
}
INVENTED = re.compile(r"[abc]{8}-0000-4000-8000-0000000000[01].")
UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
TOKEN = "Ab3dEfGh1kLmNoPqRsTuVwX0"


MAKING = ("create account", "create project", "org.create")
# They list more than the file shows: its rows have to be among them.
LISTS = {
    "find projects: table `projects` instead",
    "identify: site admin proof",
    "list keys",
    "org.getUsers",
    "userQuery: site admin acts as another account",
}


def _matches(expected: Any, got: Any, *, among: bool = False) -> bool:
    if isinstance(expected, dict):
        return (
            isinstance(got, dict)
            and expected.keys() == got.keys()
            and all(
                _alike(expected[name], got[name])
                if name in VOLATILE
                else _matches(expected[name], got[name], among=among)
                for name in expected
            )
        )
    if isinstance(expected, list) and isinstance(got, list):
        if among:
            return all(any(_matches(row, other) for other in got) for row in expected)
        return len(expected) == len(got) and all(map(_matches, expected, got))
    if isinstance(expected, str) and isinstance(got, str):
        if INVENTED.fullmatch(expected):
            return UUID.fullmatch(got) is not None
        pattern = re.escape(expected).replace("…", ".*").replace(TOKEN, "[0-9A-Za-z]{24}")
        return re.fullmatch(pattern, got, re.DOTALL) is not None
    return type(expected) is type(got) and bool(expected == got)


def _alike(expected: Any, got: Any) -> bool:
    return expected is None or type(expected) is type(got)


def _ask(case: dict[str, Any], world: World) -> requests.Response:
    name = case["case"]
    by = BY.get(name, ADMIN)
    key = world.keys.get("project", "") if case["auth"] == "project key" else world.keys[by]
    headers = {"Authorization": f"Bearer {key}"}
    if case["auth"] in ("none", "cookie"):
        headers = {}
    if name in HEADERS:
        headers = {"Authorization": HEADERS[name](key)}
    if case["auth"] == "cookie" or name == "start, v2: cookie and key, cookie expired":
        headers["Cookie"] = f"remember_me=nobody; account_id={world.live(by)}"
    body: Any = world.live(case["request"])
    if name in BODIES:
        more, body = BODIES[name]
        headers |= more
    else:
        if name in SHORT:
            body["timeout"] = 300
        if name == "project: compute_server_id null":
            body["compute_server_id"] = None
        body = None if body is None else json.dumps(body)
        headers |= JSON
    return requests.request(
        case["method"],
        world.sandbox.faces["conat"] + case["path"],
        data=body,
        headers=headers,
        timeout=PATIENCE,
        allow_redirects=False,
    )


@pytest.mark.parametrize("name", sorted(CASES.keys() - NOT_IMITATED.keys()))
def test_answers_as_read(world: World, name: str) -> None:
    case = CASES[name]
    if name in SETUP:
        SETUP[name](world)
    response = _ask(case, world)
    kind = response.headers.get("Content-Type")
    assert (response.status_code, kind) == (case["status"], case["content_type"]), response.text
    if case["status"] == 200:
        answer = response.json()
        if name.startswith(MAKING) and INVENTED.fullmatch(str(case["response"])):
            assert UUID.fullmatch(answer)
            assert answer not in world.ids.values() or "own id" in name
            return
        assert _matches(world.live(case["response"]), answer, among=name in LISTS), answer
    else:
        assert re.fullmatch(
            re.escape(case["response"]).replace("…", ".*"), response.text, re.DOTALL
        )


def test_the_tables_name_lines_that_there_are() -> None:
    tables = (NOT_IMITATED, BY, SETUP, HEADERS, BODIES, SHORT, LISTS)
    assert {name for table in tables for name in table} <= CASES.keys()
