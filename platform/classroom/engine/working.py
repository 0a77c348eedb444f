"""Working off the queue: one task takes what is due until nothing is, with a few threads.

The rows are the truth, and tasks only wake: a task that is lost loses nothing, since the next
one takes whatever is due. A database that is away is waited for, and what ended meanwhile is
written when it is back.
"""

import logging
import queue
import threading
import time
from collections.abc import Callable

from django.db import close_old_connections, connections
from django_tasks import TaskResultStatus, task
from django_tasks_db.models import DBTaskResult

from classroom.conf import conf
from classroom.engine.holding import End, claim, give_back, renew, settle
from classroom.engine.performing import DATABASE_LOST, perform
from classroom.models import Transfer
from embedding.conf import conf as embedding

LOOK_SECONDS = 0.25  # how often a working drain looks for what came meanwhile
GRACE_SECONDS = 4.0  # what is under way has so long when the process is told to stop
_PAUSE_SECONDS = 0.5  # after the database failed

log = logging.getLogger(__name__)
stopping = threading.Event()  # set when this process is told to stop


@task()
def work() -> int:
    """Work off what is due; return how many attempts were made.

    Without a key of CoCalc's that is nothing: what is queued waits for one.
    """
    if embedding().own_sign_in:
        return 0
    return Drain(stopping.is_set).run()


def wake() -> None:
    """See to it that a worker looks at the queue soon; to be called when rows are committed."""
    # One waiting task is enough: it takes all that is there when it starts.
    waiting = DBTaskResult.objects.filter(task_path=work.module_path, status=TaskResultStatus.READY)
    if not waiting.exists():
        work.enqueue()


class Drain:
    """Takes rows, hands them to threads, and writes down how they ended."""

    def __init__(self, stop: Callable[[], bool]) -> None:
        self._stop = stop
        self._size = conf().concurrency
        self._jobs: queue.SimpleQueue[Transfer | None] = queue.SimpleQueue()
        self._ended: queue.SimpleQueue[End] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._running: dict[int, Transfer] = {}
        self._unwritten: list[End] = []
        self._renewed = time.monotonic()
        self._made = 0

    def run(self) -> int:
        """Return when nothing is due and nothing runs, or soon after being told to stop."""
        try:
            while not self._stop():
                if not self._round():
                    break
            else:
                self._wind_up()
        finally:
            for _ in self._threads:
                self._jobs.put(None)
            for thread in self._threads:
                thread.join(1.0)
        return self._made

    def _round(self) -> bool:
        """Write, take, and wait for the next to end; False when all is done."""
        try:
            self._write()
            rows = claim(self._size - len(self._running))
        except DATABASE_LOST as error:
            log.warning("The database failed, trying again: %s", error)
            close_old_connections()
            time.sleep(_PAUSE_SECONDS)
            self._collect(0)
            return True
        for row in rows:
            self._begin(row)
        if not self._running:
            return False
        self._collect(LOOK_SECONDS)
        return True

    def _begin(self, row: Transfer) -> None:
        self._running[row.pk] = row
        if len(self._threads) < min(len(self._running), self._size):
            # A daemon: a process that must stop does not wait for CoCalc.
            thread = threading.Thread(target=self._hand, daemon=True)
            self._threads.append(thread)
            thread.start()
        self._jobs.put(row)

    def _hand(self) -> None:
        try:
            while (row := self._jobs.get()) is not None:
                self._ended.put(perform(row))
                close_old_connections()
        finally:
            connections.close_all()

    def _collect(self, seconds: float) -> None:
        """Wait for an end, and take all that are there."""
        try:
            self._unwritten.append(self._ended.get(timeout=seconds or 0.001))
            while True:
                self._unwritten.append(self._ended.get_nowait())
        except queue.Empty:
            pass

    def _write(self) -> None:
        """Write the ends, and a sign of life for the rest."""
        if self._unwritten:
            try:
                settle(self._unwritten)
            except DATABASE_LOST:
                raise
            except Exception:
                # Not to be written, so not to be held either: the reaper ends these in words.
                log.exception("Some ends could not be written")
            for end in self._unwritten:
                self._running.pop(end.transfer.pk, None)
            self._made += len(self._unwritten)
            self._unwritten = []
        if self._running and time.monotonic() - self._renewed > conf().hold_seconds / 3:
            renew(self._running.values())
            self._renewed = time.monotonic()

    def _wind_up(self) -> None:
        """Let what is under way end if it is quick, and give the rest back."""
        deadline = time.monotonic() + GRACE_SECONDS
        while self._running and time.monotonic() < deadline:
            self._collect(LOOK_SECONDS)
            try:
                self._write()
            except DATABASE_LOST:
                close_old_connections()
                time.sleep(_PAUSE_SECONDS)
        try:
            give_back(self._running.values())
        except DATABASE_LOST:
            log.warning("The database is away: what was under way is freed when its hold runs out.")
