"""Every recorded answer, through the driver: the typed result, or the error of the tree."""

from collections.abc import Callable
from threading import Event
from typing import Any

import pytest

from embedding.cocalc.client import Account, Identity, Output, Project
from embedding.cocalc.errors import (
    BadRequest,
    CannotEmbed,
    CocalcError,
    CommandFailed,
    Duplicate,
    Forbidden,
    Limited,
    NotCocalc,
    NotFound,
    OutcomeUnknown,
    RefusedKey,
    ServerFault,
)
from embedding.cocalc.v1 import Limits, V1Client, projects
from tests.cocalc.server import ACCOUNT, OTHER_PROJECT, PROJECT, Reply, Request, Server, client_for
from tests.contract.driving import Fails
from tests.contract.recorded import EXCHANGES, reply_of

Call = Callable[[V1Client], object]


def identify(client: V1Client) -> object:
    return client.identify()


def create_account(client: V1Client) -> object:
    return client.create_account(email="a@b.test", first_name="Ada", last_name="B")


def mint(client: V1Client) -> object:
    return client.mint_token(ACCOUNT)


def find(client: V1Client) -> object:
    return client.find_account("Student@example.com")


def create_project(client: V1Client) -> object:
    return client.create_project(title="t", description="d")


def rename(client: V1Client) -> None:
    client.update_project(PROJECT, title="t")


def add(client: V1Client) -> None:
    client.add_member(PROJECT, ACCOUNT)


def delete(client: V1Client) -> None:
    client.delete_project(PROJECT)


def restore(client: V1Client) -> None:
    client.restore_project(PROJECT)


def promote(client: V1Client) -> None:
    client.set_role(PROJECT, ACCOUNT, "owner")


def demote(client: V1Client) -> None:
    client.set_role(PROJECT, ACCOUNT, "collaborator")


def state(client: V1Client) -> object:
    return client.project_state(PROJECT)


def stop(client: V1Client) -> None:
    client.stop_project(PROJECT)


def start(client: V1Client) -> None:
    client.start_project(PROJECT)


def write(client: V1Client) -> None:
    client.write_file(PROJECT, "a", b"x")


def read(client: V1Client) -> object:
    return client.read_file(PROJECT, "a")


def run(client: V1Client) -> object:
    return client.exec(PROJECT, "command", check=False)


def run_checked(client: V1Client) -> object:
    return client.exec(PROJECT, "command")


def copy(client: V1Client) -> None:
    client.copy_path(
        source_project=OTHER_PROJECT,
        source_path="as",
        target_project=PROJECT,
        target_path="as",
        exclude=["2.txt"],
    )


def project(project_id: str) -> Call:
    return lambda client: client.get_project(project_id)


def remove(project_id: str, account_id: str) -> Call:
    return lambda client: client.remove_member(project_id, account_id)


ADMIN = "ba55919a-b1b5-4e5d-9857-2034ea4979fa"
STUDENT = "5f6a347c-ed00-4489-af42-cafd6a328b7a"
OTHER = "947d77ec-bfec-4ebd-9267-c130f90bbae7"
UNKNOWN = "dec6b5f2-a5c0-49b5-8f53-18510fed609e"
FOUND = Account(STUDENT, "student@example.com", "Stu", "Dent")
PH = "b73c65d8-346f-43e1-a429-ded1e0f7aa17"
ADMINS_PROJECT = Project(
    "d080c140-120a-43a2-b0fc-c3d743ce7af2",
    "admin source",
    "d",
    "opened",
    {ADMIN: "owner"},
    deleted=False,
)
STUDENTS_PROJECT = Project(
    "3026ab42-bcdd-48f7-b542-2e2ad64ccb18",
    "student proj",
    "",
    None,
    {STUDENT: "owner"},
    deleted=False,
)
DELETED = Project(PH, "for student", "", None, {}, deleted=True)

BAD_KEY = Fails(RefusedKey, status=400)
BAD_PARAMETER = Fails(BadRequest, status=400)
NO_EVENT = Fails(CannotEmbed, status=400)
BANNED = Fails(Limited, retry_after=60)
NO_ACCESS = Fails(Forbidden)
KILLED = Fails(CommandFailed, "it took too long and was stopped")
NO_COMMAND = Fails(NotFound, "no such command, or no such folder to run it in")
SILENT = Fails(OutcomeUnknown, "timed out", status=None)


def output(stdout: str, stderr: str = "", exit_code: int = 0) -> Output:
    return Output(stdout, stderr, exit_code)


# One or more cases, answered in this order and the last one from then on; the call; its end.
CASES: list[tuple[str | tuple[str, ...], Call, object]] = [
    # The key, the endpoint, the parameters
    ("wrong API key", identify, BAD_KEY),
    ("wrong API key second time", mint, BAD_KEY),
    ("wrong API key, garbage with non-base62 tail", create_account, BAD_KEY),
    ("new style wrong key sk-", run, BAD_KEY),
    ("empty API key (Basic ':')", copy, BAD_KEY),
    ("no Authorization header", write, BAD_KEY),
    ("Authorization type unknown", find, BAD_KEY),
    ("Authorization: Bearer (no value)", state, BAD_KEY),
    ("ping with 'event' in body", identify, BAD_PARAMETER),
    ("ping with unknown parameter", identify, BAD_PARAMETER),
    ("unknown endpoint", identify, NO_EVENT),
    ("endpoint existing but not API (delete_account)", identify, BAD_PARAMETER),
    ("message that is a response (pong)", identify, BAD_PARAMETER),
    ("malformed JSON", identify, Fails(NotCocalc, "Error Bad Request", 400)),
    ("JSON array body", identify, BAD_PARAMETER),
    ("JSON string body", identify, Fails(NotCocalc, "Error Bad Request", 400)),
    ("wrong content type text/plain", mint, BAD_PARAMETER),
    ("GET instead of POST", identify, Fails(NotCocalc, "Error Cannot GET /api/v1/ping", 404)),
    # Accounts
    ("create_account new (JSON)", create_account, "3c277b4e-9085-413a-9aa4-4f9e9556efad"),
    (
        "create_account missing agreed_to_terms",
        create_account,
        "e624d64c-ec6e-4b9c-a128-0b2076e44780",
    ),
    ("create_account no password", create_account, "0eca5d24-d6c9-48f2-b877-84c624686cf3"),
    ("create_account missing names", create_account, "5c3b984b-738b-4274-b9ce-611ea9dc0235"),
    ("create_account unicode names", create_account, "a0378656-da00-45c3-9778-9e2c61a50f48"),
    ("create_account as non-admin key", create_account, "96a7129d-fcd6-4880-aabe-e6f4ad36c3bd"),
    ("create_account duplicate email", create_account, Fails(Duplicate)),
    ("create_account duplicate email other case", create_account, Fails(Duplicate)),
    ("create_account bad email", create_account, Fails(BadRequest)),
    ("create_account short password", create_account, Fails(BadRequest)),
    ("create_account bad email AND short password", create_account, Fails(BadRequest)),
    ("create_account no email", create_account, Fails(BadRequest)),
    ("create_account first_name is a URL", create_account, Fails(BadRequest)),
    ("create_account unknown param", create_account, BAD_PARAMETER),
    ("create_account plus addressing / 64+ char password", create_account, Fails(BadRequest)),
    (
        "too many accounts",
        create_account,
        Fails(Limited, retry_after=1800),
    ),
    ("user_auth, admin key, password ''", mint, "SnnEsx40ThC5OdTdigRvkprE"),
    ("user_auth again (second token)", mint, "rCB4IiftwVtaHrd2Rcq9zL1p"),
    ("user_auth admin, no password field", mint, BAD_PARAMETER),
    ("user_auth admin, correct password", mint, "fhtkqN2wT7asiTQUlShTyOAc"),
    ("user_auth non-admin, password ''", mint, BANNED),
    ("user_auth non-admin, again within 60s (ban)", mint, BANNED),
    ("user_auth non-admin, correct password while banned", mint, BANNED),
    ("user_auth admin, wrong password", mint, BANNED),
    ("user_auth admin, password '' after a wrong password (ban?)", mint, BANNED),
    ("user_auth admin, account_id not a uuid", mint, Fails(BadRequest)),
    ("user_auth admin, unknown uuid", mint, "Sl9GKoQibR3E5OmzDquELStH"),
    ("user_auth for a DELETED account", mint, "x5RoOyU6W0ATyTPgo7PDZaIg"),
    ("user_auth for a BANNED account", mint, "Gd54lbZLvsu5TBK08rcpP4BM"),
    ("revoke_auth_token valid", mint, NO_EVENT),
    ("user_search by email exact", find, FOUND),
    ("user_search by name", find, None),
    ("user_search by name, admin:true", find, FOUND),
    ("user_search admin:true exact email", find, FOUND),
    ("user_search partial email (no hit)", find, None),
    ("user_search admin:true as non-admin", find, NO_ACCESS),
    ("user_search empty query", find, None),
    ("user_search missing query", find, BAD_PARAMETER),
    (
        "query own account",
        identify,
        Identity(ADMIN, "admin@example.com", is_admin=True, may_sign_in=True),
    ),
    (
        "query other account via accounts (admin)",
        identify,
        Fails(NotCocalc, "the answer has no account"),
    ),
    # Queries
    ("query via form encoded", identify, Fails(BadRequest)),
    ("query multi_response true", identify, Fails(ServerFault, status=400)),
    ("query missing query", identify, BAD_PARAMETER),
    ("query unknown table", state, Fails(BadRequest)),
    ("query unknown field", state, Fails(BadRequest)),
    ("query projects_owner set", rename, Fails(BadRequest)),
    ("set iframe_comm_hosts via v1 query as non-admin", rename, NO_ACCESS),
    ("non-collaborator student sets users on H", rename, NO_ACCESS),
    ("insert project via query with own id", rename, Fails(NotFound)),
    ("query projects_all", state, Fails(NotFound, "no such project")),
    # Projects
    ("create_project admin", create_project, "d080c140-120a-43a2-b0fc-c3d743ce7af2"),
    (
        "create_project no title (all optional)",
        create_project,
        "0f697a39-b963-4970-afa0-7f8a6cfc744b",
    ),
    ("create_project start:true", create_project, "b2e044ff-8044-4ea8-9714-d48b1cd8f482"),
    ("create_project unknown parameter 'account_id' / 'users'", create_project, BAD_PARAMETER),
    ("query one project of admin", project(ADMINS_PROJECT.project_id), ADMINS_PROJECT),
    (
        "query one project of admin",
        lambda client: client.find_projects(description="d"),
        [ADMINS_PROJECT],
    ),
    ("query one project of admin", lambda client: client.find_projects(description="e"), []),
    (
        "query single project of student, as admin via projects table",
        project(STUDENTS_PROJECT.project_id),
        STUDENTS_PROJECT,
    ),
    ("query deleted project", project(PH), DELETED),
    ("query deleted project", lambda client: client.find_projects(description=""), []),
    ("query deleted project", project(PROJECT), Fails(NotFound, "no such project")),
    (
        "query projects list: is deleted still included?",
        lambda client: [row.title for row in client.find_projects(description="")],
        ["lic", "started", "", "by admin", "renamed title", "warm"],
    ),
    ("query set project title (owner)", rename, None),
    ("delete project via query (deleted:true)", delete, None),
    ("add_collaborator student to admin's project PH", add, None),
    ("add_collaborator again (idempotent?)", add, None),
    ("add_collaborator bad uuid", add, Fails(BadRequest)),
    (
        ("remove_collaborator other from PH", "query users of PH"),
        remove(PH, "00000000-0000-4000-8000-000000000000"),
        None,
    ),
    (
        ("remove_collaborator not a collaborator", "query users of PH after"),
        remove(PH, "00000000-0000-4000-8000-000000000000"),
        None,
    ),
    (
        ("remove_collaborator admin (self=owner) from PH", "query users of PH"),
        remove(PH, ADMIN),
        Fails(Forbidden, "the account is an owner of the project"),
    ),
    (
        "query projects list: is deleted still included?",
        lambda client: [(row.title, row.deleted) for row in client.list_projects()][:2],
        [("for student", True), ("lic", False)],
    ),
    ("query projects_all", lambda client: len(client.list_projects()), 3),
    ("query set users.<student>.group=owner as admin (owner)", promote, None),
    ("admin sets own group to collaborator via query", demote, None),
    ("non-collaborator student sets users on H", demote, NO_ACCESS),
    ("delete project via query (deleted:true)", restore, None),
    # Whether a project runs
    ("state after v2 stop", state, "opened"),
    ("state", state, "running"),
    (("stop via action_request in query", "state (stop via action_request)"), stop, None),
    (
        ("stop project via query", "state after stop"),
        stop,
        Fails(OutcomeUnknown, "it has not stopped yet", None),
    ),
    ("project_exec on stopped project (auto start)", start, None),
    ("exec timeout:1 on never-started project", start, None),
    # Errors of the file endpoints, which are objects at times
    (
        "write_text_file path is a directory",
        write,
        Fails(BadRequest, f"EISDIR open /projects/{PROJECT}/a/b"),
    ),
    (
        "write_text_file empty path",
        write,
        Fails(BadRequest, f"EISDIR open /projects/{PROJECT}/"),
    ),
    ("write_text_file unwritable (/proc)", write, Fails(ServerFault)),
    ("write_text_file JSON body 101 kB", write, Fails(BadRequest, "too large", 413)),
    ("write_text_file FORM body 1.1 MB", write, Fails(BadRequest, "too large", 413)),
    ("write_text_file project of admin as student", write, NO_ACCESS),
    ("write_text_file unknown project uuid (admin)", write, Fails(NotFound)),
    ("write_text_file unknown project uuid (student)", write, NO_ACCESS),
    ("write_text_file invalid project id (admin)", write, Fails(BadRequest)),
    ("read_text_file missing file", read, Fails(NotFound)),
    # Commands
    ("project_exec pwd", run, output(f"/projects/{PROJECT}\n")),
    ("project_exec args", run, output("a b c\n")),
    ("project_exec path", run, output(f"/projects/{PROJECT}/a/b\n")),
    ("project_exec path missing", run, NO_COMMAND),
    ("project_exec bash true", run, output("", "err", 3)),
    ("project_exec bash true", run_checked, Fails(CommandFailed, "err", exit_code=3)),
    ("project_exec bash true err_on_exit false", run, output("out\n", "err\n", 3)),
    (
        "project_exec bash true err_on_exit false",
        run_checked,
        Fails(CommandFailed, "err", exit_code=3),
    ),
    (
        "project_exec FORM err_on_exit=false (string)",
        run_checked,
        Fails(CommandFailed, "exit code 3", exit_code=3),
    ),
    ("project_exec FORM bash=false (string)", run, output("a\nb\n")),
    ("project_exec no such command", run, NO_COMMAND),
    ("project_exec no such command err_on_exit false", run, NO_COMMAND),
    ("project_exec command with spaces without bash", run, output("a b\n")),
    ("project_exec timeout 2, sleep 5", run, KILLED),
    ("project_exec timeout 2, sleep 5, err_on_exit false", run, KILLED),
    ("project_exec FORM timeout=20 (string), sleep 3", run, output("done\n")),
    ("project_exec default timeout (10s), sleep 13", run_checked, KILLED),
    ("project_exec timeout 30, sleep 18 ok", run, output("done\n")),
    (
        "project_exec max_output",
        run,
        output("1\n2\n3\n4\n5\n6\n7\n8\n9\n10 (truncated at 20 characters)"),
    ),
    ("project_exec env unsupported", run, BAD_PARAMETER),
    ("project_exec binary output", run, output("\ufffd\ufffd\0A")),
    ("project_exec async_call", run, BAD_PARAMETER),
    ("project_exec as non-collaborator", run, NO_ACCESS),
    ("project_exec missing command", run, BAD_PARAMETER),
    ("project_exec ipython-notebook (dropped)", run, SILENT),
    (
        "exec base64 decode to binary file",
        run,
        output("c62c27924f4c967f5eddb1850c091d54c7a2ab58  bin.dat\n"),
    ),
    ("exec with newline and quotes args", run, output("a'b|c\nd|$HOME|é|")),
    ("exec args with bash true are ignored?", run, output("x\n")),
    ("exec timeout 0", run, SILENT),
    ("exec background process keeps stdout open", run, output("started\n")),
    ("exec with own id", run, output("/projects/29a346c4-e397-45a1-8c1f-d7274793a550\n")),
    ("parallel exec 0 on never started project", run, output("0\n")),
    (
        "project_exec in a deleted project (restarts it?)",
        run,
        output("/projects/00b54620-011b-4f1f-9a7c-1d2b12600071\n"),
    ),
    ("project_exec timeout -1", run, KILLED),
    # Copies
    ("copy dir, default params, target never started", copy, None),
    ("copy dir wait_until_done:true", copy, None),
    ("copy file, wait", copy, None),
    ("copy file, target_path omitted", copy, None),
    ("copy file INTO existing directory target_path", copy, None),
    ("copy dir with trailing slashes", copy, None),
    ("missing source, default (wait_until_done false)", copy, Fails(NotFound)),
    ("missing source, wait_until_done true", copy, Fails(NotFound)),
    ("newer file in target, overwrite_newer false", copy, None),
    ("newer file in target, overwrite_newer true", copy, None),
    ("overwrite_newer true + backup true", copy, None),
    ("delete_missing true", copy, None),
    ("exclude", copy, None),
    ("path traversal source", copy, Fails(BadRequest)),
    ("absolute source path", copy, Fails(NotFound)),
    ("student copies from admin's project (no read access)", copy, NO_ACCESS),
    ("student copies into admin's project (no write access)", copy, NO_ACCESS),
    ("student B->C own projects, C never started", copy, None),
    ("collect: admin copies student's B -> A", copy, None),
    ("unknown target project (admin)", copy, None),
    ("unknown source project (admin)", copy, Fails(NotFound)),
    ("invalid target uuid", copy, Fails(BadRequest)),
    ("missing src_path", copy, BAD_PARAMETER),
    ("whole home (src_path '')", copy, None),
    ("same project, same path", copy, None),
    ("FORM booleans as strings", copy, None),
    ("timeout 5", copy, None),
    ("scheduled", copy, None),
    ("copy_path_status by empty id", copy, Fails(ServerFault)),
    ("copy dir onto clashing target, default", copy, None),
    ("copy dir onto clashing target, wait_until_done:true", copy, Fails(CommandFailed)),
]


def names(cases: str | tuple[str, ...]) -> tuple[str, ...]:
    return (cases,) if isinstance(cases, str) else cases


def recorded_words(case: str) -> str:
    """The words of a recorded error whose words are one text."""
    body = EXCHANGES[case]["body"]
    if body.get("event") == "account_creation_failed":
        return "; ".join(f"{field}: {text}" for field, text in body["reason"].items())
    assert isinstance(body["error"], str)
    return body["error"].strip()


@pytest.fixture
def hanging() -> Any:
    """Let a server be silent until the test is over."""
    over = Event()
    yield over.wait
    over.set()


@pytest.mark.parametrize(
    ("cases", "call", "expected"), CASES, ids=[" + ".join(names(case[0])) for case in CASES]
)
def test_recorded_answer(
    server: Server,
    hanging: Callable[[], object],
    monkeypatch: pytest.MonkeyPatch,
    cases: str | tuple[str, ...],
    call: Call,
    expected: object,
) -> None:
    monkeypatch.setattr(projects, "POLL", 0.01)
    order = list(names(cases))

    def answer(request: Request) -> Reply:
        case = order.pop(0) if len(order) > 1 else order[0]
        if EXCHANGES[case]["status"] is None:
            return Reply("", delay=hanging)
        return reply_of(case, request)

    server.answer = answer
    limits = Limits(call=5, start=0.5, margin=5, backoff=0.001, backoff_most=0.001)
    if expected is SILENT:
        limits = Limits(start=0.2, margin=-10)  # takes off the 10 s that the command itself has
    client = client_for(server.url, limits=limits)
    try:
        if not isinstance(expected, Fails):
            assert call(client) == expected
            return
        with pytest.raises(CocalcError) as caught:
            call(client)
    finally:
        client.close()
    expected.check(caught.value, lambda: recorded_words(names(cases)[-1]))


def test_every_recorded_case_is_driven() -> None:
    assert {name for cases, _, _ in CASES for name in names(cases)} == set(EXCHANGES)


def test_the_driver_sends_no_field_that_no_server_was_seen_to_take(
    client: V1Client, server: Server
) -> None:
    """CoCalc refuses unknown fields (recorded: "ping with unknown parameter")."""
    taken: dict[str, set[str]] = {}
    for exchange in EXCHANGES.values():
        if isinstance(exchange["request"], dict) and exchange["status"] == 200:
            taken.setdefault(exchange["event"], {"id"}).update(exchange["request"])
    for call in (identify, create_account, mint, find, create_project, add, run, write, copy):
        with pytest.raises(CocalcError):
            call(client)
    assert {request.event for request in server.requests} == taken.keys() - {
        "copy_path_status",
        "ping",
        "remove_collaborator",
        "write_text_file_to_project",
        "read_text_file_from_project",
    }
    for request in server.requests:
        assert request.fields.keys() <= taken[request.event]
