"""What a thread is at work for: which request, which transfer, which embed session.

Every line of the log says so (the site's own formatters read it here), and what a request leaves
to a worker keeps the request's id: so one can follow a click to the last call to CoCalc.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

_marks: ContextVar[Mapping[str, str]] = ContextVar("trail", default={})  # noqa: B039  never changed


def marks() -> Mapping[str, str]:
    """Return what this thread is at work for, such as `{"request_id": …, "session": …}`."""
    return _marks.get()


def request_id() -> str:
    """Return the id of the request that is answered, or that asked for this; empty without."""
    return _marks.get().get("request_id", "")


def begin(**given: str) -> None:
    """Be at work for this, and for nothing that was before."""
    _marks.set(given)


def mark(**given: str) -> None:
    """Be at work for this, too."""
    _marks.set({**_marks.get(), **given})


@contextmanager
def on(**given: str) -> Iterator[None]:
    """Be at work for this as long as the block takes; what is empty is left out."""
    token = _marks.set({name: value for name, value in given.items() if value})
    try:
        yield
    finally:
        _marks.reset(token)
