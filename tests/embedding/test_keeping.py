"""What is older than a set time goes in small batches, and nothing that is younger."""

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from embedding.models import DoorCode, EmbedSession
from embedding.services.keeping import BATCH, before, rows_prune, sessions_prune

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def add(count: int, started: datetime, **fields: object) -> list[EmbedSession]:
    rows = EmbedSession.objects.bulk_create(
        (EmbedSession(username="ada", path=f"{n}.ipynb", **fields) for n in range(count)),
        batch_size=500,
    )
    for start in range(0, count, 500):
        part = [row.pk for row in rows[start : start + 500]]
        EmbedSession.objects.filter(pk__in=part).update(started=started)
    return rows


def test_many_old_sessions_go_batch_by_batch(settings: Settings) -> None:
    settings.EMBEDDING |= {"KEEP_SESSIONS_DAYS": 10}
    now = timezone.now()
    add(3 * BATCH + 7, now - 10 * DAY - timedelta(seconds=1))
    young = add(20, now - 10 * DAY + timedelta(seconds=1))
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert sessions_prune(now) == 3 * BATCH + 7
    looked = [q["sql"] for q in queries if q["sql"].startswith("SELECT") and "LIMIT" in q["sql"]]
    assert len(looked) == 5  # a batch each, and one that finds no more
    assert all(f"LIMIT {BATCH}" in sql for sql in looked)
    assert set(EmbedSession.objects.values_list("pk", flat=True)) == {row.pk for row in young}
    assert sessions_prune(now) == 0


def test_a_page_that_is_still_looked_at_is_no_old_session(settings: Settings) -> None:
    settings.EMBEDDING |= {"KEEP_SESSIONS_DAYS": 10}
    now = timezone.now()
    [open_one] = add(1, now - 30 * DAY, seen=now - DAY)
    [left] = add(1, now - 30 * DAY, seen=now - 11 * DAY)
    DoorCode.objects.create(digest="x", kind="frame", session=left, origin="o", expires=now)
    assert sessions_prune(now) == 1
    assert EmbedSession.objects.get() == open_one
    assert not DoorCode.objects.exists()


def test_kept_for_ever(settings: Settings) -> None:
    settings.EMBEDDING |= {"KEEP_SESSIONS_DAYS": 0}
    now = timezone.now()
    add(1, now - 5000 * DAY)
    assert before(now, 0) is None
    assert sessions_prune(now) == 0


def test_told_to_stop_it_does_so_after_a_batch() -> None:
    add(25, timezone.now())
    asked = iter([False, False, True])
    assert rows_prune(EmbedSession.objects.order_by("started"), lambda: next(asked), size=10) == 20
    assert EmbedSession.objects.count() == 5


def test_what_another_worker_has_deleted_is_no_reason_to_go_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    add(1, timezone.now())
    rows = EmbedSession.objects.order_by("started")
    find = type(rows).values_list

    def slowly(self: object, *names: str, **more: bool) -> object:
        found = list(find(self, *names, **more))  # type: ignore[arg-type]
        EmbedSession.objects.all().delete()
        return found

    monkeypatch.setattr(type(rows), "values_list", slowly)
    assert rows_prune(rows) == 0
