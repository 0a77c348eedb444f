"""Each driver is fed what is no answer, for each operation there is, at each of its requests.

An answer that is not the exact success ends in an error of the tree; never in another exception,
and never in a success. An answer is made wrong in three ways: it is something else altogether, it
comes over a broken connection, or it is a real success with one thing in it changed.
"""

import copy
import json
import types
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, is_dataclass, replace
from dataclasses import fields as fields_of
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from embedding.cocalc.client import Client
from embedding.cocalc.conat import ConatClient, files, projects, starting, wrapping
from embedding.cocalc.errors import CocalcError, NotSupported
from embedding.cocalc.v1 import Limits, V1Client
from embedding.cocalc.v1 import projects as v1_projects
from tests.cocalc.conat import home
from tests.cocalc.conat.home import HomeProject
from tests.cocalc.server import (
    ACCOUNT,
    KEY,
    OTHER_PROJECT,
    PROJECT,
    ExecProject,
    Reply,
    Request,
    Server,
)

QUICK = Limits(call=0.6, start=0.6, margin=0.6, backoff=0.001, attempts=1, answer=200_000)
TOKEN = "Ab3dEfGh1kLmNoPqRsTuVwX0"
EMAIL = "s@x.test"
LARGE = bytes(700)  # more than one command takes: see `world`

# Every operation once, so that each kind of its answers is seen.
CALLS: dict[str, Callable[[Any], object]] = {
    "identify": lambda c: c.identify(),
    "create_account": lambda c: c.create_account(email=EMAIL, first_name="S", last_name="T"),
    "find_account": lambda c: c.find_account(EMAIL),
    "mint_token": lambda c: c.mint_token(ACCOUNT),
    "revoke_token": lambda c: c.revoke_token(TOKEN),
    "create_project": lambda c: c.create_project(title="T", description="D"),
    "find_projects": lambda c: c.find_projects(description="D"),
    "get_project": lambda c: c.get_project(PROJECT),
    "list_projects": lambda c: c.list_projects(),
    "update_project": lambda c: c.update_project(PROJECT, title="T"),
    "delete_project": lambda c: c.delete_project(PROJECT),
    "restore_project": lambda c: c.restore_project(PROJECT),
    "add_member": lambda c: c.add_member(PROJECT, ACCOUNT),
    "remove_member": lambda c: c.remove_member(PROJECT, OTHER_PROJECT),
    "set_role": lambda c: c.set_role(PROJECT, ACCOUNT, "owner"),
    "project_state": lambda c: c.project_state(PROJECT),
    "start_project": lambda c: c.start_project(PROJECT),
    "stop_project": lambda c: c.stop_project(PROJECT),
    "write_file": lambda c: c.write_file(PROJECT, "new", LARGE),
    "read_file": lambda c: c.read_file(PROJECT, "old"),
    "list_folder": lambda c: c.list_folder(PROJECT),
    "file_exists": lambda c: c.file_exists(PROJECT, "old"),
    "close_home": lambda c: c.close_home(PROJECT),
    "make_folder": lambda c: c.make_folder(PROJECT, "folder"),
    "move": lambda c: c.move(PROJECT, "here", "there"),
    "remove": lambda c: c.remove(PROJECT, "here"),
    "set_message_hosts": lambda c: c.set_message_hosts(["learn.school.test"]),
    "exec": lambda c: c.exec(PROJECT, "echo", ["x"]),
    "copy_path": lambda c: c.copy_path(
        source_project=PROJECT,
        source_path="a",
        target_project=OTHER_PROJECT,
        target_path="a",
        timeout=1,
    ),
}
NOT_SPOKEN = {
    ("v1", "revoke_token"),
    ("conat", "set_message_hosts"),
}  # raises NotSupported, and asks nothing
# What is another thing with an organization; everything else is only tried without.
BY_ORGANIZATION = ("identify", "create_account", "mint_token", "revoke_token")


def operations() -> list[str]:
    """Return the names of all operations; `close` asks nothing of CoCalc."""
    members = vars(Client).items()
    names = [name for name, value in members if isinstance(value, types.FunctionType)]
    return [name for name in names if not name.startswith("_") and name != "close"]


def test_no_operation_is_forgotten() -> None:
    assert set(CALLS) == set(operations())


# A CoCalc that answers well

ROW = {
    "project_id": PROJECT,
    "title": "T",
    "description": "D",
    "state": {"state": "running"},
    "users": {ACCOUNT: {"group": "owner"}},
    "deleted": False,
    "created": "2026-01-01T00:00:00.000Z",
}
IDENTITY = {"account_id": ACCOUNT, "email_address": EMAIL, "groups": ["admin"]}
PERSON = {"account_id": ACCOUNT, "email_address": EMAIL, "first_name": "S", "last_name": "T"}


class Rows:
    """Answers queries; a project that was asked to stop is stopped."""

    stopped = False

    def query(self, query: dict[str, Any]) -> dict[str, Any]:
        if "accounts" in query:
            return {"accounts": IDENTITY}
        if "site_settings" in query:
            return {}
        if "projects" in query:
            self.stopped |= "action_request" in query["projects"]
            return {}
        return {"projects_all": [{**ROW, "state": {"state": self.state}}]}

    @property
    def state(self) -> str:
        return "opened" if self.stopped else "running"


class GoodV1(Rows):
    """Answers each event with its success."""

    def __init__(self, folder: Path) -> None:
        self._run = ExecProject(folder)

    def name(self, request: Request) -> str:
        table = next(iter(request.fields.get("query") or [""]))
        return f"{request.event} {table}" if request.event == "query" else request.event

    def __call__(self, request: Request) -> Any:
        event, sent = request.event, request.fields
        answers: dict[str, Any] = {
            "create_account": {"event": "account_created", "account_id": ACCOUNT},
            "user_search": {"event": "user_search_results", "results": [PERSON]},
            "user_auth": {"event": "user_auth_token", "auth_token": TOKEN},
            "create_project": {"event": "project_created", "project_id": PROJECT},
            "add_collaborator": {"event": "success"},
            "remove_collaborator": {"event": "success"},
            "copy_path_between_projects": {"event": "copy_path_between_projects_response"},
        }
        if event == "query":
            answer = {"event": "query", "query": self.query(sent["query"])}
        elif event == "project_exec":
            answer = self._run(request).body
        else:
            answer = answers[event]
        return {**answer, "id": sent["id"]}


class GoodConat(Rows):
    """Answers each function with its success."""

    def __init__(self, folder: Path) -> None:
        self._run = HomeProject(folder)

    def name(self, request: Request) -> str:
        name = str(request.fields.get("name", request.path.partition("?")[0]))
        argument = (request.fields.get("args") or [{}])[0]
        table = next(iter(argument["query"])) if name == "db.userQuery" else ""
        return f"{name} {table}".strip()

    def __call__(self, request: Request) -> Any:
        name = request.fields.get("name", "")
        argument = (request.fields.get("args") or [{}])[0]
        if name == "db.userQuery":
            return self.query(argument["query"])
        self.stopped |= name == "projects.stop"
        answers: dict[str, Any] = {
            "system.ping": {"now": 1_783_500_000_000},
            "org.get": {"name": "ORG", "title": None},
            "org.getUsers": [{"account_id": ACCOUNT}],
            "org.createUser": ACCOUNT,
            "org.createToken": {"token": TOKEN, "url": "https://x"},
            "org.expireToken": None,
            "system.userSearch": [PERSON],
            "system.generateUserAuthToken": TOKEN,
            "projects.createProject": PROJECT,
            "projects.deleteProject": None,
            "projects.addCollaborator": {"project_id": [PROJECT]},
            "projects.removeCollaborator": None,
            "projects.changeUserType": None,
            "projects.copyPathBetweenProjects": None,
            "projects.start": None,
            "projects.stop": None,
            "projects.state": {"ip": "10.0.0.1", "state": self.state, "time": 1},
        }
        if name in answers:
            return answers[name]
        if "auth/sign-up" in request.path:
            return {"account_id": ACCOUNT}
        return json.loads(str(self._run(request).body))


@dataclass(frozen=True)
class Driver:
    """A driver, and the CoCalc it is for."""

    name: str
    make: Callable[[str], Any]
    good: Callable[[Path], GoodV1 | GoodConat]


def conat(organization: str) -> Callable[[str], Any]:
    def make(url: str) -> ConatClient:
        client = ConatClient(url, KEY, limits=QUICK, organization=organization)
        client._offered["projects.state"] = True  # as if it had asked before
        return client

    return make


DRIVERS = [
    Driver("v1", lambda url: V1Client(url, KEY, limits=QUICK), GoodV1),
    Driver("conat", conat(""), GoodConat),
    Driver("conat-org", conat("ORG"), GoodConat),
]
# What is answered to a request, by its number, its name, and what makes its good answer.
Tamper = Callable[[int, str, Callable[[], Any]], Reply | None]


class World:
    """A CoCalc whose answers are tampered with, and a client of it."""

    def __init__(self, driver: Driver, server: Server, folder: Path) -> None:
        self.driver, self._server = driver, server
        self._home = folder / "home"
        self._home.mkdir(mode=0o700)
        self._client = driver.make(server.url)

    def close(self) -> None:
        self._client.close()

    def forget(self) -> None:
        """Take another client, over new connections."""
        self.close()
        self._client = self.driver.make(self._server.url)

    def run(
        self, operation: str, tamper: Tamper, known: Sequence[tuple[str, Any]] = ()
    ) -> tuple[object, list[tuple[str, Any]]]:
        """Return what the operation returned, or its error, and what was asked and answered.

        What is `known` of an earlier run is answered again, and not done again.
        """
        (self._home / "old").write_bytes(b"old")
        (self._home / "here").write_bytes(b"here")
        for name in ("new", "there"):
            (self._home / name).unlink(missing_ok=True)
        good = self.driver.good(self._home)
        seen: list[tuple[str, Any]] = []

        def answer(request: Request) -> Reply | None:
            name, number = good.name(request), len(seen)
            seen.append((name, None))

            def whole() -> Any:
                if number < len(known) and known[number][0] == name:
                    body = copy.deepcopy(known[number][1])
                    if isinstance(body, dict) and "id" in body:
                        body["id"] = request.fields["id"]
                else:
                    body = good(request)
                seen[number] = (name, copy.deepcopy(body))
                return body

            return tamper(number, name, whole)

        self._server.answer = answer
        if self.driver.name == "conat-org":  # as if it were new
            self._client._members, self._client._organization_seen = frozenset(), False
        try:
            result = CALLS[operation](self._client)
        except CocalcError as error:  # anything else is a failure of the test
            result = error
        if operation == "write_file" and result is None and not known:
            assert (self._home / "new").read_bytes() == LARGE
        if isinstance(result, CocalcError):
            assert result.operation
            assert len(str(result)) < 1000
            assert KEY not in repr(result)
        return result, seen


@pytest.fixture
def world(driver: Driver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    for module in (starting, v1_projects):
        monkeypatch.setattr(module, "POLL", 0.001)
    monkeypatch.setattr(starting, "SETTLED", 0.01)
    monkeypatch.setattr(projects, "MEMBER_CACHE", 0.001)
    monkeypatch.setattr("embedding.cocalc.files.WRITE_CHUNK", 600)
    monkeypatch.setattr(files, "ARRIVAL", 1)
    monkeypatch.setattr(home, "TOO_SOON", 0.001)
    monkeypatch.setattr(wrapping, "uuid4", lambda: UUID(PROJECT))  # the same mark for each run
    with Server(lambda _: None).running() as server:
        world = World(driver, server, tmp_path)
        yield world
        world.close()


def sent(body: Any) -> Reply:
    return Reply(json.dumps(body).encode())


def well(number: int, name: str, whole: Callable[[], Any]) -> Reply | None:
    return sent(whole())


SPOKEN = [
    pytest.param(driver, operation, id=f"{driver.name}-{operation}")
    for driver in DRIVERS
    for operation in (BY_ORGANIZATION if driver.name == "conat-org" else CALLS)
    if (driver.name, operation) not in NOT_SPOKEN
]
each = pytest.mark.parametrize(("driver", "operation"), SPOKEN)


@each
def test_the_success_is_one(world: World, operation: str) -> None:
    """Without it, the tests below would prove nothing."""
    result, seen = world.run(operation, well)
    assert fits(result, returned(operation)), result
    assert seen


def test_what_a_driver_does_not_speak_is_not_asked(tmp_path: Path) -> None:
    with Server(lambda _: None).running() as server:
        world = World(DRIVERS[0], server, tmp_path)
        result, seen = world.run("revoke_token", well)
        world.close()
    assert isinstance(result, NotSupported)
    assert seen == []


# What is no answer at all

DEEP = b"[" * 100_000 + b"]" * 100_000
FOREIGN: dict[str, bytes] = {
    "nothing": b"",
    "null": b"null",
    "an empty object": b"{}",
    "an empty list": b"[]",
    "a number": b"42",
    "a large number": b"9" * 5000,
    "no number": b"NaN",
    "true": b"true",
    "a text": b'"ok"',
    "an empty text": b'""',
    "an object in a list": b'[{"a": 1}]',
    "a list in a list": b"[[]]",
    "depth": DEEP,
    "depth of objects": b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    "too much": b'"' + b"x" * 300_000 + b'"',
    "HTML": b"<!DOCTYPE html><html><body><h1>It works!</h1></body></html>",
    "no UTF-8": b'{"event": "success", "a": "\xff\xfe"}',
    "half a character": b"\xd8\x00",
    "a mark of the byte order": b"\xef\xbb\xbf{}",
    "a surrogate": b'{"error": "\\ud800"}',
    "a foreign event": b'{"event": "hello", "id": "x"}',
    "another's success": b'{"status": "ok", "success": true, "result": []}',
    "an error": b'{"error": "no"}',
    "an empty error": b'{"error": {}}',
    "an error that is null": b'{"error": null}',
    "an error that is a number": b'{"error": 1}',
    "an error that is a list": b'{"error": ["a", {"b": null}]}',
    "an error of the event": b'{"event": "error", "error": {"code": null}}',
    "an error beside a success": b'{"error": "no", "event": "success"}',
}
STATUSES = (201, 204, 301, 400, 401, 403, 404, 413, 418, 429, 500, 502, 503, 504)

# What is foreign to one is the success of another: nobody is found, or is in it; nothing is left.
SUCCESSES = {("conat", "find_account", "an empty list")}


@each
def test_what_is_no_answer_is_no_success(world: World, operation: str) -> None:
    _, seen = world.run(operation, well)
    for number, (_, good) in enumerate(seen):
        for what, body in FOREIGN.items():
            if body == json.dumps(good).encode():
                continue

            def tamper(at: int, name: str, whole: Any, body: bytes = body, n: int = number) -> Any:
                return Reply(body) if at >= n else sent(whole())

            result, _ = world.run(operation, tamper, seen)
            if (world.driver.name, operation, what) not in SUCCESSES:
                assert isinstance(result, CocalcError), (what, number, result)
            else:
                assert fits(result, returned(operation)), (what, number, result)


@each
def test_a_broken_way_is_no_success(world: World, operation: str) -> None:
    """The success itself, but with another status, cut, or of another length."""
    _, seen = world.run(operation, well)

    def length(more: int) -> Callable[[Reply], Reply]:
        def changed(reply: Reply) -> Reply:
            size = len(reply.body)
            return replace(
                reply, headers={"Content-Length": str(max(size + more, 0))}, cut_after=size
            )

        return changed

    breaks: list[Callable[[Reply], Reply | None]] = [
        *(lambda reply, status=status: replace(reply, status=status) for status in STATUSES),
        lambda reply: replace(reply, cut_after=len(reply.body) // 2),
        lambda reply: replace(reply, body=reply.body[:-1]),
        lambda reply: replace(reply, body=reply.body + b"}"),
        lambda reply: replace(reply, body=reply.body * 2 + b" ]"),
        lambda reply: None,
        length(10),
        length(-1),
    ]
    for number in range(len(seen)):
        for index, broken in enumerate(breaks):
            if index > len(STATUSES):
                world.forget()

            def tamper(at: int, name: str, whole: Any, b: Any = broken, n: int = number) -> Any:
                return b(sent(whole())) if at >= n else sent(whole())

            result, _ = world.run(operation, tamper, seen)
            assert isinstance(result, CocalcError), (number, index, result)


# A success with one thing in it changed

# What a success may leave out or say otherwise; the result still has to be of its types.
OPTIONAL = {
    "title",
    "description",
    "state",
    "users",
    "group",
    "deleted",
    "created",
    "first_name",
    "last_name",
    "email_address",
    "groups",
    "ip",
    "time",
    "url",
    ACCOUNT,
}
FREE = {
    ("v1", "type"),  # of a command: nobody reads it
    ("conat", "status"),  # of an upload: without it, the file goes another way
}
WRONG: tuple[Any, ...] = (None, True, 10**400, 1.5, "", "\ud800", [None], {}, {"a": [[]]})


def paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the way to everything in a JSON value."""
    if path:
        yield path
    if isinstance(value, list):
        value = dict(enumerate(value))
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from paths(inner, (*path, key))


def changed(body: Any, path: tuple[Any, ...], value: Any) -> Any:
    """Return a copy with another value there; ... for none."""
    body = copy.deepcopy(body)
    *way, last = path
    inner = body
    for key in way:
        inner = inner[key]
    if value is ...:
        del inner[last]
    else:
        inner[last] = value
    return body


def is_like(value: Any, other: Any) -> bool:
    """Whether a reader that looks at types alone would take one for the other."""
    return type(value) is type(other)


@each
def test_a_success_with_one_thing_changed(world: World, operation: str) -> None:
    _, seen = world.run(operation, well)
    for name, good in dict(seen).items():
        for path in paths(good):
            old = good
            for key in path:
                old = old[key]
            for value in (..., *WRONG):

                def tamper(
                    at: int, asked: str, whole: Any, p: Any = path, v: Any = value, n: str = name
                ) -> Any:
                    body = whole()
                    if asked != n:
                        return sent(body)
                    try:
                        return sent(changed(body, p, v))
                    except (KeyError, IndexError, TypeError):  # another answer of the same name
                        return sent(body)

                result, _ = world.run(operation, tamper, seen)
                if isinstance(result, CocalcError):
                    continue
                why = (name, path, value, result)
                assert fits(result, returned(operation)), why
                is_optional = bool(OPTIONAL & set(path)) or (world.driver.name, path[-1]) in FREE
                is_optional |= value is ... and isinstance(path[-1], int)  # a row less
                assert is_optional or is_like(old, value), why


def returned(operation: str) -> Any:
    return get_type_hints(getattr(Client, operation))["return"]


def fits(value: Any, kind: Any) -> bool:
    """Whether a value is of the type that the interface promises, to its depth."""
    origin, inner = get_origin(kind), get_args(kind)
    if kind is None or kind is types.NoneType:
        return value is None
    if origin in (Union, types.UnionType):
        return any(fits(value, one) for one in inner)
    if origin is Literal:
        return value in inner
    if origin is list:
        return type(value) is list and all(fits(one, inner[0]) for one in value)
    if origin is dict:
        return type(value) is dict and all(
            fits(key, inner[0]) and fits(one, inner[1]) for key, one in value.items()
        )
    if is_dataclass(kind):
        hints = get_type_hints(kind)
        return type(value) is kind and all(
            fits(getattr(value, field.name), hints[field.name])
            and (not field.name.endswith("_id") or is_id(getattr(value, field.name)))
            for field in fields_of(kind)
        )
    if kind is str:  # what no database takes is no text
        return type(value) is str and value.encode("utf-8", "replace").decode() == value
    return type(value) is kind or (kind is datetime and isinstance(value, datetime))


def is_id(value: str) -> bool:
    try:
        return str(UUID(value)) == value
    except ValueError:
        return False


# Anything at all

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["error", "event", "id", "query", "state", "status", "type", "stdout"])
            | st.text(max_size=5),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@each
@settings(
    max_examples=10,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(
    answer=st.one_of(JSON.map(lambda value: json.dumps(value).encode()), st.binary(max_size=80)),
    status=st.sampled_from([200, 200, 200, *STATUSES]),
)
def test_anything_at_all(world: World, operation: str, answer: bytes, status: int) -> None:
    result, _ = world.run(operation, lambda *_: Reply(answer, status))
    if status != 200 or answer not in (b"null", b"{}", b"[]"):
        assert isinstance(result, CocalcError), result
