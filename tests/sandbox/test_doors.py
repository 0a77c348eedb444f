"""Every door to a project opens to its members, and to nobody else."""

import contextlib
import http.client
import ssl
import uuid

import pytest
import requests

from sandbox.process import SandboxProcess
from tests.sandbox.support import PATIENCE, Api, Person, cookie

DOORS = [
    ("GET", "api"),
    ("GET", "api/status"),
    ("GET", "api/contents"),
    ("GET", "api/contents/hw/1.txt"),
    ("PUT", "api/contents/new.txt"),
    ("PATCH", "api/contents/hw/1.txt"),
    ("DELETE", "api/contents/hw/1.txt"),
    ("POST", "api/contents/hw/nb.ipynb/checkpoints"),
    ("GET", "files/hw/1.txt"),
    ("GET", "api/sessions"),
    ("POST", "api/sessions"),
    ("GET", "api/kernels"),
    ("POST", "api/kernels"),
    ("GET", "api/kernelspecs"),
    ("GET", "api/terminals"),
    ("POST", "api/terminals"),
    ("GET", "nbconvert/html/hw/nb.ipynb"),
    ("GET", "notebooks/hw/nb.ipynb"),
    ("GET", "edit/hw/1.txt"),
    ("GET", "tree"),
    ("GET", "lab"),
    ("GET", "terminals/1"),
    ("GET", "static/favicons/favicon.ico"),
    ("GET", "custom/custom.css"),
    ("GET", "lsp/status"),
    ("GET", "logout"),
    ("POST", "api/shutdown"),
    ("GET", "../raw/hw/1.txt"),
]
SOCKETS = ["api/kernels/{uuid}/channels", "terminals/websocket/1", "api/events/subscribe"]


@pytest.fixture
def project(api: Api, student: Person) -> str:
    project_id = api.project(student)
    api.run(project_id, "mkdir hw; echo one > hw/1.txt")
    return project_id


def knock(
    api: Api, method: str, address: str, headers: dict[str, str], body: object = None
) -> requests.Response:
    """One request, with the given headers and no key."""
    return api.session.request(
        method,
        api.sandbox.url + address,
        json=(body or {}) if method in ("POST", "PUT", "PATCH") else None,
        headers=headers,
        verify=api.sandbox.verify,
        timeout=PATIENCE,
        allow_redirects=False,
    )


def upgrade(sandbox: SandboxProcess, address: str, headers: dict[str, str]) -> int:
    """The status that a WebSocket's handshake gets."""
    context = ssl.create_default_context(cafile=str(sandbox.verify))
    connection = http.client.HTTPSConnection(
        "127.0.0.1", sandbox.port, context=context, timeout=PATIENCE
    )
    with contextlib.closing(connection):
        asked = {
            "Connection": "Upgrade",
            "Upgrade": "websocket",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        }
        connection.request("GET", address, headers=asked | headers)
        with connection.getresponse() as response:
            return response.status


def test_a_member_gets_through(
    sandbox: SandboxProcess, api: Api, project: str, student: Person
) -> None:
    headers = cookie(sandbox, api.token(student.account_id))
    base = f"/{project}/jupyter/"
    for path in ("api/contents/hw", "files/hw/1.txt", "edit/hw/1.txt", "api/kernelspecs"):
        assert knock(api, "GET", base + path, headers).status_code == 200, path
    assert knock(api, "GET", base + "files/hw/1.txt", headers).text == "one\n"
    terminal = knock(api, "POST", base + "api/terminals", headers).json()["name"]
    assert upgrade(sandbox, f"{base}terminals/websocket/{terminal}", headers) == 101
    kernel = knock(api, "POST", base + "api/kernels", headers).json()["id"]
    assert upgrade(sandbox, f"{base}api/kernels/{kernel}/channels", headers) == 101


def test_nobody_else_does(
    sandbox: SandboxProcess, api: Api, project: str, student: Person, stranger: Person
) -> None:
    member = cookie(sandbox, api.token(student.account_id))
    # The server runs, so that a door left open would lead somewhere.
    assert knock(api, "GET", f"/{project}/jupyter/api", member).status_code == 200
    callers = {
        "signed out": ({}, 403),
        "bogus cookie": ({"Cookie": "remember_me=nonsense"}, 403),
        "token as cookie": ({"Cookie": f"remember_me={api.token(student.account_id)}"}, 403),
        "key as cookie": ({"Cookie": f"remember_me={api.key}"}, 403),
        "key as header": ({"Authorization": f"Bearer {api.key}"}, 403),
        "stranger": (cookie(sandbox, api.token(stranger.account_id)), 404),
        "other site's page": (member | {"Origin": "https://evil.test"}, 403),
        "same site's page": (member | {"Origin": "https://learn.school.test"}, 403),
        "sandboxed page": (member | {"Origin": "null"}, 403),
        "other site's image": (member | {"Sec-Fetch-Site": "cross-site"}, 403),
        "other site's frame": (
            member
            | {
                "Sec-Fetch-Site": "same-site",
                "Sec-Fetch-Mode": "navigate",
                "Sec-Fetch-Dest": "iframe",
            },
            403,
        ),
    }
    for who, (headers, expected) in callers.items():
        for method, path in DOORS:
            response = knock(api, method, f"/{project}/jupyter/{path}", headers)
            assert response.status_code == expected, (who, method, path)
        for path in SOCKETS:
            address = f"/{project}/jupyter/{path.format(uuid=uuid.uuid4())}"
            assert upgrade(sandbox, address, headers) == expected, (who, path)
    assert api.run(project, "cat hw/1.txt; ls") == "one\nhw\n"


def test_a_project_that_is_not_there_looks_like_one_of_somebody_else(
    sandbox: SandboxProcess, api: Api, student: Person, stranger: Person
) -> None:
    headers = cookie(sandbox, api.token(stranger.account_id))
    foreign = knock(api, "GET", f"/{api.project(student)}/jupyter/api", headers)
    unknown = knock(api, "GET", f"/{uuid.uuid4()}/jupyter/api", headers)
    assert (
        (foreign.status_code, foreign.text)
        == (unknown.status_code, unknown.text)
        == (
            404,
            foreign.text,
        )
    )


def test_the_door_closes_behind_a_former_member(
    sandbox: SandboxProcess, api: Api, project: str, student: Person
) -> None:
    headers = cookie(sandbox, api.token(student.account_id))
    assert knock(api, "GET", f"/{project}/jupyter/api", headers).status_code == 200
    api("remove_collaborator", project_id=project, account_id=student.account_id)
    assert knock(api, "GET", f"/{project}/jupyter/api", headers).status_code == 404


def test_site_admins_count_as_members(sandbox: SandboxProcess, api: Api, student: Person) -> None:
    own = Api(sandbox, student.key, api.session)
    project_id = own.project()
    own.run(project_id, "true")
    headers = cookie(sandbox, api.token(sandbox.admin_account_id))
    assert knock(api, "GET", f"/{project_id}/jupyter/api", headers).status_code == 200


@pytest.mark.parametrize("door", ["look", "start", "file"])
def test_the_kiosks_own_doors(
    sandbox: SandboxProcess, api: Api, project: str, student: Person, stranger: Person, door: str
) -> None:
    address = f"/hub/projects/{project}/{door}"
    member = cookie(sandbox, api.token(student.account_id))
    other = cookie(sandbox, api.token(stranger.account_id))
    evil = member | {"Origin": "https://evil.test"}
    assert knock(api, "POST", address, evil).status_code == 403
    assert knock(api, "POST", address, other).status_code == 404
    assert knock(api, "POST", address, {}).status_code == 404


def test_a_file_outside_of_the_project_is_not_opened(
    sandbox: SandboxProcess, api: Api, project: str, student: Person
) -> None:
    headers = cookie(sandbox, api.token(student.account_id))
    for path in ("../x.ipynb", "/etc/passwd", "hw/../../x"):
        response = knock(api, "POST", f"/hub/projects/{project}/file", headers, {"path": path})
        assert response.status_code == 409, path


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1", 200),
        ("localhost:99", 200),
        ("cocalc.lectern.localhost:8000", 200),
        ("[::1]:80", 200),
        ("cocalc.school.test", 200),
        ("evil.test", 421),
        ("localhost.evil.test", 421),
        ("cocalc.school.test.evil.test", 421),
    ],
)
def test_answers_to_its_own_names_only(
    sandbox: SandboxProcess, api: Api, host: str, status: int
) -> None:
    assert api.get("/customize", headers={"Host": host}).status_code == status


def test_the_control_door_wants_the_admins_key(api: Api, student: Person) -> None:
    for headers in ({}, {"Authorization": f"Bearer {student.key}"}):
        for method, path in (("GET", "quirks"), ("POST", "quirks"), ("GET", "calls")):
            assert knock(api, method, f"/sandbox/{path}", headers).status_code == 403


def test_a_collaborator_rules_a_project_as_on_cocalc(
    api: Api, student: Person, stranger: Person
) -> None:
    """He removes all but owners, adds whom he likes, becomes an owner; deleted it still opens."""
    project = api.project(student, stranger)
    us = api.sandbox.admin_account_id
    theirs = Api(api.sandbox, student.key)

    def members() -> dict[str, str]:
        row = {"project_id": project, "users": None}
        users = api("query", query={"projects_all": row})["query"]["projects_all"]["users"]
        return {account: user["group"] for account, user in users.items()}

    def change(**fields: object) -> None:
        theirs("query", query={"projects": {"project_id": project, **fields}})

    for account in (us, stranger.account_id):
        theirs("remove_collaborator", project_id=project, account_id=account)
    assert members() == {us: "owner", student.account_id: "collaborator"}
    theirs("add_collaborator", project_id=project, account_id=stranger.account_id)
    change(users={student.account_id: {"group": "owner"}, us: {"group": "collaborator"}})
    theirs("remove_collaborator", project_id=project, account_id=us)
    assert members() == {student.account_id: "owner", stranger.account_id: "collaborator"}
    change(deleted=True)
    assert api.run(project, "stat -c %a .").strip() == "755", "any project can read any other's"
    signed_in = cookie(api.sandbox, api.token(student.account_id)) | {"Origin": api.sandbox.url}
    assert knock(api, "POST", f"/hub/projects/{project}/look", signed_in, {}).status_code == 200
    api.run(project, "echo one > a.txt")
    api(
        "copy_path_between_projects",
        src_project_id=project,
        src_path="a.txt",
        target_project_id=project,
        target_path="b.txt",
        wait_until_done=True,
    )
    assert api.tree(project) == {"a.txt": "one\n", "b.txt": "one\n"}
