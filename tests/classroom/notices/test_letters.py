"""Which notices go into which mail: at once, once a day, or not at all."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from classroom.models import Letter, MailChoice, Notice
from classroom.notices.letters import QUIET, TOGETHER, gather
from tests.classroom.notices.conftest import Class

Kind, When = Notice.Kind, MailChoice.When
# The course is in Berlin, where it is an hour later.
SIX = datetime(2026, 11, 27, 5, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _mails(settings: Any) -> None:
    settings.CLASSROOM = settings.CLASSROOM | {"MAIL": True}


def at(room: Class, moment: datetime, kind: Notice.Kind = Kind.RETURNED) -> None:
    room.tell(room.ada, kind=kind)
    Notice.objects.filter(pk=max(Notice.objects.values_list("pk", flat=True))).update(
        created=moment
    )


def sizes() -> list[int]:
    return [letter.notices.count() for letter in Letter.objects.order_by("pk")]


def test_at_once_is_after_a_minute_and_then_every_quarter_of_an_hour(room: Class) -> None:
    for number in range(3):
        at(room, SIX + timedelta(seconds=20 * number))
    assert gather(SIX + TOGETHER) == 0
    begun = SIX + TOGETHER + timedelta(seconds=1)
    assert gather(begun) == 1
    for minute in range(1, 15):
        at(room, begun + timedelta(minutes=minute))
        assert gather(begun + timedelta(minutes=minute, seconds=59)) == 0
    assert gather(begun + QUIET) == 1
    assert sizes() == [3, 14]


def test_once_a_day_is_at_seven_where_the_reader_is_and_never_empty(room: Class) -> None:
    MailChoice.objects.create(user=room.ada.user, when=When.DAILY)
    at(room, SIX - 24 * HOUR)
    at(room, SIX)
    assert gather(SIX + timedelta(minutes=59)) == 1  # of yesterday before seven
    assert gather(SIX + HOUR + timedelta(seconds=1)) == 1
    at(room, SIX + 2 * HOUR)
    for hours in range(1, 24):
        assert gather(SIX + hours * HOUR + timedelta(minutes=59)) == 0
    assert gather(SIX + 25 * HOUR) == 1
    assert gather(SIX + 49 * HOUR) == 0
    assert sizes() == [1, 1, 1]


def test_switched_off_kinds_and_never_are_let_go(room: Class) -> None:
    choice = MailChoice.objects.create(user=room.ada.user, off=[Kind.RETURNED])
    at(room, SIX)
    assert gather(SIX + HOUR) == 0
    at(room, SIX, Kind.EXTENSION)
    at(room, SIX)
    assert gather(SIX + HOUR) == 1
    assert sizes() == [1]
    choice.when, choice.off = When.NEVER, []
    choice.save()
    at(room, SIX)
    assert gather(SIX + 2 * HOUR) == 0
    choice.when = When.AT_ONCE
    choice.save()
    assert gather(SIX + 3 * HOUR) == 0
    assert not Notice.objects.filter(to_mail=True).exists()


def test_a_class_costs_a_few_queries(room: Class, django_assert_max_num_queries: Any) -> None:
    room.tell(room.ada, room.bob, room.teacher)
    with django_assert_max_num_queries(9):
        assert gather(timezone.now() + HOUR) == 3
    with django_assert_max_num_queries(1):
        assert gather(timezone.now() + HOUR) == 0
