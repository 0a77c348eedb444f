"""Workers that are killed, a CoCalc that restarts, a database that is locked: nothing is lost.

The workers are real processes on a real database, the kills are real `kill -9` at random moments.
"""

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as site
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from classroom.class_steps import class_steps
from classroom.engine import hearts
from classroom.models import (
    Assignment,
    Course,
    Kind,
    Membership,
    Submission,
    Transfer,
    WorkerHeart,
)
from classroom.rules import manifest, names
from classroom.rules.deadlines import due_update
from embedding.client import forget
from embedding.cocalc.client import Client
from embedding.models import CocalcProject, Ending
from embedding.services import mapping, state
from sandbox.config import Generation
from sandbox.process import SandboxProcess
from tests.classroom import factories
from tests.embedding.conftest import KEY, embedding_settings

pytestmark = pytest.mark.django_db(transaction=True)

State = Transfer.State
KILLS = 60
STUDENTS = 5
FILES = {"a.ipynb": b"the task", "data/b.csv": b"1,2\n" * 500, "README.md": b"Read."}
QUICK = {"CONCURRENCY": 3, "HOLD_SECONDS": 0.5, "BACKOFF_SECONDS": 0.05, "ATTEMPTS": 20}


class Farm:
    """Starts workers against the test's own database and CoCalc, and kills them."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self.pids: list[int] = []
        self.kills = 0

    def start(self) -> int:
        """Start one more worker."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        self.pids.append(int(self._process.stdout.readline()))
        return self.pids[-1]

    def kill(self, pid: int) -> None:
        """Kill one at once; nothing of it runs any more."""
        self.pids.remove(pid)
        os.kill(pid, signal.SIGKILL)
        self.kills += 1


def given(**more: Any) -> str:
    """The settings of this test, for another process."""
    settings_dict = {
        name: value for name, value in connection.settings_dict.items() if name != "TEST"
    }
    changed = {"DATABASE": settings_dict, "EMBEDDING": site.EMBEDDING, "CLASSROOM": site.CLASSROOM}
    return json.dumps({**changed, **more}) + "\n"


@contextmanager
def farm(log: Path, **more: Any) -> Iterator[Farm]:
    with (
        log.open("w") as errors,
        subprocess.Popen(
            [sys.executable, "-m", "tests.classroom.worker_farm"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as process,
    ):
        assert process.stdin is not None
        process.stdin.write(given(**more))
        workers = Farm(process)
        try:
            yield workers
        finally:
            for pid in workers.pids:
                os.kill(pid, signal.SIGKILL)
            process.stdin.close()


def until(done: Callable[[], bool], *, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            left = list(
                Transfer.objects.filter(state__in=Transfer.ACTIVE).values(
                    "kind", "state", "attempts", "held_until", "not_before", "error", "detail"
                )
            )
            raise AssertionError(f"not within {seconds} s; left: {left}")
        time.sleep(0.03)


def all_ended() -> bool:
    return not Transfer.objects.filter(state__in=Transfer.ACTIVE).exists()


@pytest.fixture
def emmy(settings: Settings) -> User:
    settings.CLASSROOM = QUICK
    return factories.make_user("emmy", teacher=True)


def make_class(emmy: User, students: int = STUDENTS) -> tuple[Course, list[Membership]]:
    course = factories.make_course(emmy)
    for n in range(students):
        factories.enrol(
            course, factories.make_user(f"s{n}", first_name="Student", last_name=f"{n}")
        )
    factories.on_cocalc(course)
    members = Membership.objects.filter(course=course, role="student").order_by("pk")
    return course, list(members.select_related("user", "project"))


def project_of(member: Membership) -> str:
    assert member.project is not None
    return str(member.project.project_id)


def test_killed_at_random_every_row_ends_and_nothing_is_wrong(
    cocalc: Client, sandbox: SandboxProcess, emmy: User, tmp_path: Path
) -> None:
    course, students = make_class(emmy)
    sandbox.quirks(latency=0.06)
    chance = random.Random()
    killed_at_work = 0
    walks: list[Walk] = []
    with farm(tmp_path / "workers.log") as workers:
        while workers.kills < KILLS:
            walk = Walk(cocalc, course, students, emmy, len(walks))
            walks.append(walk)
            for step in walk.steps():
                step()
                while not all_ended():
                    while len(workers.pids) < 2:
                        workers.start()
                    time.sleep(chance.uniform(0.05, 0.4))
                    victim = chance.choice(workers.pids)
                    running = Transfer.objects.filter(state=State.RUNNING).count()
                    if workers.kills < KILLS:
                        workers.kill(victim)
                        killed_at_work += running > 0
    assert workers.kills >= 50
    assert killed_at_work >= KILLS / 5
    for row in Transfer.objects.all():
        assert row.state in (State.DONE, State.FAILED), row.kind
        assert (row.state == State.DONE) == (row.error == "")
        assert row.holder is None
    assert sum(row.attempts - 1 for row in Transfer.objects.all()) >= 5  # cut off in the middle
    # Nothing else may go wrong than that a row's every worker was killed.
    failed = Transfer.objects.filter(state=State.FAILED)
    assert set(failed.values_list("error_code", flat=True)) <= {"worker_lost"}
    assert failed.count() < 0.3 * Transfer.objects.count()
    for walk in walks:
        walk.check()
    # A file of half a copy is hidden and ends in `.part`.
    for student in students:
        left = cocalc.exec(project_of(student), "find . -name '*.part'", bash=True)
        assert left.stdout == ""


class Walk:
    """One assignment through all its steps, and what must be there at the end."""

    def __init__(
        self, cocalc: Client, course: Course, students: list[Membership], emmy: User, number: int
    ) -> None:
        self._cocalc = cocalc
        self._students = students
        self._emmy = emmy
        self._home = str(course.project.project_id)
        self.assignment = factories.with_files(
            factories.make_assignment(course, f"Homework {number}", points=Decimal(10)), FILES
        )

    def steps(self) -> list[Callable[[], object]]:
        return [self.hand_out, self.hand_out_again, self.collect, self.give_back, self.overwrite]

    def hand_out(self) -> None:
        class_steps.hand_out(self.assignment, "all", actor=self._emmy)

    def hand_out_again(self) -> None:
        """After the students have worked."""
        for student in self._with("handed_out__isnull"):
            self._cocalc.write_file(
                project_of(student), f"{self.assignment.folder}/a.ipynb", self._work(student)
            )
        class_steps.hand_out(self.assignment, "all", actor=self._emmy)

    def collect(self) -> None:
        class_steps.collect(self.assignment, "all", actor=self._emmy)

    def give_back(self) -> None:
        rows = Submission.objects.filter(assignment=self.assignment, collected__isnull=False)
        rows.update(score=Decimal(7), comment="Well done.")
        class_steps.give_back(self.assignment, "all", actor=self._emmy)

    def overwrite(self) -> None:
        class_steps.hand_out(self.assignment, "all", actor=self._emmy, overwrite=True)

    def _work(self, student: Membership) -> bytes:
        return f"work of {student.user.username}".encode()

    def _with(self, field: str) -> list[Membership]:
        rows = Submission.objects.filter(assignment=self.assignment, **{field: False})
        chosen = set(rows.values_list("student", flat=True))
        return [student for student in self._students if student.pk in chosen]

    def _done(self, kind: Kind, overwrite: bool = False) -> set[int | None]:
        rows = Transfer.objects.filter(
            assignment=self.assignment, kind=kind, state=State.DONE
        ).select_related("member")
        return {row.member_id for row in rows if bool(row.options) == overwrite}

    def check(self) -> None:
        rows = {row.student_id: row for row in self.assignment.submissions.all()}
        for student in self._students:
            row, folder = rows[student.pk], self.assignment.folder
            project = project_of(student)
            if student.pk in self._done(Kind.HAND_OUT):
                assert row.handed_out is not None
            if student.pk in self._done(Kind.HAND_OUT, overwrite=True):
                found = manifest.of_folder(project, folder)
                assert {file["path"] for file in found} == {*FILES, "DUE_DATE.txt"}
                assert manifest.missing(self.assignment.files, found) == []
                backups = [
                    entry.name
                    for entry in self._cocalc.list_folder(project)
                    if entry.name.startswith(f"{folder}-backup-")
                ]
                assert len(backups) == 1
                kept = self._cocalc.read_file(project, f"{backups[0]}/a.ipynb")
                assert kept == self._work(student)
            if student.pk in self._done(Kind.COLLECT):
                assert row.collected is not None
                path = names.collected_path(self.assignment, student)
                assert self._cocalc.read_file(self._home, f"{path}/a.ipynb") == self._work(student)
            if student.pk in self._done(Kind.RETURN):
                assert row.returned is not None
                graded = {file["path"] for file in manifest.of_folder(project, f"graded-{folder}")}
                assert {"GRADE.md", "a.ipynb", "data/b.csv"} <= graded
                grade = self._cocalc.read_file(project, f"graded-{folder}/GRADE.md")
                assert b"7 / 10" in grade


class Restarted:
    """A CoCalc that is killed and started again, at the same place and with the same data."""

    def __init__(self, data: Path, generation: Generation) -> None:
        self._data, self._generation = data, generation
        self.sandbox = self._start(0)

    def _start(self, port: int) -> SandboxProcess:
        return SandboxProcess.start(
            self._data,
            admin_key=KEY,
            generation=self._generation,
            port=port,
            start_seconds=0.05,
            latency=0.05,
        )

    def kill(self) -> None:
        self.sandbox.process.kill()
        self.sandbox.process.wait()

    def start(self) -> None:
        self.sandbox = self._start(self.sandbox.port)


@pytest.fixture
def restarted(
    emmy: User, settings: Settings, generation: Generation, tmp_path: Path
) -> Iterator[Restarted]:
    """With workers that would give a row up after its second attempt.

    No worker is killed here, and none that is slow for a moment is to be taken for dead.
    """
    settings.CLASSROOM = {**QUICK, "HOLD_SECONDS": 10, "ATTEMPTS": 2}
    cocalc = Restarted(tmp_path / "cocalc", generation)
    settings.EMBEDDING = embedding_settings(cocalc.sandbox)
    yield cocalc
    forget()
    cocalc.sandbox.stop()


def is_down() -> bool:
    return state.current().is_down


@pytest.mark.parametrize("kind", [Kind.HAND_OUT, Kind.COLLECT])
def test_cocalc_is_down_in_the_middle_and_the_step_waits(
    restarted: Restarted, emmy: User, tmp_path: Path, kind: Kind, generation: Generation
) -> None:
    course, students = make_class(emmy, 12)
    assignment = factories.with_files(factories.make_assignment(course), FILES)
    with farm(tmp_path / "workers.log") as workers:
        workers.start()
        workers.start()
        due = None
        if kind == Kind.COLLECT:
            class_steps.hand_out(assignment, "all", actor=emmy)
            until(all_ended)
            due = timezone.now() + timedelta(seconds=1)
            Assignment.objects.filter(pk=assignment.pk).update(due=due)
            assignment.refresh_from_db()
            due_update(assignment)
        else:
            class_steps.hand_out(assignment, "all", actor=emmy)
        rows = Transfer.objects.filter(kind=kind)
        until(lambda: rows.filter(state=State.DONE).exists())
        restarted.kill()
        until(is_down)
        until(lambda: not rows.filter(state=State.RUNNING).exists())
        left = rows.filter(state=State.QUEUED)
        waiting = set(left.values_list("pk", flat=True))
        assert waiting
        assert not rows.filter(state=State.FAILED).exists()
        assert set(left.values_list("attempts", flat=True)) == {0}
        # Nobody takes them meanwhile, for longer than their attempts would have lasted.
        started = set(left.values_list("pk", "started"))
        time.sleep(3)
        assert set(left.values_list("pk", "started")) == started
        restarted.start()
        back = time.monotonic()
        until(lambda: not is_down(), seconds=60)
        until(all_ended)
        assert time.monotonic() - back < 90, "not only when their patience ends"
    assert set(rows.values_list("state", "error")) == {(State.DONE, "")}
    assert rows.count() == len(students)
    if due is None:
        for student in students:
            found = manifest.of_folder(project_of(student), assignment.folder)
            assert manifest.missing(assignment.files, found) == []
        return
    # What was there at the due time is on time, whenever it came.
    for submission in Submission.objects.all():
        assert (submission.due, submission.late) == (due, False)
        assert submission.collected is not None


@pytest.mark.skipif("connection.vendor != 'sqlite'", reason="locks SQLite's file")
def test_a_locked_database_in_the_middle(
    cocalc: Client, sandbox: SandboxProcess, emmy: User, tmp_path: Path
) -> None:
    course, _ = make_class(emmy, 8)
    assignment = factories.with_files(factories.make_assignment(course), FILES)
    sandbox.quirks(latency=0.02)
    batch = class_steps.hand_out(assignment, "all", actor=emmy)
    impatient = json.loads(given())["DATABASE"]
    impatient["OPTIONS"] = {**impatient["OPTIONS"], "timeout": 0.1}
    with farm(tmp_path / "workers.log", DATABASE=impatient) as workers:
        workers.start()
        until(lambda: batch.transfers.filter(state=State.DONE).exists())
        other = sqlite3.connect(str(connection.settings_dict["NAME"]), timeout=20)
        other.execute("BEGIN IMMEDIATE")
        log = tmp_path / "workers.log"
        until(lambda: "database" in log.read_text())  # it has met the lock
        other.execute("ROLLBACK")
        other.close()
        until(all_ended)
    assert set(batch.transfers.values_list("state", flat=True)) == {State.DONE}


def test_told_to_stop_it_gives_back_what_takes_long_and_exits_well(
    cocalc: Client, sandbox: SandboxProcess, emmy: User, tmp_path: Path
) -> None:
    course, _ = make_class(emmy, 1)
    assignment: Assignment = factories.with_files(factories.make_assignment(course), FILES)
    sandbox.quirks(hang_events=["project_exec"])
    row = class_steps.hand_out(assignment, "all", actor=emmy).transfers.get()
    with (tmp_path / "worker.log").open("w") as log:
        worker = subprocess.Popen(
            [sys.executable, "-m", "tests.classroom.worker_farm", "one"],
            stdin=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    assert worker.stdin is not None
    worker.stdin.write(given())
    worker.stdin.close()
    until(lambda: Transfer.objects.get(pk=row.pk).state == State.RUNNING)
    until(lambda: [heart.pid for heart in hearts.alive_here()] == [worker.pid])
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(30) == 0
    assert not WorkerHeart.objects.exists()
    row.refresh_from_db()
    assert (row.state, row.attempts, row.holder) == (State.QUEUED, 0, None)


def test_access_ends_and_is_mended_while_a_slow_cocalc_holds_up_no_date(
    cocalc: Client, sandbox: SandboxProcess, emmy: User, tmp_path: Path
) -> None:
    """A worker's looking after waits for CoCalc in threads of its own; killed, it is done next."""
    course, [ada, bob] = make_class(emmy, 2)
    factories.on_cocalc(course)
    assert ada.project
    assert bob.project
    ada.project.refresh_from_db()
    bob.project.refresh_from_db()
    projects = [str(project.project_id) for project in (ada.project, bob.project)]
    [adas, bobs, emmys] = [
        str(mapping.account_row(user).account_id) for user in (ada.user, bob.user, emmy)
    ]
    cocalc.remove_member(projects[1], emmys)
    cocalc.delete_project(projects[1])
    CocalcProject.objects.update(looked=None)
    assignment = factories.with_files(factories.make_assignment(course), FILES)
    sandbox.quirks(hang_events=["query"])
    User.objects.filter(pk=ada.user.pk).update(is_active=False)
    with farm(tmp_path / "log") as workers:
        slow = workers.start()
        until(lambda: Ending.objects.filter(not_before__isnull=False).exists())
        Assignment.objects.filter(pk=assignment.pk).update(release=timezone.now())
        until(lambda: Transfer.objects.filter(kind=Kind.HAND_OUT, state=State.DONE).count() == 2)
        assert not Ending.objects.filter(done__isnull=False).exists()
        workers.kill(slow)
        sandbox.reset_quirks()
        # What the killed one held would be tried again in a minute.
        Ending.objects.update(not_before=None)
        CocalcProject.objects.update(looked=None)
        workers.start()
        until(lambda: Ending.objects.filter(done__isnull=False).exists())
        assert adas not in cocalc.get_project(projects[0]).members
        until(lambda: emmys in cocalc.get_project(projects[1]).members)
    assert bobs in cocalc.get_project(projects[1]).members
    assert not cocalc.get_project(projects[1]).deleted
