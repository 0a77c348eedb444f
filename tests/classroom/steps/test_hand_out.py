"""Handing out, against the sandbox: what arrives, what stays, and what is said when it does not."""

import random
from datetime import UTC, datetime
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from classroom.carrying import calls, incoming, outgoing
from classroom.carrying.incoming import take
from classroom.engine.queue import transfer_add
from classroom.models import (
    Assignment,
    Course,
    Kind,
    Membership,
    Notice,
    Profile,
    Submission,
    Transfer,
)
from classroom.rules import manifest
from classroom.steps import parcel
from classroom.steps.submit import is_as_given
from embedding.cocalc.client import Client
from embedding.cocalc.errors import NotFound
from sandbox.process import SandboxProcess
from tests.classroom import factories

State = Transfer.State
DUE = datetime(2026, 11, 27, 22, 59, tzinfo=UTC)
FILES = {"a.ipynb": b'{"cells": []}', "data/b c.csv": b"1,2\n", "-x": b"dash"}


@pytest.fixture
def course(cocalc: Client, db: None) -> Course:
    course = factories.make_course(factories.make_user("emmy", teacher=True))
    factories.enrol(course, factories.make_user("ada", first_name="Ada", last_name="Lovelace"))
    factories.on_cocalc(course)
    return course


@pytest.fixture
def ada(course: Course) -> Membership:
    return Membership.objects.get(course=course, user__username="ada")


@pytest.fixture
def assignment(course: Course) -> Assignment:
    return factories.with_files(factories.make_assignment(course, due=DUE), FILES)


@pytest.fixture
def in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything is too large for one call."""
    monkeypatch.setattr(outgoing, "PART", 100)
    monkeypatch.setattr(outgoing, "LARGE", 1)
    parcel.forget()


def project_of(member: Membership) -> str:
    assert member.project is not None
    return str(member.project.project_id)


def hand_out(assignment: Assignment, student: Membership, **options: object) -> Transfer:
    row = transfer_add(
        assignment.course, Kind.HAND_OUT, student, assignment=assignment, options=options
    )
    factories.work_off()
    row.refresh_from_db()
    return row


def names_in(cocalc: Client, student: Membership, folder: str = "") -> set[str]:
    return {entry.name for entry in cocalc.list_folder(project_of(student), folder)}


def test_all_files_arrive_with_the_due_date(
    cocalc: Client, assignment: Assignment, ada: Membership
) -> None:
    row = hand_out(assignment, ada)
    assert (row.state, row.error) == (State.DONE, "")
    found = manifest.of_folder(project_of(ada), assignment.folder)
    assert manifest.missing(assignment.files, found) == []
    assert len(found) == 4
    date = cocalc.read_file(project_of(ada), f"{assignment.folder}/DUE_DATE.txt").decode()
    assert date == "This assignment is due\n\n   Friday 27 November 2026, 23:59 CET\n"
    assert factories.submission(assignment, ada).handed_out is not None


def test_the_due_date_is_in_the_students_language(
    cocalc: Client, assignment: Assignment, ada: Membership
) -> None:
    Profile.objects.create(user=ada.user, language="de")
    hand_out(assignment, ada)
    date = cocalc.read_file(project_of(ada), f"{assignment.folder}/DUE_DATE.txt").decode()
    assert "Freitag" in date
    found = take(project_of(ada), assignment.folder)
    assert is_as_given(assignment, found), "the date is ours in any language"


def test_it_takes_one_call_and_one_for_all(
    sandbox: SandboxProcess, course: Course, assignment: Assignment, ada: Membership
) -> None:
    grace = factories.enrol(course, factories.make_user("grace"))
    factories.on_cocalc(course)
    sandbox.reset_calls()
    for student in (ada, grace):
        transfer_add(course, Kind.HAND_OUT, student, assignment=assignment)
    factories.work_off()
    assert set(Transfer.objects.values_list("state", flat=True)) == {State.DONE}
    assert sandbox.calls()["counts"] == {"project_exec": 3}


def test_what_is_large_comes_in_parts_and_only_once(
    cocalc: Client, sandbox: SandboxProcess, course: Course, ada: Membership
) -> None:
    files = {"a.bin": random.randbytes(700_000), "b.bin": random.randbytes(700_000)}
    large = factories.with_files(factories.make_assignment(course, "Large"), files)
    sandbox.reset_calls()
    assert hand_out(large, ada).state == State.DONE
    # A look for all, three parts, and the word to put them in place.
    assert sandbox.calls()["counts"] == {"project_exec": 5}
    cocalc.remove(project_of(ada), "large/b.bin")
    cocalc.write_file(project_of(ada), "large/a.bin", b"my own work")
    cocalc.exec(project_of(ada), "cp large/a.bin mine", bash=True)
    assert hand_out(large, ada).result == {"changed": ["a.bin"]}
    assert cocalc.read_file(project_of(ada), "large/b.bin") == files["b.bin"]
    sandbox.reset_calls()
    assert hand_out(large, ada, overwrite=True).state == State.DONE
    assert cocalc.read_file(project_of(ada), "large/a.bin") == files["a.bin"]
    # A look at the course's folder, one at the student's, two parts of one file, and the word.
    assert sandbox.calls()["counts"]["project_exec"] <= 6


def test_a_large_file_that_changes_between_the_look_and_the_word_is_sent(
    cocalc: Client, assignment: Assignment, ada: Membership, in_parts: None
) -> None:
    hand_out(assignment, ada)
    with pytest.MonkeyPatch.context() as patch:
        real = incoming.look

        def look(project: str, folder: str) -> object:
            found = real(project, folder)
            cocalc.remove(project_of(ada), "homework-1/a.ipynb")
            return found

        patch.setattr(outgoing, "look", look)
        assert hand_out(assignment, ada).state == State.DONE
    found = manifest.of_folder(project_of(ada), assignment.folder)
    assert manifest.missing(assignment.files, found) == []


def test_a_newer_version_replaces_what_nobody_changed(
    cocalc: Client, assignment: Assignment, ada: Membership
) -> None:
    hand_out(assignment, ada)
    folder = assignment.folder
    cocalc.write_file(project_of(ada), f"{folder}/a.ipynb", b"my own work")
    factories.with_files(assignment, {"a.ipynb": b"corrected", "data/b c.csv": b"corrected"})
    row = hand_out(assignment, ada)
    assert (row.state, row.result) == (State.DONE, {"changed": ["a.ipynb"]})
    assert cocalc.read_file(project_of(ada), f"{folder}/a.ipynb") == b"my own work"
    assert cocalc.read_file(project_of(ada), f"{folder}/data/b c.csv") == b"corrected"


def test_large_again_leaves_what_the_student_changed_before_the_teacher_did(
    cocalc: Client, assignment: Assignment, ada: Membership, in_parts: None
) -> None:
    hand_out(assignment, ada)
    cocalc.write_file(project_of(ada), f"{assignment.folder}/a.ipynb", b"my own work")
    cocalc.exec(project_of(ada), f"touch -d @1 {assignment.folder}/a.ipynb", bash=True)
    assert hand_out(assignment, ada).result == {"changed": ["a.ipynb"]}
    assert cocalc.read_file(project_of(ada), f"{assignment.folder}/a.ipynb") == b"my own work"


def test_what_comes_damaged_is_noticed_and_leaves_nothing(
    cocalc: Client, assignment: Assignment, ada: Membership, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = outgoing.Load.parts

    def parts(load: outgoing.Load) -> list[bytes]:
        return [b"".join(real(load))[:-40]]

    monkeypatch.setattr(outgoing.Load, "parts", parts)
    row = hand_out(assignment, ada)
    assert (row.state, row.error_code, row.attempts) == (State.QUEUED, "damaged", 1)
    left = cocalc.exec(project_of(ada), "find . -name 'a.ipynb' -o -name '*.part'", bash=True)
    assert left.stdout == ""
    monkeypatch.undo()
    Transfer.objects.update(not_before=timezone.now())
    factories.work_off()
    row.refresh_from_db()
    assert row.state == State.DONE


def test_a_project_that_is_not_there_yet_is_made_and_a_stopped_one_started(
    cocalc: Client, sandbox: SandboxProcess, course: Course, assignment: Assignment
) -> None:
    grace = factories.enrol(course, factories.make_user("grace"))
    assert hand_out(assignment, grace).state == State.DONE
    grace.refresh_from_db()
    assert grace.project is not None
    grace.project.refresh_from_db()
    assert cocalc.project_state(project_of(grace)) == "running"
    sandbox.stop_project(project_of(grace))
    other = factories.with_files(factories.make_assignment(course, "Homework 2"), FILES)
    assert hand_out(other, grace).state == State.DONE
    assert cocalc.project_state(project_of(grace)) == "running"


def test_a_handout_has_no_due_date(cocalc: Client, course: Course, ada: Membership) -> None:
    handout = factories.with_files(
        factories.make_assignment(course, "Slides", handout=True), {"s.txt": b"s"}
    )
    assert hand_out(handout, ada).state == State.DONE
    assert names_in(cocalc, ada, "slides") == {"s.txt"}


def test_an_extension_is_in_the_students_own_file(
    cocalc: Client, assignment: Assignment, ada: Membership
) -> None:
    Submission.objects.update(due=datetime(2026, 7, 1, 10, tzinfo=UTC))
    hand_out(assignment, ada)
    date = cocalc.read_file(project_of(ada), f"{assignment.folder}/DUE_DATE.txt").decode()
    assert "Wednesday 1 July 2026, 12:00 CEST" in date


def test_what_the_student_changed_stays(
    cocalc: Client, assignment: Assignment, ada: Membership
) -> None:
    hand_out(assignment, ada)
    first = factories.submission(assignment, ada).handed_out
    mine = f"{assignment.folder}/a.ipynb"
    cocalc.write_file(project_of(ada), mine, b"my own work")
    cocalc.remove(project_of(ada), f"{assignment.folder}/data/b c.csv")
    row = hand_out(assignment, ada)
    assert (row.state, row.result) == (State.DONE, {"changed": ["a.ipynb"]})
    assert cocalc.read_file(project_of(ada), mine) == b"my own work"
    assert cocalc.file_exists(project_of(ada), f"{assignment.folder}/data/b c.csv")
    assert factories.submission(assignment, ada).handed_out == first


def test_overwriting_keeps_a_backup(
    cocalc: Client, assignment: Assignment, ada: Membership
) -> None:
    hand_out(assignment, ada)
    cocalc.write_file(project_of(ada), f"{assignment.folder}/a.ipynb", b"my own work")
    cocalc.write_file(project_of(ada), f"{assignment.folder}/notes.txt", b"my notes")
    row = hand_out(assignment, ada, overwrite=True)
    assert row.state == State.DONE
    assert names_in(cocalc, ada, assignment.folder) == {"a.ipynb", "data", "-x", "DUE_DATE.txt"}
    assert cocalc.read_file(project_of(ada), f"{assignment.folder}/a.ipynb") == FILES["a.ipynb"]
    [backup] = names_in(cocalc, ada) - {assignment.folder}
    assert backup.startswith(f"{assignment.folder}-backup-20")
    assert cocalc.read_file(project_of(ada), f"{backup}/a.ipynb") == b"my own work"
    assert cocalc.read_file(project_of(ada), f"{backup}/notes.txt") == b"my notes"


def test_a_folder_in_a_folder_is_overwritten_beside_itself(
    cocalc: Client, course: Course, ada: Membership
) -> None:
    made = factories.make_assignment(course, folder="unit/hw")
    assignment = factories.with_files(made, FILES)
    assert hand_out(assignment, ada).state == State.DONE
    cocalc.write_file(project_of(ada), "unit/hw/a.ipynb", b"my own work")
    assert hand_out(assignment, ada, overwrite=True).state == State.DONE
    [backup] = names_in(cocalc, ada, "unit") - {"hw"}
    assert cocalc.read_file(project_of(ada), f"unit/{backup}/a.ipynb") == b"my own work"


def test_done_again_after_a_crash_the_first_backup_stays(
    cocalc: Client, assignment: Assignment, ada: Membership
) -> None:
    hand_out(assignment, ada)
    cocalc.write_file(project_of(ada), f"{assignment.folder}/a.ipynb", b"my own work")
    row = hand_out(assignment, ada, overwrite=True)
    Transfer.objects.filter(pk=row.pk).update(state=State.QUEUED)
    factories.work_off()
    row.refresh_from_db()
    assert (row.state, row.attempts) == (State.DONE, 2)
    [backup] = names_in(cocalc, ada) - {assignment.folder}
    assert cocalc.read_file(project_of(ada), f"{backup}/a.ipynb") == b"my own work"
    # Its student is told when it comes first, and never again.
    assert [(row.kind, row.user) for row in Notice.objects.all()] == [
        (Notice.Kind.HANDED_OUT, ada.user)
    ]


def test_a_file_of_the_same_name_from_before_is_kept_beside(
    cocalc: Client, assignment: Assignment, ada: Membership
) -> None:
    cocalc.write_file(project_of(ada), f"{assignment.folder}/a.ipynb", b"from before")
    assert hand_out(assignment, ada).state == State.DONE
    folder = assignment.folder
    assert cocalc.read_file(project_of(ada), f"{folder}/a.ipynb") == FILES["a.ipynb"]
    assert cocalc.read_file(project_of(ada), f"{folder}/a.ipynb~") == b"from before"


def test_the_student_version_is_what_goes_out(
    cocalc: Client, course: Course, ada: Membership
) -> None:
    cocalc.write_file(str(course.project.project_id), "marked/a.ipynb", b"solution")
    assignment = factories.with_files(
        factories.make_assignment(course, "Marked", has_student_folder=True), {"a.ipynb": b"blank"}
    )
    assert hand_out(assignment, ada).state == State.DONE
    assert cocalc.read_file(project_of(ada), "marked/a.ipynb") == b"blank"
    assert names_in(cocalc, ada, "marked") == {"a.ipynb", "DUE_DATE.txt"}


@pytest.mark.parametrize(
    ("script", "named"),
    [
        ("echo other > a.ipynb", "“a.ipynb” was changed"),
        ("rm a.ipynb", "“a.ipynb” was changed"),
        ("echo more > solution.txt", "“solution.txt” was changed"),
        ("rm -r data; echo > a.ipynb", "“a.ipynb”, “data/b c.csv” were changed"),
        ("cd ..; mv homework-1 away", "“-x”, “a.ipynb”, “data/b c.csv” were changed"),
    ],
)
def test_a_source_that_changed_since_it_was_checked_reaches_nobody_and_is_named(
    cocalc: Client,
    sandbox: SandboxProcess,
    assignment: Assignment,
    ada: Membership,
    script: str,
    named: str,
) -> None:
    """Also after an earlier version was handed out, which we still have."""
    hand_out(assignment, ada)
    before = manifest.of_folder(project_of(ada), assignment.folder)
    home = str(assignment.course.project.project_id)
    cocalc.exec(home, f"cd homework-1 && {script}", bash=True)
    sandbox.reset_calls()
    row = hand_out(assignment, ada)
    assert (row.state, row.error_code) == (State.FAILED, "sources_changed")
    assert named in row.error
    assert "“Check again”" in row.error
    assert sandbox.calls()["counts"] == {"project_exec": 1}
    assert manifest.of_folder(project_of(ada), assignment.folder) == before


def test_a_solution_that_changed_counts_though_students_never_get_it(
    cocalc: Client, course: Course, ada: Membership
) -> None:
    home = str(course.project.project_id)
    cocalc.write_file(home, "marked/a.ipynb", b"solution")
    assignment = factories.with_files(
        factories.make_assignment(course, "Marked", has_student_folder=True), {"a.ipynb": b"blank"}
    )
    cocalc.write_file(home, "marked/a.ipynb", b"better solution")
    row = hand_out(assignment, ada)
    assert (row.state, row.error_code) == (State.FAILED, "sources_changed")
    assert factories.submission(assignment, ada).handed_out is None
    cocalc.write_file(home, "marked/a.ipynb", b"solution")
    assert hand_out(assignment, ada).state == State.DONE


def test_a_file_with_the_folders_name_is_said_to_be_in_the_way(
    cocalc: Client, assignment: Assignment, ada: Membership
) -> None:
    cocalc.write_file(project_of(ada), assignment.folder, b"a file where the folder should be")
    row = hand_out(assignment, ada)
    assert (row.state, row.error_code) == (State.FAILED, "in_the_way")
    assert "“homework-1”" in row.error
    assert cocalc.read_file(project_of(ada), assignment.folder).startswith(b"a file")


def test_a_link_for_the_date_is_not_followed(
    cocalc: Client, assignment: Assignment, ada: Membership
) -> None:
    script = f"mkdir {assignment.folder}; echo precious > p; ln -s ../p {assignment.folder}/"
    cocalc.exec(project_of(ada), script + "DUE_DATE.txt", bash=True)
    assert hand_out(assignment, ada).state == State.DONE
    assert cocalc.read_file(project_of(ada), "p") == b"precious\n"


def test_not_ready_says_so_at_once(
    sandbox: SandboxProcess, course: Course, ada: Membership
) -> None:
    bare = factories.make_assignment(course, "Bare", version=Assignment.Version.MISSING)
    sandbox.reset_calls()
    row = hand_out(bare, ada)
    assert (row.state, row.error_code) == (State.FAILED, "not_ready")
    assert sandbox.calls()["counts"] == {}


def test_a_due_time_that_changes_meanwhile_is_the_one_that_is_written(
    cocalc: Client, assignment: Assignment, ada: Membership, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, later = calls.script, datetime(2026, 12, 4, 22, 59, tzinfo=UTC)

    def script(*args: Any) -> str:  # between reading the due time and writing it down
        Submission.objects.update(due=later)
        return real(*args)

    monkeypatch.setattr(calls, "script", script)
    assert hand_out(assignment, ada).state == State.DONE
    date = cocalc.read_file(project_of(ada), f"{assignment.folder}/DUE_DATE.txt").decode()
    assert "4 December" in date
    assert factories.submission(assignment, ada).handed_out is not None


def test_a_new_date_is_written_where_the_files_are(
    cocalc: Client, assignment: Assignment, ada: Membership
) -> None:
    row = transfer_add(assignment.course, Kind.DUE_DATE, ada, assignment=assignment)
    factories.work_off()
    row.refresh_from_db()
    assert row.state == State.CANCELLED  # nothing is there yet
    hand_out(assignment, ada)
    Submission.objects.update(due=None)
    row = transfer_add(assignment.course, Kind.DUE_DATE, ada, assignment=assignment)
    factories.work_off()
    row.refresh_from_db()
    assert row.state == State.DONE
    date = cocalc.read_file(project_of(ada), f"{assignment.folder}/DUE_DATE.txt")
    assert date == b"No due date has been set.\n"


def test_a_lost_answer_is_tried_again(
    cocalc: Client, sandbox: SandboxProcess, assignment: Assignment, ada: Membership
) -> None:
    sandbox.quirks(lost_replies=["project_exec"])
    row = hand_out(assignment, ada)
    assert (row.state, row.attempts) == (State.QUEUED, 1)
    assert row.error
    sandbox.reset_quirks()
    Transfer.objects.update(not_before=timezone.now())
    factories.work_off()
    row.refresh_from_db()
    assert (row.state, row.attempts, row.error) == (State.DONE, 2, "")


def test_who_was_removed_gets_nothing(
    cocalc: Client, assignment: Assignment, ada: Membership
) -> None:
    Membership.objects.filter(pk=ada.pk).update(removed=timezone.now())
    assert hand_out(assignment, ada).state == State.CANCELLED
    with pytest.raises(NotFound):
        cocalc.list_folder(project_of(ada), assignment.folder)


def test_a_file_above_the_folder_is_said_to_be_in_the_way(
    cocalc: Client, course: Course, ada: Membership
) -> None:
    made = factories.make_assignment(course, due=DUE, folder="unit/hw")
    assignment = factories.with_files(made, FILES)
    cocalc.write_file(project_of(ada), "unit", b"a file where the folder should be")
    row = hand_out(assignment, ada)
    assert (row.state, row.error_code) == (State.FAILED, "in_the_way")
    assert "“unit" in row.error


@pytest.mark.parametrize("error", ["1", "Error: spawn pnpm EACCES"])
def test_a_server_that_fails_to_start_the_project_is_told_apart_from_a_refusal(
    sandbox: SandboxProcess,
    assignment: Assignment,
    ada: Membership,
    settings: Settings,
    error: str,
) -> None:
    settings.CLASSROOM = {"ATTEMPTS": 1}
    sandbox.stop_project(project_of(ada))
    sandbox.quirks(start_error=error)
    row = hand_out(assignment, ada)
    assert (row.state, row.error_code) == (State.FAILED, "cannot_start")
    assert row.error.startswith("CoCalc's server cannot start the project.")
    # Where CoCalc's server throws a number, only API v1 says that it is an error.
    number = "error 1" if sandbox.generation == "v1" else ": 1 "
    assert (number if error == "1" else error) in row.detail
    sandbox.reset_quirks()
    assert hand_out(assignment, ada).state == State.DONE
