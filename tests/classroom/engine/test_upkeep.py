"""What nobody looks at any more is deleted, and nothing else."""

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone
from django_tasks import TaskResultStatus
from django_tasks_db.models import DBTaskResult
from pytest_django import Settings

from classroom.engine.queue import step_start, transfer_add
from classroom.engine.upkeep import prune
from classroom.engine.working import wake, work
from classroom.models import Batch, Course, Kind, Membership, Transfer
from tests.classroom import factories

State = Transfer.State


@pytest.fixture
def course(db: None) -> Course:
    return factories.make_course(factories.make_user("emmy", teacher=True))


@pytest.fixture
def students(course: Course) -> list[Membership]:
    return [factories.enrol(course, factories.make_user(f"s{n}")) for n in range(3)]


def test_transfers_of_class_steps_are_kept(course: Course, students: list[Membership]) -> None:
    step_start(course, Kind.RUN, students, actor=None)
    quiet = transfer_add(course, Kind.PREPARE, students[0])
    young = transfer_add(course, Kind.PREPARE, students[1])
    now = timezone.now()
    Transfer.objects.update(state=State.DONE, ended=now - timedelta(days=40))
    Transfer.objects.filter(pk=young.pk).update(ended=now)
    prune(now)
    kept = set(Transfer.objects.values_list("pk", flat=True))
    assert quiet.pk not in kept
    assert young.pk in kept
    assert len(kept) == 4


def test_a_failed_submit_is_kept_until_there_is_another(
    course: Course, students: list[Membership]
) -> None:
    """Its student is told of it for so long."""
    assignment = factories.make_assignment(course)
    now = timezone.now()
    for _ in range(2):
        last = transfer_add(course, Kind.SUBMIT, students[0], assignment=assignment)
        Transfer.objects.update(state=State.FAILED, ended=now - timedelta(days=40))
    prune(now)
    assert Transfer.objects.get() == last
    transfer_add(course, Kind.SUBMIT, students[0], assignment=assignment)
    prune(now)
    assert Transfer.objects.get().state == State.QUEUED


def test_old_class_steps_go_and_what_failed_last_stays(
    course: Course, students: list[Membership], settings: Settings
) -> None:
    """Else a date would begin it anew, or nobody would know of it any more."""
    settings.CLASSROOM = {"KEEP_TRANSFERS_DAYS": 100}
    now = timezone.now()
    assignment = factories.make_assignment(course)
    before = step_start(course, Kind.HAND_OUT, students[:2], actor=None, assignment=assignment)
    first, second = before.transfers.order_by("pk")
    Transfer.objects.filter(pk=first.pk).update(state=State.FAILED)
    Transfer.objects.filter(pk=second.pk).update(state=State.DONE)
    again = step_start(course, Kind.HAND_OUT, students[:1], actor=None, assignment=assignment)
    Transfer.objects.filter(batch=again).update(state=State.FAILED)
    empty = step_start(course, Kind.COLLECT, [], actor=None, assignment=assignment)
    Transfer.objects.update(ended=now - timedelta(days=101))
    Batch.objects.update(created=now - timedelta(days=101))
    new = step_start(course, Kind.RUN, students, actor=None)
    Transfer.objects.filter(batch=new).update(state=State.DONE, ended=now - timedelta(days=99))

    settings.CLASSROOM = {"KEEP_TRANSFERS_DAYS": 0}
    prune(now)
    assert Batch.objects.count() == 4
    settings.CLASSROOM = {"KEEP_TRANSFERS_DAYS": 100}
    prune(now)
    assert set(Batch.objects.all()) == {again, new}
    assert Transfer.objects.filter(batch=again).count() == 1
    assert Transfer.objects.count() == 1 + len(students)
    assert not Batch.objects.filter(pk=empty.pk).exists()


def test_sessions_of_who_signed_in_long_ago_go(db: None) -> None:
    now = timezone.now()
    Session.objects.create(session_key="old", expire_date=now - timedelta(seconds=1))
    Session.objects.create(session_key="new", expire_date=now + timedelta(seconds=60))
    prune(now)
    assert Session.objects.get().session_key == "new"


@pytest.mark.parametrize("path", [work.module_path, "classroom.services.working.work"])
def test_tasks_that_have_ended_go_by_whatever_name(db: None, path: str) -> None:
    now = timezone.now()
    wake()
    ended = DBTaskResult.objects.get()
    ended.task_path, ended.status = path, TaskResultStatus.SUCCESSFUL
    ended.finished_at = now - timedelta(minutes=50)
    ended.save()
    wake()
    prune(now)
    assert DBTaskResult.objects.count() == 2
    prune(now + timedelta(minutes=20))
    assert DBTaskResult.objects.get().status == TaskResultStatus.READY
