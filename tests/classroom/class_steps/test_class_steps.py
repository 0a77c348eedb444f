"""What a teacher's button writes: who takes part, who is joined."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from classroom.assignments.assignments import assignment_remove
from classroom.class_steps import class_steps, class_totals
from classroom.class_steps.failures import failed_of
from classroom.class_steps.next_step import Do
from classroom.engine.queue import transfer_add
from classroom.models import Assignment, Batch, Course, Kind, Membership, Submission, Transfer
from classroom.people.roster import member_remove
from embedding.models import Event
from embedding.problems import Problem
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


@pytest.fixture
def assignment(course: Course, students: list[Membership]) -> Assignment:
    return factories.make_assignment(course, files=FILES)


def members(batch: Batch) -> list[Membership]:
    rows = batch.transfers.select_related("member").order_by("member")
    return [row.member for row in rows if row.member]


def change(assignment: Assignment, students: list[Membership], **fields: object) -> None:
    Submission.objects.filter(assignment=assignment, student__in=students).update(**fields)


class TestHandOut:
    def test_to_all_means_that_it_is_out(
        self, assignment: Assignment, students: list[Membership], emmy: User
    ) -> None:
        change(assignment, students[:1], handed_out=timezone.now())
        batch = class_steps.hand_out(assignment, "missing", actor=emmy)
        assert members(batch) == students[1:]
        assignment.refresh_from_db()
        assert assignment.out is not None
        event = Event.objects.get(action="course.hand_out")
        assert (event.actor, event.detail["students"]) == ("emmy", 3)

    def test_to_chosen_ones_is_not_out_for_all(
        self, assignment: Assignment, students: list[Membership], emmy: User
    ) -> None:
        batch = class_steps.hand_out(assignment, [students[2].pk, 999_999], actor=emmy)
        assert members(batch) == [students[2]]
        assignment.refresh_from_db()
        assert assignment.out is None

    def test_staff_strangers_and_those_who_left_take_no_part(
        self, assignment: Assignment, students: list[Membership], emmy: User
    ) -> None:
        other = factories.make_course(factories.make_user("other", teacher=True))
        stranger = factories.enrol(other, factories.make_user("stranger"))
        member_remove(students[0], actor=emmy)
        staff = Membership.objects.get(course=assignment.course, user=emmy)
        ids = [stranger.pk, staff.pk, *(student.pk for student in students)]
        assert members(class_steps.hand_out(assignment, ids, actor=emmy)) == students[1:]

    def test_overwriting_is_asked_for(
        self, assignment: Assignment, students: list[Membership], emmy: User
    ) -> None:
        change(assignment, students, handed_out=timezone.now())
        batch = class_steps.hand_out(assignment, "all", actor=emmy, overwrite=True)
        assert batch.options == {"overwrite": True}
        assert {row.options["overwrite"] for row in batch.transfers.all()} == {True}

    @pytest.mark.parametrize("version", ["missing", "making", "check", "failed"])
    def test_what_is_not_ready_is_not_handed_out(
        self, assignment: Assignment, emmy: User, version: str
    ) -> None:
        assignment.version = version
        with pytest.raises(Problem, match="cannot be handed out yet"):
            class_steps.hand_out(assignment, "all", actor=emmy)
        assert not Batch.objects.exists()

    def test_for_nobody_says_so(
        self, assignment: Assignment, students: list[Membership], emmy: User
    ) -> None:
        change(assignment, students, handed_out=timezone.now())
        with pytest.raises(Problem, match="nobody"):
            class_steps.hand_out(assignment, "missing", actor=emmy)
        with pytest.raises(Problem, match="nobody"):
            class_steps.hand_out(assignment, [], actor=emmy)


class TestTogether:
    def test_a_second_teacher_joins_the_first(
        self, assignment: Assignment, students: list[Membership], emmy: User
    ) -> None:
        other = factories.make_user("max")
        first = class_steps.hand_out(assignment, "all", actor=emmy)
        assert class_steps.hand_out(assignment, "all", actor=other) == first
        assert Batch.objects.count() == 1
        assert Transfer.objects.count() == len(students)
        assert not Event.objects.filter(actor="max").exists()

    def test_one_who_removes_the_assignment_ends_what_has_not_begun(
        self, assignment: Assignment, emmy: User
    ) -> None:
        batch = class_steps.hand_out(assignment, "all", actor=emmy)
        assignment_remove(assignment, by=emmy)
        assert factories.work_off() == []
        assert set(batch.transfers.values_list("state", flat=True)) == {State.CANCELLED}

    def test_a_student_removed_in_the_middle_is_left_out(
        self, assignment: Assignment, students: list[Membership], emmy: User
    ) -> None:
        batch = class_steps.hand_out(assignment, "all", actor=emmy)
        member_remove(students[0], actor=emmy)
        row = batch.transfers.get(member=students[0])
        assert (row.state, row.error) == (State.CANCELLED, "No longer in the course.")


class TestCollectAndReturn:
    def test_collecting_is_for_those_who_have_it(
        self, assignment: Assignment, students: list[Membership], emmy: User
    ) -> None:
        now = timezone.now()
        change(assignment, students[:3], handed_out=now)
        change(assignment, students[:1], collected=now)
        batch = class_steps.collect(assignment, "missing", actor=emmy)
        assert members(batch) == students[1:3]
        batch.transfers.update(state=State.DONE)
        assert members(class_steps.collect(assignment, "all", actor=emmy)) == students[:3]

    def test_who_still_has_time_is_left_out(
        self, assignment: Assignment, students: list[Membership], emmy: User
    ) -> None:
        now, hour = timezone.now(), timedelta(hours=1)
        change(assignment, students, handed_out=now, due=now - hour)
        change(assignment, students[:2], due=now + hour)
        change(assignment, students[3:], due=None)
        working = class_steps.still_working(assignment, "all")
        assert [row.student for row in working] == students[:2]
        batch = class_steps.collect(assignment, "all", actor=emmy)
        assert members(batch) == students[2:]
        batch.transfers.update(state=State.FAILED)
        # Nor when it is done again: meanwhile one of them got an extension.
        change(assignment, students[2:3], due=now + hour)
        assert members(class_steps.retry_failed(batch, actor=emmy)) == students[3:]
        everybody = [each.pk for each in students]
        with pytest.raises(Problem, match="still have time"):
            class_steps.collect(assignment, everybody[:2], actor=emmy)
        Transfer.objects.update(state=State.DONE)
        early = class_steps.collect(assignment, everybody, actor=emmy, early=True)
        assert members(early) == students
        early.transfers.update(state=State.FAILED)
        assert members(class_steps.retry_failed(early, actor=emmy)) == students

    def test_what_was_submitted_again_is_missing(
        self, assignment: Assignment, students: list[Membership], emmy: User
    ) -> None:
        now, hour = timezone.now(), timedelta(hours=1)
        change(assignment, students, handed_out=now, collected=now, submitted=now - hour)
        change(assignment, students[1:2], submitted=now + hour)
        batch = class_steps.collect(assignment, "missing", actor=emmy)
        assert members(batch) == students[1:2]

    def test_chosen_ones_without_it_are_told_of(
        self, assignment: Assignment, students: list[Membership], emmy: User
    ) -> None:
        batch = class_steps.collect(assignment, [students[0].pk], actor=emmy)
        factories.work_off()
        row = batch.transfers.get()
        assert (row.state, row.error_code) == (State.CANCELLED, "skipped")
        assert "Not handed out" in row.error

    def test_returning_is_for_what_is_graded_and_again_when_that_changed(
        self, assignment: Assignment, students: list[Membership], emmy: User
    ) -> None:
        now = timezone.now()
        change(assignment, students, handed_out=now, collected=now)
        change(assignment, students[:2], score=Decimal(3), graded=now)
        change(assignment, students[2:3], comment="See me.", graded=now)
        change(assignment, students[:1], returned=now)
        batch = class_steps.give_back(assignment, "missing", actor=emmy)
        assert members(batch) == students[1:3]
        batch.transfers.update(state=State.DONE)
        change(assignment, students[:3], returned=now)
        with pytest.raises(Problem, match="Nothing was returned"):
            class_steps.give_back(assignment, "missing", actor=emmy)
        change(assignment, students[:1], graded=timezone.now())
        assert members(class_steps.give_back(assignment, "missing", actor=emmy)) == students[:1]

    def test_a_handout_comes_not_back(
        self, course: Course, students: list[Membership], emmy: User
    ) -> None:
        handout = factories.make_assignment(course, "Slides", handout=True, files=FILES)
        for step in (class_steps.collect, class_steps.give_back):
            with pytest.raises(Problem, match="A handout is not"):
                step(handout, "all", actor=emmy)
        assert class_steps.hand_out(handout, "all", actor=emmy).transfers.count() == 4


class TestRetry:
    def test_it_acts_on_the_failed_alone(
        self, assignment: Assignment, students: list[Membership], emmy: User
    ) -> None:
        change(assignment, students, handed_out=timezone.now())
        batch = class_steps.hand_out(assignment, "all", actor=emmy, overwrite=True)
        batch.transfers.update(state=State.DONE)
        batch.transfers.filter(member__in=students[:2]).update(state=State.FAILED)
        Membership.objects.filter(pk=students[0].pk).update(removed=timezone.now())
        again = class_steps.retry_failed(batch, actor=emmy)
        assert members(again) == students[1:2]
        assert Event.objects.filter(action="course.hand_out", detail__students=1).count() == 1
        assert again.options == {"overwrite": True}
        assert again.transfers.get().options == {"overwrite": True}

    def test_pressed_twice_it_joins(
        self, assignment: Assignment, students: list[Membership], emmy: User
    ) -> None:
        batch = class_steps.hand_out(assignment, "all", actor=emmy)
        batch.transfers.update(state=State.FAILED)
        again = class_steps.retry_failed(batch, actor=emmy)
        assert class_steps.retry_failed(batch, actor=emmy) == again

    def test_with_nothing_failed_it_says_so(
        self, assignment: Assignment, students: list[Membership], emmy: User
    ) -> None:
        batch = class_steps.hand_out(assignment, "all", actor=emmy)
        with pytest.raises(Problem, match="nothing to try again"):
            class_steps.retry_failed(batch, actor=emmy)

    def test_the_last_try_of_each_is_done_again_as_it_was_asked_for(
        self, assignment: Assignment, students: list[Membership], emmy: User
    ) -> None:
        """Whatever step it was of: also what a student has asked for by opening the work."""
        one, two, three, _ = students
        change(assignment, students, handed_out=timezone.now())
        class_steps.hand_out(assignment, [one.pk, two.pk], actor=emmy, overwrite=True)
        Transfer.objects.update(state=State.FAILED, error="No space left.")
        class_steps.hand_out(assignment, [two.pk], actor=emmy)
        Transfer.objects.filter(state=State.QUEUED).update(state=State.DONE)
        transfer_add(assignment.course, Kind.HAND_OUT, three, assignment=assignment)
        Transfer.objects.filter(state=State.QUEUED).update(state=State.FAILED, error="Away.")
        assert failed_of([assignment])[assignment.pk].students == 2
        class_steps.try_again(assignment, Kind.HAND_OUT, actor=emmy)
        queued = Transfer.objects.filter(state=State.QUEUED)
        assert {(row.member, bool(row.options)) for row in queued} == {(one, True), (three, False)}
        assert failed_of([assignment]) == {}
        with pytest.raises(Problem, match="nothing to try again"):
            class_steps.try_again(assignment, Kind.COLLECT, actor=emmy)

    def test_what_may_not_go_out_is_not_tried_again(
        self, assignment: Assignment, students: list[Membership], emmy: User
    ) -> None:
        class_steps.hand_out(assignment, "all", actor=emmy)
        Transfer.objects.update(state=State.FAILED)
        Assignment.objects.update(version=Assignment.Version.CHECK)
        assignment.refresh_from_db()
        with pytest.raises(Problem, match="cannot be handed out yet"):
            class_steps.try_again(assignment, Kind.HAND_OUT, actor=emmy)


class TestTotals:
    def test_the_next_step_of_a_course_is_that_of_each_assignment(
        self, course: Course, assignment: Assignment, students: list[Membership], emmy: User
    ) -> None:
        one, two, three, four = students
        now, hour = timezone.now(), timedelta(hours=1)
        viewer = Membership.objects.get(user=emmy, course=course)
        marked = factories.make_assignment(course, "Marked", files=FILES, marked=True)
        factories.make_assignment(course, "Empty", version=Assignment.Version.MISSING)
        failing = factories.make_assignment(course, "Failing", files=FILES)
        class_steps.hand_out(failing, [one.pk], actor=emmy)
        Transfer.objects.update(state=State.FAILED, error="No space left.")
        busy = factories.make_assignment(course, "Busy", files=FILES)
        class_steps.hand_out(busy, "all", actor=emmy)
        for each in (assignment, marked):
            change(each, students, handed_out=now, submitted=now - 2 * hour, collected=now - hour)
        change(assignment, [one], score=1, graded=now)
        change(assignment, [two], comment="Good.", graded=now)
        change(assignment, [three], score=1, graded=now - 2 * hour)  # renewed since
        change(marked, [one], score=1, graded=now)
        change(marked, [two], details={"manual": True})
        Membership.objects.filter(pk=four.pk).update(removed=now)
        found = {
            each.title: (step.do, step.button)
            for each, _, step in class_totals.with_next_steps(course, viewer)
        }
        assert found == {
            "Homework 1": (Do.GRADE, "Grade 1 student"),
            "Marked": (Do.AUTOGRADE, "Autograde 1 student"),
            "Empty": (Do.ADD_FILES, "Add files"),
            "Failing": (Do.TRY_AGAIN, "Try again for 1 student"),
            "Busy": (Do.WAIT, ""),
        }
        for each, numbers, step in class_totals.with_next_steps(course, viewer):
            alone = class_totals.totals(each)
            assert alone == {name: value for name, value in numbers.items() if name in alone}
            assert class_totals.comes_next(each, alone, viewer) == step

    def test_the_number_of_queries_stays_as_it_is(
        self, course: Course, assignment: Assignment, emmy: User
    ) -> None:
        viewer = Membership.objects.get(user=emmy, course=course)
        with CaptureQueriesContext(connection) as few:
            class_totals.with_next_steps(course, viewer)
        for n in range(5):
            factories.make_assignment(course, f"More {n}", files=FILES)
        with CaptureQueriesContext(connection) as many:
            class_totals.with_next_steps(course, viewer)
        assert len(many) == len(few)
