"""What the workers tell on their own: failed steps and submissions, and what is soon due."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from classroom.models import (
    Batch,
    Kind,
    Membership,
    Notice,
    Role,
    SectionAssistant,
    Submission,
    Transfer,
)
from classroom.notices.rounds import forget, tell_what_came
from classroom.rules.last_submit import UNCHANGED
from tests.classroom import factories
from tests.classroom.notices.conftest import Class

State = Transfer.State
HOUR = timedelta(hours=1)


def told(kind: Notice.Kind) -> list[tuple[str, dict[str, Any]]]:
    rows = Notice.objects.filter(kind=kind).order_by("pk")
    return [(row.user.get_username(), row.details) for row in rows.select_related("user")]


def ended(
    room: Class, student: Membership, state: State, batch: Batch | None = None, **fields: Any
) -> Transfer:
    kind = batch.kind if batch else Kind.SUBMIT
    return Transfer.objects.create(
        **{"ended": timezone.now(), "error_code": "nothing"} | fields,
        batch=batch,
        course=room.course,
        kind=kind,
        assignment=room.homework,
        member=student,
        lane=Transfer.lane_of(room.course, student),
        key=f"{kind}:{batch.pk if batch else 0}:{student.pk}",
        state=state,
        options={"at": timezone.now().isoformat()},
    )


class TestFailedSteps:
    def test_who_started_it_is_told_once_when_it_is_over(self, room: Class) -> None:
        factories.enrol(room.course, factories.make_user("theo"), Role.ASSISTANT)
        batch = Batch.objects.create(
            course=room.course, kind=Kind.COLLECT, assignment=room.homework, actor=room.teacher.user
        )
        ended(room, room.ada, State.FAILED, batch)
        waiting = ended(room, room.bob, State.RUNNING, batch, ended=None)
        tell_what_came()
        assert told(Notice.Kind.STEP_FAILED) == []
        waiting.state, waiting.ended = State.FAILED, timezone.now()
        waiting.save()
        for _ in range(2):
            tell_what_came()
        details = {"batch": batch.pk, "batches": [batch.pk], "step": "collect", "count": 2}
        assert told(Notice.Kind.STEP_FAILED) == [("tina", details)]

    @pytest.mark.parametrize("gone", [False, True])
    def test_all_staff_is_told_of_a_date_s_own_and_of_who_left(
        self, room: Class, gone: bool
    ) -> None:
        factories.enrol(room.course, factories.make_user("theo"), Role.ASSISTANT)
        actor = factories.make_user("former") if gone else None
        batch = Batch.objects.create(
            course=room.course, kind=Kind.HAND_OUT, assignment=room.homework, actor=actor
        )
        ended(room, room.ada, State.FAILED, batch)
        tell_what_came()
        assert {who for who, _ in told(Notice.Kind.STEP_FAILED)} == {"tina", "theo"}

    def test_an_assistant_of_a_section_is_told_of_its_students_alone(self, room: Class) -> None:
        for name, section in (("theo", "a"), ("thea", "C")):
            assistant = factories.enrol(room.course, factories.make_user(name), Role.ASSISTANT)
            SectionAssistant.objects.create(membership=assistant, section=section)
        Membership.objects.filter(pk=room.ada.pk).update(section="A")
        batch = Batch.objects.create(
            course=room.course, kind=Kind.HAND_OUT, assignment=room.homework
        )
        for student in (room.ada, room.bob):
            ended(room, student, State.FAILED, batch)
        tell_what_came()
        found = {who: details["count"] for who, details in told(Notice.Kind.STEP_FAILED)}
        assert found == {"tina": 2, "theo": 1}

    def test_what_dates_start_again_and_again_is_told_once_an_hour(self, room: Class) -> None:
        def fails(student: Membership) -> Batch:
            batch = Batch.objects.create(
                course=room.course, kind=Kind.HAND_OUT, assignment=room.homework
            )
            ended(room, student, State.FAILED, batch)
            tell_what_came()
            return batch

        batches = [fails(room.ada).pk for _ in range(9)]
        assert [details["batches"] for _, details in told(Notice.Kind.STEP_FAILED)] == [batches[:1]]
        for _ in range(2):
            tell_what_came(timezone.now() + HOUR + timedelta(seconds=1))
        [_, (_, details)] = told(Notice.Kind.STEP_FAILED)
        assert (details["batches"], details["count"]) == (batches[1:], 8)

    def test_what_was_left_out_or_failed_long_ago_is_no_news(self, room: Class) -> None:
        for state, at in ((State.CANCELLED, timezone.now()), (State.FAILED, None)):
            batch = Batch.objects.create(course=room.course, kind=Kind.RETURN)
            ended(room, room.ada, state, batch, ended=at or timezone.now() - timedelta(days=2))
        tell_what_came()
        assert not Notice.objects.exists()


class TestFailedSubmissions:
    def test_its_student_is_told_once(self, room: Class) -> None:
        transfer = ended(room, room.ada, State.FAILED)
        for _ in range(2):
            tell_what_came()
        assert told(Notice.Kind.SUBMIT_FAILED) == [("ada", {"at": transfer.options["at"]})]

    def test_a_hundred_failures_are_one_notice_an_hour(self, room: Class) -> None:
        for _ in range(100):
            ended(room, room.ada, State.FAILED)
            tell_what_came()
        assert len(told(Notice.Kind.SUBMIT_FAILED)) == 1
        tell_what_came(timezone.now() + HOUR + timedelta(seconds=1))
        assert len(told(Notice.Kind.SUBMIT_FAILED)) == 2

    def test_not_where_another_followed_or_nothing_is_missing(self, room: Class) -> None:
        ended(room, room.ada, State.FAILED)
        ended(room, room.ada, State.DONE)
        ended(room, room.bob, State.FAILED, error_code=UNCHANGED)
        tell_what_came()
        assert not Notice.objects.exists()


class TestDueSoon:
    @pytest.fixture
    def due(self, room: Class) -> datetime:
        due = timezone.now() + 23 * HOUR
        Submission.objects.update(due=due)
        return due

    def test_whoever_has_not_submitted_is_told_once(self, room: Class, due: datetime) -> None:
        Submission.objects.filter(student=room.bob).update(submitted=timezone.now())
        for _ in range(2):
            tell_what_came()
        assert told(Notice.Kind.DUE_SOON) == [("ada", {"due": due.isoformat()})]

    def test_a_due_time_that_moves_is_told_again_once_for_each_moment(
        self, room: Class, due: datetime
    ) -> None:
        works = Submission.objects.filter(student=room.ada)
        for moment in (due, due + 9 * HOUR, due - HOUR, due - HOUR, due):
            works.update(due=moment)
            tell_what_came()
        assert [details["due"] for who, details in told(Notice.Kind.DUE_SOON) if who == "ada"] == [
            due.isoformat(),
            (due - HOUR).isoformat(),
        ]

    def test_an_extension_s_own_time_counts(self, room: Class, due: datetime) -> None:
        Submission.objects.filter(student=room.bob).update(due=due + 48 * HOUR)
        tell_what_came()
        assert [who for who, _ in told(Notice.Kind.DUE_SOON)] == ["ada"]
        tell_what_came(due + 25 * HOUR)
        assert [who for who, _ in told(Notice.Kind.DUE_SOON)] == ["ada", "bob"]

    @pytest.mark.parametrize(
        "change",
        [
            {"handed_out": None},
            {"collected": True},
            {"due": None},
            {"past": True},
            {"left": True},
            {"off": True},
            {"gone": True},
            {"handout": True},
        ],
    )
    def test_nobody_else_is(self, room: Class, due: datetime, change: dict[str, Any]) -> None:
        now = timezone.now()
        match change:
            case {"past": True}:
                Submission.objects.update(due=now)
            case {"left": True}:
                Membership.objects.update(removed=now)
            case {"off": True}:
                type(room.ada.user).objects.update(is_active=False)
            case {"gone": True}:
                type(room.homework).objects.update(removed=now)
            case {"handout": True}:
                type(room.homework).objects.update(handout=True)
            case {"collected": _}:
                Submission.objects.update(collected=now)
            case _:
                Submission.objects.update(**change)
        tell_what_came()
        assert not Notice.objects.exists()

    def test_a_class_costs_as_much_as_a_student(
        self, room: Class, due: datetime, django_assert_max_num_queries: Any
    ) -> None:
        for number in range(20):
            factories.enrol(room.course, factories.make_user(f"s{number}"))
        Submission.objects.update(due=due, handed_out=timezone.now())
        with django_assert_max_num_queries(7):
            tell_what_came()
        assert len(told(Notice.Kind.DUE_SOON)) == 22
        with django_assert_max_num_queries(2):
            tell_what_came()


def test_what_was_read_goes_after_three_months_and_the_rest_after_a_year(room: Class) -> None:
    now = timezone.now()
    for days, read in ((80, True), (91, True), (91, False), (366, False)):
        room.tell(room.ada, key=f"{days}-{read}")
        Notice.objects.filter(key=f"{days}-{read}").update(
            created=now - timedelta(days=days), read=now if read else None
        )
    forget(now)
    assert set(Notice.objects.values_list("key", flat=True)) == {"80-True", "91-False"}
