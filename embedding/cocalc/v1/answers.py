"""What an answer means: the success we asked for, or which error of the tree.

CoCalc has few status codes and many sentences. Those below were recorded (tests/contract) on
CoCalc 2024-07; an `error` is a string, an object of Node's (`{"code": "EISDIR", …}`), `{}` or a
number. Whatever is unknown is a BadRequest: understood and refused.
"""

import re
from collections.abc import Callable
from typing import Any

from embedding.cocalc.errors import (
    BadRequest,
    CannotEmbed,
    CocalcError,
    CommandFailed,
    Duplicate,
    Forbidden,
    Limited,
    NotCocalc,
    NotFound,
    RefusedKey,
    ServerFault,
)
from embedding.cocalc.reading import (
    Response,
    failed_command,
    json_of,
    no_answer,
    readable,
    words_of,
)

BAN = 60  # seconds, after "incorrect password"
ACCOUNT_WINDOW = 1800  # seconds, in which CoCalc counts the new accounts of an address

_BAD_KEY = re.compile(
    r"Is your API key wrong\?|must provide authentication via an API key"
    r"|^Unknown authorization type"
    r'|^error: value "\d+" is out of range for type integer$'  # most made-up keys
    r"|undefined \(reading 'startsWith'\)$"  # `Bearer` and nothing
)
# Of a CoCalc from between late 2024 and summer 2025, which no longer has all of API v1.
_NO_EVENT = re.compile(r"^unknown (endpoint|message event type) '")
_STARTING = re.compile(r"^(Error: )?timeout$|unable to determine project port")
# What a program ended with that CoCalc's server has started, and that told no more; and that it
# could not be started at all, or that the server has run out of something (Node's own words).
_CHILD = re.compile(
    r"^error -?\d+$|^(Error: )?child exited with code -?\d+"
    r"|^(Error: )?spawn (\S+ )?E[A-Z0-9]+\b|^E[A-Z0-9]+ spawn\b"
)
_SERVER = re.compile(
    r"^(Error: )?(\w+ )?E(AGAIN|CONNREFUSED|CONNRESET|DQUOT|IO|MFILE|NFILE|NOMEM|NOSPC|PIPE|ROFS"
    r"|TIMEDOUT)\b"
)
_MEANINGS: list[tuple[re.Pattern[str], type[CocalcError]]] = [
    (_CHILD, ServerFault),
    (_SERVER, ServerFault),
    # The last one is what an admin's call into an unknown project ends in.
    (re.compile(r"ENOENT|unknown project_id|undefined \(reading 'site_license'\)$"), NotFound),
    (
        re.compile(
            r"does not have write access|^ACCESS BLOCKED|must be an admin"
            r"|member of the admin group|do not have read access"
        ),
        Forbidden,
    ),
    (re.compile(r"^WARNING: copy exited with an error"), CommandFailed),
    (
        re.compile(
            _STARTING.pattern
            + r"|^Timed out after|^postgresql error|^(Type|Reference|Range|Syntax)Error"
        ),
        ServerFault,
    ),
]
_EXEC = "Error executing command "


def understand(
    operation: str,
    response: Response,
    success: tuple[str, ...],
    call_id: str,
    redact: Callable[[str], str],
) -> dict[str, Any] | CocalcError:
    """Return the answer if its event is one of `success` and its id ours; an error otherwise."""
    status = response.status
    answer = json_of(response)
    if isinstance(answer, dict) and "event" in answer and status == 200:
        if answer.get("id") != call_id:
            return NotCocalc(operation, "the answer is not to our call", status=status)
        if answer["event"] in success:
            return answer
        if answer["event"] == "error":
            return refused(operation, redact(words_of(answer.get("error"))), status)
        event = readable(redact(str(answer["event"])))
        return NotCocalc(operation, f"unexpected answer: event {event}", status=status)
    if isinstance(answer, dict) and "error" in answer and status == 400:
        return _refused_request(operation, redact(words_of(answer["error"])), status)
    return no_answer(operation, response, answer, redact)


def _refused_request(operation: str, words: str, status: int) -> CocalcError:
    """Give the error for HTTP 400 with `{"error"}`: a bad key, endpoint or parameter."""
    if _BAD_KEY.search(words):
        return RefusedKey(operation, readable(words), status=status)
    if _NO_EVENT.search(words):
        return CannotEmbed(operation, readable(words), status=status)
    return refused(operation, words, status)


def refused(operation: str, words: str, status: int) -> CocalcError:
    """Give the error for `{"event": "error"}`: what the handler of the event refused."""
    if words.startswith(_EXEC):
        return failed_command(operation, words, status)
    if words == "incorrect password" or words.startswith("banned"):
        seconds = re.search(r"\b(\d{1,6})s\b", words)
        wait = int(seconds[1]) if seconds else BAN
        return Limited(operation, readable(words), status=status, retry_after=wait)
    for pattern, kind in _MEANINGS:
        if pattern.search(words):
            return kind(operation, readable(words), status=status)
    if words == "no reason given":
        return ServerFault(operation, words, status=status)
    return BadRequest(operation, readable(words), status=status)


def refused_account(operation: str, words: str, status: int) -> CocalcError:
    """Give the error for `{"event": "account_creation_failed"}`."""
    if "already taken" in words:
        return Duplicate(operation, words, status=status)
    if "Too many accounts are being created" in words:
        return Limited(operation, words, status=status, retry_after=ACCOUNT_WINDOW)
    return BadRequest(operation, words, status=status)


def is_undone(error: CocalcError) -> bool:
    """Say whether the failed call reached nobody who could have acted: repeating is harmless.

    A project that is just starting makes CoCalc say `timeout` after 20 s, or that it is
    `unable to determine project port`; a query not begun within 15 s is a `timeout` as well.
    """
    return isinstance(error, ServerFault) and bool(_STARTING.search(error.words))


def is_of_a_child(error: CocalcError) -> bool:
    """Say whether a program of CoCalc's server failed: where one is to start, the project's own.

    Where a folder is to be made for a copy, a file is mostly in the way; CoCalc does not say.
    """
    return isinstance(error, ServerFault) and bool(_CHILD.search(error.words))
