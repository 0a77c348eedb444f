"""Which workers are alive."""

import os
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from classroom.engine import hearts
from classroom.models import WorkerHeart

pytestmark = pytest.mark.django_db


def test_a_heart_beats_until_it_stops() -> None:
    heart, other = hearts.Heart(), hearts.Heart()
    heart.beat()
    other.beat()
    [row, _] = hearts.alive()
    assert (row.pid, row.host, row.version) == (os.getpid(), hearts.host(), hearts.version())
    assert hearts.version()
    seen = WorkerHeart.objects.get(id=row.id).seen
    heart.beat()
    row.refresh_from_db()
    assert row.seen > seen
    assert row.started <= seen
    heart.stop()
    assert hearts.alive().count() == 1
    other.stop()
    assert not WorkerHeart.objects.exists()


def test_a_killed_one_is_dead_after_a_while_and_forgotten_after_a_day() -> None:
    hearts.Heart().beat()
    now = timezone.now()
    assert hearts.alive(now + timedelta(seconds=20)).exists()
    assert hearts.alive_here(now + timedelta(seconds=20)).exists()
    assert not hearts.alive(now + timedelta(seconds=31)).exists()
    hearts.prune(now + timedelta(hours=23))
    assert WorkerHeart.objects.exists()
    hearts.prune(now + timedelta(hours=25))
    assert not WorkerHeart.objects.exists()


def test_a_worker_on_another_host_is_not_here() -> None:
    hearts.Heart().beat()
    WorkerHeart.objects.update(host="elsewhere")
    assert hearts.alive().exists()
    assert not hearts.alive_here().exists()


def test_one_whose_row_was_taken_away_is_there_again() -> None:
    heart = hearts.Heart()
    heart.beat()
    WorkerHeart.objects.all().delete()
    heart.beat()
    assert hearts.alive().count() == 1


def test_the_command_tells_whether_one_is_alive_here(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(CommandError, match="No worker is alive on this host"):
        call_command("worker", "--check")
    heart = hearts.Heart()
    heart.beat()
    call_command("worker", "--check")
    assert f"Process {os.getpid()} is alive" in capsys.readouterr().out
    WorkerHeart.objects.update(seen=timezone.now() - timedelta(minutes=1))
    with pytest.raises(CommandError):
        call_command("worker", "--check")


def test_one_that_stopped_beats_no_more() -> None:
    heart = hearts.Heart()
    heart.stop()
    heart.beat()
    assert not WorkerHeart.objects.exists()
