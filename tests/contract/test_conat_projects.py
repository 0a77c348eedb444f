"""Every answer to a call into a project, or to a copy: what becomes of it."""

from typing import Any

import pytest

from embedding.cocalc.conat import ConatClient
from embedding.cocalc.conat.answers import UnknownFunction
from embedding.cocalc.errors import (
    BadRequest,
    CannotStart,
    CommandFailed,
    Forbidden,
    NotCocalc,
    NotFound,
    NotStarted,
    OutcomeUnknown,
    RefusedKey,
    ServerFault,
)
from tests.cocalc.server import Server
from tests.contract.driving import Call, Fails, drive
from tests.contract.read import EXCHANGES, function_of

OURS = "bbbbbbbb-0000-4000-8000-000000000001"
HIS = "bbbbbbbb-0000-4000-8000-000000000002"


def copy_home(client: ConatClient) -> None:
    client.copy_path(source_project=OURS, source_path="h1", target_project=HIS, target_path="h1")


run = Call("system.exec", lambda client: client.exec(OURS, "command", check=False))
write = Call("system.exec", lambda client: client.write_file(OURS, "a/b.txt", b"hi\n"))
copy = Call("projects.copyPathBetweenProjects", copy_home)

BAD_KEY = Fails(RefusedKey)
NO_ACCESS = Fails(Forbidden)
REFUSED = Fails(BadRequest)
LATE = Fails(OutcomeUnknown)
KILLED = Fails(CommandFailed, "it took too long and was stopped")
NO_COMMAND = Fails(NotFound, "no such command, or no such folder to run it in")
# CoCalc says exit code 0 where a signal has ended it: only a mark of ours proves an end.
UNPROVEN = Fails(CommandFailed, "it was stopped before its end")
FOREIGN_JSON = Fails(NotCocalc, "JSON of another shape")


def exits(code: int, words: str = "") -> Fails:
    """The end that a command came to, by CoCalc's words."""
    return Fails(CommandFailed, words, exit_code=code)


CASES: list[tuple[str, Call, object]] = [
    # The key, the project, the way there
    ("project: no Authorization header", run, BAD_KEY),
    ("project: cookie only", write, BAD_KEY),
    ("project: unknown, banned, expired key", run, BAD_KEY),
    ("project: project key whose creator left the project", write, BAD_KEY),
    ("project: project key for another project", run, NO_ACCESS),
    ("project: account key, no project_id", run, REFUSED),
    ("project: not a collaborator", run, NO_ACCESS),
    ("project: unknown project", write, NO_ACCESS),
    ("project: project_id no uuid", run, REFUSED),
    ("project: project_id in upper case", run, LATE),
    ("project: unknown function", run, Fails(UnknownFunction)),
    ("project: no name", run, REFUSED),
    ("project: args null", run, REFUSED),
    ("project: args missing where an object is wanted", run, REFUSED),
    ("project: API of the project not there within `timeout` (a)", run, LATE),
    ("project: API of the project not there within `timeout` (b)", run, Fails(NotStarted)),
    ("project: function took longer than `timeout`", run, LATE),
    ("project: launcher exits with code 1", run, Fails(CannotStart)),
    ("project: pnpm not to be found", write, Fails(CannotStart)),
    ("project: compute_server_id null", run, Fails(NotStarted)),
    ("project: malformed JSON", run, Fails(NotCocalc, "Invalid JSON", 400)),
    ("project: body larger than 1 MiB", write, Fails(BadRequest, "too large", 413)),
    ("write file: more than 1 MiB", write, Fails(BadRequest, "too large", 413)),
    # Commands
    ("exec: exit code not 0", run, exits(3)),
    ("exec: exit code not 0, no bash", run, exits(1)),
    ("exec: bash with args", run, exits(127, "…")),
    (
        "make folder: a file is in the way",
        run,
        exits(1, "mkdir: cannot create directory ‘a.txt’: File exists"),  # noqa: RUF001 -- its own
    ),
    ("exec: exit code not 0, err_on_exit false", run, exits(3, "it was stopped before its end")),
    ("exec: killed by a signal", run, UNPROVEN),
    ("exec: killed by a signal", write, UNPROVEN),
    ("exec: time-out of the command", run, KILLED),
    ("exec: time-out of the command, no bash", write, KILLED),
    ("exec: time-out 0", run, UNPROVEN),
    ("exec: bridge gives up before the command", run, LATE),
    ("exec: no such command", run, NO_COMMAND),
    ("exec: no such command, err_on_exit false", run, NO_COMMAND),
    ("exec: folder does not exist", run, NO_COMMAND),
    ("exec: output limit", run, UNPROVEN),
    ("exec: asynchronous", run, FOREIGN_JSON),
    ("exec: asynchronous, later", run, FOREIGN_JSON),
    ("exec: asynchronous, unknown job", run, REFUSED),
    ("exec: no argument", run, REFUSED),
    ("exec: command missing", run, REFUSED),
    ("exec: args a string", run, REFUSED),
    ("exec: null byte", run, REFUSED),
    # Copies
    ("copy path", copy, None),
    ("copy path: same project, target_path left out", copy, None),
    ("copy path: options", copy, None),
    ("copy path: source missing", copy, Fails(NotFound)),
    ("copy path: not a collaborator on the source", copy, NO_ACCESS),
    ("copy path: not a collaborator on the target", copy, NO_ACCESS),
    ("copy path: source escapes", copy, REFUSED),
    ("copy path: target escapes", copy, REFUSED),
    ("copy path: src_path missing", copy, REFUSED),
    ("copy path: src_project_id missing", copy, REFUSED),
    ("copy path: empty target_project_id", copy, REFUSED),
    ("copy path: unknown target", copy, NO_ACCESS),
    ("copy path: rsync fails or runs out of time", copy, Fails(CommandFailed)),
    ("copy path: RPC time-out", copy, LATE),
    ("copy path: deleted or stopped project", copy, None),
    # A launcher of CoCalc's that failed is, for a copy, another program.
    ("start: launcher exits with code 1", copy, Fails(ServerFault)),
]
# In the middle of a copy, a look whether a file is in the way; before a call, at what is there.
USUAL = {
    "system.exec": "exec: killed by a signal",
    "projects.state": "state: project_id missing",
}
# Successes of commands that have no mark of ours: they end as "exec: killed by a signal" does.
UNMARKED = {
    exchange["case"]
    for exchange in EXCHANGES.values()
    if function_of(exchange) == "system.exec" and "error" not in exchange["response"]
}


def is_met(exchange: dict[str, Any]) -> bool:
    """Whether a call of the driver's into a project, or a copy, can come to this answer."""
    function, path = function_of(exchange), exchange["path"]
    if path == "/api/conat/project":
        fails = isinstance(exchange["response"], dict) and "error" in exchange["response"]
        of_bridge = exchange["case"].startswith("project: ") and (fails or not function)
        return of_bridge or (function == "system.exec" and exchange["case"] not in UNMARKED)
    return path == "/api/conat/hub" and function == "projects.copyPathBetweenProjects"


@pytest.mark.parametrize(
    ("case", "call", "expected"), CASES, ids=[f"{n}: {case[0]}" for n, case in enumerate(CASES)]
)
def test_answer(server: Server, quick: None, case: str, call: Call, expected: object) -> None:
    # What could be a program's of the project's own words, the driver has the hub say as well.
    drive(server, case, call, expected, {"projects.start": case, **USUAL})


def test_every_answer_that_can_come_is_driven() -> None:
    met = {case for case, exchange in EXCHANGES.items() if is_met(exchange)}
    assert met - {case for case, _, _ in CASES} == set()
