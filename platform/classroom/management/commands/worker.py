"""`manage.py worker`: works off class steps, starts what a date brings, and looks after access.

Run at least one. Several share the work, on as many machines as you like; together they keep to
COCALC_CONCURRENCY. SIGTERM lets what is under way end if it takes seconds, gives the rest back to
the queue, and exits with 0. A worker that is killed loses nothing: another one, or the next, does
what it held after half a minute.

`manage.py worker --check` runs none: it exits with 0 where one is alive on this host, and with 1
where none is, for whoever starts and watches containers.

Without a key of CoCalc's (COCALC_SIGN_IN=own) there are no courses, and it only mails and forgets.
"""

import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import InterfaceError, OperationalError, close_old_connections, connections
from django.utils import timezone
from django.utils.crypto import get_random_string
from django_tasks_db.management.commands.db_worker import Worker

from classroom.class_steps.keeping import snapshots_prune
from classroom.class_steps.pulse import pulse
from classroom.class_steps.rounds import end_access, look_after
from classroom.conf import conf
from classroom.engine.clocks import clocks as further
from classroom.engine.hearts import BEAT_SECONDS, Heart, alive_here
from classroom.engine.upkeep import prune
from classroom.engine.working import stopping
from classroom.notices.letters import gather
from classroom.notices.rounds import forget, tell_what_came
from classroom.notices.sending import Sender
from embedding.conf import conf as embedding
from embedding.services.audit import prune as events_prune
from embedding.services.audit import seal
from embedding.services.keeping import before, sessions_prune, trash_prune
from embedding.services.state import look

LOOK_SECONDS = 0.25
STATE_SECONDS = 1.0  # how often it is seen whether it is time to look at CoCalc
PULSE_SECONDS = 2.0
LOOK_AFTER_SECONDS = 60.0
PRUNE_SECONDS = 3600.0
NOTICES_SECONDS = 5.0
MAIL_SECONDS = 15.0
SEAL_SECONDS = 5.0

log = logging.getLogger(__name__)


def prune_all() -> None:
    """Delete what is kept no longer here, one kind after the other."""
    now, stop = timezone.now(), stopping.is_set
    prune(now)
    forget(now, stop)
    sessions_prune(now, stop)
    if old := before(now, embedding().keep_events_days):
        events_prune(old, stop=stop)


def prune_remote() -> None:
    """Delete what is kept no longer in projects on CoCalc."""
    trash_prune(timezone.now(), stopping.is_set)
    snapshots_prune()


class TaskWorker(Worker):
    """django-tasks' worker, which tells the task that runs of a signal to stop."""

    def shutdown(self, signum: int, frame: FrameType | None) -> None:
        stopping.set()
        super().shutdown(signum, frame)


class Mail:
    """Writes down and sends what is to be mailed; a slow mail server holds up nothing else."""

    def __init__(self) -> None:
        self._sender = Sender()

    def mail(self) -> None:
        gather()
        while self._sender.deliver(stopping.is_set):
            pass  # as long as some go out


class Command(BaseCommand):
    """Run until told to stop."""

    help = "Works off class steps (hand out, collect, return, …) until it is told to stop."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--check",
            action="store_true",
            help="Run no worker; exit with 0 if one is alive on this host, otherwise with 1.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["check"]:
            self._check()
            return
        worker = TaskWorker(
            queue_names=["default"],
            interval=LOOK_SECONDS,
            batch=False,
            backend_name="default",
            startup_delay=False,
            max_tasks=None,
            worker_id=get_random_string(32),
            excluded_queue_names=[],
        )
        worker.configure_signals()
        # Each in a thread of its own: what waits for CoCalc holds up no date.
        heart = Heart()
        clocks = [
            _every(BEAT_SECONDS, heart.beat),
            _every(STATE_SECONDS, look),
            _every(SEAL_SECONDS, seal),
            _every(PRUNE_SECONDS, prune_all),
        ]
        if not embedding().own_sign_in:
            clocks += [
                _every(PULSE_SECONDS, pulse),
                _every(PULSE_SECONDS, end_access),
                _every(LOOK_AFTER_SECONDS, look_after),
                _every(PRUNE_SECONDS, prune_remote),
                _every(NOTICES_SECONDS, tell_what_came),
            ]
        clocks += [_every(seconds, work) for seconds, work in further()]
        if conf().mail:
            clocks.append(_every(MAIL_SECONDS, Mail().mail))
        try:
            while worker.running:
                try:
                    worker.run()
                except (OperationalError, InterfaceError) as error:
                    log.warning("The database is away, trying again: %s", error)
                    connections.close_all()
                    time.sleep(1)
        finally:
            stopping.set()
            for clock in clocks:
                clock.join(1.0 / len(clocks))
            with suppress(OperationalError, InterfaceError):
                heart.stop()

    def _check(self) -> None:
        """Raise CommandError, which exits with 1, where no worker is alive on this host."""
        found = list(alive_here())
        if not found:
            raise CommandError("No worker is alive on this host.")
        for heart in found:
            self.stdout.write(
                f"Process {heart.pid} is alive, since {heart.started:%Y-%m-%d %H:%M}."
            )


def _every(seconds: float, work: Callable[[], object]) -> threading.Thread:
    """Do something again and again until the process is told to stop."""

    def keep_time() -> None:
        while not stopping.is_set():
            try:
                close_old_connections()
                work()
            except Exception:
                log.exception("%s failed", getattr(work, "__name__", work))
            stopping.wait(seconds)
        connections.close_all()

    thread = threading.Thread(target=keep_time, daemon=True)
    thread.start()
    return thread
