"""What the sandbox's tests share: a client of its API, and people with keys."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import requests

from sandbox.process import SandboxProcess

ADMIN_KEY = "sk_AdminKeyOfTheTests000001"
PATIENCE = 30

T = TypeVar("T")


@dataclass
class Person:
    account_id: str
    key: str
    email: str


@dataclass
class Api:
    """API v1 with one key."""

    sandbox: SandboxProcess
    key: str = ADMIN_KEY
    session: requests.Session = field(default_factory=requests.Session)

    def post(self, event: str, *, timeout: float = PATIENCE, **kwargs: Any) -> requests.Response:
        return self.session.post(
            f"{self.sandbox.faces['v1']}/api/v1/{event}",
            auth=(self.key, ""),
            verify=self.sandbox.verify,
            timeout=timeout,
            **kwargs,
        )

    def __call__(self, event: str, **fields: Any) -> dict[str, Any]:
        response = self.post(event, json=fields)
        answer: dict[str, Any] = response.json()
        return answer

    def get(self, path: str, **kwargs: Any) -> requests.Response:
        return self.session.get(
            self.sandbox.url + path, verify=self.sandbox.verify, timeout=PATIENCE, **kwargs
        )

    def person(self, name: str = "Stu") -> Person:
        email = f"{name.lower()}-{time.monotonic_ns()}@example.com"
        answer = self(
            "create_account",
            first_name=name,
            last_name="Dent",
            email_address=email,
            password="Secret!pw",
            get_api_key=True,
        )
        return Person(answer["account_id"], answer["api_key"], email)

    def token(self, account_id: str) -> str:
        token: str = self("user_auth", account_id=account_id, password="")["auth_token"]
        return token

    def project(self, *members: Person, title: str = "A project") -> str:
        project_id: str = self("create_project", title=title)["project_id"]
        for member in members:
            self("add_collaborator", project_id=project_id, account_id=member.account_id)
        return project_id

    def run(self, project_id: str, command: str, **fields: Any) -> str:
        answer = self("project_exec", project_id=project_id, command=command, bash=True, **fields)
        assert answer["event"] == "project_exec_output", answer
        stdout: str = answer["stdout"]
        return stdout

    def state(self, project_id: str) -> str:
        row = {"project_id": project_id, "state": None}
        answer = self("query", query={"projects_all": row})
        state: str = answer["query"]["projects_all"]["state"]["state"]
        return state

    def tree(self, project_id: str, under: str = ".") -> dict[str, str]:
        """The files of a running project with their content."""
        script = f"find {under} -type f -printf '%P\\0' | while IFS= read -r -d '' f; do"
        script += f' printf "%s\\037" "$f"; cat "{under}/$f"; printf "\\036"; done'
        entries = self.run(project_id, script).split("\x1e")[:-1]
        return dict(entry.split("\x1f") for entry in entries)


def until(look: Callable[[], T], seconds: float = PATIENCE) -> T:
    """What `look` returns, once it is true."""
    end = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < end, f"Waited {seconds} s for {look}."
        time.sleep(0.05)


def cookie(sandbox: SandboxProcess, token: str) -> dict[str, str]:
    """Sign in as a browser does, and return the cookie for a program."""
    if sandbox.generation == "conat":
        address = f"{sandbox.url}/auth/impersonate"
        answer = requests.get(address, {"auth_token": token}, timeout=PATIENCE)
        assert "remember_me" in answer.cookies, answer.text
        return {"Cookie": "; ".join(f"{each.name}={each.value}" for each in answer.cookies)}
    response = requests.post(
        f"{sandbox.url}/hub/sign-in",
        json={"auth_token": token},
        verify=sandbox.verify,
        timeout=PATIENCE,
    )
    found = re.search(r"remember_me=(\w+)", response.headers.get("Set-Cookie", ""))
    assert found, response.text
    return {"Cookie": f"remember_me={found[1]}"}
