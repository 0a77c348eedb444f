"""Rows are taken, held, ended, tried again and freed as the modules' rules say."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection, connections
from django.utils import timezone
from django.utils.translation import get_language
from django_tasks import TaskResultStatus
from django_tasks_db.models import DBTaskResult
from pytest_django import Settings

from classroom.class_steps.pulse import pulse
from classroom.engine import performing, working
from classroom.engine.holding import End, claim, give_back, reap, renew, settle
from classroom.engine.queue import QUIET, URGENT, step_start, transfer_add
from classroom.models import Course, Kind, Membership, Profile, Transfer
from classroom.steps.registry import Skip, step_of
from embedding.cocalc.errors import (
    Away,
    CannotConnect,
    CocalcError,
    CommandFailed,
    Forbidden,
    Limited,
    OutcomeUnknown,
)
from embedding.models import CocalcState
from embedding.problems import Busy, Problem, of_cocalc
from embedding.services import state
from sandbox.process import SandboxProcess
from tests.classroom import factories

State = Transfer.State
Run = Callable[[Transfer], dict[str, Any]]


@pytest.fixture
def course(sandbox: SandboxProcess, db: None) -> Course:
    """What fails here is no CoCalc that is down: whoever looks finds that it answers."""
    return factories.make_course(factories.make_user("emmy", teacher=True))


@pytest.fixture
def students(course: Course) -> list[Membership]:
    return [factories.enrol(course, factories.make_user(f"s{n}")) for n in range(5)]


@pytest.fixture
def doing(monkeypatch: pytest.MonkeyPatch) -> Callable[[Run], None]:
    """Let every kind of transfer do this."""

    def use(run: Run) -> None:
        monkeypatch.setattr(performing, "step_of", lambda kind: replace(step_of(kind), run=run))

    return use


def raising(error: BaseException) -> Run:
    def step(transfer: Transfer) -> dict[str, Any]:
        raise error

    return step


def fresh(row: Transfer) -> Transfer:
    return Transfer.objects.get(pk=row.pk)


class TestClaim:
    def test_the_most_urgent_comes_first_then_the_oldest(
        self, course: Course, students: list[Membership]
    ) -> None:
        quiet = transfer_add(course, Kind.PREPARE, students[0], priority=QUIET)
        usual = transfer_add(course, Kind.PREPARE, students[1], priority=0)
        urgent = transfer_add(course, Kind.PREPARE, students[2], priority=URGENT)
        older = transfer_add(course, Kind.PREPARE, students[3], priority=0)
        taken = [claim(1)[0].pk for _ in range(4)]
        assert taken == [urgent.pk, usual.pk, older.pk, quiet.pk]
        assert claim(1) == []

    def test_of_one_lane_one_runs(self, course: Course, students: list[Membership]) -> None:
        for kind in (Kind.PREPARE, Kind.RUN, Kind.EXPEL):
            transfer_add(course, kind, students[0])
        transfer_add(course, Kind.PREPARE, students[1])
        rows = claim(10)
        assert [row.member for row in rows] == students[:2]
        settle([End(rows[0], State.DONE)])
        assert [row.kind for row in claim(10)] == [Kind.RUN]

    def test_a_long_lane_in_front_does_not_hide_the_others(
        self, course: Course, students: list[Membership]
    ) -> None:
        for n in range(30):
            assignment = factories.make_assignment(course, f"Homework {n}")
            transfer_add(course, Kind.HAND_OUT, students[0], assignment=assignment, priority=URGENT)
        for student in students[1:]:
            transfer_add(course, Kind.PREPARE, student)
        assert {row.member for row in claim(3)} < set(students)
        assert {row.lane for row in Transfer.objects.filter(state=State.RUNNING)} >= {
            f"member:{students[0].pk}"
        }
        assert Transfer.objects.filter(state=State.RUNNING).count() == 3

    def test_all_workers_together_run_as_many_as_the_settings_say(
        self, course: Course, students: list[Membership], settings: Settings
    ) -> None:
        settings.CLASSROOM = {"CONCURRENCY": 3}
        step_start(course, Kind.PREPARE, students, actor=None)
        assert len(claim(2)) == 2
        assert len(claim(10)) == 1
        assert claim(10) == []

    def test_what_is_to_wait_waits(self, course: Course, students: list[Membership]) -> None:
        row = transfer_add(course, Kind.PREPARE, students[0])
        Transfer.objects.update(not_before=timezone.now() + timedelta(minutes=1))
        assert claim(1) == []
        assert claim(1, now=timezone.now() + timedelta(minutes=2)) == [row]

    def test_it_costs_the_same_for_one_row_and_for_many(
        self, course: Course, students: list[Membership], django_assert_num_queries: Any
    ) -> None:
        step_start(course, Kind.PREPARE, students, actor=None)
        # Two of them begin and end the transaction; elsewhere than in SQLite one locks.
        with django_assert_num_queries(10 if connection.features.has_select_for_update else 8):
            rows = claim(5)
        with django_assert_num_queries(0):
            for row in rows:
                assert row.member is not None
                assert row.member.course.project.slot
                assert row.member.user.username
                assert row.member.project is not None


class TestHolding:
    def test_who_lost_a_row_writes_nothing_any_more(
        self, course: Course, students: list[Membership]
    ) -> None:
        transfer_add(course, Kind.PREPARE, students[0])
        [slow] = claim(1)
        later = timezone.now() + timedelta(minutes=5)
        reap(later)
        [again] = claim(1)
        assert again.pk == slow.pk
        assert again.attempts == 2
        settle([End(slow, State.FAILED, code="late", error="Too late.")])
        assert fresh(again).state == State.RUNNING
        settle([End(again, State.DONE, result={"n": 1})])
        ended = fresh(again)
        assert (ended.state, ended.result, ended.error) == (State.DONE, {"n": 1}, "")

    def test_a_sign_of_life_keeps_it(self, course: Course, students: list[Membership]) -> None:
        transfer_add(course, Kind.PREPARE, students[0])
        [row] = claim(1)
        Transfer.objects.update(held_until=timezone.now() + timedelta(seconds=1))
        renew([row])
        reap(timezone.now() + timedelta(seconds=10))
        assert fresh(row).state == State.RUNNING

    def test_a_command_of_a_dead_worker_is_not_run_again(
        self, course: Course, students: list[Membership]
    ) -> None:
        row = transfer_add(course, Kind.RUN, students[0])
        claim(1)
        reap(timezone.now() + timedelta(minutes=5))
        assert fresh(row).state == State.FAILED
        assert fresh(row).error_code == "unknown_outcome"
        assert "The command may or may not have run" in fresh(row).error

    def test_what_kills_every_worker_ends_at_last(
        self, course: Course, students: list[Membership], settings: Settings
    ) -> None:
        settings.CLASSROOM = {"ATTEMPTS": 3}
        row = transfer_add(course, Kind.HAND_OUT, students[0])
        for _ in range(3):
            assert claim(1)
            reap(timezone.now() + timedelta(minutes=5))
        assert fresh(row).state == State.FAILED
        assert fresh(row).error_code == "worker_lost"
        assert claim(1) == []

    def test_what_is_given_back_has_lost_no_attempt(
        self, course: Course, students: list[Membership]
    ) -> None:
        row = transfer_add(course, Kind.HAND_OUT, students[0])
        command = transfer_add(course, Kind.RUN, students[1])
        give_back(claim(2))
        assert (fresh(row).state, fresh(row).attempts) == (State.QUEUED, 0)
        assert fresh(command).error_code == "unknown_outcome"


class TestEnds:
    def test_it_writes_in_the_language_of_whoever_asked(
        self,
        course: Course,
        students: list[Membership],
        doing: Callable[[Run], None],
    ) -> None:
        """What a date brings is read by teachers, whose language nobody knows: it is the site's."""
        doing(lambda transfer: {"language": get_language()})
        teacher = Membership.objects.get(course=course, user__username="emmy").user
        for user in (teacher, students[2].user):
            Profile.objects.create(user=user, language="de")
        step_start(course, Kind.PREPARE, students[:1], actor=teacher)
        step_start(course, Kind.PREPARE, students[1:3], actor=None)
        transfer_add(course, Kind.EXPEL, students[2])
        while rows := claim(9):
            settle([performing.perform(row) for row in rows])
        rows = list(Transfer.objects.order_by("pk"))
        assert [row.result["language"] for row in rows] == ["de", "en", "en", "de"]

    def test_done(
        self, course: Course, students: list[Membership], doing: Callable[[Run], None]
    ) -> None:
        doing(lambda transfer: {"said": "bad\0\ud800", "list": ["\0"]})
        row = transfer_add(course, Kind.HAND_OUT, students[0])
        factories.work_off()
        ended = fresh(row)
        assert ended.state == State.DONE
        assert ended.ended is not None
        assert ended.holder is None
        assert ended.result == {"said": "bad\ufffd?", "list": ["\ufffd"]}

    @pytest.mark.parametrize(
        ("error", "state", "counted", "words"),
        [
            (CannotConnect("exec"), State.QUEUED, 1, "cannot be reached"),
            (OutcomeUnknown("exec"), State.QUEUED, 1, "too long"),
            (Limited("exec", retry_after=60), State.QUEUED, 0, "60 seconds"),
            (Busy("account"), State.QUEUED, 0, ""),
            (OperationalError("gone"), State.QUEUED, 1, "database"),
            (Problem("x", "Wait.", status=409, recoverable=True), State.QUEUED, 1, "Wait."),
            (
                Problem("x", "Wait long.", status=503, recoverable=True, retry_after=9),
                State.QUEUED,
                0,
                "Wait long.",
            ),
            (Problem("x", "Never.", status=409), State.FAILED, 1, "Never."),
            (Forbidden("exec"), State.FAILED, 1, "administrator"),
            (CommandFailed("exec", "no space left"), State.FAILED, 1, "no space left"),
            (Skip("Nothing to do."), State.CANCELLED, 1, "Nothing to do."),
            (ValueError("secret"), State.FAILED, 1, "Something went wrong"),
            (SystemExit(1), State.FAILED, 1, "Something went wrong"),
        ],
    )
    def test_each_failure_has_its_end(
        self,
        course: Course,
        students: list[Membership],
        doing: Callable[[Run], None],
        error: BaseException,
        state: str,
        counted: int,
        words: str,
    ) -> None:
        doing(raising(error))
        row = transfer_add(course, Kind.HAND_OUT, students[0])
        factories.work_off()
        ended = fresh(row)
        assert (ended.state, ended.attempts) == (state, counted)
        assert words in ended.error
        assert "secret" not in ended.error + ended.detail
        if state == State.QUEUED:
            assert ended.not_before is not None
            assert ended.not_before > timezone.now()
        else:
            assert ended.error_code
            assert ended.ended is not None

    @pytest.mark.parametrize(
        ("error", "state"),
        [
            (OutcomeUnknown("exec"), State.FAILED),
            (CommandFailed("exec", "killed"), State.FAILED),
            (CannotConnect("exec"), State.QUEUED),
            (Limited("exec", retry_after=60), State.QUEUED),
        ],
    )
    def test_a_command_that_may_have_run_is_not_run_again(
        self,
        course: Course,
        students: list[Membership],
        doing: Callable[[Run], None],
        error: CocalcError,
        state: str,
    ) -> None:
        doing(raising(error))
        row = transfer_add(course, Kind.RUN, students[0])
        factories.work_off()
        assert fresh(row).state == state

    def test_attempts_end_with_the_cause_in_words(
        self, course: Course, students: list[Membership], doing: Callable[[Run], None]
    ) -> None:
        doing(raising(CannotConnect("copy_path", "refused")))
        row = transfer_add(course, Kind.HAND_OUT, students[0])
        pauses = []
        for _ in range(5):
            factories.work_off()
            ended = fresh(row)
            if ended.state == State.QUEUED:
                assert ended.not_before is not None
                pauses.append((ended.not_before - timezone.now()).total_seconds())
                Transfer.objects.update(not_before=None)
        assert ended.state == State.FAILED
        assert ended.attempts == 5
        assert ended.error_code == "cannot_connect"
        assert "cannot be reached" in ended.error
        assert len(pauses) == 4
        assert pauses == sorted(pauses)

    def test_while_cocalc_is_down_it_is_no_attempt(
        self,
        course: Course,
        students: list[Membership],
        doing: Callable[[Run], None],
        settings: Settings,
    ) -> None:
        """A look finds that, and nothing is taken until another one finds it up."""
        url = settings.EMBEDDING["COCALC_API_URL"]
        settings.EMBEDDING = {**settings.EMBEDDING, "COCALC_API_URL": "http://127.0.0.1:9"}
        doing(raising(CannotConnect("copy_path", "refused")))
        row = transfer_add(course, Kind.HAND_OUT, students[0])
        factories.work_off()
        assert state.current().is_down
        waits = fresh(row)
        assert (waits.state, waits.attempts) == (State.QUEUED, 0)
        Transfer.objects.update(not_before=None)
        assert claim(5) == []
        pulse()
        assert not DBTaskResult.objects.filter(status=TaskResultStatus.READY).exists()
        settings.EMBEDDING = {**settings.EMBEDDING, "COCALC_API_URL": url}
        state.look(every=timedelta(0))
        doing(lambda _: {})
        factories.work_off()
        assert fresh(row).state == State.DONE

    @pytest.mark.parametrize(
        ("before", "error", "after"),
        [
            ("", CannotConnect("exec", "refused"), "cannot_connect"),
            ("", OutcomeUnknown("exec", "late"), "outcome_unknown"),
            # That CoCalc is away now does not wipe out what a student's project did before.
            ("outcome_unknown", CannotConnect("exec", "refused"), "outcome_unknown"),
        ],
    )
    def test_what_failed_is_not_forgotten_while_cocalc_is_down(
        self,
        course: Course,
        students: list[Membership],
        doing: Callable[[Run], None],
        settings: Settings,
        before: str,
        error: CocalcError,
        after: str,
    ) -> None:
        settings.EMBEDDING = {**settings.EMBEDDING, "COCALC_API_URL": "http://127.0.0.1:9"}
        doing(raising(error))
        row = transfer_add(course, Kind.COLLECT, students[0])
        Transfer.objects.update(error_code=before)
        factories.work_off()
        assert (fresh(row).attempts, fresh(row).error_code) == (0, after)

    @pytest.mark.parametrize("wrapped", [False, True])
    def test_what_was_not_asked_is_no_attempt_also_where_cocalc_is_back(
        self,
        course: Course,
        students: list[Membership],
        doing: Callable[[Run], None],
        *,
        wrapped: bool,
    ) -> None:
        away = Away("exec", timezone.now())
        doing(raising(of_cocalc(away) if wrapped else away))
        row = transfer_add(course, Kind.COLLECT, students[0])
        state.look()
        assert not state.current().is_down
        factories.work_off()
        assert (fresh(row).state, fresh(row).attempts) == (State.QUEUED, 0)

    def test_a_project_that_fails_a_call_is_no_cocalc_that_is_down(
        self, course: Course, students: list[Membership], doing: Callable[[Run], None]
    ) -> None:
        """Whatever a student's project does, what the site itself looks at does answer."""
        doing(raising(OutcomeUnknown("exec", "no answer")))
        row = transfer_add(course, Kind.COLLECT, students[0])
        factories.work_off()
        assert fresh(row).attempts == 1
        assert state.current().state == "up"

    def test_a_long_outage_uses_up_no_patience(
        self, course: Course, students: list[Membership], doing: Callable[[Run], None]
    ) -> None:
        doing(raising(Busy("project")))
        row = transfer_add(course, Kind.PREPARE, students[0])
        now = timezone.now()
        Transfer.objects.update(created=now - timedelta(days=3))
        CocalcState.objects.create(pk=1, is_up=True, since=now, looked=now, answered=now)
        factories.work_off()
        assert fresh(row).state == State.QUEUED
        Transfer.objects.update(not_before=None)
        CocalcState.objects.update(since=now - timedelta(days=2))
        factories.work_off()
        assert fresh(row).state == State.FAILED

    def test_waiting_ends_after_a_day(
        self, course: Course, students: list[Membership], doing: Callable[[Run], None]
    ) -> None:
        doing(raising(Limited("create_account", retry_after=60)))
        row = transfer_add(course, Kind.PREPARE, students[0])
        Transfer.objects.update(created=timezone.now() - timedelta(days=2))
        factories.work_off()
        assert fresh(row).state == State.FAILED

    def test_who_left_gets_nothing(
        self, course: Course, students: list[Membership], doing: Callable[[Run], None]
    ) -> None:
        done: list[str] = []

        def step(transfer: Transfer) -> dict[str, Any]:
            done.append(transfer.kind)
            return {}

        doing(step)
        for kind in (Kind.PREPARE, Kind.HAND_OUT, Kind.EXPEL):
            transfer_add(course, kind, students[0])
        Membership.objects.filter(pk=students[0].pk).update(removed=timezone.now())
        factories.work_off()
        assert done == [Kind.EXPEL]
        assert Transfer.objects.filter(state=State.CANCELLED).count() == 2

    def test_a_removed_assignment_is_not_handed_out(
        self, course: Course, students: list[Membership], doing: Callable[[Run], None]
    ) -> None:
        doing(raising(AssertionError("done all the same")))
        assignment = factories.make_assignment(course)
        row = transfer_add(course, Kind.HAND_OUT, students[0], assignment=assignment)
        assignment.removed = timezone.now()
        assignment.save()
        factories.work_off()
        assert fresh(row).state == State.CANCELLED
        assert "removed" in fresh(row).error


@pytest.mark.django_db(transaction=True)
class TestDrain:
    @pytest.fixture
    def made(self) -> tuple[Course, list[Membership]]:
        course = factories.make_course(factories.make_user("emmy", teacher=True))
        return course, [factories.enrol(course, factories.make_user(f"s{n}")) for n in range(12)]

    def test_side_by_side_each_once_and_never_more_than_allowed(
        self,
        made: tuple[Course, list[Membership]],
        doing: Callable[[Run], None],
        settings: Settings,
    ) -> None:
        settings.CLASSROOM = {"CONCURRENCY": 4}
        together = threading.Barrier(4)
        lock, running, most = threading.Lock(), 0, 0
        done: list[int | None] = []

        def step(transfer: Transfer) -> dict[str, Any]:
            nonlocal running, most
            with lock:
                running += 1
                most = max(most, running)
            together.wait(20)  # nobody goes on before four are at it
            with lock:
                running -= 1
                done.append(transfer.member_id)
            return {}

        doing(step)
        course, students = made
        step_start(course, Kind.HAND_OUT, students, actor=None)
        assert working.Drain(lambda: False).run() == 12
        assert most == 4
        assert Counter(done) == Counter(student.pk for student in students)
        assert set(Transfer.objects.values_list("state", flat=True)) == {State.DONE}

    def test_two_drains_share_the_work_and_the_limit(
        self,
        made: tuple[Course, list[Membership]],
        doing: Callable[[Run], None],
        settings: Settings,
    ) -> None:
        settings.CLASSROOM = {"CONCURRENCY": 2}
        lock, running, most = threading.Lock(), 0, 0
        done: list[int | None] = []

        def step(transfer: Transfer) -> dict[str, Any]:
            nonlocal running, most
            with lock:
                running += 1
                most = max(most, running)
            time.sleep(0.01)  # so that the drains meet
            with lock:
                running -= 1
                done.append(transfer.member_id)
            return {}

        doing(step)
        course, students = made
        step_start(course, Kind.HAND_OUT, students, actor=None)
        others = [in_thread(working.Drain(lambda: False).run) for _ in range(2)]
        for other in others:
            other.join(30)
        assert most <= 2
        assert Counter(done) == Counter(student.pk for student in students)

    def test_what_came_meanwhile_is_taken_too(
        self, made: tuple[Course, list[Membership]], doing: Callable[[Run], None]
    ) -> None:
        course, students = made
        done = []

        def step(transfer: Transfer) -> dict[str, Any]:
            done.append(transfer.member_id)
            if len(done) == 1:
                transfer_add(course, Kind.HAND_OUT, students[1])
            return {}

        doing(step)
        transfer_add(course, Kind.HAND_OUT, students[0])
        working.Drain(lambda: False).run()
        assert done == [students[0].pk, students[1].pk]

    def test_told_to_stop_it_gives_back_what_takes_long(
        self,
        made: tuple[Course, list[Membership]],
        doing: Callable[[Run], None],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(working, "GRACE_SECONDS", 0.2)
        course, students = made
        stop, end = threading.Event(), threading.Event()

        def step(transfer: Transfer) -> dict[str, Any]:
            stop.set()
            end.wait(20)
            return {}

        doing(step)
        row = transfer_add(course, Kind.HAND_OUT, students[0])
        drain = working.Drain(stop.is_set)
        drain.run()
        given = fresh(row)
        end.set()
        for thread in drain._threads:
            thread.join(20)
        assert (given.state, given.attempts, given.holder) == (State.QUEUED, 0, None)

    def test_a_database_that_is_away_is_waited_for(
        self,
        made: tuple[Course, list[Membership]],
        doing: Callable[[Run], None],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(working, "_PAUSE_SECONDS", 0.01)
        doing(lambda transfer: {})
        failures = {"claim": 2, "settle": 3}

        def failing(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
            def call(*args: Any) -> Any:
                if failures[name]:
                    failures[name] -= 1
                    raise OperationalError("server closed the connection unexpectedly")
                return real(*args)

            return call

        monkeypatch.setattr(working, "claim", failing("claim", claim))
        monkeypatch.setattr(working, "settle", failing("settle", settle))
        course, students = made
        step_start(course, Kind.HAND_OUT, students, actor=None)
        working.Drain(lambda: False).run()
        assert failures == {"claim": 0, "settle": 0}
        assert set(Transfer.objects.values_list("state", "attempts")) == {(State.DONE, 1)}

    def test_ends_that_cannot_be_written_do_not_stop_it(
        self,
        made: tuple[Course, list[Membership]],
        doing: Callable[[Run], None],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        doing(lambda transfer: {})

        def broken(ends: Any) -> None:
            raise ValueError("not to be written")

        monkeypatch.setattr(working, "settle", broken)
        course, students = made
        row = transfer_add(course, Kind.HAND_OUT, students[0])
        working.Drain(lambda: False).run()
        reap(timezone.now() + timedelta(minutes=5))
        assert fresh(row).state == State.QUEUED

    def test_rows_wake_a_worker_once(self, made: tuple[Course, list[Membership]]) -> None:
        course, students = made
        step_start(course, Kind.HAND_OUT, students, actor=None)
        step_start(course, Kind.COLLECT, students, actor=None)
        waiting = DBTaskResult.objects.filter(status=TaskResultStatus.READY)
        assert waiting.count() == 1
        waiting.update(status=TaskResultStatus.RUNNING)
        transfer_add(course, Kind.RUN, students[0])
        assert waiting.count() == 1


def in_thread(run: Callable[[], object]) -> threading.Thread:
    def closing() -> None:
        try:
            run()
        finally:
            connections.close_all()

    thread = threading.Thread(target=closing)
    thread.start()
    return thread
