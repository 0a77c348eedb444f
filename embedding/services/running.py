"""Does a project still run? Asked for every page that works in one, so it must cost little.

CoCalc's own page goes on as if nothing were wrong when a project stops under it: only our server's
look at the project's state finds it. One answer serves all who work in the project for some
seconds; what CoCalc does not say in time is not known, which is no error of the page's.
"""

import logging
from threading import BoundedSemaphore

from django.core.cache import cache

from embedding.client import client
from embedding.cocalc.errors import CocalcError, NotStarted, OutcomeUnknown
from embedding.conf import conf

log = logging.getLogger(__name__)

_LIMIT = 3  # seconds
_KEPT = 10  # seconds
_STOPPED = ("opened", "closed", "archived")  # not: those that start or stop just now

# While CoCalc hangs, only so many of a process's threads wait for it.
_looks = BoundedSemaphore(4)


def project_runs(project_id: str) -> bool | None:
    """Return whether the project runs; None where that is not known. At most one call to CoCalc."""
    if conf().own_sign_in:
        return None  # nobody here can look
    key = _key(project_id)
    state: str | None = cache.get(key)
    if state is None and _looks.acquire(blocking=False):
        try:
            state = client().project_state(project_id, limit=_LIMIT)
        except CocalcError as error:
            log.info("A project's state is not known: %s", error)
            state = ""
        finally:
            _looks.release()
        cache.set(key, state, _KEPT)
    if state in _STOPPED:
        return False
    return True if state == "running" else None


def may_be_starting(project_id: str, error: OutcomeUnknown | NotStarted) -> bool:
    """Say whether a call into a project may have failed only since it is starting still.

    Where CoCalc says that nobody there took the call, its own word for the project is asked for
    anew: such an answer may come from the owner's program. Without that word it is not starting.
    """
    if isinstance(error, OutcomeUnknown):
        return True
    try:
        state = client().project_state(project_id, limit=_LIMIT)
    except CocalcError as failed:
        log.info("A project's state is not known: %s", failed)
        return False
    return state not in _STOPPED  # one that runs by now does not listen yet


def project_was_seen_running(project_id: str) -> None:
    """Keep what another call to CoCalc has just shown."""
    cache.set(_key(project_id), "running", _KEPT)


def project_was_seen_stopped(project_id: str) -> None:
    """Keep that another call to CoCalc has just stopped it."""
    cache.set(_key(project_id), "opened", _KEPT)


def _key(project_id: str) -> str:
    return f"embedding-state-{project_id}"
