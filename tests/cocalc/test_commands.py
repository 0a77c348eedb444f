"""Commands and copies: what is sent, and what is refused before anything is."""

from functools import partial
from pathlib import Path
from typing import Any

import pytest

from embedding.cocalc.client import Client, Output
from embedding.cocalc.errors import (
    BadRequest,
    CannotStart,
    CocalcError,
    CommandFailed,
    InTheWay,
    NotCocalc,
    ServerFault,
)
from embedding.cocalc.v1 import V1Client
from tests.cocalc.server import (
    DONE,
    OTHER_PROJECT,
    PROJECT,
    ExecProject,
    Reply,
    Request,
    Server,
    as_told,
)


def test_the_driver_is_a_client(client: V1Client) -> None:
    as_client: Client = client  # for mypy: every operation with its very signature
    assert as_client is client


def test_args_reach_the_command_untouched(client: V1Client, server: Server, home: Path) -> None:
    args = ["a'b", "c\nd", "$HOME", "é", "", "-n"]
    assert client.exec(PROJECT, "printf", ["%s|", *args]).stdout == "".join(f"{a}|" for a in args)
    assert server.requests[0].fields["bash"] is False


def test_bash_and_a_folder(client: V1Client, home: Path) -> None:
    (home / "a b").mkdir()
    output = client.exec(PROJECT, 'basename "$PWD"; echo err >&2', path="a b", bash=True)
    assert output == Output("a b\n", "err\n", 0)


def test_a_non_zero_exit_is_an_error_or_an_output(client: V1Client, home: Path) -> None:
    script = "echo out; echo err >&2; exit 3"
    assert client.exec(PROJECT, script, bash=True, check=False) == Output("out\n", "err\n", 3)
    with pytest.raises(CommandFailed, match="err") as caught:
        client.exec(PROJECT, script, bash=True)
    assert caught.value.exit_code == 3


def test_a_long_script_goes_as_a_form(client: V1Client, server: Server, home: Path) -> None:
    script = f"echo {'x' * 150_000} | wc -c; exit 5"
    output = client.exec(PROJECT, script, bash=True, check=False)
    assert output.exit_code == 5
    assert server.requests[0].is_form


@pytest.mark.parametrize(
    ("command", "args", "bash"),
    [("echo " + "x" * 1_000_000, (), True), ("echo", ("x" * 150_000,), False)],
)
def test_what_is_too_large_is_not_sent(
    client: V1Client, server: Server, command: str, args: tuple[str, ...], bash: bool
) -> None:
    with pytest.raises(BadRequest, match="too large to send"):
        client.exec(PROJECT, command, args, bash=bash)
    assert server.requests == []


def test_a_command_always_has_a_limit(client: V1Client, server: Server) -> None:
    for timeout in (0, -1):
        with pytest.raises(ValueError, match="at least 1 second"):
            client.exec(PROJECT, "true", timeout=timeout)
    assert server.requests == []


def test_a_copy_always_has_a_limit(client: V1Client, server: Server) -> None:
    with pytest.raises(ValueError, match="at least 1 second"):
        client.copy_path(
            source_project=PROJECT,
            source_path="a",
            target_project=OTHER_PROJECT,
            target_path="a",
            timeout=0,
        )
    assert server.requests == []


def test_booleans_are_booleans_and_a_copy_always_waits(client: V1Client, server: Server) -> None:
    server.answer = lambda request: Reply({"event": "success"})
    client.copy_path(
        source_project=OTHER_PROJECT,
        source_path="",
        target_project=PROJECT,
        target_path="hw/1",
        overwrite_newer=True,
        exclude=iter(["*.tmp"]),
        timeout=7,
    )
    (request,) = server.requests
    assert not request.is_form
    del request.fields["id"]
    assert request.fields == {
        "src_project_id": OTHER_PROJECT,
        "src_path": "",
        "target_project_id": PROJECT,
        "target_path": "hw/1",
        "overwrite_newer": True,
        "delete_missing": False,
        "backup": False,
        "timeout": 7,
        "wait_until_done": True,
        "exclude": ["*.tmp"],
    }


BAD_PATHS = ["/etc/passwd", "../up", "a/../b", "a//b", "a/", "a\0b", "a\nb", "\ud800", "x" * 256]


@pytest.mark.parametrize("path", BAD_PATHS)
def test_a_path_out_of_the_home_is_refused_everywhere(
    client: V1Client, server: Server, path: str
) -> None:
    projects: dict[str, Any] = {"source_project": PROJECT, "target_project": PROJECT}
    for call in (
        lambda: client.write_file(PROJECT, path, b""),
        lambda: client.read_file(PROJECT, path),
        lambda: client.list_folder(PROJECT, path),
        lambda: client.file_exists(PROJECT, path),
        lambda: client.make_folder(PROJECT, path),
        lambda: client.move(PROJECT, path, "a"),
        lambda: client.move(PROJECT, "a", path),
        lambda: client.remove(PROJECT, path),
        lambda: client.exec(PROJECT, "true", path=path),
        lambda: client.copy_path(source_path=path, target_path="a", **projects),
        lambda: client.copy_path(source_path="a", target_path=path, **projects),
    ):
        with pytest.raises(ValueError, match="path"):
            call()
    assert server.requests == []


@pytest.mark.parametrize("bad_id", ["", "nope", PROJECT.upper(), f"{{{PROJECT}}}"])
def test_an_id_that_is_no_uuid_is_not_sent(client: V1Client, server: Server, bad_id: str) -> None:
    """A query with an empty id may mean every project."""
    for call in (
        lambda: client.get_project(bad_id),
        lambda: client.delete_project(bad_id),
        lambda: client.start_project(bad_id),
        lambda: client.add_member(PROJECT, bad_id),
        lambda: client.mint_token(bad_id),
    ):
        with pytest.raises(ValueError, match=r"UUID|id of CoCalc's"):
            call()
    assert server.requests == []


def test_changing_nothing_is_no_call(client: V1Client, server: Server) -> None:
    client.update_project(PROJECT)
    assert server.requests == []


def test_only_the_given_fields_are_changed(client: V1Client, server: Server) -> None:
    server.answer = lambda request: Reply({"event": "query", "query": {}})
    client.update_project(PROJECT, description="")
    query = server.requests[0].fields["query"]
    assert query == {"projects": {"project_id": PROJECT, "description": ""}}


def test_projects_come_oldest_first_and_only_the_very_ones(
    client: V1Client, server: Server
) -> None:
    def row(number: int, **more: object) -> dict[str, object]:
        project_id = f"00000000-0000-4000-8000-{number:012}"
        return {"project_id": project_id, "description": "slot", "title": str(number)} | more

    rows = [
        row(1, created="2026-11-23T20:00:00.000Z"),
        row(2),
        row(3, created="2026-11-22T20:00:00.000Z", users={"a": {"hide": True}, "b": None}),
        row(4, created="2026-11-21T20:00:00.000Z", deleted=True),
        row(5, created="2026-11-21T20:00:00.000Z", description="another"),
    ]
    server.answer = lambda request: Reply({"event": "query", "query": {"projects_all": rows}})
    found = client.find_projects(description="slot")
    assert [project.title for project in found] == ["3", "1", "2"]
    assert found[0].members == {}
    assert server.requests[0].fields["query"]["projects_all"][0]["description"] == "slot"


def test_a_project_without_a_state_never_ran(client: V1Client, server: Server) -> None:
    rows = [{"project_id": PROJECT}]
    server.answer = lambda request: Reply({"event": "query", "query": {"projects_all": rows}})
    assert client.project_state(PROJECT) == "opened"
    assert client.get_project(PROJECT).state is None


def test_a_project_that_runs_nothing_is_not_started(client: V1Client, server: Server) -> None:
    server.answer = lambda request: Reply({**DONE.body, "exit_code": 1})
    with pytest.raises(ServerFault):
        client.start_project(PROJECT)


def test_a_stop_that_fails_says_why(client: V1Client, server: Server) -> None:
    def answer(request: Any) -> Reply:
        query = request.fields["query"]
        if "projects" in query:
            return Reply({"event": "query", "query": {}})
        asked = server.requests[0].fields["query"]["projects"]["action_request"]
        row = {
            "project_id": PROJECT,
            "state": {"state": "running"},
            "action_request": {**asked, "err": "no such machine"},
        }
        return Reply({"event": "query", "query": {"projects_all": [row]}})

    server.answer = answer
    with pytest.raises(ServerFault, match="no such machine"):
        client.stop_project(PROJECT)


@pytest.mark.parametrize(
    "body",
    [
        {"event": "project_exec_output"},
        {"event": "project_exec_output", "stdout": "", "stderr": "", "exit_code": None},
        {"event": "project_exec_output", "stdout": None, "stderr": "", "exit_code": 0},
    ],
)
def test_a_success_without_its_parts_is_not_cocalc(
    client: V1Client, server: Server, body: dict[str, object]
) -> None:
    server.answer = lambda request: Reply(body)
    with pytest.raises(NotCocalc):
        client.exec(PROJECT, "true")


EMPTY: list[dict[str, object]] = [{}, {"query": {}}, {"query": {"projects_all": [1]}}]


@pytest.mark.parametrize("rest", EMPTY)
def test_empty_answers_are_not_cocalc(
    client: V1Client, server: Server, rest: dict[str, object]
) -> None:
    for event, call in (
        ("account_created", lambda: client.create_account(email="", first_name="", last_name="")),
        ("user_auth_token", lambda: client.mint_token(PROJECT)),
        ("user_search_results", lambda: client.find_account("a@b.test")),
        ("project_created", lambda: client.create_project(title="", description="")),
        ("query", lambda: client.identify()),
        ("query", lambda: client.get_project(PROJECT)),
    ):
        server.answer = partial(as_told, Reply({"event": event, **rest}))
        with pytest.raises(NotCocalc):
            call()


SPAWN = {"errno": -11, "code": "EAGAIN", "syscall": "spawn pnpm", "path": "pnpm", "spawnargs": []}


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (1, "error 1"),
        ("Error: spawn pnpm EACCES", "Error: spawn pnpm EACCES"),
        ("Error: spawn pnpm ENOENT", "Error: spawn pnpm ENOENT"),
        ("spawn E2BIG", "spawn E2BIG"),
        ("Error: spawn ENOMEM", "Error: spawn ENOMEM"),
        (SPAWN, "EAGAIN spawn pnpm pnpm"),
        ("child exited with code 1", "child exited with code 1"),
    ],
)
def test_a_server_that_fails_to_start_a_project_is_no_refusal(
    client: V1Client, server: Server, error: object, words: str
) -> None:
    server.answer = partial(as_told, Reply({"event": "error", "error": error}))
    for call in (client.start_project, partial(client.file_exists, path="a")):
        with pytest.raises(CannotStart) as caught:
            call(PROJECT)
        assert (caught.value.words, caught.value.recoverable) == (words, True)


@pytest.mark.parametrize("words", [1, "child exited with code 1", "banned", "incorrect password"])
def test_a_project_that_runs_has_no_excuse(client: V1Client, server: Server, words: object) -> None:
    """What answers there may be a program of the student's."""
    row = {"project_id": PROJECT, "state": {"state": "running"}}

    def answer(request: Request) -> Reply:
        if request.event == "query":
            return Reply({"event": "query", "query": {"projects_all": [row]}})
        return Reply({"event": "error", "error": words})

    server.answer = answer
    with pytest.raises(CocalcError) as caught:
        client.file_exists(PROJECT, "a")
    assert type(caught.value) is ServerFault


COPY: dict[str, Any] = {
    "source_project": PROJECT,
    "source_path": "hw",
    "target_project": OTHER_PROJECT,
    "target_path": "a/b/hw",
}


@pytest.mark.parametrize(
    "error",
    [
        "child exited with code 1",
        "Error: child exited with code 1",
        'WARNING: copy exited with an error -- rsync: mkdir "x" failed: Not a directory (20)',
    ],
)
def test_a_copy_that_meets_a_file_says_so(
    client: V1Client, server: Server, home: Path, error: str
) -> None:
    run = ExecProject(home)

    def answer(request: Request) -> Reply:
        if request.event == "project_exec":
            assert request.fields["project_id"] == OTHER_PROJECT
            return run(request)
        return Reply({"event": "error", "error": error})

    server.answer = answer
    (home / "a").mkdir()
    with pytest.raises((ServerFault, CommandFailed), match="exited with"):
        client.copy_path(**COPY)  # nothing is in the way: something else is wrong there
    (home / "a" / "b").write_bytes(b"a file")
    with pytest.raises(InTheWay) as caught:
        client.copy_path(**COPY)
    assert (caught.value.folder, caught.value.words) == ("a/b/hw", error)


def test_where_the_project_does_not_answer_nothing_is_said_to_be_in_the_way(
    client: V1Client, server: Server
) -> None:
    server.answer = partial(as_told, Reply({"event": "error", "error": "child exited with code 1"}))
    with pytest.raises(ServerFault):
        client.copy_path(**COPY)
