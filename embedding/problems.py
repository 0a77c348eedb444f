"""What goes wrong, in words for the person in front of the page.

A `Problem` is an answer: an HTTP status, a stable code and a sentence that says what to do.
`of_cocalc` turns each error of the CoCalc client into one.
"""

import math

from embedding.cocalc import errors
from embedding.names import shown


class Problem(Exception):
    """Something to tell the user."""

    def __init__(
        self,
        code: str,
        message: str,
        *,
        status: int,
        recoverable: bool = False,
        retry_after: int | None = None,
        detail: str = "",
    ) -> None:
        super().__init__(f"{message} ({code})")
        self.code = code
        self.message = shown(message)  # it may name a file that somebody else has named
        self.status = status
        self.recoverable = recoverable  # whether trying again, unchanged, can help
        self.retry_after = retry_after  # seconds
        self.detail = detail  # for administrators; free of secrets


class Busy(Exception):
    """Another request, or CoCalc, is at this very step; ask again in a moment."""

    def __init__(self, step: str) -> None:
        super().__init__(step)
        self.step = step


_COCALC: dict[type[errors.CocalcError], tuple[int, str]] = {
    errors.CannotConnect: (
        503,
        "CoCalc cannot be reached at the moment. Your files are safe; please try again shortly.",
    ),
    errors.OutcomeUnknown: (504, "CoCalc took too long to answer. Please try again."),
    errors.RefusedKey: (
        502,
        "CoCalc does not accept this site's key. Only the site's administrator can mend that.",
    ),
    errors.Forbidden: (
        502,
        "CoCalc does not let this site do that. Please tell the site's administrator.",
    ),
    errors.NotFound: (404, "This is not in the project any more."),
    errors.Duplicate: (409, "There is already something with this name."),
    errors.InTheWay: (
        409,
        "A file is in the way of the folder “{folder}”. Rename or delete the file, then try again.",
    ),
    errors.CommandFailed: (502, "The project could not do that: {words}"),
    errors.BadRequest: (502, "CoCalc refused the request: {words}"),
    errors.TooMany: (
        409,
        "This cannot be listed here: {words} Open the project in CoCalc to see it.",
    ),
    errors.ServerFault: (502, "CoCalc had a fault of its own. Please try again in a moment."),
    errors.NotStarted: (
        504,
        "The project does not start, though CoCalc answers. Please try again in a moment.",
    ),
    errors.CannotStart: (
        502,
        "CoCalc's server fails to start the project. No files are lost. Please try again later.",
    ),
    errors.NotCocalc: (
        502,
        "Something answered at CoCalc's address, but not CoCalc. Please try again in a moment.",
    ),
}


def duration(seconds: int) -> str:
    """Say a time to wait, rounded up: "40 seconds", "30 minutes"."""
    if seconds <= 90:
        return f"{seconds} seconds"
    return f"{math.ceil(seconds / 60)} minutes"


def of_cocalc(error: errors.CocalcError) -> Problem:
    """Say what an error of the client means for the user."""
    detail = f"{type(error).__name__}: {error}"
    if isinstance(error, errors.Limited):
        crowded = isinstance(error, errors.Crowded)
        return Problem(
            error.code,
            error.words
            if crowded
            else f"CoCalc asks us to wait: please try again in {duration(error.retry_after)}.",
            status=503,
            recoverable=True,
            retry_after=error.retry_after,
            detail=detail,
        )
    status, message = _COCALC.get(type(error), (502, "CoCalc could not do that."))
    words = error.words.strip().rstrip(".")[:200] or "it gave no reason"
    return Problem(
        error.code,
        message.format(words=words + ".", folder=getattr(error, "folder", "")[:200]),
        status=status,
        recoverable=error.recoverable,
        detail=detail,
    )
