"""What goes wrong around an operation is told by the same errors, whichever operation it is."""

import socket
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import pytest

from embedding.cocalc.capabilities import CAPABILITIES
from embedding.cocalc.client import Client
from embedding.cocalc.errors import (
    BadRequest,
    CannotConnect,
    CannotStart,
    CocalcError,
    Crowded,
    Limited,
    NotCocalc,
    NotStarted,
    NotSupported,
    OutcomeUnknown,
    RefusedKey,
    ServerFault,
)
from embedding.cocalc.wire import Limits
from tests.contract.promises.support import (
    ADMIN_KEY,
    IN_A_PROJECT,
    OPERATIONS,
    Page,
    Side,
    Stranger,
    shows,
)

SHORT = Limits(call=5, start=5, margin=5, backoff=0.01, backoff_most=0.02)
PROJECT, ACCOUNT = str(uuid4()), str(uuid4())


def failure_of(
    side: Side,
    operation: str,
    client: Client,
    kind: type[CocalcError],
    project: str = PROJECT,
) -> CocalcError:
    """Call it, and return what it raises; what a generation cannot do is NotSupported, always."""
    ways = [side.way(row.name).can for row in CAPABILITIES if operation in row.by]
    with pytest.raises(NotSupported if "no" in ways else kind) as failure:
        OPERATIONS[operation](client, project, ACCOUNT)
    assert failure.value.operation == operation
    assert tells_no_secret(failure.value, side.key)
    return failure.value


def soon(operation: str, fields: Mapping[str, Any]) -> float:
    """What `before_call` may say: no call takes longer."""
    return 0.3


def in_time(operation: str, fields: Mapping[str, Any]) -> float:
    """Time for the stand-in's start, and not for many."""
    return 2.0


def tells_no_secret(error: CocalcError, key: str) -> bool:
    """Neither itself nor by an exception of others that it came from."""
    told = "".join(map(str, (error, repr(error), error.args, vars(error))))
    linked = error.__cause__ or error.__context__
    return key not in told and (
        linked is None or (isinstance(linked, CocalcError) and tells_no_secret(linked, key))
    )


@pytest.mark.any_key
@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_server_that_is_away(side: Side, operation: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    with side.client(url=f"http://127.0.0.1:{port}", limits=SHORT) as client:
        error = failure_of(side, operation, client, CannotConnect)
    assert error.status is None


@pytest.mark.any_key
@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_server_that_never_answers(side: Side, operation: str) -> None:
    with (
        Stranger(None).running() as hanging,
        side.client(url=hanging.url, before_call=soon) as client,
    ):
        failure_of(side, operation, client, OutcomeUnknown)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_key_that_is_wrong(side: Side, operation: str) -> None:
    with side.client(key="sk-abcdefghijklmnop00000Z") as client:
        error = failure_of(side, operation, client, RefusedKey)
    assert "abcdefghijklmnop" not in str(error)


@pytest.mark.any_key
@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize(
    ("page", "kind"),
    [
        (Page(200), NotCocalc),
        (Page(404), NotCocalc),
        (Page(200, '{"surprise": 1}'), NotCocalc),
        (Page(301, headers={"Location": f"https://other.test/?key={ADMIN_KEY}"}), NotCocalc),
        (Page(413), BadRequest),
        (Page(429, headers={"Retry-After": "7"}), Limited),
        (Page(502), ServerFault),
        (Page(503), ServerFault),
        (Page(504), OutcomeUnknown),
    ],
    ids=lambda value: f"{value.status}{value.body[:3]}" if isinstance(value, Page) else "",
)
def test_something_that_is_no_cocalc(
    side: Side, operation: str, page: Page, kind: type[CocalcError]
) -> None:
    with Stranger(page).running() as other, side.client(url=other.url, limits=SHORT) as client:
        error = failure_of(side, operation, client, kind)
    assert error.status == (None if isinstance(error, NotSupported) else page.status)
    if isinstance(error, Limited):
        assert error.retry_after == 7


@pytest.mark.any_key
@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_call_may_be_forbidden_before_it_is_made(side: Side, operation: str) -> None:
    calls: list[str] = []

    def refuse(operation: str, fields: Mapping[str, Any]) -> float:
        raise Crowded(operation, "Later.", retry_after=1)

    with side.client(before_call=refuse, on_call=lambda name, *_: calls.append(name)) as client:
        failure_of(side, operation, client, Crowded)
    assert calls == []


@pytest.mark.parametrize("operation", OPERATIONS)
def test_who_made_the_client_hears_of_each_call(
    side: Side, client: Client, project: str, operation: str
) -> None:
    client.write_file(project, "file", b"x")
    asked: list[tuple[str, Mapping[str, Any]]] = []
    told: list[tuple[str, float, str | None]] = []

    def before(name: str, fields: Mapping[str, Any]) -> float:
        asked.append((name, fields))
        return 30.0

    def after(name: str, seconds: float, code: str | None) -> None:
        told.append((name, seconds, code))

    account = side.account_id
    if operation in ("remove_member", "set_role"):
        account = client.create_account(email=f"{uuid4()}@x.test", first_name="A", last_name="B")
        client.add_member(project, account)
    with side.client(before_call=before, on_call=after) as hearing:
        hearing.start_project(project)  # what is asked of a server once, has been asked
        hearing.file_exists(project, "file")
        asked.clear()
        told.clear()
        try:
            OPERATIONS[operation](hearing, project, account)
        except NotSupported:
            assert not asked
            assert not told
            return
    assert {name for name, _ in asked} == {name for name, *_ in told} == {operation}
    assert all(seconds >= 0 and code is None for _, seconds, code in told)
    if operation in [*IN_A_PROJECT, "copy_path"]:
        for _, fields in asked:
            assert project in (fields.get("project_id"), fields.get("src_project_id"))


@pytest.mark.any_key
@shows("not_started")
@pytest.mark.parametrize("operation", IN_A_PROJECT)
def test_a_project_that_does_not_come_up(
    side: Side, client: Client, project: str, quirks: Any, operation: str
) -> None:
    client.write_file(project, "file", b"x")
    client.stop_project(project)
    quirks(never_starts=True)
    kind: type[CocalcError] = NotStarted
    if operation != "start_project" and side.way("not_started").can == "differs":
        kind = OutcomeUnknown
    limits = Limits(start=2, backoff=0.01, backoff_most=0.1)
    with side.client(limits=limits, before_call=in_time) as waiting:
        failure_of(side, operation, waiting, kind, project)


@pytest.mark.any_key
@pytest.mark.parametrize("operation", IN_A_PROJECT)
def test_a_project_that_cannot_be_started(
    side: Side, client: Client, project: str, quirks: Any, operation: str
) -> None:
    client.write_file(project, "file", b"x")
    client.stop_project(project)
    quirks(start_error="1")
    with side.client(before_call=in_time) as waiting:
        failure_of(side, operation, waiting, CannotStart, project)
    quirks(start_error="")
    assert client.read_file(project, "file") == b"x"
