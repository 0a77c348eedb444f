"""Hours are counted once, anew while they change, and stay as they were afterwards."""

from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread

import pytest
from django.db import connections

from administration.models import HourCount
from administration.overview import counting
from administration.overview.counting import HOUR, OTHERS, count_hours, counts_between, read
from classroom.engine.clocks import clocks
from embedding.models import EmbedSession
from tests.administration.overview.rows import course, sessions, transfers

NOW = datetime(2026, 11, 2, 14, 30, tzinfo=UTC)
NOON = NOW.replace(hour=12, minute=0)
MINUTE = timedelta(minutes=1)


def of_hour(hour: datetime) -> counting.Counts:
    return read(HourCount.objects.get(hour=hour))


@pytest.mark.django_db
def test_an_hour_is_counted_by_result_and_cause() -> None:
    sessions(NOON, 3, "ready", ready=1_600)
    sessions(NOON + 59 * MINUTE, 2, "failed", "busy")
    sessions(NOON + HOUR, 1, "lost", "silent")
    sessions(NOON - MINUTE, 1)
    its = course()
    transfers(its, NOON + MINUTE, 4)
    transfers(its, NOON + MINUTE, 2, state="failed", code="forbidden")
    transfers(its, None, 1, state="queued")
    assert count_hours(NOW) == 169  # seven days and the running hour
    found = of_hour(NOON)
    assert found.sessions == {("ready", ""): 3, ("failed", "busy"): 2}
    assert found.ready == {6: 3}
    assert found.transfers == {("collect", "done", ""): 4, ("collect", "failed", "forbidden"): 2}
    assert of_hour(NOON + HOUR).sessions == {("lost", "silent"): 1}
    assert of_hour(NOON - HOUR).sessions == {("closed", ""): 1}
    assert of_hour(NOON) == counts_between(NOON, NOON + HOUR)


@pytest.mark.django_db
def test_counting_again_changes_nothing_and_an_hour_is_not_counted_too_often() -> None:
    sessions(NOON, 3)
    count_hours(NOW)
    assert count_hours(NOW) == 0
    assert count_hours(NOW + MINUTE) == 2  # the running hour, and the one before
    assert count_hours(NOW + 11 * MINUTE) == 27
    assert of_hour(NOON).sessions == {("closed", ""): 3}
    assert HourCount.objects.count() == 169


@pytest.mark.django_db
def test_a_session_that_ends_late_moves_within_its_hour() -> None:
    (row,) = sessions(NOON, 1, "ready")
    count_hours(NOW)
    EmbedSession.objects.filter(pk=row.pk).update(state="lost", reason="silent")
    count_hours(NOW + HOUR)
    assert of_hour(NOON).sessions == {("lost", "silent"): 1}


@pytest.mark.django_db
def test_what_is_deleted_later_was_there() -> None:
    sessions(NOON, 5)
    count_hours(NOW)
    count_hours(NOW + timedelta(days=2))
    EmbedSession.objects.all().delete()
    assert count_hours(NOW + timedelta(days=3)) > 0
    assert of_hour(NOON).sessions == {("closed", ""): 5}
    count_hours(NOW + timedelta(days=9))
    assert not HourCount.objects.filter(hour=NOON).exists()


@pytest.mark.django_db
def test_the_running_hour_says_until_when_it_is_counted() -> None:
    count_hours(NOW)
    assert HourCount.objects.get(hour=NOW.replace(minute=0)).until == NOW
    assert HourCount.objects.get(hour=NOON).until == NOON + HOUR


@pytest.mark.django_db
def test_causes_beyond_all_bounds_are_counted_together() -> None:
    for number in range(50):
        sessions(NOON + number * MINUTE, 2 if number < 10 else 1, "failed", f"made up {number}")
    count_hours(NOW)
    found = of_hour(NOON).sessions
    assert len(found) == 41
    assert found["failed", OTHERS] == 10
    assert found.total() == 60


@pytest.mark.django_db(transaction=True)
def test_workers_that_count_at_once_count_once() -> None:
    sessions(NOON, 7)
    its = course()
    transfers(its, NOON, 5)
    together = Barrier(4)

    def count() -> None:
        try:
            together.wait()
            count_hours(NOW)
        finally:
            connections.close_all()

    threads = [Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert HourCount.objects.count() == 169
    assert of_hour(NOON).sessions == {("closed", ""): 7}
    assert of_hour(NOON).transfers == {("collect", "done", ""): 5}


@pytest.mark.django_db
def test_who_was_overtaken_writes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    sessions(NOON, 1)
    count_hours(NOW)
    real = counting.counts_between

    def slow(begin: datetime, end: datetime) -> counting.Counts:
        found = real(begin, end)
        if begin == NOON and not sessions_came:
            sessions_came.extend(sessions(NOON, 1))
            count_hours(NOW + HOUR)  # somebody else, meanwhile
        return found

    sessions_came: list[EmbedSession] = []
    monkeypatch.setattr(counting, "counts_between", slow)
    count_hours(NOW + HOUR)
    assert of_hour(NOON).sessions == {("closed", ""): 2}


def test_workers_count() -> None:
    assert (60.0, count_hours) in clocks()
