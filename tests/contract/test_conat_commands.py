"""Every answer that CoCalc can give to a command, a copy or an upload: what becomes of it."""

import base64
import re
from collections.abc import Callable
from typing import Any

import pytest

from embedding.cocalc.client import Output
from embedding.cocalc.conat import ConatClient, Limits
from embedding.cocalc.conat.answers import UnknownFunction
from embedding.cocalc.errors import (
    BadRequest,
    CannotStart,
    CocalcError,
    CommandFailed,
    Forbidden,
    NotCocalc,
    NotFound,
    NotStarted,
    OutcomeUnknown,
    RefusedKey,
)
from tests.cocalc.server import KEY, Reply, Request, Server
from tests.contract.driving import Fails, words_of
from tests.contract.read import EXCHANGES, function_of, reply_of

OURS, HIS = (f"bbbbbbbb-0000-4000-8000-00000000000{n}" for n in (1, 2))
LARGE = bytes(600_001)
COPY = "projects.copyPathBetweenProjects"


def run(client: ConatClient) -> object:
    return client.exec(OURS, "anything", bash=True, check=False)


def copy(client: ConatClient) -> None:
    client.copy_path(source_project=OURS, source_path="h1", target_project=HIS, target_path="h1")


STOPPED = Fails(CommandFailed, "it was stopped before its end")
SLOW = Fails(CommandFailed, "it took too long and was stopped")
ABSENT = Fails(NotFound, "no such command, or no such folder to run it in")
BAD_KEY, NO_ACCESS, REFUSED = Fails(RefusedKey), Fails(Forbidden), Fails(BadRequest)
UNKNOWN = Fails(OutcomeUnknown)
FOREIGN = Fails(NotCocalc, "JSON of another shape")
HI = Output("hi\n", "", 0)

COMMANDS: dict[str, object] = {
    # The key, the project, the way there
    "project: with the project's own key, no project_id": FOREIGN,
    "project: ping (function `system.ping`)": FOREIGN,
    "project: deleted project": FOREIGN,
    "project: project key for another project": NO_ACCESS,
    "project: no Authorization header": BAD_KEY,
    "project: cookie only": BAD_KEY,
    "project: unknown, banned, expired key": BAD_KEY,
    "project: project key whose creator left the project": BAD_KEY,
    "project: account key, no project_id": REFUSED,
    "project: not a collaborator": NO_ACCESS,
    "project: unknown project": NO_ACCESS,
    "project: project_id no uuid": REFUSED,
    "project: project_id in upper case": UNKNOWN,
    "project: unknown function": Fails(UnknownFunction),
    "project: no name": REFUSED,
    "project: args null": REFUSED,
    "project: args missing where an object is wanted": REFUSED,
    "project: stopped project": HI,
    "project: another call is starting it": HI,
    "project: API of the project not there within `timeout` (a)": UNKNOWN,
    "project: API of the project not there within `timeout` (b)": Fails(NotStarted),
    "project: compute_server_id null": Fails(NotStarted),
    "project: function took longer than `timeout`": UNKNOWN,
    "project: launcher exits with code 1": Fails(CannotStart),
    "project: pnpm not to be found": Fails(CannotStart),
    "project: system.terminate": FOREIGN,
    "project: malformed JSON": Fails(NotCocalc, status=400),
    "project: body larger than 1 MiB": Fails(BadRequest, "too large", status=413),
    # Commands
    "exec": HI,
    "exec: script": Output("1\n", "", 0),
    "exec: bash with args": Fails(CommandFailed, "…", exit_code=127),
    "exec: exit code not 0": Fails(CommandFailed, "", exit_code=3),
    "exec: exit code not 0, no bash": Fails(CommandFailed, "", exit_code=1),
    "exec: exit code not 0, err_on_exit false": Output("out\n", "err\n", 3),
    "exec: killed by a signal": STOPPED,
    "exec: time-out of the command": SLOW,
    "exec: time-out of the command, no bash": SLOW,
    "exec: bridge gives up before the command": UNKNOWN,
    "exec: no such command": ABSENT,
    "exec: no such command, err_on_exit false": ABSENT,
    "exec: no such command under bash": Output(
        "", "/tmp/…/a.sh: line 2: nope: command not found\n", 0
    ),
    "exec: folder does not exist": ABSENT,
    "exec: env": Output("a b", "", 0),
    "exec: non-ASCII output": Output("é", "", 0),
    "exec: a background process keeps the output open": HI,
    "exec: asynchronous": FOREIGN,
    "exec: asynchronous, later": FOREIGN,
    "exec: asynchronous, unknown job": REFUSED,
    "exec: no argument": REFUSED,
    "exec: command missing": REFUSED,
    "exec: args a string": REFUSED,
    "exec: null byte": REFUSED,
    "exec: deprecated spelling `project_id` inside args[0]": Output(f"/projects/{OURS}\n", "", 0),
    "chmod (read-only assignment file)": Output("", "", 0),
    "read binary through exec": Output("iVBORw0KGgo…\nok:0\n", "", 0),
    "file exists: by exec": Output("f\n", "", 0),
    "make folder": Output("", "", 0),
    "make folder: a file is in the way": Fails(
        CommandFailed,
        "mkdir: cannot create directory \u2018a.txt\u2019: File exists",
        exit_code=1,
    ),
    "atomic write of bytes": Output("done\n", "", 0),
}
COPIES: dict[str, object] = {
    "copy path": None,
    "copy path: same project, target_path left out": None,
    "copy path: options": None,
    "copy path: deleted or stopped project": None,
    "copy path: source missing": Fails(NotFound),
    "copy path: not a collaborator on the source": NO_ACCESS,
    "copy path: not a collaborator on the target": NO_ACCESS,
    "copy path: unknown target": NO_ACCESS,
    "copy path: source escapes": REFUSED,
    "copy path: target escapes": REFUSED,
    "copy path: src_path missing": REFUSED,
    "copy path: src_project_id missing": REFUSED,
    "copy path: empty target_project_id": REFUSED,
    "copy path: rsync fails or runs out of time": Fails(CommandFailed),
    "copy path: RPC time-out": UNKNOWN,
}
UPLOADS: dict[str, str] = {  # how the file arrives
    "upload a file": "upload",
    "upload a file, with a cookie": "upload",
    "upload a file with a project key": "upload",
    "upload in pieces": "upload",
    "upload: not signed in": "not at all",
    "upload: no collaborator": "chunks",
    "upload: project does not run": "chunks",
    "upload: no room, no permission": "chunks",
    "upload: GET": "chunks",
}
# Scripts of others, and what the driver never sends: a command without a limit, or with one for
# its output. And no answer at all.
NEVER_SENT = {
    "exec: time-out 0",
    "exec: output limit",
    "project: bare name ping",
    "project: test",
    "project: build date of the server",
    "project: daemon launched, project never comes up",
}
UNMARKED = {"exec: killed by a signal"}


def by_our_script(answer: dict[str, Any], request: Request) -> dict[str, Any]:
    """Give what the case's command leaves where the driver's script stands around it."""
    mark = re.search(r"[0-9a-f]{32}(?=:\$c)", request.fields["args"][0]["command"])
    assert mark
    end = f"{mark[0]}:{answer['exit_code']}\n"
    stdout = base64.b64encode(f"{answer['stdout']}{end}".encode()).decode()
    return {**answer, "stdout": stdout, "stderr": f"{answer['stderr']}{end}", "exit_code": 0}


def client_of(server: Server) -> ConatClient:
    client = ConatClient(
        server.url, KEY, limits=Limits(call=1, start=0.3, margin=0.3, backoff=0.001)
    )
    client._offered["projects.state"] = True  # as if it had asked before
    return client


def check(call: Callable[[ConatClient], object], server: Server, case: str, expected: Any) -> None:
    client = client_of(server)
    try:
        if not isinstance(expected, Fails):
            assert call(client) == expected
            return
        with pytest.raises(CocalcError) as caught:
            call(client)
    finally:
        client.close()
    expected.check(caught.value, lambda: words_of(case))


@pytest.mark.parametrize("case", COMMANDS)
def test_a_command(server: Server, monkeypatch: pytest.MonkeyPatch, case: str) -> None:
    exchange = EXCHANGES[case]

    def answer(request: Request) -> Reply:
        whole = exchange["response"]
        if case not in UNMARKED and isinstance(whole, dict) and whole.get("type") == "blocking":
            return reply_of({**exchange, "response": by_our_script(whole, request)})
        return reply_of(exchange)

    server.answer = answer
    check(run, server, case, COMMANDS[case])


@pytest.mark.parametrize("case", COPIES)
def test_a_copy(server: Server, case: str) -> None:
    def answer(request: Request) -> Reply:
        if request.fields["name"] == COPY:
            return reply_of(EXCHANGES[case])
        return Reply({"error": "nothing is in the way"})

    server.answer = answer
    check(copy, server, case, COPIES[case])


@pytest.mark.parametrize("case", UPLOADS)
def test_an_upload(server: Server, case: str) -> None:
    exchange = EXCHANGES[case]
    scripts: list[str] = []

    def answer(request: Request) -> Reply:
        if request.path.startswith("/upload"):
            kind = {"Content-Type": exchange["content_type"]}
            return Reply(exchange["response"], exchange["status"], kind)
        command = request.fields["args"][0]["command"]
        scripts.append(command)
        mark = re.search(r"[0-9a-f]{32}(?=:\$c)", command)
        assert mark
        end = f"{mark[0]}:0\n"
        return Reply({"type": "blocking", "stdout": end, "stderr": end, "exit_code": 0})

    server.answer = answer
    client = client_of(server)
    try:
        if UPLOADS[case] == "not at all":
            with pytest.raises(RefusedKey, match="must be signed in"):
                client.write_file(OURS, "a/x.png", LARGE)
        else:
            client.write_file(OURS, "a/x.png", LARGE)
    finally:
        client.close()
    chunks = sum("base64 -d" in script for script in scripts)
    assert chunks == (2 if UPLOADS[case] == "chunks" else 0)


def is_met(exchange: dict[str, Any]) -> bool:
    if exchange["path"] == "/api/conat/project":
        return function_of(exchange) == "system.exec" or exchange["case"].startswith("project:")
    return function_of(exchange) == COPY or exchange["path"].startswith("/upload")


def test_every_answer_that_can_come_is_driven() -> None:
    met = {case for case, exchange in EXCHANGES.items() if is_met(exchange)}
    assert met - NEVER_SENT == {*COMMANDS, *COPIES, *UPLOADS}
