"""Sizes, the limit of new accounts, and calls that CoCalc answers late or never."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

from sandbox.process import SandboxProcess
from tests.sandbox.support import PATIENCE, Api, Person, until


@pytest.fixture
def project(api: Api) -> str:
    return api.project()


@pytest.mark.parametrize(("size", "status"), [(90_000, 200), (110_000, 413)])
def test_json_has_room_for_100_kb(api: Api, project: str, size: int, status: int) -> None:
    fields = {"project_id": project, "path": "big.txt", "content": "x" * size}
    response = api.post("write_text_file_to_project", json=fields)
    assert response.status_code == status
    assert ("html" in response.headers["Content-Type"]) == (status == 413)


@pytest.mark.parametrize(("size", "status"), [(900_000, 200), (1_100_000, 413)])
def test_a_form_has_room_for_1_mb(api: Api, project: str, size: int, status: int) -> None:
    fields = {"project_id": project, "path": "big.txt", "content": "x" * size}
    assert api.post("write_text_file_to_project", data=fields).status_code == status


def test_too_many_accounts_from_one_address(sandbox: SandboxProcess, api: Api) -> None:
    sandbox.quirks(account_limit=0)
    answer = api("create_account", email_address="one-more@example.com")
    assert answer["event"] == "account_creation_failed"
    assert answer["reason"]["other"].startswith("Too many accounts are being created from the ip")


def test_a_wrong_password_bans_this_caller_for_this_account(api: Api, student: Person) -> None:
    def mint(password: str) -> Any:
        return api("user_auth", account_id=student.account_id, password=password).get("error")

    assert mint("wrong") == "incorrect password"
    assert mint("") == "banned -- please wait at least 60s before trying again"
    own = Api(api.sandbox, student.key, api.session)
    own_way = own("user_auth", account_id=student.account_id, password="Secret!pw")
    assert len(own_way["auth_token"]) == 24


def test_large_output(api: Api, project: str) -> None:
    assert len(api.run(project, "head -c 3000000 /dev/zero | tr '\\0' x", timeout=60)) == 3_000_000


def test_late_and_missing_answers(api: Api, project: str) -> None:
    """All at once, because each takes its time."""
    api.run(project, "true")
    url = f"{api.sandbox.url}/api/v1/"

    def call(event: str, timeout: float, fields: dict[str, Any]) -> str:
        try:
            response = requests.post(
                url + event,
                json={"project_id": project, **fields},
                auth=(api.key, ""),
                verify=api.sandbox.verify,
                timeout=timeout,
            )
        except requests.Timeout:
            return "no answer"
        answer = response.json()
        return str(answer.get("error") or answer["stdout"])

    write, execute = "write_text_file_to_project", "project_exec"
    cases: list[tuple[str, float, dict[str, Any], str]] = [
        (write, PATIENCE, {"path": "/proc/no/x", "content": "x"}, "Timed out after 10 seconds."),
        (write, 2, {"path": "n.txt", "content": 5}, "no answer"),
        (execute, 2, {"command": "echo", "timeout": 0}, "no answer"),
        (execute, 2, {"command": "ipython-notebook"}, "no answer"),
        (execute, PATIENCE, {"command": "sleep 1 & echo started", "bash": True}, "started\n"),
        (execute, PATIENCE, {"command": "sleep 40; echo", "bash": True}, "killed command"),
    ]
    with ThreadPoolExecutor(len(cases)) as pool:
        answers = list(pool.map(lambda case: call(*case[:3]), cases))
    for answer, (*_, expected) in zip(answers, cases, strict=True):
        assert expected in answer


def test_a_killed_command_leaves_no_child(api: Api, project: str) -> None:
    answer = api(
        "project_exec",
        project_id=project,
        command="sleep 98765 & sleep 98765; echo",
        bash=True,
        timeout=1,
    )
    assert "killed command" in answer["error"]
    until(lambda: not _running("98765"))


def _running(argument: str) -> bool:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if f"\0{argument}\0".encode() in (entry / "cmdline").read_bytes():
                    return True
            except OSError:
                continue
    return False


def test_calls_at_once_share_one_start(sandbox: SandboxProcess, api: Api, project: str) -> None:
    sandbox.quirks(start_seconds=1)
    with ThreadPoolExecutor(4) as pool:
        outputs = list(pool.map(lambda n: api.run(project, f"echo {n}"), range(4)))
    assert outputs == ["0\n", "1\n", "2\n", "3\n"]


def test_a_copy_starts_nothing(api: Api) -> None:
    source, target = api.project(), api.project()
    api("write_text_file_to_project", project_id=source, path="a/1.txt", content="one")
    fields = {"src_project_id": source, "src_path": "a", "target_project_id": target}
    assert "copy_path_id" in api("copy_path_between_projects", **fields, wait_until_done=True)
    assert api.state(target) == "opened"
    assert api.tree(target) == {"a/1.txt": "one"}


def test_a_copy_follows_a_link_at_either_end_into_another_project(api: Api) -> None:
    """The words of the path are all that is compared, as on a real server."""
    mine, theirs, target = api.project(), api.project(), api.project()
    api("write_text_file_to_project", project_id=theirs, path="hw/1.txt", content="secret")
    api.run(mine, f"ln -s ../{theirs} all; ln -s ../{theirs}/hw hw; mkdir in; echo x > in/1.txt")
    for path in ("hw", "all/hw"):
        fields = {"src_project_id": mine, "src_path": path, "target_path": f"got/{path}"}
        api("copy_path_between_projects", **fields, target_project_id=target, wait_until_done=True)
    assert api.tree(target) == {"got/hw/1.txt": "secret", "got/all/hw/1.txt": "secret"}
    fields = {"src_project_id": mine, "src_path": "in", "target_path": "hw"}
    more = {"target_project_id": mine, "overwrite_newer": True, "wait_until_done": True}
    api("copy_path_between_projects", **fields, **more)
    assert api.tree(theirs) == {"hw/1.txt": "x\n"}


def test_stopping_ends_what_runs(sandbox: SandboxProcess, api: Api, project: str) -> None:
    api.run(project, "setsid sleep 87654 >/dev/null 2>&1 & true")
    until(lambda: _running("87654"))  # the shell does not wait until it does
    request = {"action": "stop", "time": "2026-01-01T00:00:00Z"}
    api("query", query={"projects": {"project_id": project, "action_request": request}})
    assert api.state(project) == "opened"
    assert not _running("87654")
