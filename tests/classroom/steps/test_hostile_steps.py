"""Students whose programs swap names while our steps run, through CoCalc's API as it is.

First three attacks as they were once made, each at its very moment; then a program that swaps what
it can at random instants during all steps. `LECTERN_HOSTILE_STEPS` makes it as many rounds as
wanted; every round is all five steps.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from classroom.engine.queue import transfer_add
from classroom.models import Assignment, Course, Kind, Membership, Snapshot, Submission, Transfer
from classroom.rules import manifest, names, source_folder
from classroom.steps import run_script
from classroom.steps.approved import approved_now
from embedding.cocalc.client import Client
from tests.classroom import factories
from tests.classroom.carrying import hostile
from tests.classroom.nbgrader import notebooks
from tests.marked import marked_notebook

ROUNDS = int(os.environ.get("LECTERN_HOSTILE_STEPS", "2"))
State = Transfer.State
SECRET = b"the secret of someone else"
# Stands in for a run of the notebook: the copy that it leaves is the notebook itself.
COPIES = """import hashlib, json, os, shutil, sys
shutil.copy(sys.argv[1], ".part")
with open(".part", "rb") as file:
    digest = hashlib.sha256(file.read()).hexdigest()
os.replace(".part", sys.argv[1].replace(".ipynb", "_autograded.ipynb"))
print(json.dumps({"secret": "SECRET", "sha256": digest, "held": {}, "words": ""}))
"""


@pytest.fixture
def course(cocalc: Client, db: None) -> Course:
    course = factories.make_course(factories.make_user("emmy", teacher=True))
    for name in ("ada", "bob"):
        factories.enrol(course, factories.make_user(name))
    factories.on_cocalc(course)
    return course


@pytest.fixture
def ada(course: Course) -> Membership:
    return Membership.objects.get(course=course, user__username="ada")


@pytest.fixture
def bob(cocalc: Client, course: Course) -> Membership:
    bob = Membership.objects.get(course=course, user__username="bob")
    cocalc.write_file(project_of(bob), "hw/a.ipynb", SECRET)
    return bob


@pytest.fixture
def assignment(cocalc: Client, course: Course, ada: Membership) -> Assignment:
    """Handed out; the course's own folder has a solution that is the teacher's alone."""
    cocalc.write_file(home_of(course), "hw/a.ipynb", SECRET)
    made = factories.make_assignment(course, "hw", has_student_folder=True, points=Decimal(10))
    made = factories.with_files(made, {"a.ipynb": b"the task", "data/b.csv": b"1,2\n"})
    Submission.objects.update(handed_out=timezone.now())
    return made


def project_of(member: Membership) -> str:
    assert member.project is not None
    return str(member.project.project_id)


def home_of(course: Course) -> str:
    return str(course.project.project_id)


def do(kind: Kind, assignment: Assignment, student: Membership, **options: object) -> Transfer:
    row = transfer_add(assignment.course, kind, student, assignment=assignment, options=options)
    factories.work_off()
    row.refresh_from_db()
    return row


def submit(assignment: Assignment, student: Membership) -> Transfer:
    return do(Kind.SUBMIT, assignment, student, at=timezone.now().isoformat())


@pytest.fixture
def after_the_next_call(
    cocalc: Client, ada: Membership, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], None]:
    """Let Ada's program do something between our first call into her project and the next."""
    real = cocalc.exec

    def plan(script: str) -> None:
        scripts = [script]

        def execute(project: str, *args: Any, **options: Any) -> Any:
            output = real(project, *args, **options)
            if scripts and project == project_of(ada):
                real(project, scripts.pop(), bash=True)
            return output

        monkeypatch.setattr(cocalc, "exec", execute)

    return plan


def holds(cocalc: Client, project: str, folder: str, secret: bytes) -> bool:
    word = secret.decode()
    script = f"grep -rqF '{word}' {folder}"
    return cocalc.exec(project, script, bash=True, check=False).exit_code == 0


# --- three attacks


@pytest.mark.parametrize("kind", [Kind.COLLECT, Kind.SUBMIT])
def test_a_folder_that_becomes_a_link_to_the_teachers_brings_nothing(
    cocalc: Client,
    course: Course,
    assignment: Assignment,
    ada: Membership,
    after_the_next_call: Callable[[str], None],
    kind: Kind,
) -> None:
    cocalc.write_file(project_of(ada), "hw/a.ipynb", b"work")
    after_the_next_call(f"rm -r hw; ln -s ../{home_of(course)}/hw hw")
    row = submit(assignment, ada) if kind == Kind.SUBMIT else do(kind, assignment, ada)
    # What was declared came, and nothing else did.
    assert row.state == State.DONE
    for folder in ("collected", "submitted"):
        assert not holds(cocalc, home_of(course), folder, SECRET)
    if kind == Kind.COLLECT:
        assert row.result["files"] == ["a.ipynb"]
        Submission.objects.update(score=Decimal(1))
        do(Kind.RETURN, assignment, ada)
        assert not holds(cocalc, project_of(ada), "graded-hw", SECRET)
    assert do(Kind.COLLECT, assignment, ada).state in (State.DONE, State.FAILED)
    assert not holds(cocalc, home_of(course), "collected", SECRET)


def test_an_empty_folder_that_becomes_a_link_brings_nothing(
    cocalc: Client,
    course: Course,
    assignment: Assignment,
    ada: Membership,
    after_the_next_call: Callable[[str], None],
) -> None:
    cocalc.make_folder(project_of(ada), "hw")
    after_the_next_call(f"rmdir hw; ln -s ../{home_of(course)}/hw hw")
    row = do(Kind.COLLECT, assignment, ada)
    assert (row.state, row.result["count"]) == (State.DONE, 0)
    assert not holds(cocalc, home_of(course), "collected", SECRET)


@pytest.mark.parametrize(
    ("kind", "folder", "options"),
    [
        (Kind.RETURN, "graded-hw", {"ungraded": True}),
        (Kind.HAND_OUT, "hw", {}),
        (Kind.HAND_OUT, "hw", {"overwrite": True}),
        (Kind.DUE_DATE, "hw", {}),
    ],
)
def test_a_link_to_somebody_elses_folder_is_not_written_through(
    cocalc: Client,
    course: Course,
    assignment: Assignment,
    ada: Membership,
    bob: Membership,
    kind: Kind,
    folder: str,
    options: dict[str, object],
) -> None:
    before = manifest.of_folder(project_of(bob), "hw")
    path = names.collected_path(assignment, ada)
    cocalc.write_file(home_of(course), f"{path}/a.ipynb", b"work")
    Submission.objects.update(collected=timezone.now())
    cocalc.exec(project_of(ada), f"ln -s ../{project_of(bob)}/hw {folder}", bash=True)
    row = do(kind, assignment, ada, **options)
    assert manifest.of_folder(project_of(bob), "hw") == before
    if options.get("overwrite"):
        assert row.state == State.DONE  # the link itself is what was kept
    else:
        assert (row.state, row.error_code) == (State.FAILED, "in_the_way")
        assert f"“{folder}”" in row.error


def test_what_is_put_in_after_the_look_does_not_come(
    cocalc: Client,
    course: Course,
    assignment: Assignment,
    ada: Membership,
    settings: Settings,
    after_the_next_call: Callable[[str], None],
) -> None:
    settings.CLASSROOM = {"SUBMIT_MAX_MB": 1}
    cocalc.write_file(project_of(ada), "hw/a.ipynb", b"work")
    after_the_next_call("truncate -s 2M hw/huge")
    assert submit(assignment, ada).state == State.DONE
    assert [file["path"] for file in Snapshot.objects.get().files] == ["a.ipynb"]
    # And where it is there from the start, nothing of it stays.
    assert submit(assignment, ada).error_code == "too_large"
    found = cocalc.exec(home_of(course), "find . -size +500k -o -name '.arriving*'", bash=True)
    assert found.stdout == ""


# --- at random instants


@contextmanager
def besieged(
    cocalc: Client, student: Membership, others: list[str]
) -> Iterator[list["subprocess.Popen[bytes]"]]:
    """Let programs run in a student's project that swap its names against links to others'."""
    home = cocalc.exec(project_of(student), "pwd").stdout.strip()
    programs = [
        subprocess.Popen(
            [sys.executable, hostile.__file__, home, str(Path(home).parent / other), "1", "0.01"]
        )
        for other in others
    ]
    try:
        yield programs
    finally:
        for program in programs:
            program.kill()
            program.wait()


@contextmanager
def held(programs: list["subprocess.Popen[bytes]"]) -> Iterator[None]:
    """Keep them still, so that a look is not fooled itself."""
    for program in programs:
        program.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        for program in programs:
            program.send_signal(signal.SIGCONT)


STEPS = (Kind.HAND_OUT, Kind.SUBMIT, Kind.COLLECT, Kind.RUN, Kind.RETURN)


def test_besieged_no_step_brings_or_writes_what_it_must_not(
    cocalc: Client,
    course: Course,
    ada: Membership,
    bob: Membership,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings.CLASSROOM = {"ATTEMPTS": 1}
    monkeypatch.setattr(run_script, "runner", lambda said: COPIES.replace("SECRET", said))
    home = home_of(course)
    cocalc.write_file(home, "hw/b.ipynb", marked_notebook())
    made = factories.make_assignment(course, "hw", has_student_folder=True, points=Decimal(10))
    files = {"a.ipynb": b"task", "b.ipynb": hostile.NOTEBOOK.encode(), "data/b.csv": b"1,2\n" * 9}
    assignment = factories.with_files(made, files)
    assignment.sources, _ = source_folder.told_apart(manifest.of_folder(home, "hw"))
    assignment.approved = approved_now(assignment, by="emmy")
    assignment.save()
    theirs = notebooks.content(notebooks.notebook(notebooks.text(SECRET.decode())))
    for project in (home, project_of(bob)):
        cocalc.write_file(project, "secret.ipynb", theirs)
        for path in ("a.ipynb", "data/b.csv", "DUE_DATE.txt", "GRADE.md"):
            cocalc.write_file(project, path, SECRET)
    watched = f"sha256sum {home}/*.* {home}/hw/* {home}/data/*; find {project_of(bob)} -ls"

    def others() -> str:
        secrets = f"cat {project_of(bob)}/*.* {project_of(bob)}/data/*"
        script = f"cd ..; {{ {watched}; {secrets}; }} 2>/dev/null"
        return cocalc.exec(home, script, bash=True).stdout

    before = others()
    assert before.count(SECRET.decode()) == 5
    ended = dict.fromkeys(STEPS, 0)
    with besieged(cocalc, ada, [home, project_of(bob)]) as programs:
        for number in range(ROUNDS):
            Submission.objects.update(handed_out=timezone.now(), score=Decimal(1))
            for kind in STEPS:
                options: dict[Kind, dict[str, object]] = {
                    Kind.SUBMIT: {"at": timezone.now().isoformat()},
                    Kind.RUN: {"autograde": True},
                    Kind.HAND_OUT: {"overwrite": True} if number % 2 else {},
                }
                row = do(kind, assignment, ada, **options.get(kind, {}))
                assert row.state in (State.DONE, State.FAILED, State.CANCELLED), row.error
                # Not held up before it comes near the student's project.
                assert row.error_code not in ("fault", "not_approved", "sources_changed")
                ended[kind] += row.state == State.DONE
                with held(programs):
                    assert others() == before, (kind, number)
                    judge(cocalc, course, assignment, ada, row)
            Snapshot.objects.all().delete()
    assert sum(ended.values()) > ROUNDS, ended
    print(ROUNDS, "rounds:", {str(kind): count for kind, count in ended.items()})


def judge(
    cocalc: Client, course: Course, assignment: Assignment, ada: Membership, row: Transfer
) -> None:
    """A step that is done has what it says, and nothing of anybody else's is anywhere."""
    home = home_of(course)
    for folder in ("collected", "submitted", ".classroom"):
        assert not holds(cocalc, home, folder, SECRET), row.kind
    mine = "find . -type f -links 1 -exec grep -lF 'secret of somebody' {} + 2>/dev/null; :"
    assert cocalc.exec(project_of(ada), mine, bash=True).stdout == "", row.kind
    assert cocalc.exec(home, "ls -A", bash=True).stdout.count(".arriving") == 0
    if row.state != State.DONE:
        return
    if row.kind == Kind.SUBMIT:
        snapshot = Snapshot.objects.get(pk=row.result["snapshot"])
        found = manifest.of_folder(home, snapshot.path)
        assert found == [manifest.bare(file) for file in snapshot.files]
    if row.kind == Kind.COLLECT:
        there = manifest.of_folder(home, names.collected_path(assignment, ada))
        files = [
            file
            for file in there
            if not file["path"].endswith("~") and not file["path"].startswith("STUDENT - ")
        ]
        declared = row.result["files"]
        assert [file["path"] for file in files if file["path"] != "DUE_DATE.txt"] == declared
        ours = [file for file in files if file["path"] != "DUE_DATE.txt"]
        assert source_folder.digest(ours) == row.result["digest"]
