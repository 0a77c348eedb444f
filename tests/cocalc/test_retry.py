"""What is tried again, and what never is."""

import time
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest

from embedding.cocalc import caller
from embedding.cocalc.errors import (
    BadRequest,
    CannotConnect,
    CocalcError,
    Limited,
    NotCocalc,
    OutcomeUnknown,
    RefusedKey,
    ServerFault,
)
from embedding.cocalc.v1 import Limits, V1Client
from tests.cocalc.server import (
    ACCOUNT,
    OTHER_PROJECT,
    PROJECT,
    STARTING,
    Reply,
    Request,
    Server,
    client_for,
)

Call = Callable[[V1Client], object]
COPY: dict[str, Any] = {
    "source_project": PROJECT,
    "source_path": "a",
    "target_project": OTHER_PROJECT,
    "target_path": "a",
}
# Twice is as good as once.
ALWAYS: dict[str, Call] = {
    "identify": lambda client: client.identify(),
    "find_account": lambda client: client.find_account("a@b.test"),
    "mint_token": lambda client: client.mint_token(ACCOUNT),
    "find_projects": lambda client: client.find_projects(description="d"),
    "get_project": lambda client: client.get_project(PROJECT),
    "list_projects": lambda client: client.list_projects(),
    "restore_project": lambda client: client.restore_project(PROJECT),
    "set_role": lambda client: client.set_role(PROJECT, ACCOUNT, "collaborator"),
    "close_home": lambda client: client.close_home(PROJECT),
    "add_member": lambda client: client.add_member(PROJECT, ACCOUNT),
    "remove_member": lambda client: client.remove_member(PROJECT, ACCOUNT),
    "project_state": lambda client: client.project_state(PROJECT),
    "start_project": lambda client: client.start_project(PROJECT),
    "read_file": lambda client: client.read_file(PROJECT, "a"),
    "list_folder": lambda client: client.list_folder(PROJECT, "a"),
    "file_exists": lambda client: client.file_exists(PROJECT, "a"),
    "make_folder": lambda client: client.make_folder(PROJECT, "a"),
}
# Only where nobody can have acted on it.
UNDONE: dict[str, Call] = {
    "update_project": lambda client: client.update_project(PROJECT, title="t"),
    "delete_project": lambda client: client.delete_project(PROJECT),
    "stop_project": lambda client: client.stop_project(PROJECT),
    "move": lambda client: client.move(PROJECT, "a", "b"),
    "make_folder, a new one": lambda client: client.make_folder(PROJECT, "a", exists_ok=False),
    "remove": lambda client: client.remove(PROJECT, "a"),
    "copy_path": lambda client: client.copy_path(**COPY),
}
NEVER: dict[str, Call] = {
    "create_account": lambda client: client.create_account(
        email="a@b.test", first_name="A", last_name="B"
    ),
    "create_project": lambda client: client.create_project(title="t", description="d"),
    "exec": lambda client: client.exec(PROJECT, "true"),
    "project_state, within a limit": lambda client: client.project_state(PROJECT, limit=5),
}
ATTEMPTS = Limits().attempts
FAULT = Reply("<html><title>502 Bad Gateway</title></html>", status=502)
TIMEOUT = Reply({"event": "error", "error": "timeout"})


def calls(*groups: dict[str, Call]) -> pytest.MarkDecorator:
    every = {name: call for group in groups for name, call in group.items()}
    return pytest.mark.parametrize("call", every.values(), ids=every.keys())


def attempts(server: Server, client: V1Client, call: Call, kind: type[CocalcError]) -> int:
    with pytest.raises(CocalcError) as caught:
        call(client)
    assert isinstance(caught.value, kind)
    return len(server.requests)


@pytest.mark.parametrize(("reply", "kind"), [(None, OutcomeUnknown), (FAULT, ServerFault)])
@calls(ALWAYS)
def test_what_is_harmless_twice_is_tried_again(
    client: V1Client, server: Server, call: Call, reply: Reply | None, kind: type[CocalcError]
) -> None:
    server.answer = lambda request: reply
    assert attempts(server, client, call, kind) == ATTEMPTS
    assert len({request.fields["id"] for request in server.requests}) == ATTEMPTS


@pytest.mark.parametrize(("reply", "kind"), [(None, OutcomeUnknown), (FAULT, ServerFault)])
@calls(UNDONE, NEVER)
def test_what_may_have_been_done_is_left_alone(
    client: V1Client, server: Server, call: Call, reply: Reply | None, kind: type[CocalcError]
) -> None:
    server.answer = lambda request: reply
    assert attempts(server, client, call, kind) == 1


@pytest.mark.parametrize("reply", [STARTING, TIMEOUT])
@calls(ALWAYS, UNDONE)
def test_a_starting_project_is_waited_for(
    client: V1Client, server: Server, call: Call, reply: Reply
) -> None:
    refusal = Reply({"event": "error", "error": "no"})
    numbers = count()
    server.answer = lambda request: reply if next(numbers) < 2 * ATTEMPTS else refusal
    assert attempts(server, client, call, BadRequest) == 2 * ATTEMPTS + 1


class Clock:
    """A clock that sleeping moves on."""

    slept = 0.0

    def monotonic(self) -> float:
        return time.monotonic() + self.slept

    def sleep(self, seconds: float) -> None:
        self.slept += seconds


def test_a_starting_project_is_waited_for_while_an_attempt_has_time(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An attempt in the last moment would only make its outcome unknown."""
    clock = Clock()
    monkeypatch.setattr(caller, "time", clock)
    server.answer = lambda request: STARTING
    client = client_for(server.url, limits=Limits())
    with pytest.raises(ServerFault, match="unable to determine project port"):
        client.start_project(PROJECT)
    client.close()
    assert 100 < clock.slept < 120
    assert 17 < len(server.requests) < 60


@calls(NEVER)
def test_creating_is_never_repeated_even_where_nothing_was_done(
    client: V1Client, server: Server, call: Call
) -> None:
    server.answer = lambda request: STARTING
    assert attempts(server, client, call, ServerFault) == 1


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (Reply({"event": "error", "error": "incorrect password"}), Limited),
        (Reply({"event": "error", "error": "banned -- please wait at least 60s"}), Limited),
        (Reply({"error": "No account found. Is your API key wrong?"}, 400), RefusedKey),
        (Reply({"event": "error", "error": "no"}), BadRequest),
        (Reply("<html>maintenance</html>"), NotCocalc),
        (Reply("slow down", 429, {"Retry-After": "7"}), Limited),
    ],
)
@calls({name: ALWAYS[name] for name in ("mint_token", "identify")})
def test_a_refusal_is_final(
    client: V1Client, server: Server, call: Call, reply: Reply, kind: type[CocalcError]
) -> None:
    server.answer = lambda request: reply
    assert attempts(server, client, call, kind) == 1


def test_the_second_attempt_may_succeed(client: V1Client, server: Server) -> None:
    replies: list[Reply | None] = [None, Reply({"event": "user_auth_token", "auth_token": "t"})]
    server.answer = lambda request: replies.pop(0)
    assert client.mint_token(ACCOUNT) == "t"


@calls(ALWAYS, UNDONE, NEVER)
def test_without_a_connection_all_but_creating_is_tried_again(call: Call) -> None:
    told: list[tuple[str, str | None]] = []
    client = client_for(
        "http://127.0.0.1:9",  # discard: nobody listens
        on_call=lambda operation, seconds, code: told.append((operation, code)),
    )
    with pytest.raises(CannotConnect, match="Connection refused"):
        call(client)
    client.close()
    assert {code for _, code in told} == {"cannot_connect"}
    assert len(told) == (1 if call in NEVER.values() else ATTEMPTS)


def test_the_hook_hears_of_every_request(server: Server) -> None:
    told: list[tuple[str, str | None]] = []
    client = client_for(
        server.url, on_call=lambda operation, seconds, code: told.append((operation, code))
    )
    numbers = count()

    def answer(request: Request) -> Reply | None:
        return FAULT if next(numbers) == 0 else Reply({"event": "success"})

    server.answer = answer
    client.add_member(PROJECT, ACCOUNT)
    client.close()
    assert told == [("add_member", "server_fault"), ("add_member", None)]
