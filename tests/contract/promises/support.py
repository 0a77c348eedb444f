"""The drivers, what they are run against, and one harmless call of every operation."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import wraps
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any, TypeVar, cast
from uuid import uuid4

import pytest
import requests

from embedding.cocalc.capabilities import Way, capability
from embedding.cocalc.client import Client
from embedding.cocalc.conat import ConatClient
from embedding.cocalc.errors import NotSupported
from embedding.cocalc.kinds import Spoken
from embedding.cocalc.v1 import V1Client
from embedding.cocalc.wire import Limits
from sandbox.process import SandboxProcess

ADMIN_KEY = "sk_AdminKeyOfThePromises01"
PATIENCE = 30
QUICK = Limits(backoff=0.001, backoff_most=0.01)

DRIVERS: dict[Spoken, type[V1Client] | type[ConatClient]] = {
    "v1": V1Client,
    "conat": ConatClient,
}
ORGANIZATION = "school"
# A driver each, with a site admin's key; and once more with that of an organization's admin.
GENERATIONS = ["v1", "conat"]
SIDES = [*GENERATIONS, "conat-organization"]

Test = TypeVar("Test", bound=Callable[..., None])
Operation = Callable[[Client, str, str], object]

# Of each operation one call, given a project and an account. None of them harms either.
OPERATIONS: dict[str, Operation] = {
    "identify": lambda client, project, account: client.identify(),
    "create_account": lambda client, project, account: client.create_account(
        email=new_email(), first_name="Ada", last_name="Love"
    ),
    "find_account": lambda client, project, account: client.find_account("a@b.test"),
    "mint_token": lambda client, project, account: client.mint_token(account),
    "revoke_token": lambda client, project, account: client.revoke_token("x" * 24),
    "set_message_hosts": lambda client, project, account: client.set_message_hosts(["a.test"]),
    "create_project": lambda client, project, account: client.create_project(
        title="A project", description=str(uuid4())
    ),
    "find_projects": lambda client, project, account: client.find_projects(description="none"),
    "get_project": lambda client, project, account: client.get_project(project),
    "list_projects": lambda client, project, account: client.list_projects(),
    "update_project": lambda client, project, account: client.update_project(project, title="t"),
    "delete_project": lambda client, project, account: client.delete_project(project),
    "restore_project": lambda client, project, account: client.restore_project(project),
    "add_member": lambda client, project, account: client.add_member(project, account),
    "remove_member": lambda client, project, account: client.remove_member(project, account),
    "set_role": lambda client, project, account: client.set_role(project, account, "collaborator"),
    "project_state": lambda client, project, account: client.project_state(project),
    "start_project": lambda client, project, account: client.start_project(project),
    "stop_project": lambda client, project, account: client.stop_project(project),
    "write_file": lambda client, project, account: client.write_file(project, "new", b"new"),
    "read_file": lambda client, project, account: client.read_file(project, "file"),
    "list_folder": lambda client, project, account: client.list_folder(project),
    "file_exists": lambda client, project, account: client.file_exists(project, "file"),
    "close_home": lambda client, project, account: client.close_home(project),
    "make_folder": lambda client, project, account: client.make_folder(project, "folder"),
    "move": lambda client, project, account: client.move(project, "file", "moved"),
    "remove": lambda client, project, account: client.remove(project, "file"),
    "exec": lambda client, project, account: client.exec(project, "true", timeout=1),
    "copy_path": lambda client, project, account: client.copy_path(
        source_project=project,
        source_path="file",
        target_project=project,
        target_path="copied",
        timeout=1,
    ),
}

# What runs inside a project, and so starts one that is stopped.
IN_A_PROJECT = [
    "close_home",
    "exec",
    "file_exists",
    "list_folder",
    "make_folder",
    "move",
    "read_file",
    "remove",
    "start_project",
    "write_file",
]
# What is done to a project, in it or from outside.
TO_A_PROJECT = [
    *IN_A_PROJECT,
    "add_member",
    "copy_path",
    "delete_project",
    "get_project",
    "project_state",
    "remove_member",
    "restore_project",
    "set_role",
    "stop_project",
    "update_project",
]


def new_email() -> str:
    return f"{uuid4().hex}@accounts.test"


@dataclass(frozen=True)
class Person:
    """An account with a key of its own."""

    account_id: str
    key: str
    email: str


@dataclass(frozen=True)
class Side:
    """One driver, the stand-in's face that it speaks to, and the service account with its key.

    Without an organization the service account is a site admin; with one it is its admin alone.
    """

    generation: Spoken
    sandbox: SandboxProcess
    account_id: str
    key: str
    organization: str = ""

    @property
    def url(self) -> str:
        return self.sandbox.faces[self.generation]

    def way(self, name: str) -> Way:
        """What is declared about a capability here."""
        return capability(name).way(self.generation, organization=bool(self.organization))

    @contextmanager
    def client(
        self, *, key: str = "", url: str = "", limits: Limits = QUICK, **options: Any
    ) -> Iterator[Client]:
        """A client of its own, for tests that need a key, limits or ears of their own."""
        if self.organization:
            options["organization"] = self.organization
        driver = DRIVERS[self.generation]
        client = driver(url or self.url, key or self.key, limits=limits, **options)
        yield client
        client.close()

    def sign_in(self, token: str, client: Client) -> dict[str, str]:
        """The cookies of a browser that came with this token, as the driver says it does."""
        if client.sign_in == "address":
            # What the page does with the token in its own address.
            response = requests.post(
                f"{self.url}/hub/sign-in", json={"auth_token": token}, timeout=PATIENCE
            )
        else:
            response = requests.get(
                f"{self.url}/auth/impersonate", params={"auth_token": token}, timeout=PATIENCE
            )
        return dict(response.cookies)

    def signs_in(self, token: str, client: Client) -> bool:
        """Whether a browser that comes with this token is signed in."""
        return "remember_me" in self.sign_in(token, client)

    def signed_in(self, cookies: Mapping[str, str]) -> str | None:
        """Whom CoCalc's page takes a browser for: an account, or nobody."""
        # By hand: `requests` keeps v1's, which is for https alone, back from http.
        header = "; ".join(f"{name}={value}" for name, value in cookies.items())
        response = requests.post(
            f"{self.url}/hub/hello", headers={"Cookie": header}, timeout=PATIENCE
        )
        found: str | None = response.json()["account_id"]
        return found


def person_of(sandbox: SandboxProcess) -> Person:
    """Somebody with a key; only API v1 gives one out, and it opens both faces."""
    email = new_email()
    response = requests.post(
        f"{sandbox.faces['v1']}/api/v1/create_account",
        auth=(ADMIN_KEY, ""),
        json={"email_address": email, "first_name": "Oth", "get_api_key": True},
        timeout=PATIENCE,
    ).json()
    return Person(response["account_id"], response["api_key"], email)


def organizer_of(sandbox: SandboxProcess) -> Person:
    """The admin of a new organization, made as a site admin of CoCalc's does it."""
    person = person_of(sandbox)
    for function, fields in (("create", {}), ("addAdmin", {"user": person.account_id})):
        response = requests.post(
            f"{sandbox.faces['conat']}/api/conat/hub",
            json={"name": f"org.{function}", "args": [{"name": ORGANIZATION, **fields}]},
            headers={"Authorization": f"Bearer {ADMIN_KEY}"},
            timeout=PATIENCE,
        )
        assert "error" not in response.text
    return replace(person, key=sandbox.make_key(person.account_id))


def everything_in(client: Client, project: str) -> list[str]:
    """All in a project's home, hidden or not."""
    output = client.exec(project, "find", [".", "-mindepth", "1", "-printf", "%P\\n"])
    return sorted(output.stdout.splitlines())


def wait_for(look: Callable[[], bool]) -> None:
    """Look until it is so."""
    end = time.monotonic() + PATIENCE
    while not look():
        assert time.monotonic() < end, "It never came."
        time.sleep(0.02)


def shows(name: str) -> Callable[[Test], Test]:
    """Mark a test as the one that shows a capability.

    Where the side is declared not to have it, the test has to end in NotSupported, with the words
    of the table.
    """

    def decorate(test: Test) -> Test:
        @wraps(test)
        def kept(**fixtures: Any) -> None:
            way = fixtures["side"].way(name)
            if way.can != "no":
                test(**fixtures)
                return
            with pytest.raises(NotSupported) as refusal:
                test(**fixtures)
            assert refusal.value.words == way.words

        kept.capability = name  # type: ignore[attr-defined]  # for test_declared
        return cast(Test, kept)

    return decorate


@dataclass(frozen=True)
class Page:
    """What a server that is no CoCalc answers to everything."""

    status: int
    body: str = "<html><h1>Some page</h1></html>"
    headers: Mapping[str, str] | None = None


class Stranger:
    """A server that is no CoCalc: answers one page to all, or, without one, nothing."""

    def __init__(self, page: Page | None) -> None:
        self.requests = 0
        self._over = Event()
        stranger = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- theirs
                pass

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                stranger.requests += 1
                if page is None:
                    stranger._over.wait()
                    return
                data = page.body.encode()
                self.send_response(page.status)
                headers = {"Content-Type": "text/html", "Content-Length": str(len(data))}
                for name, value in (headers | dict(page.headers or {})).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST  # noqa: N815 -- theirs

        class Listener(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: object) -> None:  # a client that has gone away
                pass

        self._listener = Listener(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._listener.server_port}"

    @contextmanager
    def running(self) -> Iterator["Stranger"]:
        thread = Thread(target=self._listener.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield self
        finally:
            self._over.set()
            self._listener.shutdown()
            self._listener.server_close()
            thread.join()
