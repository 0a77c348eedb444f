"""Turns at CoCalc: however long it lets requests wait, most of the site's threads stay free.

A web request holds a thread, and a project answers as its owner likes: a stopped shell never
does. So a request that asks CoCalc anything takes a place: of those of this process, of its
user's, and of each project's that it asks. It keeps them until it is over, so that nothing breaks
off in the middle. Where none is free it fails at once, with a sentence, and its page asks again.

Only web requests take turns (`embedding.middleware.Turns` begins them); what workers and commands
ask is counted elsewhere, and has longer limits.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import Context, ContextVar, copy_context
from typing import Any, TypeVar

from django.utils.translation import gettext_noop

from embedding.cocalc.errors import Crowded
from embedding.conf import conf

T = TypeVar("T")

SECONDS = 20.0  # for one call; a start that takes longer goes on, and is waited for once more
WITHOUT_PROJECT = 10.0
# A teacher's or student's own command or copy, over many files.
LONG = {"exec": 30.0, "copy_path": 30.0}
AGAIN_IN = 3  # seconds

# Translated by `embedding.problems.of_cocalc`.
_YOURS = gettext_noop(
    "You have several requests to CoCalc under way. Wait a few seconds, then try again."
)
_PROJECTS = gettext_noop(
    "This project is busy with other requests. Wait a few seconds, then try again."
)
_SITES = gettext_noop(
    "CoCalc is busy with many requests just now. Wait a few seconds, then try again."
)

_taken: Counter[str] = Counter()
_lock = threading.Lock()
_current: ContextVar["Turn | None"] = ContextVar("turn", default=None)
_is_beside: ContextVar[bool] = ContextVar("is_beside", default=False)
_prepare: Callable[[], None] | None = None
_until: ContextVar[float] = ContextVar("until", default=float("inf"))  # by the monotonic clock
# For the one call that goes beside another. Its threads touch no database.
_beside = ThreadPoolExecutor(max_workers=32, thread_name_prefix="cocalc")


class Turn:
    """What one web request holds: at first nothing, then a place for each thing it asks for."""

    def __init__(self, user: Callable[[], object]) -> None:
        """Take who the user is, which is asked only where CoCalc is."""
        self._user = user
        self._held: set[str] = set()
        self._over = False

    @contextmanager
    def on(self) -> Iterator[None]:
        """What the block asks of CoCalc is this turn's."""
        token = _current.set(self)
        try:
            yield
        finally:
            _current.reset(token)

    def take(self, project: str) -> None:
        """Take what is not held yet, all of it or nothing; Crowded where something is not free."""
        at_once = conf().calls_at_once
        wanted = [
            (f"user {self._user()}", max(1, at_once * 2 // 5), _YOURS),
            ("process", at_once, _SITES),
        ]
        if project:
            wanted.append((f"project {project}", max(1, at_once // 2), _PROJECTS))
        with _lock:
            if self._over:
                raise Crowded("turn", _YOURS, retry_after=AGAIN_IN)  # and nobody hears it
            missing = [place for place in wanted if place[0] not in self._held]
            for name, most, sentence in missing:
                if _taken[name] >= most:
                    raise Crowded("turn", sentence, retry_after=AGAIN_IN)
            names = {name for name, _, _ in missing}
            _taken.update(names)
            self._held |= names

    def end(self) -> None:
        """Give everything back, and take nothing any more."""
        with _lock:
            self._over = True
            for name in self._held:
                _taken[name] -= 1
                if not _taken[name]:
                    del _taken[name]
            self._held.clear()


class Lasting:
    """The pieces of an answer that is made while it is sent: its turn is over when it is closed.

    Whoever serves closes every answer, also one that was not sent, in the thread that sends it.
    """

    def __init__(self, turn: Turn, pieces: Iterator[bytes]) -> None:
        self._turn = turn
        self._pieces = pieces
        _current.set(turn)

    def __iter__(self) -> Iterator[bytes]:
        return self._pieces

    def close(self) -> None:
        """End the turn."""
        self._turn.end()
        _current.set(None)


def take(project: str = "") -> bool:
    """Take this request's turn, for a project of CoCalc's or none; Crowded where it must wait.

    False outside of a web request, where nothing is taken.
    """
    turn = _current.get()
    if turn is None:
        return False
    turn.take(project)
    return True


def seconds_for(operation: str, fields: Mapping[str, Any]) -> float:
    """Take the turn for a call of the client's; return how long it may take."""
    # A copy is CoCalc's own work, and counts for the project that decides how long it takes.
    project = str(fields.get("project_id") or fields.get("src_project_id") or "")
    left = _until.get() - time.monotonic()
    if not take(project):
        return left
    return min(left, LONG.get(operation, SECONDS if project else WITHOUT_PROJECT))


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """All that the block asks of CoCalc ends in so many seconds, in a web request or elsewhere."""
    token = _until.set(min(_until.get(), time.monotonic() + seconds))
    try:
        yield
    finally:
        _until.reset(token)


def in_request() -> bool:
    """Say whether a web request waits for what is done here."""
    return _current.get() is not None


def is_beside() -> bool:
    """Say whether this is a thread of `beside` or `behind`, which touches no database."""
    return _is_beside.get()


def prepared_by(prepare: Callable[[], None]) -> None:
    """Have this called before each `beside`, where the database may be used."""
    global _prepare
    _prepare = prepare


def beside(function: Callable[..., T], *args: object) -> "Future[T]":
    """Call something in another thread, within the turn of this one; Crowded as `take`."""
    take()
    if _prepare and not is_beside():
        _prepare()
    context = copy_context()
    context.run(_is_beside.set, True)
    return _beside.submit(context.run, function, *args)


def behind(function: Callable[[], None]) -> None:
    """Call something in a thread for which nobody waits: no request's turn, and no database."""
    context = Context()
    context.run(_is_beside.set, True)
    threading.Thread(target=context.run, args=(function,), daemon=True).start()
