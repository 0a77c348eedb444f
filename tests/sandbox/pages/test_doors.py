"""Which sessions open which doors of conat's pages."""

import pytest
import requests

from sandbox.process import SandboxProcess
from tests.sandbox.support import PATIENCE, Api, Person


def session(api: Api, person: Person) -> dict[str, str]:
    answer = requests.get(
        f"{api.sandbox.url}/auth/impersonate",
        params={"auth_token": api.token(person.account_id)},
        verify=api.sandbox.verify,
        timeout=PATIENCE,
    )
    [secret] = [cookie.value for cookie in answer.cookies if cookie.name == "remember_me"]
    return {"Cookie": f"remember_me={secret}"}


def knock(api: Api, method: str, path: str, headers: dict[str, str]) -> int:
    answer = requests.request(
        method,
        api.sandbox.url + path,
        json={},
        headers=headers,
        verify=api.sandbox.verify,
        timeout=PATIENCE,
    )
    return answer.status_code


@pytest.mark.parametrize("door", ["look", "start", "file"])
def test_the_kiosks_own_doors(
    api: Api, project: str, person: Person, stranger: Person, door: str
) -> None:
    address = f"/hub/projects/{project}/{door}"
    member = session(api, person)
    assert knock(api, "POST", address, member) in (200, 409)
    assert knock(api, "POST", address, member | {"Origin": "https://evil.test"}) == 403
    assert knock(api, "POST", address, session(api, stranger)) == 404
    assert knock(api, "POST", address, {}) == 404
    readable = {"Cookie": f"account_id={person.account_id}"}
    assert knock(api, "POST", address, readable) == 404


def test_the_door_to_a_projects_jupyter(
    api: Api, sandbox: SandboxProcess, project: str, person: Person, stranger: Person
) -> None:
    address = f"/{project}/jupyter/api"
    admin = Person(sandbox.admin_account_id, "", "")
    token = {"Cookie": f"remember_me={api.token(person.account_id)}"}
    for who, expected in (
        (session(api, person), 200),
        (session(api, stranger), 404),
        ({}, 403),
        (token, 403),
        ({"Authorization": f"Bearer {api.key}"}, 403),
    ):
        assert knock(api, "GET", address, who) == expected
    own = Api(sandbox, person.key, api.session)
    foreign = own.project()
    own.run(foreign, "true")
    # A site admin who is no member is a stranger here.
    for who, expected in ((session(api, person), 200), (session(api, admin), 404)):
        assert knock(api, "GET", f"/{foreign}/jupyter/api", who) == expected
