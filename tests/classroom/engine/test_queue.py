"""Rows of the queue: one of a key, and the more urgent ones first."""

import pytest
from django.contrib.auth.models import User

from classroom.engine.queue import QUIET, URGENT, step_start, transfer_add
from classroom.models import Batch, Course, Kind, Membership, Transfer
from tests.classroom import factories

State = Transfer.State
FILES = [{"path": "a.ipynb", "size": 1, "sha256": "0" * 64}]


@pytest.fixture
def emmy(db: None) -> User:
    return factories.make_user("emmy", teacher=True)


@pytest.fixture
def course(emmy: User) -> Course:
    return factories.make_course(emmy)


@pytest.fixture
def students(course: Course) -> list[Membership]:
    return [factories.enrol(course, factories.make_user(f"s{n}")) for n in range(4)]


def members(batch: Batch) -> list[Membership]:
    rows = batch.transfers.select_related("member").order_by("member")
    return [row.member for row in rows if row.member]


class TestQueue:
    def test_pressing_twice_does_it_once(
        self, course: Course, students: list[Membership], emmy: User
    ) -> None:
        first = step_start(course, Kind.HAND_OUT, students[:3], actor=emmy)
        second = step_start(course, Kind.HAND_OUT, students, actor=emmy)
        assert members(first) == students[:3]
        assert members(second) == students[3:]

    def test_one_that_has_ended_may_be_done_again(
        self, course: Course, students: list[Membership]
    ) -> None:
        first = transfer_add(course, Kind.PREPARE, students[0])
        assert transfer_add(course, Kind.PREPARE, students[0]) == first
        for state in (State.DONE, State.FAILED, State.CANCELLED):
            Transfer.objects.filter(key=first.key).update(state=state)
            again = transfer_add(course, Kind.PREPARE, students[0])
            assert again != first
            again.delete()

    def test_somebody_who_waits_moves_it_forward(
        self, course: Course, students: list[Membership]
    ) -> None:
        row = transfer_add(course, Kind.PREPARE, students[0], priority=QUIET)
        transfer_add(course, Kind.PREPARE, students[0], priority=URGENT)
        row.refresh_from_db()
        assert row.priority == URGENT
        transfer_add(course, Kind.PREPARE, students[0], priority=QUIET)
        row.refresh_from_db()
        assert row.priority == URGENT

    def test_the_courses_own_project_has_a_lane_too(self, course: Course) -> None:
        row = transfer_add(course, Kind.VERSION)
        assert (row.member, row.lane) == (None, f"course:{course.pk}")
