"""The driver against the stand-in's bridges, as CoCalc had them on several days."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
import requests

from embedding.cocalc.conat import ConatClient
from embedding.cocalc.errors import CocalcError, Duplicate, Forbidden, NotFound, NotSupported
from sandbox.process import SandboxProcess

KEY = "sk_AdminKeyOfTheBridges01"
ORG = "SCHOOL"
DAYS = ["2025-09-01", "2025-09-30", "2025-11-21", "2025-12-04", "2026-07-03"]


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    folder: Path = tmp_path_factory.mktemp("bridges")
    with SandboxProcess.start(folder, admin_key=KEY, generation="conat") as sandbox:
        yield sandbox


@pytest.fixture(params=DAYS)
def day(request: pytest.FixtureRequest, sandbox: SandboxProcess) -> Iterator[str]:
    sandbox.quirks(server_date=request.param)
    yield request.param
    sandbox.reset_quirks()


def client_of(sandbox: SandboxProcess, organization: str = "") -> Iterator[ConatClient]:
    client = ConatClient(sandbox.url, KEY, organization=organization)
    yield client
    client.close()


@pytest.fixture
def client(sandbox: SandboxProcess) -> Iterator[ConatClient]:
    yield from client_of(sandbox)


@pytest.fixture
def organizer(sandbox: SandboxProcess) -> Iterator[ConatClient]:
    requests.post(
        f"{sandbox.url}/api/conat/hub",
        json={"name": "org.create", "args": [{"name": ORG}]},
        headers={"Authorization": f"Bearer {KEY}"},
        timeout=30,
    )
    yield from client_of(sandbox, ORG)


def address() -> str:
    return f"{uuid4()}@x.test"


def account_of(client: ConatClient, email: str = "") -> str:
    return client.create_account(email=email or address(), first_name="A", last_name="B")


def signs_in(sandbox: SandboxProcess, token: str) -> bool:
    answer = requests.get(
        f"{sandbox.url}/auth/impersonate", params={"auth_token": token}, timeout=30
    )
    return "remember_me=" in answer.headers.get("Set-Cookie", "")


@pytest.mark.parametrize("organization", ["", ORG])
def test_accounts_and_tokens(
    sandbox: SandboxProcess, client: ConatClient, organizer: ConatClient, organization: str
) -> None:
    driver = organizer if organization else client
    assert driver.identify().may_sign_in
    email = address().upper()
    account_id = account_of(driver, email)
    found = driver.find_account(email)
    assert found
    assert found.account_id == account_id
    with pytest.raises(Duplicate):
        account_of(driver, email)
    token = driver.mint_token(account_id)
    assert signs_in(sandbox, token)
    driver.revoke_token(token)
    assert not signs_in(sandbox, token)


def test_a_token_of_the_organization_has_a_short_life(
    sandbox: SandboxProcess, organizer: ConatClient
) -> None:
    """By CoCalc's clock, which need not be ours."""
    sandbox.forward(100_000)
    token = organizer.mint_token(account_of(organizer))
    assert signs_in(sandbox, token)
    sandbox.forward(301)
    assert not signs_in(sandbox, token)


def test_no_token_for_an_account_outside_of_the_organization(
    client: ConatClient, organizer: ConatClient
) -> None:
    with pytest.raises(Forbidden):
        organizer.mint_token(account_of(client))


def test_an_organization_that_is_not_there(sandbox: SandboxProcess) -> None:
    for client in client_of(sandbox, "NOWHERE"):
        assert not client.identify().may_sign_in
        with pytest.raises(NotFound):
            account_of(client)


def test_a_project_of_any_day(sandbox: SandboxProcess, client: ConatClient, day: str) -> None:
    mark = str(uuid4())
    project_id = client.create_project(title="T", description=mark)
    student = account_of(client)
    client.add_member(project_id, student)
    assert client.project_state(project_id) == "opened"
    assert client.exec(project_id, "echo hi", bash=True).stdout == "hi\n"
    client.start_project(project_id)
    assert client.project_state(project_id) == "running"
    client.stop_project(project_id)
    assert client.project_state(project_id) == "opened"
    try:
        client.set_role(project_id, student, "owner")
        assert client.get_project(project_id).members[student] == "owner"
        client.set_role(project_id, student, "collaborator")
    except NotSupported:
        assert day < "2025-12-04"
    client.remove_member(project_id, student)
    client.add_member(project_id, student)
    assert student in client.get_project(project_id).members
    owner = client.identify().account_id
    with pytest.raises(CocalcError):
        client.remove_member(project_id, owner)
    client.delete_project(project_id)
    assert client.find_projects(description=mark) == []
    client.restore_project(project_id)
    assert [row.project_id for row in client.find_projects(description=mark)] == [project_id]
