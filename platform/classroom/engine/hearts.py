"""Which workers are alive: each says so every few seconds, in a row of its own."""

import os
import socket
import threading
import uuid
from datetime import datetime, timedelta
from functools import cache
from importlib import metadata

from django.db.models import QuerySet
from django.utils import timezone

from classroom.models import WorkerHeart

BEAT_SECONDS = 5.0
DEAD_AFTER = timedelta(seconds=30)
KEPT = timedelta(days=1)  # of a worker that was killed


class Heart:
    """This worker's."""

    def __init__(self) -> None:
        self._id, self._started = uuid.uuid4(), timezone.now()
        self._stopped = False
        self._lock = threading.Lock()

    def beat(self) -> None:
        """Say that this process is alive."""
        with self._lock:
            if not self._stopped:
                self._beat()

    def stop(self) -> None:
        """Say that it has ended as it should; it beats no more."""
        with self._lock:
            self._stopped = True
            WorkerHeart.objects.filter(id=self._id).delete()

    def _beat(self) -> None:
        WorkerHeart.objects.update_or_create(
            id=self._id,
            defaults={"seen": timezone.now()},
            create_defaults={
                "host": host(),
                "pid": os.getpid(),
                "version": version(),
                "started": self._started,
                "seen": timezone.now(),
            },
        )


def alive(now: datetime | None = None) -> QuerySet[WorkerHeart]:
    """Return the workers that are alive, by when they said so last."""
    return WorkerHeart.objects.filter(seen__gt=(now or timezone.now()) - DEAD_AFTER)


def alive_here(now: datetime | None = None) -> QuerySet[WorkerHeart]:
    """Return those of them that run on this host."""
    return alive(now).filter(host=host())


def prune(now: datetime | None = None) -> None:
    """Forget the workers that were killed a day ago."""
    WorkerHeart.objects.filter(seen__lt=(now or timezone.now()) - KEPT).delete()


def host() -> str:
    """Return this host's name; of a container, the container's."""
    return socket.gethostname()[:255]


@cache
def version() -> str:
    """Return the version of this site; "" where it was not installed."""
    try:
        return metadata.version("lectern")[:60]
    except metadata.PackageNotFoundError:
        return ""
