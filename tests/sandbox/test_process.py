"""A sandbox leaves nothing behind, whichever way it ends, and remembers after it comes back."""

import os
import signal
from pathlib import Path

import pytest
import requests

from sandbox.process import SandboxProcess, StartError
from tests.sandbox.support import ADMIN_KEY, PATIENCE, Api, cookie, until


def of(data: Path) -> list[str]:
    """The processes that have to do with a data folder."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            command = (entry / "cmdline").read_bytes()
            known = command + (entry / "environ").read_bytes()
            works_there = str(entry.joinpath("cwd").readlink()).startswith(str(data))
        except OSError:
            continue
        if str(data).encode() in known or works_there:
            found.append(f"{entry.name} {command!r}")
    return found


def busy(data: Path) -> SandboxProcess:
    """A sandbox with a notebook server, a kernel, a terminal and a stray command running."""
    sandbox = SandboxProcess.start(data, admin_key=ADMIN_KEY, start_seconds=0)
    api = Api(sandbox)
    with api.session:
        project_id = api.project()
        api.run(project_id, "(setsid sleep 600; true) >/dev/null 2>&1 & true")
        headers = cookie(sandbox, api.token(sandbox.admin_account_id))
        for door in ("kernels", "terminals"):
            address = f"{sandbox.url}/{project_id}/jupyter/api/{door}"
            response = requests.post(address, headers=headers, json={}, timeout=PATIENCE)
            assert response.ok, response.text
    # The front, its zygote, a server, a kernel, a shell, a sleep.
    assert len(of(data)) >= 5
    return sandbox


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_nothing_outlives_it(tmp_path: Path, number: signal.Signals) -> None:
    sandbox = busy(tmp_path)
    sandbox.process.send_signal(number)
    sandbox.process.wait(PATIENCE)
    until(lambda: not of(tmp_path))
    sandbox.stop()


def test_stop_leaves_nothing(tmp_path: Path) -> None:
    with busy(tmp_path) as sandbox:
        pass
    assert sandbox.process.returncode == 0
    assert not of(tmp_path)


def test_a_stopped_project_ends_its_notebooks(tmp_path: Path) -> None:
    with busy(tmp_path) as sandbox:
        api = Api(sandbox)
        with api.session:
            rows = api("query", query={"projects": [{"project_id": None}]})
        project_id = rows["query"]["projects"][0]["project_id"]
        home = tmp_path / "projects" / project_id
        assert of(home)
        sandbox.stop_project(project_id)
        until(lambda: not of(home))


def test_everything_is_there_after_a_restart(tmp_path: Path) -> None:
    with SandboxProcess.start(
        tmp_path, admin_key=ADMIN_KEY, iframe_hosts="learn.school.test", start_seconds=0
    ) as first:
        api = Api(first)
        with api.session:
            person = api.person("Stu")
            project_id = api.project(person, title="Kept")
            api.run(project_id, "echo kept > file.txt")
            token = api.token(person.account_id)
            session = cookie(first, token)
    new_key = "sk_AnotherAdminKey000000001"
    with SandboxProcess.start(tmp_path, admin_key=new_key, start_seconds=0) as second:
        assert second.admin_account_id == first.admin_account_id
        api = Api(second, new_key)
        with api.session:
            assert Api(second, ADMIN_KEY, api.session).post("ping", json={}).status_code == 400
            assert Api(second, person.key, api.session)("ping")["event"] == "pong"
            row = {"project_id": project_id, "title": None, "users": None, "state": None}
            found = api("query", query={"projects_all": row})["query"]["projects_all"]
            assert found["title"] == "Kept"
            assert found["users"][person.account_id] == {"group": "collaborator"}
            assert found["state"]["state"] == "opened"
            assert api.run(project_id, "cat file.txt") == "kept\n"
            assert cookie(second, token)
            me = requests.post(f"{second.url}/hub/hello", headers=session, timeout=PATIENCE)
            assert me.json()["account_id"] == person.account_id
            hosts = api.get("/customize").json()["configuration"]["iframe_comm_hosts"]
            assert hosts == ["learn.school.test"]


def test_secrets_stay_out_of_sight(tmp_path: Path) -> None:
    with SandboxProcess.start(tmp_path, admin_key=ADMIN_KEY, start_seconds=0) as sandbox:
        api = Api(sandbox)
        with api.session:
            person = api.person()
            seen = api.run(api.project(), "env; cat /proc/$PPID/cmdline")
            token = api.token(person.account_id)
        assert ADMIN_KEY not in seen + repr(sandbox)
    for file in tmp_path.glob("*"):
        if file.is_file():
            content = file.read_bytes()
            for secret in (ADMIN_KEY, person.key, token):
                assert secret.encode() not in content


def test_two_cannot_share_a_folder(tmp_path: Path) -> None:
    with (
        SandboxProcess.start(tmp_path, admin_key=ADMIN_KEY),
        pytest.raises(StartError, match="ended at its start"),
    ):
        SandboxProcess.start(tmp_path, admin_key=ADMIN_KEY)
    assert "Another sandbox is using" in (tmp_path / "sandbox.log").read_text()


def test_stop_is_harmless_twice(tmp_path: Path) -> None:
    sandbox = SandboxProcess.start(tmp_path, admin_key=ADMIN_KEY)
    sandbox.stop()
    sandbox.stop()
