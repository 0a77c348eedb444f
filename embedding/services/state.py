"""Whether CoCalc answers: one row for all processes, which tells pages without asking CoCalc.

Whoever sets out to look moves `looked` on from the value that was read, so of many one looks. That
CoCalc does not answer is believed after two looks in a row, with no answer to anybody meanwhile. No
project and no user has a part in a look (`embedding.cocalc.looking`).

A worker looks every minute, and every few seconds while CoCalc is down. A process without one
looks when a call fails, and when calls are refused (`tend`), in a thread that nothing waits for:
what it finds is written by the next who has the database at hand.
"""

import logging
import threading
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from django.core.signals import setting_changed
from django.db import DatabaseError, connection
from django.db.models import Q
from django.utils import timezone

from embedding import breaker
from embedding.cocalc.looking import Look
from embedding.cocalc.looking import look as look_once
from embedding.conf import conf
from embedding.models import CocalcReading, CocalcState
from embedding.turns import in_request

EVERY = timedelta(minutes=1)  # looks, while CoCalc answers
EVERY_DOWN = timedelta(seconds=3)  # and while it does not
SUSPECTED = timedelta(seconds=1)  # and after a call that failed
LIMIT = 3.0  # seconds for a look to connect, and as many for its answer
KEPT = timedelta(days=8)  # readings
# When nobody has looked for so long, nothing is known, and calls are let through.
DOWN_LASTS = timedelta(minutes=2)
UP_LASTS = timedelta(minutes=10)
_BETWEEN = 1.0  # seconds from a look that failed to the one that settles it
_READ = 1.0  # seconds that a process goes by what it has read
_ONE = 1  # the row's key
_BATCH = 1000

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Now:
    """What is known: since when, why not, when was last looked, and when it last answered."""

    state: Literal["up", "down", "unknown"]
    since: datetime | None = None
    cause: str = ""
    looked: datetime | None = None
    answered: datetime | None = None

    @property
    def is_down(self) -> bool:
        """Whether it is known that CoCalc does not answer."""
        return self.state == "down"


def current(now: datetime | None = None) -> Now:
    """Return what is known: one query, and nobody asks CoCalc."""
    row = CocalcState.objects.filter(pk=_ONE).first()
    return _now(row, now or timezone.now()) if row else Now("unknown")


def is_down() -> bool:
    """Say whether CoCalc is known not to answer, as of a second ago. Nobody waits for CoCalc."""
    tend()
    return breaker.is_open()


def look(now: datetime | None = None, *, every: timedelta | None = None) -> bool:
    """Look, where it is time for that and nobody else does; say whether it was done.

    It takes seconds where CoCalc does not answer. `every`: how old the last look has to be; by
    default as it suits the state.
    """
    row, now = _row(), now or timezone.now()
    if not _claim(row, now, every):
        return False
    _settle(_seen(certain=row.is_up is False), now)
    return True


def confirm() -> bool:
    """Say whether CoCalc is down, now that a call has failed: looks, where nobody has since.

    In a web request nobody looks, and it is said what is known.
    """
    if in_request():
        return is_down()
    failed = timezone.now()
    with _confirming:
        while True:
            known = current()
            if known.is_down or (known.answered and known.answered >= failed):
                return known.is_down
            if not look(every=SUSPECTED):
                time.sleep(0.1)  # another process is about to look, or does


def tend() -> None:
    """Bring together what this process has found and what all know, at most once a second.

    Takes no longer than a query or two. In a transaction nothing is written: the row would be
    locked until its end, and everybody waits for it.
    """
    if not _local.is_due() or not _tending.acquire(blocking=False):
        return
    try:
        _tend()
    except DatabaseError as error:
        log.warning("What is known of CoCalc could not be read or written: %s", error)
    finally:
        _tending.release()


def tell() -> None:
    """Have somebody look where a call has failed, and write down what was found then."""
    if _local.has_news():
        tend()


def prune(now: datetime | None = None) -> None:
    """Delete old readings, a batch at a time."""
    old = CocalcReading.objects.filter(at__lt=(now or timezone.now()) - KEPT).order_by("pk")
    while batch := list(old.values_list("pk", flat=True)[:_BATCH]):
        CocalcReading.objects.filter(pk__in=batch).delete()


def connect() -> None:
    """Have calls to CoCalc refused while it does not answer."""
    breaker.tended_by(tend)


def forget() -> None:
    """Have this process read anew what is known, and drop what it is about to find."""
    _local.read, _local.looking = None, None
    breaker.forget()


def _settings_changed(*, setting: str, **_: object) -> None:
    if setting == "EMBEDDING":
        forget()


setting_changed.connect(_settings_changed)


@dataclass(slots=True)
class _Looking:
    """A look that nothing waits for."""

    began: datetime
    started: float = field(default_factory=time.monotonic)
    seen: Look | None = None

    def start(self, *, certain: bool) -> None:
        def work() -> None:
            self.seen = _seen(certain=certain)

        threading.Thread(target=work, daemon=True, name="look").start()

    @property
    def is_lost(self) -> bool:
        """Whether its thread ended without a word, as in a process that was forked from ours."""
        return self.seen is None and time.monotonic() - self.started > 60


@dataclass(slots=True)
class _Local:
    """What this process has at hand."""

    read: float | None = None  # when the row was read, by the monotonic clock
    looking: _Looking | None = None

    def has_news(self) -> bool:
        return breaker.is_suspected() if self.looking is None else self.looking.seen is not None

    def is_due(self) -> bool:
        is_old = self.read is None or time.monotonic() - self.read > _READ
        return is_old or self.has_news()


_local = _Local()
_tending = threading.Lock()
_confirming = threading.Lock()


def _tend() -> None:
    now, may_write = timezone.now(), not connection.in_atomic_block
    looking = _local.looking
    if may_write and looking and looking.seen:
        _local.looking = None
        _settle(looking.seen, looking.began)
    elif looking and looking.is_lost:
        _local.looking = None
    row = CocalcState.objects.filter(pk=_ONE).first()
    if may_write and _is_news(row, breaker.answered()):
        _answers(breaker.answered() or now)
        row = _row()
    if may_write and _local.looking is None:
        _look_beside(row, now)
    _local.read = time.monotonic()
    known = _now(row, now) if row else Now("unknown")
    breaker.know(known.since if known.is_down else None)


def _look_beside(row: CocalcState | None, now: datetime) -> None:
    suspected = breaker.is_suspected()
    if not suspected and (row is None or row.is_up is not False):
        return
    row = row or _row()
    if _claim(row, now, SUSPECTED if suspected else EVERY_DOWN):
        _local.looking = _Looking(now)
        _local.looking.start(certain=row.is_up is False)
    breaker.looked()


def _is_news(row: CocalcState | None, answered: datetime | None) -> bool:
    """Whether the row does not say yet that a call was answered."""
    if answered is None:
        return False
    if row and row.is_up is False:
        return row.looked is None or answered > row.looked
    if row is None or row.answered is None or row.is_up is None:
        return True
    return answered - row.answered >= EVERY


def _row() -> CocalcState:
    row = CocalcState.objects.filter(pk=_ONE).first()
    return row or CocalcState.objects.get_or_create(pk=_ONE)[0]


def _now(row: CocalcState, now: datetime) -> Now:
    told = max((at for at in (row.looked, row.answered) if at), default=None)
    lasts = UP_LASTS if row.is_up else DOWN_LASTS
    if row.is_up is None or told is None or now - told > lasts:
        return Now("unknown", looked=row.looked, answered=row.answered)
    state: Literal["up", "down"] = "up" if row.is_up else "down"
    return Now(state, row.since, row.cause, row.looked, row.answered)


def _claim(row: CocalcState, now: datetime, every: timedelta | None) -> bool:
    """Set out to look; False where it is not time for that, or another was faster."""
    if every is None:
        every = EVERY_DOWN if row.is_up is False else EVERY
    # Another host's clock may be ahead; one that is much ahead was wrong.
    if row.looked and abs(now - row.looked) < every:
        return False
    return CocalcState.objects.filter(pk=_ONE, looked=row.looked).update(looked=now) == 1


def _seen(*, certain: bool) -> Look:
    """Look; where that fails and is news, once more."""
    seen = look_once(conf().api_url, limit=LIMIT)
    if seen.answers or certain:
        return seen
    time.sleep(_BETWEEN)
    return look_once(conf().api_url, limit=LIMIT)


def _settle(seen: Look, began: datetime) -> None:
    """Write down what was seen, and now and then how long it took."""
    rows = CocalcState.objects.filter(pk=_ONE)
    if seen.answers:
        news = _answers(timezone.now())
    else:
        # Unless it has answered anybody meanwhile.
        silent = rows.filter(Q(answered=None) | Q(answered__lt=began))
        news = silent.exclude(is_up=False).update(is_up=False, since=began) == 1
        silent.update(cause=seen.code)
        if news:
            log.error("CoCalc at %s does not answer: %s.", conf().api_url, seen.code)
    if not news:
        rows = rows.filter(Q(kept=None) | Q(kept__lte=began - EVERY) | Q(kept__gt=began))
    if rows.update(kept=began):
        CocalcReading.objects.create(at=began, ms=round(seen.seconds * 1000), code=seen.code)


def _answers(at: datetime) -> bool:
    """Write down that CoCalc has answered; say whether that is news."""
    rows, before = CocalcState.objects.filter(pk=_ONE), _row()
    news = rows.exclude(is_up=True).update(is_up=True, since=at, cause="") == 1
    rows.update(answered=at)
    if news and before.is_up is False:
        log.warning("CoCalc answers again; it had not since %s.", before.since)
    return news
