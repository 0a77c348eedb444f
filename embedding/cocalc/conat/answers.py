"""What an answer means: the success we asked for, or which error of the tree.

Both bridges answer with HTTP 200 and the result itself, or with `{"error": text}` and nothing else
in it; only Next.js in front of them says 400 and 413, in plain words. A function without a result
answers `null`, a change of a row `{}`. The sentences were read in CoCalc's source (2026-07); those
that are not certain are in `texts`. Whatever is unknown is a BadRequest: understood and refused.
"""

import re
from collections.abc import Callable
from typing import Any

from embedding.cocalc.conat import texts
from embedding.cocalc.errors import (
    BadRequest,
    CannotEmbed,
    CannotStart,
    CocalcError,
    CommandFailed,
    Duplicate,
    Forbidden,
    Limited,
    NotFound,
    NotStarted,
    NotSupported,
    OutcomeUnknown,
    RefusedKey,
    ServerFault,
)
from embedding.cocalc.reading import (
    Response,
    failed_command,
    json_in,
    no_answer,
    readable,
    words_of,
)

Shape = Callable[[Any], bool]

BAN = 30  # seconds, after "incorrect password"


class UnknownFunction(NotSupported):
    """This server has no function of the name: it is older. Nothing was done."""


def is_void(answer: Any) -> bool:
    """A function without a result."""
    return answer is None


def is_text(answer: Any) -> bool:
    """An id, or a token."""
    return isinstance(answer, str) and bool(answer)


def is_rows(answer: Any) -> bool:
    """A list of objects."""
    return isinstance(answer, list) and all(isinstance(row, dict) for row in answer)


def is_object(answer: Any) -> bool:
    """An object, but none that tells an error."""
    return isinstance(answer, dict) and bool(answer) and "error" not in answer


def is_changed(answer: Any) -> bool:
    """The success of a set query."""
    return bool(answer == {})


def is_state(answer: Any) -> bool:
    """A project's state. It may stand beside an `error`, which tells why it is an old one."""
    return isinstance(answer, dict) and isinstance(answer.get("state"), str)


def is_output(answer: Any) -> bool:
    """What a command left that CoCalc has waited for."""
    return (
        isinstance(answer, dict)
        and answer.get("type") == "blocking"
        and isinstance(answer.get("stdout"), str)
        and isinstance(answer.get("stderr"), str)
        and type(answer.get("exit_code")) is int  # True is none
    )


_TAIL = re.compile(r" - callHub: subject='[^']*', name='[^']*', code='[^']*' ?$")
_UNKNOWN = re.compile(r"^(Error: )?unknown function '")
_BAD_KEY = re.compile(
    r"^must be signed in|^must sign in as project or account$|^must be authenticated$"
    r"|must provide authentication via an API key|^Unknown authorization type"
)
# How a program ended that CoCalc's server has started for a project, and that told no more.
_LAUNCHER = re.compile(r"^-?\d+$|^Cannot create property 'message' on number '-?\d+'$")
_SERVER = re.compile(
    r"^(Error: )?(\w+ )?E(AGAIN|CONNREFUSED|CONNRESET|DQUOT|IO|MFILE|NFILE|NOMEM|NOSPC|PIPE|ROFS"
    r"|TIMEDOUT)\b|^(Error: )?spawn (\S+ )?E[A-Z0-9]+\b"
)
_CHILD = re.compile(r"^(Error: )?child exited with code -?\d+")  # such as the mkdir of a copy
_COMMAND = re.compile(r"^(killed )?command '")
_MEANINGS: list[tuple[re.Pattern[str], type[CocalcError]]] = [
    # What CoCalc-AI, which has the same bridge, says to nearly all that a key asks for.
    (re.compile(r"API keys are not allowed to call hub RPC"), CannotEmbed),
    (_SERVER, ServerFault),
    (_CHILD, ServerFault),
    (
        re.compile(
            r"ENOENT|unknown project_id|^Error: no org named|^OwnershipError: Project not found"
            r"|Target user is not a member|^Error: (no such account|cannot find user) '"
        ),
        NotFound,
    ),
    (
        re.compile(
            r"^OwnershipError:|must be (a |an )?(collaborator|admin|owner|site admin)"
            r"|[Mm]ust be an admin|do(es)? not have (read|write) access|only (site )?admins"
            r"|Only project owners|only admin can|user is not in an org"
            r"|must match requested project"
        ),
        Forbidden,
    ),
    (re.compile(re.escape(texts.EMAIL_TAKEN)), Duplicate),
    (re.compile(r"^(Error: )?WARNING: copy exited with an error"), CommandFailed),
]


def understand(
    operation: str, response: Response, shape: Shape, redact: Callable[[str], str]
) -> Any:
    """Return the answer if it has the shape of this very success; an error otherwise."""
    status = response.status
    try:
        answer = json_in(response)
    except ValueError:
        return no_answer(operation, response, None, redact)
    if status == 200 and shape(answer):
        return answer
    if status == 200 and isinstance(answer, dict) and answer.keys() == {"error"}:
        return refused(operation, redact(words_of(answer["error"])), status)
    return no_answer(operation, response, answer, redact)


def refused(operation: str, words: str, status: int) -> CocalcError:
    """Give the error for `{"error": words}`."""
    if _COMMAND.search(words):  # first: what follows is as the project likes it
        return failed_command(operation, words, status)
    if error := _not_heard(operation, words, status):
        return error
    words = _TAIL.sub("", words)
    if _UNKNOWN.search(words) or words == texts.NOT_OFFERED:
        return UnknownFunction(operation, readable(words), status=status)
    if _BAD_KEY.search(words) or texts.NO_CREDENTIALS in words:
        return RefusedKey(operation, readable(words), status=status)
    if "incorrect password" in words or words.startswith("Error: banned"):
        return Limited(operation, readable(words), status=status, retry_after=BAN)
    for pattern, kind in _MEANINGS:
        if pattern.search(words):
            return kind(operation, readable(words), status=status)
    return BadRequest(operation, readable(words), status=status)


def _not_heard(operation: str, words: str, status: int) -> CocalcError | None:
    """Give the error for a call that did not come to its function, or not back in time.

    The words end in a blank, and hold ids: only their beginning counts.
    """
    said = readable(_TAIL.sub("", words))
    of_project = "subject='project." in words or "matching 'project." in words
    if words.startswith(texts.RPC_NOBODY):
        return (NotStarted if of_project else ServerFault)(operation, said, status=status)
    # Thrown by a function it is an Error; where a call only finds the project stopped, its text.
    launcher = words.removeprefix("Error: ").startswith(texts.NO_LAUNCHER)
    if launcher or _LAUNCHER.search(words):
        return CannotStart(operation, said, status=status)
    if words == texts.START_TIMEOUT:
        return NotStarted(operation, said, status=status)
    # After it, what was asked goes on.
    late = words.startswith("timeout - ") or words.endswith(" code='408' ")
    if late or words.startswith(texts.RPC_CUT):
        return OutcomeUnknown(operation, said, status=status)
    return None


def is_undone(error: CocalcError) -> bool:
    """Say whether the failed call reached nobody who could have acted: repeating is harmless."""
    return isinstance(error, ServerFault) and (error.words.startswith(texts.RPC_NOBODY))


def refused_account(operation: str, words: str) -> CocalcError:
    """Give the error for `{"issues": …}` of a sign-up by API v2."""
    if "already in use" in words:
        return Duplicate(operation, words, status=200)
    if "are allowed to create new users" in words:
        return Forbidden(operation, words, status=200)
    return BadRequest(operation, words, status=200)
