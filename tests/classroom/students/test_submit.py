"""Submitting, against the sandbox: what is taken and when, what is refused, and what is hostile."""

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from classroom.carrying import calls as asking
from classroom.carrying import incoming, items, outgoing
from classroom.class_steps.pulse import pulse
from classroom.engine import holding
from classroom.engine.queue import transfer_add
from classroom.models import (
    Assignment,
    Course,
    Extension,
    Kind,
    Membership,
    Role,
    Snapshot,
    Submission,
    Transfer,
)
from classroom.rules import manifest, names
from classroom.rules.counting import counting
from classroom.rules.deadlines import due_update
from classroom.rules.renewal import is_uncollected, news
from classroom.steps import bringing
from classroom.steps import submit as step
from classroom.students import submissions
from classroom.students.receipts import reservation
from embedding.cocalc.client import Client
from embedding.cocalc.errors import NotFound, OutcomeUnknown
from embedding.conf import MEGABYTE
from embedding.problems import Busy, Problem
from embedding.turns import Turn, take
from sandbox.process import SandboxProcess
from tests.classroom import factories
from tests.conftest import HttpsClient

State = Transfer.State
Policy = Assignment.LatePolicy
HOUR = timedelta(hours=1)
TICK = timedelta(microseconds=1)


@pytest.fixture
def course(cocalc: Client, transactional_db: None) -> Course:
    course = factories.make_course(factories.make_user("emmy", teacher=True))
    factories.enrol(course, factories.make_user("ada", first_name="Ada", last_name="Lovelace"))
    factories.on_cocalc(course)
    return course


@pytest.fixture
def ada(course: Course) -> Membership:
    return Membership.objects.get(course=course, user__username="ada")


@pytest.fixture
def row(cocalc: Client, course: Course, ada: Membership) -> Submission:
    """Handed out, and worked on."""
    assignment = factories.make_assignment(course)
    Submission.objects.update(handed_out=timezone.now(), opened=timezone.now())
    cocalc.write_file(project_of(ada), "homework-1/a.ipynb", b"work")
    cocalc.write_file(project_of(ada), "homework-1/data/b c.csv", b"1,2\n")
    return read(factories.submission(assignment, ada))


def read(row: Submission) -> Submission:
    return Submission.objects.select_related(
        "assignment__course__project", "student__course", "student__user", "student__project"
    ).get(pk=row.pk)


def project_of(member: Membership) -> str:
    assert member.project is not None
    return str(member.project.project_id)


def course_project(row: Submission) -> str:
    return str(row.assignment.course.project.project_id)


def in_ada(cocalc: Client, row: Submission, script: str) -> None:
    cocalc.exec(project_of(row.student), f"cd homework-1 && {script}", bash=True)


def due(row: Submission, ago: timedelta, **fields: object) -> Submission:
    """Let it have become due so long ago."""
    Assignment.objects.filter(pk=row.assignment_id).update(due=timezone.now() - ago, **fields)
    due_update(row.assignment)
    return read(row)


def unchanged(row: Submission) -> bool:
    row.refresh_from_db()
    return row.submitted is None and not row.snapshots.exists()


# --- what is taken -------------------------------------------------------------------------


def test_the_work_is_copied_as_it_is_now(cocalc: Client, row: Submission) -> None:
    at = timezone.now()
    snapshot = submissions.submit(row, at)
    assert snapshot.taken == at
    assert not snapshot.late
    assert [(file["path"], file["size"]) for file in snapshot.files] == [
        ("a.ipynb", 4),
        ("data/b c.csv", 4),
    ]
    assert snapshot.path == names.submitted_path(row.assignment, row.student, at)
    assert snapshot.path.startswith("submitted/homework-1/Ada Lovelace-ada/")
    cocalc.write_file(project_of(row.student), "homework-1/a.ipynb", b"later work")
    assert cocalc.read_file(course_project(row), f"{snapshot.path}/a.ipynb") == b"work"
    row.refresh_from_db()
    assert row.submitted == at
    transfer = Transfer.objects.get(kind=Kind.SUBMIT)
    assert (transfer.state, transfer.result["files"]) == (State.DONE, 2)


def test_it_takes_two_calls(sandbox: SandboxProcess, row: Submission) -> None:
    sandbox.reset_calls()
    submissions.submit(row, timezone.now())
    assert sandbox.calls()["counts"] == {"project_exec": 2}


def test_when_each_file_was_saved_is_kept_as_the_project_says_it(
    cocalc: Client, row: Submission
) -> None:
    in_ada(cocalc, row, "touch -d @1700000000.7 a.ipynb; touch -d '9000-01-01' 'data/b c.csv'")
    files = submissions.submit(row, timezone.now()).files
    assert files[0]["modified"] == 1_700_000_000
    assert 2**33 < files[1]["modified"] <= items.LATEST
    assert [set(file) for file in files] == [{"path", "size", "sha256", "modified"}] * 2


def test_large_files_come_whole_and_only_once_and_nobody_waits_for_them(
    cocalc: Client, sandbox: SandboxProcess, row: Submission
) -> None:
    in_ada(cocalc, row, "head -c 9000000 /dev/urandom > big; head -c 70000 /dev/urandom > data/m")
    wanted = cocalc.exec(project_of(row.student), "sha256sum < homework-1/big", bash=True).stdout
    with pytest.raises(Busy):
        impatient(row)
    assert unchanged(row)
    Transfer.objects.update(not_before=timezone.now())
    factories.work_off()
    first = Snapshot.objects.get()
    sandbox.reset_calls()
    second = submissions.submit(read(row), timezone.now())
    assert sandbox.calls()["counts"] == {"project_exec": 2}
    for snapshot in (first, second):
        there = cocalc.exec(course_project(row), f"sha256sum < '{snapshot.path}/big'", bash=True)
        assert there.stdout == wanted


def test_an_empty_file_is_work_too(cocalc: Client, row: Submission) -> None:
    in_ada(cocalc, row, "rm -r -- *; touch empty")
    files = submissions.submit(row, timezone.now()).files
    assert [(file["path"], file["size"]) for file in files] == [("empty", 0)]


def test_a_stopped_project_is_started(sandbox: SandboxProcess, row: Submission) -> None:
    sandbox.stop_project(project_of(row.student))
    sandbox.stop_project(course_project(row))
    assert len(submissions.submit(row, timezone.now()).files) == 2


def test_it_can_be_repeated_and_the_last_counts(cocalc: Client, row: Submission) -> None:
    first = submissions.submit(row, timezone.now())
    cocalc.write_file(project_of(row.student), "homework-1/a.ipynb", b"more work")
    second = submissions.submit(row, timezone.now())
    assert counting(read(row)) == second
    project = course_project(row)
    assert cocalc.read_file(project, f"{first.path}/a.ipynb") == b"work"
    assert cocalc.read_file(project, f"{second.path}/a.ipynb") == b"more work"


@pytest.mark.parametrize(
    ("policy", "after", "late"),
    [
        (Policy.CLOSED, -TICK, False),
        (Policy.CLOSED, 0 * TICK, False),
        (Policy.UNTIL, TICK, True),
        (Policy.UNTIL, HOUR, True),
        (Policy.ANY, 300 * 24 * HOUR, True),
    ],
)
def test_taken_in_time_or_marked_late(
    row: Submission, policy: Policy, after: timedelta, late: bool
) -> None:
    now = timezone.now()
    Assignment.objects.update(due=now - after, late_policy=policy, late_until=now)
    due_update(row.assignment)
    snapshot = submissions.submit(read(row), now)
    assert snapshot.late is late


@pytest.mark.parametrize(("policy", "after"), [(Policy.CLOSED, TICK), (Policy.UNTIL, HOUR + TICK)])
def test_closed_says_until_when_it_was_taken(
    sandbox: SandboxProcess, row: Submission, policy: Policy, after: timedelta
) -> None:
    now = timezone.now()
    Assignment.objects.update(due=now - after, late_policy=policy, late_until=now - after + HOUR)
    due_update(row.assignment)
    sandbox.reset_calls()
    with pytest.raises(submissions.Refused, match=r"could submit until .*20\d\d, \d\d:\d\d CES?T"):
        submissions.submit(read(row), now)
    assert unchanged(row)
    assert sandbox.calls()["counts"] == {}
    assert not Transfer.objects.exists()


def test_an_extension_opens_it_for_one(course: Course, row: Submission) -> None:
    other = factories.enrol(course, factories.make_user("olga"))
    row = due(row, HOUR)
    Extension.objects.create(
        assignment=row.assignment, student=row.student, due=timezone.now() + HOUR
    )
    due_update(row.assignment)
    Submission.objects.update(handed_out=timezone.now(), opened=timezone.now())
    assert not submissions.submit(read(row), timezone.now()).late
    with pytest.raises(submissions.Refused):
        submissions.submit(read(factories.submission(row.assignment, other)), timezone.now())


def test_the_moment_is_when_the_request_came_not_when_the_copy_ended(
    sandbox: SandboxProcess, row: Submission
) -> None:
    at = timezone.now()
    Assignment.objects.update(due=at)
    due_update(row.assignment)
    sandbox.quirks(latency=0.05)
    snapshot = submissions.submit(read(row), at)
    assert timezone.now() > at + timedelta(milliseconds=100)
    assert snapshot.taken == at
    assert not snapshot.late


@contextmanager
def stopped(
    cocalc: Client, row: Submission, seconds: float, then: Callable[[], object] = lambda: None
) -> Iterator[None]:
    """Let the student's programs stop our list for so long, and change the work meanwhile."""
    real, slow = incoming.take, timedelta(seconds=seconds)

    def take(*args: Any, **options: Any) -> Any:
        cocalc.write_file(project_of(row.student), "homework-1/a.ipynb", b"swapped")
        then()
        return real(*args, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bringing, "take", take)
        clock = SimpleNamespace(now=lambda: timezone.now() + slow)
        patch.setattr(bringing, "timezone", clock)
        yield


@pytest.mark.parametrize(("seconds", "late"), [(45, True), (5, False)])
def test_who_stops_the_list_does_not_move_the_deadline(
    cocalc: Client, row: Submission, seconds: float, late: bool
) -> None:
    row = due(row, timedelta(seconds=-1), late_policy=Policy.ANY)
    with stopped(cocalc, row, seconds):
        at = timezone.now()
        snapshot = submissions.submit(row, at)
    assert (snapshot.taken, snapshot.late) == (at, late)
    assert snapshot.finished is not None
    assert snapshot.finished - at > timedelta(seconds=seconds)
    assert counting(read(row)) == snapshot  # there is nothing else


def test_what_is_finished_too_late_takes_nothing_from_what_was_in_time(
    cocalc: Client, row: Submission
) -> None:
    """Nobody was asked: the student pressed in time."""
    row = due(row, timedelta(seconds=-2), late_policy=Policy.ANY)
    punctual = submissions.submit(row, timezone.now())
    with stopped(cocalc, row, 45):
        late = submissions.submit(read(row), timezone.now())
    assert late.late
    assert counting(read(row)) == punctual
    said = reservation(read(row), late, row.assignment.course.zone)
    assert re.fullmatch(
        r"You pressed Submit in time, but copying your files took until \d\d:\d\d:\d\d CES?T\. "
        r"It does not count\. Your submission of \d\d:\d\d counts\.",
        said,
    )
    # Where late work is not taken, there is nothing that counts.
    Assignment.objects.update(late_policy=Policy.CLOSED)
    Snapshot.objects.filter(pk=punctual.pk).delete()
    assert counting(read(row)) is None
    said = reservation(read(row), late, row.assignment.course.zone)
    assert said.endswith("Late work is not accepted, so it does not count.")


def test_an_extension_that_comes_while_it_is_copied_counts(cocalc: Client, row: Submission) -> None:
    row = due(row, timedelta(seconds=-1))
    with stopped(cocalc, row, 45, then=lambda: due(row, -HOUR)):
        assert not submissions.submit(row, timezone.now()).late


def test_an_unchanged_late_one_is_refused_and_others_are_asked_about(
    cocalc: Client, sandbox: SandboxProcess, row: Submission
) -> None:
    row = due(row, -HOUR, late_policy=Policy.ANY)
    punctual = submissions.submit(row, timezone.now())
    row = due(row, timedelta(0))
    # When it is due is ours to write, and when a file was saved says nothing.
    cocalc.write_file(project_of(row.student), "homework-1/DUE_DATE.txt", b"another day")
    in_ada(cocalc, row, "touch a.ipynb")
    with pytest.raises(submissions.Refused, match=r"since your submission of \d\d:\d\d, which"):
        submissions.submit(row, timezone.now())
    # Nor does it help to have said that it may be lost.
    with pytest.raises(Problem, match="Nothing has changed"):
        submissions.submit(row, timezone.now(), instead_of=punctual.pk)
    assert counting(read(row)) == punctual
    cocalc.write_file(project_of(row.student), "homework-1/a.ipynb", b"late work")
    for answer in (None, punctual.pk + 1):  # of a page that knew another
        with pytest.raises(submissions.WouldLose, match="If you submit late, it no longer counts"):
            submissions.submit(row, timezone.now(), instead_of=answer)
    # Where nobody can look, it is asked all the same.
    sandbox.quirks(api_down="close")
    with pytest.raises(submissions.WouldLose):
        submissions.submit(row, timezone.now())
    sandbox.reset_quirks()
    assert Snapshot.objects.count() == 1
    late = submissions.submit(row, timezone.now(), instead_of=punctual.pk)
    assert counting(read(row)) == late
    # The next late one takes nothing from anybody.
    assert submissions.submit(row, timezone.now()) == counting(read(row)) != late
    # And with more time all of it is in time: the last one counts.
    assert not counting(due(row, -HOUR)).late  # type: ignore[union-attr]


def test_what_does_not_count_is_no_new_work(cocalc: Client, row: Submission) -> None:
    """Nobody is asked to collect what collecting would not bring."""
    row = due(row, timedelta(seconds=-2), late_policy=Policy.ANY)
    submissions.submit(row, timezone.now())
    collected = timezone.now()
    Submission.objects.update(collected=collected)
    with stopped(cocalc, row, 45):
        submissions.submit(read(row), timezone.now())
    row = read(row)
    assert row.collected == collected
    assert not news(row)
    assert not Transfer.objects.filter(kind=Kind.COLLECT).exists()


def test_who_joins_one_under_way_gives_nothing_up(row: Submission) -> None:
    """Two tabs: in the first it was pressed in time; the second asked, and was told yes."""
    row = due(row, -HOUR, late_policy=Policy.ANY)
    punctual = submissions.submit(row, timezone.now())
    assert holding.claim_one(waiting(row, timezone.now())) is not None
    due(row, timedelta(0))
    with pytest.raises(Busy):
        impatient(row, instead_of=punctual.pk)
    Transfer.objects.update(held_until=timezone.now() - HOUR)
    reap()
    factories.work_off()
    punctual.refresh_from_db()
    assert punctual.given_up is False
    assert counting(read(row)) is not None
    assert not counting(read(row)).late  # type: ignore[union-attr]


def test_late_work_is_collected_again(row: Submission) -> None:
    row = due(row, HOUR, late_policy=Policy.ANY)
    Submission.objects.update(collected=timezone.now(), collected_for=row.due)
    submissions.submit(read(row), timezone.now())
    waiting = Transfer.objects.get(kind=Kind.COLLECT)
    assert (waiting.state, waiting.member, waiting.assignment) == (
        State.QUEUED,
        row.student,
        row.assignment,
    )
    # It is the very row that a teacher's press would join.
    joined = transfer_add(
        row.assignment.course, Kind.COLLECT, row.student, assignment=row.assignment
    )
    assert joined == waiting
    submissions.submit(read(row), timezone.now())
    assert Transfer.objects.filter(kind=Kind.COLLECT).count() == 1


def test_from_in_time_to_late_and_collected_each_time(cocalc: Client, row: Submission) -> None:
    """The whole way, with the pulse and the collecting as the workers do them."""
    collected = f"{names.collected_path(row.assignment, row.student)}/a.ipynb"
    row = due(row, -HOUR, late_policy=Policy.ANY)
    submissions.submit(row, timezone.now())
    cocalc.write_file(project_of(row.student), "homework-1/a.ipynb", b"written after")
    row = due(row, timedelta(0))
    pulse()
    factories.work_off()
    row = read(row)
    assert cocalc.read_file(course_project(row), collected) == b"work"
    assert (row.collected_from, row.late) == (Submission.From.SUBMITTED, False)
    in_time = Snapshot.objects.get()
    submissions.submit(row, timezone.now(), instead_of=in_time.pk)
    factories.work_off()
    row = read(row)
    assert cocalc.read_file(course_project(row), collected) == b"written after"
    assert (row.collected_from, row.late) == (Submission.From.SUBMITTED, True)
    pulse()
    assert factories.work_off() == []


def test_what_waited_while_it_was_collected_is_new(row: Submission) -> None:
    """The collected work is older than it, though it came later than the press."""
    at = timezone.now()
    Submission.objects.update(collected=at + timedelta(seconds=3))
    submissions.submit(row, at)
    row.refresh_from_db()
    assert row.submitted == at
    assert is_uncollected(row)


@pytest.mark.parametrize("collected", [True, False])
def test_work_in_time_waits_for_its_due_time(row: Submission, collected: bool) -> None:
    row = due(row, -HOUR)
    Submission.objects.update(collected=timezone.now() if collected else None)
    submissions.submit(read(row), timezone.now())
    assert not Transfer.objects.filter(kind=Kind.COLLECT).exists()


def test_work_in_time_whose_copy_ended_after_the_collecting(row: Submission) -> None:
    at = timezone.now()
    Assignment.objects.update(due=at)
    due_update(row.assignment)
    Submission.objects.update(collected=at, collected_for=at)
    submissions.submit(read(row), at)
    assert Transfer.objects.filter(kind=Kind.COLLECT).count() == 1


# --- what stays of it ----------------------------------------------------------------------


def test_the_last_twenty_are_kept(
    cocalc: Client, row: Submission, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(step, "KEPT", 3)
    paths = [submissions.submit(row, timezone.now()).path for _ in range(5)]
    kept = list(Snapshot.objects.order_by("taken").values_list("path", flat=True))
    assert kept == paths[2:]
    folder = paths[0].rpartition("/")[0]
    there = {f"{folder}/{entry.name}" for entry in cocalc.list_folder(course_project(row), folder)}
    assert there == set(kept)


def test_what_counts_is_never_removed(
    cocalc: Client, row: Submission, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(step, "KEPT", 2)
    row = due(row, -HOUR, late_policy=Policy.ANY)
    punctual = submissions.submit(row, timezone.now())
    row = due(row, timedelta(0))
    for number in range(3):
        cocalc.write_file(project_of(row.student), "homework-1/a.ipynb", b"late" * number)
        assert submissions.submit(read(row), timezone.now(), instead_of=punctual.pk).late
    assert Snapshot.objects.count() == 3
    Assignment.objects.update(late_policy=Policy.CLOSED)
    assert counting(read(row)) == punctual
    assert cocalc.file_exists(course_project(row), f"{punctual.path}/a.ipynb")


def test_students_cannot_reach_what_they_submitted(row: Submission, course: Course) -> None:
    snapshot = submissions.submit(row, timezone.now())
    student, staff = (
        HttpsClient(row.student.user),
        HttpsClient(Membership.objects.get(course=course, role=Role.TEACHER).user),
    )
    project = course_project(row)
    for address, status in (
        (f"/projects/{project}/", 200),
        (f"/projects/{project}/open/{snapshot.path}/a.ipynb", 200),
        (f"/projects/{project}/listing?folder={snapshot.path}", 200),
        (f"/projects/{project}/download?path={snapshot.path}/a.ipynb", 200),
    ):
        assert student.get(address).status_code == 404, address
        assert staff.get(address).status_code == status, address
    body = {"path": f"{snapshot.path}/a.ipynb"}
    for action in ("delete", "move", "session", "folder", "notebook"):
        answer = student.post(f"/projects/{project}/{action}", body, "application/json")
        assert answer.status_code == 404, action


# --- twice at once, crashes, waiting -------------------------------------------------------


def test_pressed_many_times_at_once_is_one_snapshot(
    sandbox: SandboxProcess, row: Submission
) -> None:
    sandbox.quirks(latency=0.05)
    begin = threading.Barrier(4)
    found: list[object] = []

    def press() -> None:
        try:
            mine = read(row)
            begin.wait(20)
            found.append(submissions.submit(mine, timezone.now()).pk)
        except Exception as error:
            found.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=press) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    snapshot = Snapshot.objects.get()
    assert found == [snapshot.pk] * 4
    assert Transfer.objects.filter(kind=Kind.SUBMIT).count() == 1


def test_what_a_dead_web_process_began_is_finished_by_a_worker(row: Submission) -> None:
    at = timezone.now()
    transfer = waiting(row, at)
    assert holding.claim_one(transfer) is not None  # and then the process is killed
    with pytest.raises(Busy):
        impatient(row)
    Transfer.objects.update(held_until=timezone.now() - HOUR)
    reap()
    factories.work_off()
    transfer.refresh_from_db()
    assert transfer.state == State.DONE
    assert Snapshot.objects.get().taken == at


def test_the_web_process_says_that_it_is_alive(
    row: Submission, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.CLASSROOM = {"HOLD_SECONDS": 0.03}
    held = holding.claim_one(waiting(row, timezone.now()))
    assert held is not None
    renewed = threading.Event()

    def renew(rows: list[Transfer]) -> None:
        assert rows == [held]
        renewed.set()

    monkeypatch.setattr(holding, "renew", renew)
    with holding.kept(held):
        assert renewed.wait(30)


def test_a_worker_that_does_it_again_makes_no_second_snapshot(row: Submission) -> None:
    at = timezone.now()
    first = submissions.submit(row, at)
    Transfer.objects.update(state=State.QUEUED)  # as if the end had not been written
    factories.work_off()
    assert Snapshot.objects.get() == first
    assert Transfer.objects.get().state == State.DONE


def test_behind_another_step_it_waits_and_keeps_its_moment(row: Submission) -> None:
    other = transfer_add(
        row.assignment.course, Kind.DUE_DATE, row.student, assignment=row.assignment
    )
    Transfer.objects.filter(pk=other.pk).update(
        state=State.RUNNING, held_until=timezone.now() + HOUR
    )
    at = timezone.now()
    with pytest.raises(Busy):
        impatient(row, at)
    assert unchanged(row)
    assert factories.work_off() == []  # nor does a worker go past it
    Transfer.objects.filter(pk=other.pk).update(state=State.DONE)
    assert submissions.submit(read(row), timezone.now()).taken == at


def test_what_waited_too_long_is_refused_instead_of_backdated(row: Submission) -> None:
    waiting(row, timezone.now() - step.PATIENCE - TICK)
    factories.work_off()
    transfer = Transfer.objects.get()
    assert (transfer.state, transfer.error_code) == (State.FAILED, "too_long")
    assert unchanged(row)


def test_a_student_removed_while_it_is_under_way(
    row: Submission, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = incoming.take

    def removed_meanwhile(*args: Any, **options: Any) -> Any:
        Membership.objects.filter(pk=row.student_id).update(removed=timezone.now())
        return begun(*args, **options)

    monkeypatch.setattr(bringing, "take", removed_meanwhile)
    assert submissions.submit(row, timezone.now()) == Snapshot.objects.get()


def test_a_student_removed_before_it_began(row: Submission) -> None:
    Membership.objects.filter(pk=row.student_id).update(removed=timezone.now())
    with pytest.raises(Problem, match="No longer in the course"):
        submissions.submit(row, timezone.now())
    assert unchanged(row)
    assert Transfer.objects.get().state == State.CANCELLED


def waiting(row: Submission, at: object) -> Transfer:
    return transfer_add(
        row.assignment.course,
        Kind.SUBMIT,
        row.student,
        assignment=row.assignment,
        options={"at": str(at)},
    )


def impatient(row: Submission, at: object = None, **options: Any) -> None:
    """Submit, but do not wait for others."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(submissions, "WAIT_SECONDS", 0.0)
        submissions.submit(read(row), at or timezone.now(), **options)  # type: ignore[arg-type]


def reap() -> None:
    holding.reap(timezone.now())


# --- CoCalc fails --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("quirk", "words"),
    [
        ({"api_down": "close"}, "cannot be reached|too long"),
        ({"api_down": "503"}, "not CoCalc|fault"),
        ({"fail_events": ["project_exec"]}, "CoCalc"),
    ],
)
def test_cocalc_failing_loses_and_marks_nothing(
    sandbox: SandboxProcess, row: Submission, quirk: dict[str, object], words: str
) -> None:
    sandbox.quirks(**quirk)
    with pytest.raises(Problem, match=words):
        submissions.submit(row, timezone.now())
    assert unchanged(row)
    transfer = Transfer.objects.get()
    assert transfer.state == State.FAILED
    assert transfer.error
    sandbox.reset_quirks()
    assert len(submissions.submit(row, timezone.now()).files) == 2


def test_what_came_though_nobody_learned_of_it_goes_with_the_next(
    cocalc: Client, row: Submission, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer is lost when all is in place: it is no submission, and is not kept."""
    real = outgoing.put

    def put(*args: Any, **options: Any) -> Any:
        real(*args, **options)
        raise OutcomeUnknown("exec", "")

    monkeypatch.setattr(bringing, "put", put)
    with pytest.raises(Problem):
        submissions.submit(row, timezone.now())
    assert unchanged(row)
    folder = "submitted/homework-1/Ada Lovelace-ada"
    assert len(cocalc.list_folder(course_project(row), folder)) == 1
    monkeypatch.undo()
    snapshot = submissions.submit(row, timezone.now())
    found = cocalc.list_folder(course_project(row), folder)
    assert [entry.name for entry in found] == [snapshot.path.rpartition("/")[2]]


def test_a_failure_in_the_middle_leaves_nothing(
    cocalc: Client, row: Submission, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_ada(cocalc, row, "head -c 2000000 /dev/urandom > big")
    real, calls = asking.ask, []

    def ask(project: str, program: str, command: dict[str, Any], *args: Any, **more: Any) -> Any:
        calls.append(command["do"])
        if calls == ["stash", "stash"]:
            raise OutcomeUnknown("exec", "")
        return real(project, program, command, *args, **more)

    monkeypatch.setattr(outgoing, "ask", ask)
    with pytest.raises(Problem):
        submissions.submit(row, timezone.now())
    assert calls == ["stash", "stash", "drop"]
    left = cocalc.exec(course_project(row), "ls -A", bash=True).stdout
    assert "arriving" not in left
    assert "submitted" not in left


def test_what_a_killed_worker_left_goes_by_its_age(cocalc: Client, row: Submission) -> None:
    script = """for n in old new; do mkdir .arriving-$n.part; echo > .arriving-$n.part/load; done
ln -s homework-1 .arriving-link.part; mkdir .autograde-1
touch -hd '2 hours ago' .arriving-old.part .arriving-link.part .autograde-1"""
    cocalc.exec(course_project(row), script, bash=True)
    submissions.submit(row, timezone.now())
    left = cocalc.exec(course_project(row), "ls -Ad .a*", bash=True).stdout
    assert left.split() == [".arriving-new.part"]


# --- what students put there ---------------------------------------------------------------


def test_a_missing_folder_and_an_empty_one(cocalc: Client, row: Submission) -> None:
    in_ada(cocalc, row, "rm -r -- *")
    with pytest.raises(Problem, match="nothing to submit"):
        submissions.submit(row, timezone.now())
    cocalc.move(project_of(row.student), "homework-1", "mine")
    with pytest.raises(Problem, match="no folder “homework-1” in your project"):
        submissions.submit(row, timezone.now())
    assert unchanged(row)


def test_links_and_pipes_are_left_out(cocalc: Client, row: Submission) -> None:
    in_ada(
        cocalc,
        row,
        "ln -s /etc etc; ln -s /etc/passwd passwd; ln -s ../.. up; ln -s nowhere gone;"
        "mkfifo pipe; mkdir inner; ln -s /etc/hostname inner/host; mkdir empty",
    )
    snapshot = submissions.submit(row, timezone.now())
    assert [file["path"] for file in snapshot.files] == ["a.ipynb", "data/b c.csv"]
    output = cocalc.exec(
        course_project(row), f"find '{snapshot.path}' ! -type d -printf '%y %P\\n'", bash=True
    )
    assert sorted(output.stdout.splitlines()) == ["f a.ipynb", "f data/b c.csv"]


def test_a_folder_that_is_a_link_is_no_folder(cocalc: Client, row: Submission) -> None:
    cocalc.exec(
        project_of(row.student),
        "mkdir secret; echo other > secret/x; rm -r homework-1; ln -s secret homework-1",
        bash=True,
    )
    with pytest.raises(Problem, match="no folder"):
        submissions.submit(row, timezone.now())
    assert unchanged(row)
    with pytest.raises(NotFound):
        cocalc.list_folder(course_project(row), "submitted")


def test_names_of_all_kinds_arrive(cocalc: Client, row: Submission) -> None:
    in_ada(
        cocalc,
        row,
        "touch -- -rf '--delete' $'two\\nlines' $'tab\\t' '<b>x' '=cmd()' \"quo'te\" 'ü ß' '*';"
        "chmod 000 -- -rf; chmod 777 data",
    )
    in_ada(cocalc, row, "chmod 644 -- -rf")
    snapshot = submissions.submit(row, timezone.now())
    paths = {file["path"] for file in snapshot.files}
    assert {"-rf", "--delete", "two\nlines", "tab\t", "<b>x", "=cmd()", "quo'te"} <= paths
    assert {"ü ß", "*", "a.ipynb"} <= paths


def test_too_many_files_are_a_sentence(
    cocalc: Client, row: Submission, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(manifest, "MAX_FILES", 50)
    in_ada(cocalc, row, "mkdir many; cd many; seq 49 | xargs touch")
    with pytest.raises(Problem, match="up to 50 files"):
        submissions.submit(row, timezone.now())
    assert unchanged(row)


def test_too_much_is_a_sentence(
    cocalc: Client, sandbox: SandboxProcess, row: Submission, settings: Settings
) -> None:
    settings.CLASSROOM = {"SUBMIT_MAX_MB": 1}
    in_ada(cocalc, row, f"truncate -s {MEGABYTE - 8 + 1} big")  # a byte too much
    sandbox.reset_calls()
    with pytest.raises(Problem, match=r"1\.1 MB, but up to 1 MB"):
        submissions.submit(row, timezone.now())
    assert sandbox.calls()["counts"] == {"project_exec": 1}
    assert unchanged(row)
    in_ada(cocalc, row, "truncate -s -1 big")
    submissions.submit(row, timezone.now())
    assert not unchanged(row)


def test_files_that_keep_changing_are_a_sentence(
    cocalc: Client, row: Submission, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(incoming, "BUDGET", 3)
    real = asking.ask

    def ask(project: str, program: str, command: dict[str, Any], *args: Any, **more: Any) -> Any:
        if command["do"] == "fetch":
            in_ada(cocalc, row, "date +%N > a.ipynb")
        return real(project, program, command, *args, **more)

    monkeypatch.setattr(incoming, "ask", ask)
    transfer = waiting(row, timezone.now())
    factories.work_off()
    transfer.refresh_from_db()
    assert (transfer.state, transfer.error_code) == (State.FAILED, "changing")
    assert "kept changing" in transfer.error
    assert unchanged(row)
    with pytest.raises(NotFound):
        cocalc.list_folder(course_project(row), "submitted")


def test_a_handout_and_what_is_not_out_are_refused(course: Course, ada: Membership) -> None:
    handout = factories.make_assignment(course, "Notes", handout=True)
    assignment = factories.make_assignment(course, "Later")
    for what in (handout, assignment):
        with pytest.raises(submissions.Refused):
            submissions.submit(read(factories.submission(what, ada)), timezone.now())
    assert not Transfer.objects.exists()


def test_where_too_many_ask_already_a_worker_does_it(
    course: Course,
    row: Submission,
    ada: Membership,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nor does who presses *Submit* again and again hold a thread each time."""
    settings.EMBEDDING = {**settings.EMBEDDING, "CALLS_AT_ONCE": 1}
    browser = HttpsClient(ada.user)
    other = Turn(lambda: "someone else")
    with other.on():
        take()
    submit = f"/courses/{course.pk}/assignments/{row.assignment_id}/submit"
    monkeypatch.setattr(submissions, "_outcome", None)  # which waits
    for _ in range(3):
        assert browser.post(submit).status_code == 302
    assert Transfer.objects.get(kind=Kind.SUBMIT).state == State.QUEUED
    assert not Snapshot.objects.exists()
    other.end()
    factories.work_off()
    assert Snapshot.objects.count() == 1
