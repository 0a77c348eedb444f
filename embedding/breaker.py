"""The breaker: while CoCalc does not answer it is not asked, so that nobody waits for it.

Whether it answers is found by looking (`embedding.cocalc.looking`) and kept for all processes in a
row (`embedding.services.state`, which is called as `tend`). Here is what this process has of that
at hand. No call that fails is taken for a proof: a project fails calls as its owner likes. It is a
suspicion, and has somebody look.
"""

from collections.abc import Callable
from datetime import UTC, datetime

from embedding import turns
from embedding.cocalc.errors import Away, CannotConnect, NotCocalc, OutcomeUnknown, ServerFault

# What a call also ends with where all of CoCalc is away.
SUSPICIOUS = frozenset(
    each.code for each in (CannotConnect, OutcomeUnknown, NotCocalc, ServerFault)
)

_tend: Callable[[], None] | None = None
_open_since: datetime | None = None
_suspected = False
_answered: datetime | None = None


def check(operation: str) -> None:
    """Raise Away, at once, where CoCalc does not answer. To be called before each call."""
    if _tend and not turns.is_beside():
        _tend()
    if since := _open_since:
        raise Away(operation, since)


def heard(code: str | None) -> None:
    """Take the code of a call's error, or None: CoCalc has answered, or perhaps does not."""
    global _suspected, _answered, _open_since
    _suspected = code in SUSPICIOUS
    if not _suspected:
        _answered, _open_since = datetime.now(UTC), None


def is_open() -> bool:
    """Say whether calls are refused, as far as this process knows."""
    return _open_since is not None


def is_suspected() -> bool:
    """Say whether the last call failed in a way that may be CoCalc's."""
    return _suspected


def answered() -> datetime | None:
    """Return when a call of this process's was answered last."""
    return _answered


def know(since: datetime | None) -> None:
    """Take since when CoCalc does not answer, or None: it does, or nobody knows."""
    global _open_since
    _open_since = since


def looked() -> None:
    """Drop the suspicion: somebody looks."""
    global _suspected
    _suspected = False


def tended_by(tend: Callable[[], None]) -> None:
    """Have this called before each check, in a thread that may use the database."""
    global _tend
    _tend = tend
    turns.prepared_by(tend)


def forget() -> None:
    """Know nothing, as after a change of the settings."""
    global _open_since, _suspected, _answered
    _open_since, _suspected, _answered = None, False, None
