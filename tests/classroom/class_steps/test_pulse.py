"""What a moment brings: releases, due times, newcomers; the clock is turned by the test."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from django_tasks import TaskResultStatus
from django_tasks_db.models import DBTaskResult

from classroom.class_steps import class_steps
from classroom.class_steps.pulse import pulse
from classroom.engine.queue import transfer_add
from classroom.models import (
    Assignment,
    Batch,
    Course,
    Extension,
    Kind,
    Membership,
    Submission,
    Transfer,
)
from classroom.people.roster import member_remove, student_enrol
from classroom.rules.deadlines import due_update
from embedding.models import Event
from tests.classroom import factories

State = Transfer.State
NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)
SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)
FILES = [{"path": "a.ipynb", "size": 1, "sha256": "0" * 64}]


@pytest.fixture
def emmy(db: None) -> User:
    return factories.make_user("emmy", teacher=True)


@pytest.fixture
def course(emmy: User) -> Course:
    return factories.make_course(emmy)


@pytest.fixture
def students(course: Course) -> list[Membership]:
    return [factories.enrol(course, factories.make_user(f"s{n}")) for n in range(3)]


def rows(kind: Kind) -> list[Transfer]:
    return list(Transfer.objects.filter(kind=kind).order_by("member", "pk"))


def end(state: str, **conditions: object) -> None:
    Transfer.objects.filter(state__in=Transfer.ACTIVE, **conditions).update(state=state)


class TestRelease:
    @pytest.fixture
    def assignment(self, course: Course, students: list[Membership]) -> Assignment:
        return factories.make_assignment(course, files=FILES, release=NOON)

    def test_it_goes_out_at_its_time_and_not_before(
        self, assignment: Assignment, students: list[Membership]
    ) -> None:
        pulse(NOON - SECOND)
        assert rows(Kind.HAND_OUT) == []
        pulse(NOON)
        assert [row.member for row in rows(Kind.HAND_OUT)] == students
        assert Batch.objects.get().actor is None
        event = Event.objects.get(action="course.hand_out")
        assert (event.actor, event.detail["students"]) == ("", 3)
        assignment.refresh_from_db()
        assert assignment.out == NOON

    def test_asked_again_it_starts_nothing_more(
        self, assignment: Assignment, students: list[Membership]
    ) -> None:
        for seconds in range(3):
            pulse(NOON + seconds * SECOND)
        assert Transfer.objects.count() == 3
        end(State.DONE)
        Submission.objects.update(handed_out=NOON)
        pulse(NOON + HOUR)
        assert Transfer.objects.count() == 3

    def test_late_after_a_night_without_workers_it_goes_out_all_the_same(
        self, assignment: Assignment
    ) -> None:
        pulse(NOON + timedelta(days=2))
        assert len(rows(Kind.HAND_OUT)) == 3

    def test_what_failed_waits_for_a_teacher(
        self, assignment: Assignment, students: list[Membership], emmy: User
    ) -> None:
        pulse(NOON)
        end(State.FAILED, member=students[0])
        end(State.DONE)
        Submission.objects.exclude(student=students[0]).update(handed_out=NOON)
        pulse(NOON + HOUR)
        assert len(rows(Kind.HAND_OUT)) == 3
        class_steps.retry_failed(Batch.objects.get(), actor=emmy)
        assert len(rows(Kind.HAND_OUT)) == 4

    def test_what_is_not_ready_goes_out_once_it_is(self, assignment: Assignment) -> None:
        Assignment.objects.update(version=Assignment.Version.CHECK)
        pulse(NOON)
        assert rows(Kind.HAND_OUT) == []
        Assignment.objects.update(version=Assignment.Version.READY)
        pulse(NOON + HOUR)
        assert len(rows(Kind.HAND_OUT)) == 3

    def test_a_newcomer_gets_what_is_out_and_no_more(
        self, course: Course, assignment: Assignment, emmy: User
    ) -> None:
        factories.make_assignment(course, "Not out", files=FILES)
        pulse(NOON)
        end(State.DONE)
        Submission.objects.filter(assignment=assignment).update(handed_out=NOON)
        late = student_enrol(course, factories.make_user("late"), actor=emmy)
        pulse(NOON + HOUR)
        new = Transfer.objects.get(kind=Kind.HAND_OUT, state=State.QUEUED)
        assert (new.member, new.assignment) == (late, assignment)

    def test_who_comes_back_gets_what_came_meanwhile(
        self, course: Course, assignment: Assignment, students: list[Membership], emmy: User
    ) -> None:
        member_remove(students[0], actor=emmy)
        pulse(NOON)
        assert [row.member for row in rows(Kind.HAND_OUT)] == students[1:]
        student_enrol(course, students[0].user, actor=emmy)
        pulse(NOON + HOUR)
        assert {row.member for row in rows(Kind.HAND_OUT)} == set(students)

    def test_one_who_was_removed_while_it_was_queued_gets_it_when_back(
        self, course: Course, assignment: Assignment, students: list[Membership], emmy: User
    ) -> None:
        pulse(NOON)
        member_remove(students[0], actor=emmy)
        pulse(NOON + SECOND)
        student_enrol(course, students[0].user, actor=emmy)
        pulse(NOON + HOUR)
        states = [row.state for row in rows(Kind.HAND_OUT) if row.member == students[0]]
        assert states == [State.CANCELLED, State.QUEUED]

    def test_a_removed_assignment_stays_in(self, assignment: Assignment) -> None:
        Assignment.objects.update(removed=NOON - HOUR)
        pulse(NOON)
        assert rows(Kind.HAND_OUT) == []


class TestDue:
    @pytest.fixture
    def assignment(self, course: Course, students: list[Membership]) -> Assignment:
        assignment = factories.make_assignment(course, files=FILES, due=NOON)
        Submission.objects.update(handed_out=NOON - HOUR)
        return assignment

    def test_it_is_collected_at_its_time_and_not_before(
        self, assignment: Assignment, students: list[Membership]
    ) -> None:
        pulse(NOON - SECOND)
        assert rows(Kind.COLLECT) == []
        pulse(NOON)
        assert [row.member for row in rows(Kind.COLLECT)] == students
        pulse(NOON + SECOND)
        assert len(rows(Kind.COLLECT)) == 3

    def test_an_extension_moves_its_students(
        self, assignment: Assignment, students: list[Membership]
    ) -> None:
        Extension.objects.create(assignment=assignment, student=students[0], due=NOON + HOUR)
        due_update(assignment)
        pulse(NOON)
        assert [row.member for row in rows(Kind.COLLECT)] == students[1:]
        pulse(NOON + HOUR)
        assert {row.member for row in rows(Kind.COLLECT)} == set(students)

    def test_a_due_time_that_moves_collects_once_more(
        self, assignment: Assignment, students: list[Membership]
    ) -> None:
        pulse(NOON)
        end(State.DONE)
        Submission.objects.update(collected=NOON, collected_for=NOON)
        pulse(NOON + SECOND)
        assert len(rows(Kind.COLLECT)) == 3
        assignment.due = NOON + HOUR
        assignment.save()
        due_update(assignment)
        pulse(NOON + HOUR - SECOND)
        assert len(rows(Kind.COLLECT)) == 3
        pulse(NOON + HOUR)
        assert len(rows(Kind.COLLECT)) == 6

    def test_only_what_was_handed_out_and_can_come_back(
        self, course: Course, assignment: Assignment, students: list[Membership]
    ) -> None:
        factories.make_assignment(course, "Slides", handout=True, due=NOON)
        Submission.objects.update(handed_out=NOON - HOUR)
        Submission.objects.filter(student=students[0]).update(handed_out=None)
        Membership.objects.filter(pk=students[1].pk).update(removed=NOON)
        pulse(NOON)
        [row] = rows(Kind.COLLECT)
        assert (row.member, row.assignment) == (students[2], assignment)

    def test_what_a_teacher_began_before_is_waited_for_and_then_collected_for_the_date(
        self, assignment: Assignment, students: list[Membership], emmy: User
    ) -> None:
        class_steps.collect(assignment, "all", actor=emmy)
        Transfer.objects.update(created=NOON - SECOND)
        pulse(NOON)
        assert len(rows(Kind.COLLECT)) == 3
        end(State.DONE)  # it began before the time, so it is not collected for it
        Submission.objects.update(collected=NOON)
        pulse(NOON + SECOND)
        assert len(rows(Kind.COLLECT)) == 6

    def test_what_failed_at_the_date_waits_for_a_teacher(
        self, assignment: Assignment, students: list[Membership]
    ) -> None:
        transfer_add(assignment.course, Kind.COLLECT, students[0], assignment=assignment)
        Transfer.objects.update(state=State.FAILED, created=NOON - HOUR)
        pulse(NOON)  # a failure from before the date is not one of the date's
        assert len(rows(Kind.COLLECT)) == 4
        Transfer.objects.filter(state=State.QUEUED).update(created=NOON, state=State.FAILED)
        pulse(NOON + HOUR)
        assert len(rows(Kind.COLLECT)) == 4

    @pytest.mark.parametrize("hour", [0, 1, 2, 3])
    def test_the_night_when_the_clocks_are_put_back(
        self, assignment: Assignment, hour: int
    ) -> None:
        """02:30 in Berlin comes twice on 25 October 2026: what counts is the moment."""
        night = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
        Submission.objects.update(due=night + HOUR)
        pulse(night + hour * HOUR)
        assert bool(rows(Kind.COLLECT)) == (hour >= 1)


class TestCosts:
    def test_with_nothing_to_do_it_asks_four_times(
        self, course: Course, students: list[Membership], django_assert_num_queries: Any
    ) -> None:
        for n in range(5):
            factories.make_assignment(course, f"H{n}", files=FILES, due=NOON + HOUR)
        with django_assert_num_queries(4):
            pulse(NOON)

    def test_handing_out_costs_no_more_for_many(
        self,
        course: Course,
        students: list[Membership],
        django_assert_max_num_queries: Any,
    ) -> None:
        factories.make_assignment(course, files=FILES, release=NOON)
        Membership.objects.filter(pk=students[0].pk).update(removed=NOON)
        with django_assert_max_num_queries(17):
            pulse(NOON)
        assert len(rows(Kind.HAND_OUT)) == 2
        Transfer.objects.all().delete()
        Membership.objects.update(removed=None)
        with django_assert_max_num_queries(17):
            pulse(NOON)
        assert len(rows(Kind.HAND_OUT)) == 3


class TestRest:
    def test_queued_rows_that_nobody_woke_for_are_woken_for(
        self, course: Course, students: list[Membership]
    ) -> None:
        now = timezone.now()
        transfer_add(course, Kind.PREPARE, students[0])
        DBTaskResult.objects.all().delete()
        Transfer.objects.update(not_before=now + HOUR)
        pulse(now)
        assert not DBTaskResult.objects.exists()
        pulse(now + HOUR)
        assert DBTaskResult.objects.get().status == TaskResultStatus.READY
