"""Reading what came back: one text of an error, ids, rows, and answers that are none of CoCalc's.

The two generations differ in where they say it; how a server fails in front of both, and what a
command's end is called, is the same.
"""

import json
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from embedding.cocalc.errors import (
    BadRequest,
    CocalcError,
    CommandFailed,
    Limited,
    NotCocalc,
    NotFound,
    OutcomeUnknown,
    ServerFault,
)
from embedding.untranslated import noop

MAX_WORDS = 500  # characters
WAIT = 60  # seconds, where a server that limits us does not say for how long

_HALF = re.compile(r"\\u[dD][89a-fA-F]")  # or both, of a character beyond the first 65,536
_EXITED = re.compile(r".*exited with nonzero code (\d{1,3}) -- stderr='(.*)'", re.DOTALL)
_NOT_RUN = re.compile(r".*was not able to run -- stderr='(.*)'", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Response:
    """What came back over HTTP."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def json_of(response: Response) -> Any:
    """Return what the body says as JSON; None where it says nothing of the kind."""
    try:
        return json_in(response)
    except ValueError:
        return None


def json_in(response: Response) -> Any:
    """Return what the body says as JSON, which may be null.

    Half a character, which JSON can name and no database can store, comes as a question mark.

    Raises ValueError: it is HTML, not UTF-8 (which Python's reader would guess about), or a joke.
    """
    text = response.body.decode()
    try:
        value = json.loads(text)
        return _storable(value) if _HALF.search(text) else value
    except RecursionError:
        raise ValueError("too deep") from None


def _storable(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, list):
        return [_storable(one) for one in value]
    if isinstance(value, dict):
        return {_storable(key): _storable(one) for key, one in value.items()}
    return value


def no_answer(
    operation: str, response: Response, answer: Any, redact: Callable[[str], str]
) -> CocalcError:
    """Give the error for what is no answer of CoCalc's; `answer` is its JSON, or None."""
    status = response.status
    words = readable(redact(_page_words(response.body) if answer is None else _json_words(answer)))
    if status == 413:
        return BadRequest(operation, noop("too large"), status=status)
    if status == 429:
        seconds = re.fullmatch(r"\d{1,6}", response.headers.get("Retry-After", ""))
        wait = int(seconds[0]) if seconds else WAIT
        return Limited(operation, words, status=status, retry_after=wait)
    if status == 504:  # a gateway has stopped waiting; CoCalc has perhaps not
        return OutcomeUnknown(operation, words, status=status)
    if status >= 500:
        return ServerFault(operation, words, status=status)
    if 300 <= status < 400:
        # Up to the host: what follows may hold a secret.
        target = "/".join(response.headers.get("Location", "").split("/")[:3])
        words = readable(redact(f"redirects to {target}"))
    return NotCocalc(operation, words, status=status)


def words_of(error: object) -> str:
    """Return what CoCalc gave as `error` or `reason`, as one readable text."""
    if isinstance(error, str):
        return error
    if isinstance(error, dict) and "code" in error:
        parts = (error["code"], error.get("syscall"), error.get("path"))
        return " ".join(str(part) for part in parts if part)
    if isinstance(error, dict) and error:
        return "; ".join(f"{key}: {words_of(value)}" for key, value in error.items())
    if isinstance(error, int | float):
        return f"error {error}"
    return "no reason given" if not error else json.dumps(error, ensure_ascii=False)


def readable(text: str) -> str:
    """Cut to a readable length; no control characters, nothing that cannot be stored."""
    text = re.sub(r"[\x00-\x08\x0b-\x1f\x7f]+", " ", text).strip()
    text = text.encode("utf-8", "replace").decode()
    return text if len(text) <= MAX_WORDS else text[:MAX_WORDS] + "…"


def failed_command(operation: str, words: str, status: int) -> CocalcError:
    """Tell apart the failures of an exec. CoCalc repeats the whole command: that is left out."""
    exit_code = None
    if match := _EXITED.match(words):
        exit_code, said = int(match[1]), match[2]
    elif match := _NOT_RUN.match(words):
        said = match[1]
    else:
        tail = words.rpartition(" -- ")[2]
        said = (
            noop("it took too long and was stopped") if tail.startswith("killed command") else tail
        )
    if '"code":"ENOENT"' in said and '"syscall":"spawn' in said:
        said = "no such command, or no such folder to run it in"
        return NotFound(operation, said, status=status)
    return CommandFailed(operation, readable(said), status=status, exit_code=exit_code)


def _page_words(body: bytes) -> str:
    """Return what a page says, without its markup."""
    page = body[:10_000].decode("utf-8", "replace")
    page = re.sub(r"(?is)<(style|script)\b.*?</\1>|<!.*?>|<[^>]*>", " ", page)
    return " ".join(page.split()) or "an empty page"


def _json_words(answer: Any) -> str:
    """Return what foreign JSON says of an error. The rest may hold a token: it is not shown."""
    error = answer.get("error") if isinstance(answer, dict) else None
    return "JSON of another shape" if error is None else words_of(error)


def checked_uuid(value: str) -> str:
    """Return an id of the canonical form; a query with anything else may mean other rows.

    Raises ValueError.
    """
    if str(UUID(value)) != value:
        raise ValueError("Not an id of CoCalc's.")
    return value


def text_in(operation: str, answer: dict[str, Any], key: str) -> str:
    """Return a text that a success must hold. Raises NotCocalc; never shows the answer."""
    value = answer.get(key)
    if not isinstance(value, str) or not value:
        raise NotCocalc(operation, f"the answer has no {key}", status=200)
    return value


def id_in(operation: str, answer: dict[str, Any], key: str) -> str:
    """Return an id that a success must hold. Raises NotCocalc."""
    text = text_in(operation, answer, key)
    with suppress(ValueError):
        return checked_uuid(text)
    raise NotCocalc(operation, f"the {key} in the answer is no id", status=200)


def words_in(operation: str, answer: dict[str, Any], key: str) -> str:
    """Return a text that a success may leave out: it is empty then. Raises NotCocalc."""
    value = answer.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise NotCocalc(operation, f"the {key} in the answer is no text", status=200)
    return value


def is_admin_in(operation: str, answer: dict[str, Any]) -> bool:
    """Return whether the groups of an account make it a site admin. Raises NotCocalc."""
    groups = answer.get("groups")
    if groups is not None and not isinstance(groups, list):  # in a text, part of a word would do
        raise NotCocalc(operation, "the groups in the answer are no list", status=200)
    return "admin" in (groups or ())


def rows_in(operation: str, answer: dict[str, Any], key: str) -> list[dict[str, Any]]:
    """Return the rows that a success must hold. Raises NotCocalc."""
    rows = answer.get(key)
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise NotCocalc(operation, f"the answer has no {key}", status=200)
    return rows
