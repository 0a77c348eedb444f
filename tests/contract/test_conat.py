"""Every answer that CoCalc's bridges can give to a call of the driver's: what becomes of it."""

from typing import Any

import pytest

from embedding.cocalc.client import Account, Identity, Project
from embedding.cocalc.conat import ConatClient
from embedding.cocalc.conat.answers import UnknownFunction
from embedding.cocalc.conat.texts import UNSURE
from embedding.cocalc.errors import (
    BadRequest,
    CannotStart,
    Duplicate,
    Forbidden,
    Limited,
    NotCocalc,
    NotFound,
    NotStarted,
    OutcomeUnknown,
    RefusedKey,
    ServerFault,
    StillStarting,
)
from tests.cocalc.server import Server
from tests.contract.driving import Call, Fails, drive
from tests.contract.read import EXCHANGES, function_of

ORG = "ORG"
ADMIN, STUDENT, STRANGER = (f"aaaaaaaa-0000-4000-8000-00000000000{n}" for n in (1, 4, 5))
PLAIN = "aaaaaaaa-0000-4000-8000-000000000003"
OURS, HIS, FOREIGN, DELETED = (f"bbbbbbbb-0000-4000-8000-00000000000{n}" for n in (1, 2, 3, 4))
NOWHERE = "ffffffff-0000-4000-8000-00000000000f"
TOKEN = "Ab3dEfGh1kLmNoPqRsTuVwX0"
ROW = Project(OURS, "T", "D", "opened", {ADMIN: "owner", STUDENT: "collaborator"}, deleted=False)


def create(client: ConatClient) -> object:
    return client.create_account(email="S@x.test", first_name="Stu", last_name="Dent")


def mint_token(client: ConatClient) -> object:
    return client.mint_token(STUDENT)


identify = Call("accounts", lambda client: client.identify())
identify_organizer = Call("org.get", lambda client: client.identify().may_sign_in, ORG)
create_in_org = Call("org.createUser", create, ORG)
create_unless_org = Call("org.get", create, ORG)
create_by_v2 = Call("sign-up", create)
find = Call("system.userSearch", lambda client: client.find_account("S@x.test"))
mint = Call("system.generateUserAuthToken", mint_token)
mint_in_org = Call("org.createToken", mint_token, ORG)
mint_by_clock = Call("system.ping", mint_token, ORG)
mint_for_member = Call("org.getUsers", mint_token, ORG)
mint_for_stranger = Call("org.getUsers", lambda client: client.mint_token(NOWHERE), ORG)
revoke = Call("org.expireToken", lambda client: client.revoke_token(TOKEN))
create_project = Call(
    "projects.createProject", lambda client: client.create_project(title="T", description="D")
)
find_projects = Call("projects_all", lambda client: client.find_projects(description="D"))
list_projects = Call(
    "projects_all", lambda client: [row.project_id for row in client.list_projects()]
)
rename = Call("projects", lambda client: client.update_project(OURS, title="T2"))
delete = Call("projects.deleteProject", lambda client: client.delete_project(OURS))
restore = Call("projects", lambda client: client.restore_project(OURS))
add = Call("projects.addCollaborator", lambda client: client.add_member(OURS, STUDENT))
remove = Call("projects.removeCollaborator", lambda client: client.remove_member(OURS, STRANGER))
promote = Call("projects.changeUserType", lambda client: client.set_role(OURS, STUDENT, "owner"))
state = Call("projects.state", lambda client: client.project_state(OURS))
start = Call("projects.start", lambda client: client.start_project(OURS))
start_and_look = Call("projects.state", lambda client: client.start_project(OURS))
stop = Call("projects.stop", lambda client: client.stop_project(OURS))
stop_and_look = Call("projects.state", lambda client: client.stop_project(OURS))


def project(project_id: str) -> Call:
    return Call("projects_all", lambda client: client.get_project(project_id))


BAD_KEY = Fails(RefusedKey)
NO_ACCESS = Fails(Forbidden)
REFUSED = Fails(BadRequest)
ABSENT = Fails(NotFound)
NEWER = Fails(UnknownFunction)
FOREIGN_JSON = Fails(NotCocalc, "JSON of another shape")

CASES: list[tuple[str, Call, object]] = [
    # The key, the function, the arguments, the way there
    ("hub: no Authorization header", identify, BAD_KEY),
    ("hub: cookie only", find, BAD_KEY),
    ("hub: unknown authorization scheme", mint, BAD_KEY),
    ("hub: scheme in lower case", create_project, BAD_KEY),
    ("hub: empty Authorization header", add, BAD_KEY),
    ("hub: 'Bearer' without key", state, BAD_KEY),
    ("hub: 'Basic' without credentials", start, BAD_KEY),
    ("hub: unknown key", identify, BAD_KEY),
    ("hub: key whose last six characters are no valid id", rename, BAD_KEY),
    ("hub: key of a banned account", mint_in_org, BAD_KEY),
    ("hub: expired key", stop, BAD_KEY),
    ("hub: project key", create_in_org, BAD_KEY),
    ("hub: GET without a key", identify, BAD_KEY),
    ("hub: empty object", identify, REFUSED),
    ("hub: empty body, JSON content type", identify, REFUSED),
    ("hub: JSON sent as text/plain or without content type", identify, REFUSED),
    ("hub: name null", identify, REFUSED),
    ("hub: name is a number", identify, REFUSED),
    ("hub: unknown function", create_project, NEWER),
    ("hub: name without a dot", create_project, NEWER),
    ("hub: empty name", create_project, NEWER),
    ("hub: function that exists in the module but is not offered", create_project, NEWER),
    ("hub: args null", create_project, REFUSED),
    ("hub: args an object", create_project, REFUSED),
    ("hub: args[0] a string where an object is wanted", create_project, REFUSED),
    ("hub: timeout 0", create_project, REFUSED),
    ("hub: RPC took longer than `timeout` (ms, default 15000)", rename, Fails(OutcomeUnknown)),
    (
        "hub: the conat server did not acknowledge the publication in time",
        rename,
        Fails(OutcomeUnknown),
    ),
    ("hub: nobody serves the hub API", create_project, Fails(ServerFault)),
    (
        "hub: conat connection of the web process lost while waiting",
        rename,
        Fails(OutcomeUnknown),
    ),
    ("hub: malformed JSON", identify, Fails(NotCocalc, "Invalid JSON", 400)),
    ("hub: body larger than 1 MiB", rename, Fails(BadRequest, "too large", 413)),
    ("hub: unknown charset in Content-Type", identify, Fails(NotCocalc, "Invalid body", 400)),
    ("hub: trailing slash", identify, Fails(NotCocalc, "redirects to", 308)),
    ("no such path below /api", identify, Fails(NotCocalc, "…", 404)),
    ("v1 is gone", identify, Fails(NotCocalc, "…", 404)),
    ("hub: values on the way back", state, "running"),
    ("hub: void function", delete, None),
    # Whose key it is
    (
        "identify: site admin",
        identify,
        Identity(ADMIN, "admin@x.test", is_admin=True, may_sign_in=True),
    ),
    (
        "identify: plain account",
        identify,
        Identity(PLAIN, "n@x.test", is_admin=False, may_sign_in=False),
    ),
    ("identify: org admin of ORG?", identify_organizer, True),
    ("identify: org.get by somebody else", identify_organizer, False),
    ("identify: org.get by somebody else", create_unless_org, NO_ACCESS),
    ("identify: org.get of an unknown org as site admin", identify_organizer, False),
    ("identify: org.get of an unknown org as site admin", create_unless_org, ABSENT),
    ("userQuery: two tables", identify, REFUSED),
    ("userQuery: unknown table", list_projects, REFUSED),
    ("userQuery: unknown field", list_projects, REFUSED),
    ("userQuery: query missing", identify, REFUSED),
    ("userQuery: site admin acts as another account", list_projects, [HIS]),
    ("userQuery: the same by a non-admin", list_projects, NO_ACCESS),
    ("site settings: set by a site admin", rename, None),
    ("site settings: by a non-admin", rename, NO_ACCESS),
    ("site settings: fixed by the environment", rename, REFUSED),
    # Accounts
    ("create account", create_in_org, STUDENT),
    ("create account: by an org admin", create_in_org, f"{STUDENT[:-1]}6"),
    ("create account: caller is no admin of it", create_in_org, NO_ACCESS),
    ("create account: org does not exist, org admin's key", create_in_org, NO_ACCESS),
    ("create account: org does not exist, site admin's key", create_in_org, f"{STUDENT[:-1]}7"),
    ("create account: e-mail taken", create_in_org, Fails(Duplicate)),
    ("create account: e-mail differs in case only", create_in_org, f"{STUDENT[:-1]}8"),
    ("create account: no e-mail", create_in_org, f"{STUDENT[:-1]}9"),
    ("create account: password too short", create_in_org, f"{STUDENT[:-1]}a"),
    ("org.getUsers", mint_for_member, TOKEN),
    (
        "org.getUsers",
        mint_for_stranger,
        Fails(Forbidden, "the account is not in the organization"),
    ),
    ("create account, v2, site admin's key", create_by_v2, f"{STUDENT[:-1]}b"),
    ("create account, v2: taken", create_by_v2, Fails(Duplicate)),
    ("create account, v2: same address AND same password", create_by_v2, f"{STUDENT[:-1]}b"),
    ("create account, v2: not site admin", create_by_v2, NO_ACCESS),
    ("create account, v2: cocalc.com without trust", create_by_v2, REFUSED),
    ("create account, v2: sign-up by e-mail disabled", create_by_v2, REFUSED),
    ("create account, v2: weak password, no terms", create_by_v2, REFUSED),
    ("create account, v2: registration token wanted", create_by_v2, REFUSED),
    ("create account, v2: no key", create_by_v2, REFUSED),
    ("find account by e-mail", find, Account(STUDENT, "s@x.test", "Stu", "Dent")),
    ("find account: nobody", find, None),
    ("find account: string that is no valid address", find, None),
    ("find account by id", find, None),
    ("find account by id, admin:true", find, Account(STUDENT, "s@x.test", "Stu", "Dent")),
    ("find account: admin:true without being one", find, NO_ACCESS),
    ("find account: no query", find, None),
    # Tokens
    ("mint token, org path", mint_in_org, TOKEN),
    ("mint token with an end", mint_in_org, TOKEN),
    ("mint token with expire in seconds or null", mint_in_org, TOKEN),
    ("mint token: by e-mail", mint_in_org, TOKEN),
    ("mint token: account in no org", mint_in_org, NO_ACCESS),
    ("mint token: unknown account", mint_in_org, NO_ACCESS),
    ("mint token: account of another org", mint_in_org, NO_ACCESS),
    ("mint token: user missing", mint_in_org, NO_ACCESS),
    ("mint token: banned or deleted account", mint_in_org, TOKEN),
    ("mint token, site-admin path", mint, TOKEN),
    ("mint token, site-admin path: unknown account", mint, TOKEN),
    ("mint token, site-admin path: no uuid", mint, REFUSED),
    ("mint token: non-admin, right password of the target", mint, TOKEN),
    ("mint token: non-admin, wrong or no password", mint, Fails(Limited, retry_after=30)),
    ("mint token: non-admin, within 30 s", mint, Fails(Limited, retry_after=30)),
    ("revoke token", revoke, None),
    ("revoke token, other way", revoke, None),
    ("revoke token: unknown", revoke, None),
    ("hub: ping", mint_by_clock, TOKEN),
    ("hub: ping with Bearer", mint_by_clock, TOKEN),
    ("hub: ping with Basic", mint_by_clock, TOKEN),
    ("hub: key of a DELETED account", mint_by_clock, TOKEN),
    ("hub: key deleted less than 15 s ago", mint_by_clock, TOKEN),
    ("hub: form body", mint_by_clock, TOKEN),
    ("hub: further positional arguments", mint_by_clock, TOKEN),
    # Projects
    ("create project", create_project, OURS),
    ("create project: nothing given", create_project, OURS),
    ("create project: from the pool", create_project, OURS),
    ("create project: start", create_project, OURS),
    ("create project: own id, site admin", create_project, OURS),
    ("create project: own id, taken", create_project, Fails(Duplicate)),
    ("create project: own id, not site admin", create_project, NO_ACCESS),
    ("create project: ephemeral", create_project, OURS),
    ("create project: bad licence", create_project, OURS),
    ("find projects by description", find_projects, [ROW]),
    ("find projects by description", list_projects, [OURS]),
    ("find projects: none", find_projects, []),
    ("find projects: table `projects` instead", find_projects, FOREIGN_JSON),
    ("find projects of everybody, site admin", list_projects, FOREIGN_JSON),
    ("get project", project(OURS), ROW),
    ("get project: deleted one", project(DELETED), Project(DELETED, "T", "", None, {}, True)),
    ("get project: not a collaborator", project(FOREIGN), NO_ACCESS),
    ("get project: unknown, not site admin", project(NOWHERE), NO_ACCESS),
    (
        "get project: foreign one, site admin",
        project(FOREIGN),
        Project(FOREIGN, "x", "", None, {}, False),
    ),
    ("get project: unknown, site admin", project(NOWHERE), Fails(NotFound, "no such project")),
    ("get project: no uuid", project(OURS), REFUSED),
    ("get project: single row form, none there", project(NOWHERE), FOREIGN_JSON),
    ("update project", rename, None),
    ("update project: as a collaborator or site admin", rename, None),
    ("update project: not allowed", rename, NO_ACCESS),
    ("update project: unknown project", rename, ABSENT),
    ("update project: title null", rename, FOREIGN_JSON),
    ("update project: only the id", rename, None),
    ("update project: field that is not settable", rename, REFUSED),
    ("update project: keep members from inviting", restore, None),
    ("update project: the same by a collaborator", restore, NO_ACCESS),
    ("delete project", delete, None),
    ("delete project: any collaborator may", delete, None),
    ("delete project: site admin, foreign project", delete, None),
    ("delete project: no collaborator", delete, NO_ACCESS),
    ("delete project: unknown, site admin", delete, ABSENT),
    ("delete project: no uuid", delete, REFUSED),
    ("delete project: by a set query", restore, None),
    # Members
    ("add member", add, None),
    ("add member: is one already", add, None),
    ("add member: unknown account", add, None),
    ("add member: account_id no uuid", add, REFUSED),
    ("add member: project_id no uuid", add, REFUSED),
    ("add member: unknown project", add, ABSENT),
    ("add member: caller is no collaborator", add, NO_ACCESS),
    ("add member: oneself to a foreign project", add, NO_ACCESS),
    ("add member: only owners may", add, NO_ACCESS),
    ("add member: lists of different length", add, REFUSED),
    ("add member: arguments not inside `opts`", add, REFUSED),
    ("remove member", remove, None),
    ("remove member: is none", remove, None),
    ("remove member: an owner", remove, NO_ACCESS),
    ("remove member: caller is no collaborator", remove, NO_ACCESS),
    ("remove member: unknown project", remove, NO_ACCESS),
    ("remove member: only owners may", remove, NO_ACCESS),
    ("make owner", promote, None),
    ("make owner: caller is collaborator only", promote, NO_ACCESS),
    ("make owner: target no member", promote, ABSENT),
    ("demote the last owner", promote, NO_ACCESS),
    ("make owner: caller no member", promote, NO_ACCESS),
    # Whether a project runs
    ("state: running", state, "running"),
    ("state: stopped", state, "opened"),
    ("state: starting", state, "starting"),
    ("state: could not be read", state, "opened"),
    ("state: no collaborator", state, NO_ACCESS),
    ("state: project_id missing", state, REFUSED),
    ("start", start, None),
    ("start: while it starts or stops already", start, None),
    ("state: stopped", start_and_look, Fails(CannotStart, "it stands still after its start")),
    ("state: starting", start_and_look, Fails(StillStarting, "after 2 s it is starting")),
    ("start: launcher exits with code 1", start, Fails(CannotStart)),
    ("start: never comes up", start, Fails(OutcomeUnknown)),
    ("start: kucalc, did not run in 120 s", start, Fails(NotStarted)),
    ("start: kucalc, the start was tried and failed", start, None),
    ("start: no collaborator", start, NO_ACCESS),
    ("start: deleted project", start, None),
    ("stop", stop, None),
    ("stop: stopped already", stop, None),
    ("stop: while it starts", stop, None),
    ("stop: no collaborator", stop, NO_ACCESS),
    ("state: running", stop_and_look, Fails(OutcomeUnknown, "it has not stopped yet", None)),
]

# What a function answers that the case is not about.
USUAL = {
    "system.ping": "hub: ping",
    "org.get": "identify: org admin of ORG?",
    "org.getUsers": "org.getUsers",
    "org.createToken": "mint token, org path",
    "accounts": "identify: site admin",
    "projects_all": "get project",
    "projects": "update project",
    "projects.addCollaborator": "add member",
    "projects.start": "start",
    "projects.stop": "stop",
}
# Answers to functions that the driver calls, but to what it never sends.
NEVER_SENT = {
    "hub: GET with a key",  # parameters in the address
    "hub: caller cannot act as somebody else",
    "update project: group of a user",  # but where the function for it is missing: test_later.py
}
FUNCTIONS = {call.asks if "." in call.asks else "db.userQuery" for _, call, _ in CASES}


def is_met(exchange: dict[str, Any]) -> bool:
    """Whether a call of the driver's to the hub can come to this answer."""
    path, function = exchange["path"], function_of(exchange)
    if exchange["case"] in NEVER_SENT:
        return False
    if path == "/api/v2/auth/sign-up":
        return True
    return path == "/api/conat/hub" and (function in FUNCTIONS or not function)


@pytest.mark.parametrize(
    ("case", "call", "expected"), CASES, ids=[f"{n}: {case[0]}" for n, case in enumerate(CASES)]
)
def test_answer(server: Server, quick: None, case: str, call: Call, expected: object) -> None:
    state = "state: stopped" if call is stop else "state: running"
    drive(server, case, call, expected, {**USUAL, "projects.state": state})


def test_every_answer_that_can_come_is_driven() -> None:
    met = {case for case, exchange in EXCHANGES.items() if is_met(exchange)}
    assert met - {case for case, _, _ in CASES} == set()


@pytest.mark.parametrize("case", UNSURE)
def test_the_driver_goes_by_what_the_answer_holds(case: str) -> None:
    exchange = EXCHANGES[case]
    assert not exchange["sure"]
    assert UNSURE[case] in exchange["response"]["error"]
