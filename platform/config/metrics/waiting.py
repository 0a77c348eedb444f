"""What the database knows when it is asked: what waits, who works, how notebooks opened lately.

The same whichever process answers. A few queries, each by an index.
"""

from collections.abc import Iterable
from datetime import timedelta

from django.db.models import Count, Min
from django.utils import timezone
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from classroom.engine import hearts
from classroom.models import Letter, Transfer
from embedding.models import EmbedSession
from embedding.services import state

LATELY = timedelta(minutes=15)
_ACTIVE = (Transfer.State.QUEUED, Transfer.State.RUNNING)
_MAILS = (Letter.State.QUEUED, Letter.State.SENDING)


class Waiting(Collector):
    """Asked anew for each answer."""

    def collect(self) -> Iterable[Metric]:
        """Return the queue, the mails, the sessions, the workers, and whether CoCalc answers."""
        now = timezone.now()
        yield from _transfers()
        mails = GaugeMetricFamily("lectern_mails_waiting", "Mails that wait to be sent.")
        mails.add_metric((), Letter.objects.filter(state__in=_MAILS).count())
        yield mails
        sessions = GaugeMetricFamily(
            "lectern_sessions_lately",
            "Embed sessions begun in the last 15 minutes, by how they are now.",
            labels=("state",),
        )
        counted = EmbedSession.objects.filter(started__gte=now - LATELY).order_by()
        found = dict(counted.values_list("state").annotate(Count("pk")))
        for one in EmbedSession.State:
            sessions.add_metric((one.value,), found.get(one.value, 0))
        yield sessions
        workers = GaugeMetricFamily("lectern_workers", "Workers that are alive.")
        workers.add_metric((), hearts.alive(now).count())
        yield workers
        yield from _cocalc()


def _cocalc() -> Iterable[Metric]:
    known = state.current()
    if known.state == "unknown":
        return  # which is neither 0 nor 1
    up = GaugeMetricFamily("lectern_cocalc_up", "Whether CoCalc answers: 1 or 0.")
    up.add_metric((), known.state == "up")
    yield up


def _transfers() -> Iterable[Metric]:
    queue = GaugeMetricFamily(
        "lectern_transfers", "Transfers that wait or run.", labels=("state", "kind")
    )
    oldest = GaugeMetricFamily(
        "lectern_transfer_oldest_seconds",
        "How long the oldest transfer waits that may be taken; 0 where none does.",
    )
    rows = Transfer.objects.filter(state__in=_ACTIVE).order_by()
    for at, kind, count in rows.values_list("state", "kind").annotate(Count("pk")):
        queue.add_metric((at, kind), count)
    yield queue
    now = timezone.now()
    due = rows.filter(state=Transfer.State.QUEUED).exclude(not_before__gt=now)
    since = due.aggregate(since=Min("created"))["since"]
    oldest.add_metric((), max(0.0, (now - since).total_seconds()) if since else 0.0)
    yield oldest
