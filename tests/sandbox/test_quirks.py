"""Each thing that can be made to go wrong does, and stops to."""

import socket
import ssl
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests

from sandbox.config import development_origins
from sandbox.process import SandboxProcess
from sandbox.quirks import Quirks
from tests.sandbox.conftest import Tls
from tests.sandbox.support import ADMIN_KEY, Api, Person, cookie


def test_latency(sandbox: SandboxProcess, api: Api) -> None:
    sandbox.quirks(latency=1, latency_events=["ping"])
    begun = time.monotonic()
    api("ping")
    assert time.monotonic() - begun >= 1


def test_failing_events(sandbox: SandboxProcess, api: Api) -> None:
    sandbox.quirks(fail_events=["ping"])
    assert api("ping")["event"] == "error"
    assert api("user_search", query="x")["event"] == "user_search_results"


def test_hanging_events(sandbox: SandboxProcess, api: Api) -> None:
    sandbox.quirks(hang_events=["create_project"])
    with pytest.raises(requests.Timeout):
        api.post("create_project", json={"title": "never"}, timeout=1)
    assert "never" not in _titles(api)


def test_lost_replies(sandbox: SandboxProcess, api: Api) -> None:
    sandbox.quirks(lost_replies=["create_project"])
    with pytest.raises(requests.ConnectionError):
        api.post("create_project", json={"title": "made, but who knows"})
    assert "made, but who knows" in _titles(api)


def _titles(api: Api) -> list[str]:
    rows = api("query", query={"projects_all": [{"project_id": None, "title": None}]})
    return [row["title"] for row in rows["query"]["projects_all"]]


def test_the_api_is_down(sandbox: SandboxProcess, api: Api) -> None:
    sandbox.quirks(api_down=True)
    with pytest.raises(requests.ConnectionError):
        api("ping")
    sandbox.quirks(api_down="503")
    assert api.post("ping", json={}).status_code == 503
    sandbox.reset_quirks()
    assert api("ping")["event"] == "pong"


def test_the_api_answers_html(sandbox: SandboxProcess, api: Api) -> None:
    sandbox.quirks(api_html=True)
    response = api.post("ping", json={})
    assert response.status_code == 200
    assert "html" in response.headers["Content-Type"]


def test_pages_are_down(sandbox: SandboxProcess, api: Api) -> None:
    sandbox.quirks(pages_down=True)
    for path in ("/app", "/static/app.html", "/customize"):
        with pytest.raises(requests.ConnectionError):
            api.get(path)
    assert api("ping")["event"] == "pong"
    sandbox.quirks(pages_down="503")
    assert api.get("/app").status_code == 503
    sandbox.reset_quirks()
    assert api.get("/app").status_code == 200


def test_a_white_page(sandbox: SandboxProcess, api: Api) -> None:
    sandbox.quirks(white_page=True)
    assert api.get("/app").status_code == 200
    assert api.get("/static/kiosk/v1.js").status_code == 404
    assert api.get("/static/kiosk/kiosk.css").status_code == 200


def test_a_certificate_that_nobody_trusts(sandbox: SandboxProcess, api: Api, tls: Tls) -> None:
    def greet() -> None:
        context = ssl.create_default_context(cafile=tls.ca)
        with (
            socket.create_connection(("127.0.0.1", sandbox.port), timeout=30) as connection,
            context.wrap_socket(connection, server_hostname="cocalc.school.test"),
        ):
            pass

    greet()
    sandbox.quirks(wrong_certificate=True)
    with pytest.raises(ssl.SSLCertVerificationError):
        greet()
    assert api("ping")["event"] == "pong"  # by an address
    sandbox.reset_quirks()
    greet()


def test_a_project_that_never_starts(sandbox: SandboxProcess, api: Api, student: Person) -> None:
    project = api.project(student, title="asleep")
    start = f"{sandbox.url}/hub/projects/{project}/start"
    headers = cookie(sandbox, api.token(student.account_id))

    def page_starts_it() -> int:
        return requests.post(start, headers=headers, verify=sandbox.verify, timeout=30).status_code

    sandbox.quirks(never_starts=True)
    for _ in range(2):
        answer = api("project_exec", project_id=project, command="true")
        assert (answer["event"], answer["error"]) == ("error", "timeout")
    assert page_starts_it() == 503
    sandbox.reset_quirks()
    assert page_starts_it() == 200
    assert api("project_exec", project_id=project, command="true")["exit_code"] == 0


@pytest.mark.parametrize(("error", "answered"), [("1", 1), ("Error: spawn x", "Error: spawn x")])
def test_a_project_that_cannot_be_started(
    sandbox: SandboxProcess, api: Api, student: Person, error: str, answered: object
) -> None:
    project = api.project(student, title="broken")
    sandbox.quirks(start_error=error)
    answer = api("project_exec", project_id=project, command="true")
    assert (answer["event"], answer["error"]) == ("error", answered)
    sandbox.reset_quirks()
    assert api("project_exec", project_id=project, command="true")["exit_code"] == 0


def test_a_copy_that_meets_a_file(api: Api, student: Person) -> None:
    project = api.project(student, title="way")
    api("project_exec", project_id=project, command="mkdir a; touch a/x file", bash=True)
    answer = api(
        "copy_path_between_projects",
        src_project_id=project,
        src_path="a",
        target_project_id=project,
        target_path="file/a",
        wait_until_done=True,
    )
    assert (answer["event"], answer["error"]) == ("error", "child exited with code 1")


def test_refused_frames(sandbox: SandboxProcess, api: Api) -> None:
    assert "X-Frame-Options" not in api.get("/static/app.html").headers
    sandbox.quirks(refused_frames=True)
    assert api.get("/static/app.html").headers["X-Frame-Options"] == "DENY"
    assert api.get("/app", allow_redirects=False).headers["X-Frame-Options"] == "DENY"


def test_a_refused_cookie(sandbox: SandboxProcess, api: Api, student: Person) -> None:
    headers = cookie(sandbox, api.token(student.account_id))

    def signed_in() -> object:
        hello = f"{sandbox.url}/hub/hello"
        response = requests.post(hello, headers=headers, verify=sandbox.verify, timeout=30)
        return response.json()["account_id"]

    assert signed_in() == student.account_id
    sandbox.quirks(cookie_refused=True)
    assert signed_in() is None
    response = requests.post(
        f"{sandbox.url}/hub/sign-in",
        json={"auth_token": api.token(student.account_id)},
        verify=sandbox.verify,
        timeout=30,
    )
    assert response.status_code == 200
    assert "Set-Cookie" not in response.headers


def test_plain_text_is_for_members_and_of_their_project_alone(
    sandbox: SandboxProcess, api: Api, student: Person, stranger: Person
) -> None:
    project = api.project(student)
    api.run(project, "mkdir hw; echo one > hw/1.txt; ln -s /etc/passwd out.txt")
    hub = f"{sandbox.url}/hub/projects/{project}"

    def ask(who: Person | None, path: str, **headers: str) -> requests.Response:
        if who:
            headers |= cookie(sandbox, api.token(who.account_id))
        url = f"{hub}/text/{path}"
        return requests.get(url, headers=headers, verify=sandbox.verify, timeout=30)

    def shown_at() -> str:
        headers = cookie(sandbox, api.token(student.account_id))
        given = {"path": "hw/1.txt"}
        answer = requests.post(
            f"{hub}/file", json=given, headers=headers, verify=sandbox.verify, timeout=30
        )
        return str(answer.json()["address"])

    assert shown_at() == f"/{project}/jupyter/edit/hw/1.txt"
    sandbox.quirks(plain_text=True)
    assert shown_at() == f"/hub/projects/{project}/text/hw/1.txt"
    found = ask(student, "hw/1.txt")
    assert (found.status_code, found.text) == (200, "one\n")
    assert found.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert found.headers["X-Content-Type-Options"] == "nosniff"
    for who in (stranger, None):
        assert ask(who, "hw/1.txt").status_code == 404
    assert ask(student, "hw/1.txt", Origin="https://evil.test").status_code == 403
    for path in ("out.txt", "hw", "none.txt", "hw/%2e%2e/%2e%2e/x"):
        assert ask(student, path).status_code == 404


def test_hosts_set_by_the_api_count_at_once(tmp_path: Path) -> None:
    with SandboxProcess.start(tmp_path, admin_key=ADMIN_KEY, iframe_hosts="a.test") as sandbox:
        api = Api(sandbox)
        with api.session:
            setting = {"name": "iframe_comm_hosts", "value": "learn.school.test:8443, .Wild.test"}
            api("query", query={"site_settings": setting})
            hosts = api.get("/customize").json()["configuration"]["iframe_comm_hosts"]
    # The real server's way of reading it: no ports, and lower case only.
    assert hosts == ["learn.school.test", "8443", ".", "ild.test"]


def test_a_wrong_certificate_must_be_given(tmp_path: Path) -> None:
    with (
        SandboxProcess.start(tmp_path, admin_key=ADMIN_KEY) as sandbox,
        pytest.raises(ValueError, match="needs --other-tls-cert"),
    ):
        sandbox.quirks(wrong_certificate=True)


def test_all_or_nothing(sandbox: SandboxProcess) -> None:
    before = sandbox.quirks()
    with pytest.raises(ValueError, match="no quirk named 'nonsense'"):
        sandbox.quirks(latency=3, nonsense=1)
    assert sandbox.quirks() == before


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("latency", "long"),
        ("latency", True),
        ("hang_events", "ping"),
        ("dead_channel", 1),
        ("api_down", "no"),
        ("pages_down", "no"),
        ("account_limit", 1.5),
    ],
)
def test_wrong_values_are_refused(name: str, value: object) -> None:
    with pytest.raises(ValueError, match=name):
        Quirks().change({name: value})


def test_calls_are_counted(sandbox: SandboxProcess, api: Api, student: Person) -> None:
    sandbox.reset_calls()
    api("ping")
    api("user_auth", account_id=student.account_id, password="")
    api.post("no_such_event", json={})
    calls = sandbox.calls()
    assert calls["counts"] == {"ping": 1, "user_auth": 1, "no_such_event": 1}
    minted = calls["log"][1]
    assert minted["by"] == sandbox.admin_account_id
    assert minted["account_id"] == student.account_id
    assert minted["status"] == 200
    assert calls["log"][2]["status"] == 400
    assert "password" not in minted


def test_refuses_to_listen_for_others(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "sandbox", "--data", str(tmp_path), "--host", "0.0.0.0"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert "0.0.0.0 is no loopback address, and the sandbox isolates nobody." in done.stderr


def test_origins_for_development_are_named_whole(tmp_path: Path) -> None:
    origins = "http://learn.localhost:8000, http://127.0.0.1:8000"
    with SandboxProcess.start(
        tmp_path, admin_key=ADMIN_KEY, iframe_hosts="a.test", development_origins=origins
    ) as sandbox:
        api = Api(sandbox)
        with api.session:
            hosts = api.get("/customize").json()["configuration"]["iframe_comm_hosts"]
    assert hosts == ["a.test", "http://learn.localhost:8000", "http://127.0.0.1:8000"]


@pytest.mark.parametrize(
    "origin",
    [
        "http://learn.school.test",
        "https://localhost",
        "localhost:8000",
        "http://localhost/",
        "http://a@localhost",
    ],
)
def test_only_origins_of_this_machine_are_for_development(origin: str) -> None:
    with pytest.raises(ValueError, match="is no http origin of this machine"):
        development_origins(origin)
