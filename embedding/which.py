"""Which CoCalc the site talks to: as set, or as found out and remembered.

What was found is kept in Django's cache, so that processes that share one ask once for all. It is
asked again every few minutes, and as soon as answers stop being those of the generation: an
upgraded CoCalc needs no restart of the site. Nothing that CoCalc does not say (it is away, a
gateway answers for it) changes what is believed.
"""

import logging
import threading
import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.cache import cache
from django.db import connections
from django.utils import timezone
from django.utils.crypto import salted_hmac

from embedding import breaker, key
from embedding.cocalc.errors import CannotConnect, CannotEmbed, CocalcError, NotCocalc, ServerFault
from embedding.cocalc.generations import Found, detect
from embedding.cocalc.kinds import Spoken
from embedding.conf import conf
from embedding.turns import behind, take

log = logging.getLogger(__name__)

IN_A_REQUEST, OTHERWISE = 4.0, 10.0  # seconds that asking may take
REMEMBERED = 7 * 86400  # seconds, for "since when"
MINUTES = timedelta(minutes=10)  # until it is asked again; while nothing can be opened, less:
HALF_A_MINUTE = timedelta(seconds=30)
AGAIN = timedelta(seconds=5)  # however much it is doubted, not more often
# Errors after which the server may have become another one.
_DOUBTFUL = {"not_cocalc", "cannot_embed"}


@dataclass(frozen=True, slots=True)
class Known:
    """What was found, since when it is so, and when it was asked last."""

    found: Found
    since: datetime
    asked: datetime
    doubted: bool = False

    @property
    def is_due(self) -> bool:
        """Whether it is time to ask again."""
        if self.doubted or not self.found.is_certain:
            lasts = AGAIN
        else:
            lasts = MINUTES if self.found.is_spoken else HALF_A_MINUTE
        return not -AGAIN < timezone.now() - self.asked < lasts


_own: Known | None = None  # this process's, for a cache that loses it
_logged = ""
_glancing = threading.Lock()


def spoken() -> Spoken:
    """Return the generation to speak; asks CoCalc where that is not set and not known.

    Raises CannotEmbed where no driver speaks it, and as a call does where it cannot be told.
    """
    chosen = conf().generation
    if chosen != "auto":
        return chosen
    found = current().found
    if found.generation == "v1" or found.generation == "conat":
        return found.generation
    raise _error(found)


def known() -> Known | None:
    """Return what is remembered; asks nobody."""
    global _own
    seen: Known | None = cache.get(_key())
    if seen and (_own is None or seen.asked >= _own.asked):
        _own = seen
    return _own


def current(*, limit: float | None = None) -> Known:
    """Return what is known, asked anew where it is time for that.

    Only one thread of all processes asks; the others go on with what was known before, or wait.
    While CoCalc does not answer, nobody asks: Away, where nothing was known before.
    """
    before = known()
    if before and not before.is_due:
        return before
    if before and before.found.is_certain and breaker.is_open():
        return before
    breaker.check("detect")
    in_request = take()
    limit = limit or (IN_A_REQUEST if in_request else OTHERWISE)
    if cache.add(f"{_key()}-asking", 1, limit + 2):
        try:
            return _ask(before, limit)
        finally:
            cache.delete(f"{_key()}-asking")
    if before:
        return before
    return _wait(limit)


def glance() -> Known | None:
    """Return what is remembered, at once; where it is time for that, CoCalc is asked beside."""
    before = known()
    if (before is None or before.is_due) and _glancing.acquire(blocking=False):
        behind(_ask_beside)
    return before


def look() -> Found:
    """Ask now and remember it; return what answers, also where something else is believed."""
    limit = IN_A_REQUEST if take() else OTHERWISE
    found = detect(conf().api_url, key.current(), limit=limit)
    _learn(known(), found)
    return found


def doubt(code: str | None) -> None:
    """Take the code of a call's error: after some, the next call asks which CoCalc it is."""
    global _own
    if code not in _DOUBTFUL or conf().generation != "auto":
        return
    believed = known()
    if believed and not believed.doubted:
        _remember(Known(believed.found, believed.since, believed.asked, doubted=True))


def forget() -> None:
    """Ask again before the next call, as after a change of the settings."""
    global _own, _logged
    _own, _logged = None, ""


def _ask(before: Known | None, limit: float) -> Known:
    return _learn(before, detect(conf().api_url, key.current(), limit=limit))


def _learn(before: Known | None, found: Found) -> Known:
    now = timezone.now()
    if before and before.found.is_certain and not found.is_certain:
        # Away, or hidden: what it was is the best guess. Doubt stays.
        after = Known(before.found, before.since, now, doubted=before.doubted)
    else:
        same = before and before.found.generation == found.generation
        after = Known(found, before.since if before and same else now, now)
    breaker.heard(None if found.is_certain else _error(found).code)
    _remember(after)
    _tell(after.found)
    return after


def _ask_beside() -> None:
    try:
        current(limit=OTHERWISE)
    except CocalcError:
        pass  # somebody else asks, and has not heard yet
    finally:
        connections.close_all()  # the cache may be a table
        _glancing.release()


def _remember(what: Known) -> None:
    global _own
    _own = what
    cache.set(_key(), what, REMEMBERED)


def _wait(limit: float) -> Known:
    end = time.monotonic() + limit
    while time.monotonic() < end:
        time.sleep(0.05)
        if seen := known():
            return seen
    raise CannotConnect("detect")  # another request still asks


def _tell(found: Found) -> None:
    """Write it into the log, in an administrator's words: once, and again when it changes."""
    global _logged
    if _logged == found.generation:
        return
    _logged = found.generation
    kind = found.kind
    if found.is_spoken:
        log.info("CoCalc at %s: %s.", conf().api_url, kind.name)
    else:
        answers = "; ".join(f"{said.request}: {said.answer}" for said in found.said)
        at = conf().api_url
        log.error("CoCalc at %s: %s. %s %s (%s)", at, kind.name, kind.why, kind.advice, answers)


def _error(found: Found) -> CocalcError:
    last = found.said[-1].answer if found.said else ""
    if found.is_certain:
        return CannotEmbed("detect", f"{found.kind.name}. {found.kind.why}")
    if last.startswith("no answer"):
        return CannotConnect("detect", last)
    if last.startswith("HTTP 5"):
        return ServerFault("detect", last)
    return NotCocalc("detect", last)


def _key() -> str:
    about = f"{conf().api_url}\n{key.current()}"
    return f"embedding-which-1-{salted_hmac('embedding.which', about).hexdigest()[:32]}"
