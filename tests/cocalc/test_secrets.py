"""No error, repr, log line or traceback holds the key, a token, or what was sent."""

import copy
import logging
import traceback
from collections.abc import Callable

import pytest

from embedding.cocalc.calls import Calls
from embedding.cocalc.errors import CocalcError
from embedding.cocalc.v1 import V1Client
from tests.cocalc.server import ACCOUNT, BASIC, KEY, PROJECT, Reply, Server, client_for

TOKEN = "SnnEsx40ThC5OdTdigRvkprE"
CONTENT = "whatAStudentWrote"
OTHER_KEY = "sk-aaaaaaaaaaaaaaaa000009"
ECHO = f"you sent Basic {BASIC} which is {KEY}: and {OTHER_KEY}"
EXEC = f"Error executing command 'printf {CONTENT} {KEY}' with args '' -- "


def page(status: int) -> Reply:
    return Reply(f"<html><pre>{ECHO}</pre></html>", status)


REPLIES: dict[str, Reply | None] = {
    "cut": None,
    "HTML": page(200),
    "not found": page(404),
    "forbidden": page(403),
    "too large": page(413),
    "limited": page(429),
    "fault": page(500),
    "gateway": page(502),
    "gateway time-out": page(504),
    "redirect": Reply("", 302, {"Location": f"http://{OTHER_KEY}.test/{KEY}?{BASIC}"}),
    "bad key": Reply({"error": f"No account found. Is your API key wrong? {ECHO}"}, 400),
    "bad parameter": Reply({"error": f"invalid parameters '{ECHO}'"}, 400),
    "refused": Reply({"event": "error", "error": ECHO}),
    "object": Reply({"event": "error", "error": {"code": "E", "path": ECHO}}),
    "no access": Reply({"event": "error", "error": f"ACCESS BLOCKED -- {ECHO}"}),
    "absent": Reply({"event": "error", "error": f"ENOENT {ECHO}"}),
    "banned": Reply({"event": "error", "error": f"banned {ECHO}"}),
    "exit code": Reply(
        {"event": "error", "error": EXEC + f"exited with nonzero code 1 -- stderr='{ECHO}'"}
    ),
    "not run": Reply({"event": "error", "error": EXEC + f"was not able to run -- stderr='{ECHO}'"}),
    "killed": Reply({"event": "error", "error": EXEC + f"killed command '{ECHO}'"}),
    "output": Reply(
        {"event": "project_exec_output", "stdout": ECHO, "stderr": ECHO, "exit_code": 9}
    ),
    "account": Reply({"event": "account_creation_failed", "reason": {"other": ECHO}}),
    "taken": Reply(
        {"event": "account_creation_failed", "reason": {"email_address": f"already taken {ECHO}"}}
    ),
    "too many": Reply(
        {
            "event": "account_creation_failed",
            "reason": {"other": f"Too many accounts are being created {ECHO}"},
        }
    ),
    "foreign id": Reply({"event": "user_auth_token", "id": "x", "auth_token": TOKEN}),
    "foreign event": Reply({"event": ECHO, "auth_token": TOKEN}),
    "no token": Reply({"event": "user_auth_token", "token": TOKEN}),
}
CALLS: dict[str, Callable[[V1Client], object]] = {
    "mint": lambda client: client.mint_token(ACCOUNT),
    "account": lambda client: client.create_account(email="a@b.c", first_name="", last_name=""),
    "exec": lambda client: client.exec(PROJECT, "true"),
    "read": lambda client: client.read_file(PROJECT, "f"),
}


def clean(text: str) -> bool:
    return not any(secret in text for secret in (KEY, BASIC, OTHER_KEY, TOKEN, CONTENT))


def check(error: CocalcError, *, with_locals: bool) -> None:
    assert clean(str(error))
    assert clean(repr(error))
    assert clean(repr(error.args))
    assert clean(repr(vars(error)))
    assert error.__cause__ is None
    assert error.__context__ is None
    report = traceback.TracebackException.from_exception(error, capture_locals=with_locals)
    # What the test itself holds is none of the driver's.
    report.stack = traceback.StackSummary.from_list(
        [frame for frame in report.stack if "/embedding/" in frame.filename]
    )
    assert report.stack
    assert clean("".join(report.format()))


@pytest.mark.parametrize("reply", REPLIES.values(), ids=REPLIES.keys())
@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())
def test_no_error_tells(
    client: V1Client,
    server: Server,
    caplog: pytest.LogCaptureFixture,
    reply: Reply | None,
    call: Callable[[V1Client], object],
) -> None:
    caplog.set_level(logging.DEBUG)
    server.answer = lambda request: reply
    with pytest.raises(CocalcError) as caught:
        call(client)
    check(caught.value, with_locals=False)  # what the server sent may stand there
    assert clean(caplog.text)


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "http://no-such-host.invalid"])
def test_no_failed_connection_tells(url: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    client = client_for(url)
    with pytest.raises(CocalcError) as caught:
        client.mint_token(ACCOUNT)
    client.close()
    check(caught.value, with_locals=True)
    assert clean(caplog.text)


def test_a_password_in_a_proxy_address_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", f"http://user:{TOKEN}@127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    client = client_for("http://cocalc.test")
    with pytest.raises(CocalcError) as caught:
        client.identify()
    client.close()
    check(caught.value, with_locals=True)
    assert "Connection refused" in caught.value.words


def test_no_repr_tells(client: V1Client) -> None:
    assert repr(client).startswith("<V1Client http://127.0.0.1")

    def parts(value: object, depth: int = 0) -> None:
        assert clean(repr(value))
        for part in vars(value).values() if hasattr(value, "__dict__") and depth < 2 else ():
            if not isinstance(part, str):
                parts(part, depth + 1)

    assert isinstance(client, Calls)
    parts(client)
    assert clean(repr(copy.copy(client)))
