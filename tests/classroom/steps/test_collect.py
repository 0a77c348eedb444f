"""Collecting, against the sandbox: what counts, what is replaced, and what students may try."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.utils import timezone

from classroom.carrying import calls, incoming
from classroom.engine.queue import transfer_add
from classroom.models import (
    Assignment,
    Course,
    Extension,
    Kind,
    Membership,
    Snapshot,
    Submission,
    Transfer,
)
from classroom.rules import manifest, names
from classroom.rules.deadlines import due_update
from classroom.rules.renewal import news
from classroom.steps import bringing
from embedding.cocalc.capabilities import capability
from embedding.cocalc.client import Client
from embedding.models import CocalcProject
from sandbox.process import SandboxProcess
from tests.classroom import factories
from tests.embedding.test_care import MEMORY
from tests.events import ask

State = Transfer.State
HOUR = timedelta(hours=1)


@pytest.fixture
def course(cocalc: Client, db: None) -> Course:
    course = factories.make_course(factories.make_user("emmy", teacher=True))
    person = factories.make_user(
        "ada", first_name="Ada", last_name="Lovelace", email="ada@school.test"
    )
    factories.enrol(course, person, number="77")
    factories.on_cocalc(course)
    return course


@pytest.fixture
def ada(course: Course) -> Membership:
    return Membership.objects.get(course=course, user__username="ada")


@pytest.fixture
def assignment(cocalc: Client, course: Course, ada: Membership) -> Assignment:
    """Handed out, and worked on."""
    assignment = factories.make_assignment(course)
    Submission.objects.update(handed_out=timezone.now())
    cocalc.write_file(project_of(ada), "homework-1/a.ipynb", b"work")
    cocalc.write_file(project_of(ada), "homework-1/data/b.csv", b"1,2")
    return assignment


def project_of(member: Membership) -> str:
    assert member.project is not None
    return str(member.project.project_id)


def home(assignment: Assignment) -> str:
    return str(assignment.course.project.project_id)


def collect(assignment: Assignment, student: Membership, **options: object) -> Transfer:
    row = transfer_add(
        assignment.course, Kind.COLLECT, student, assignment=assignment, options=options
    )
    factories.work_off()
    row.refresh_from_db()
    return row


def collected(cocalc: Client, assignment: Assignment, student: Membership, path: str) -> bytes:
    folder = names.collected_path(assignment, student)
    return cocalc.read_file(home(assignment), f"{folder}/{path}")


def make_snapshot(
    cocalc: Client,
    assignment: Assignment,
    student: Membership,
    content: bytes,
    *,
    late: bool = False,
) -> None:
    cocalc.write_file(home(assignment), "submitted/x/a.ipynb", content)
    Snapshot.objects.create(
        submission=factories.submission(assignment, student),
        taken=timezone.now(),
        late=late,
        path="submitted/x",
        files=manifest.of_folder(home(assignment), "submitted/x"),
    )


def test_where_the_site_was_thrown_out_it_comes_back_and_collects(
    cocalc: Client, sandbox: SandboxProcess, assignment: Assignment, ada: Membership
) -> None:
    """Just after somebody has looked, so that the step does not look itself."""
    project, us = project_of(ada), sandbox.admin_account_id
    CocalcProject.objects.update(looked=timezone.now())
    users = {us: {"group": "collaborator"}}
    assert not ask(sandbox, "query", query={"projects": {"project_id": project, "users": users}})
    assert not ask(sandbox, "remove_collaborator", project_id=project, account_id=us)
    assert us not in cocalc.get_project(project).members
    sandbox.forward(MEMORY)
    row = collect(assignment, ada)
    if capability("any_project").way(sandbox.generation).can != "yes":
        assert (row.state, row.error_code, row.attempts) == (State.QUEUED, "limited", 0)
        assert cocalc.get_project(project).members[us] == "owner"
        sandbox.forward(MEMORY)
        Transfer.objects.update(not_before=timezone.now())
        factories.work_off()
        row.refresh_from_db()
    assert (row.state, row.error) == (State.DONE, "")


def test_the_folder_comes_with_a_file_that_names_the_student(
    cocalc: Client, assignment: Assignment, ada: Membership
) -> None:
    row = collect(assignment, ada)
    assert (row.state, row.error) == (State.DONE, "")
    told = {"from": "folder", "count": 2, "files": ["a.ipynb", "data/b.csv"]}
    assert row.result.items() >= told.items()
    assert collected(cocalc, assignment, ada, "a.ipynb") == b"work"
    who = collected(cocalc, assignment, ada, "STUDENT - Ada Lovelace.txt").decode()
    assert who == "This student is Ada Lovelace <ada@school.test>.\nNumber: 77\n"
    submission = factories.submission(assignment, ada)
    assert submission.collected is not None
    assert (submission.collected_from, submission.late) == ("folder", False)
    assert submission.collected_for is None


def test_it_takes_two_calls(
    sandbox: SandboxProcess, assignment: Assignment, ada: Membership
) -> None:
    sandbox.reset_calls()
    collect(assignment, ada)
    assert sandbox.calls()["counts"] == {"project_exec": 2}


def test_what_was_submitted_counts_more_than_the_folder(
    cocalc: Client, assignment: Assignment, ada: Membership
) -> None:
    make_snapshot(cocalc, assignment, ada, b"submitted")
    row = collect(assignment, ada)
    assert row.result["from"] == "submitted"
    assert collected(cocalc, assignment, ada, "a.ipynb") == b"submitted"
    assert factories.submission(assignment, ada).collected_from == "submitted"


def test_a_late_submission_is_marked_so(
    cocalc: Client, assignment: Assignment, ada: Membership
) -> None:
    Assignment.objects.update(late_policy=Assignment.LatePolicy.ANY)
    Submission.objects.update(due=timezone.now() - HOUR)
    make_snapshot(cocalc, assignment, ada, b"late", late=True)
    collect(assignment, ada)
    assert factories.submission(assignment, ada).late is True
    # With more time it is in time at once, without being collected again.
    Extension.objects.create(assignment=assignment, student=ada, due=timezone.now() + HOUR)
    Assignment.objects.update(due=timezone.now() - HOUR)
    due_update(assignment, [ada.pk])
    assert factories.submission(assignment, ada).late is False
    # Though it is collected so, it is late when that is taken back.
    collect(assignment, ada)
    assert factories.submission(assignment, ada).late is False
    Extension.objects.all().delete()
    due_update(assignment, [ada.pk])
    assert factories.submission(assignment, ada).late is True


@pytest.mark.parametrize(
    ("due_ago", "changed_ago", "late"),
    [
        (timedelta(minutes=1), timedelta(0), False),  # at the due time: the worker is still at it
        (3 * HOUR, HOUR, True),
        (3 * HOUR, 5 * HOUR, False),
    ],
)
def test_a_folder_is_late_when_it_was_changed_after_it_was_due(
    cocalc: Client,
    assignment: Assignment,
    ada: Membership,
    due_ago: timedelta,
    changed_ago: timedelta,
    late: bool,
) -> None:
    now = timezone.now()
    Submission.objects.update(due=now - due_ago)
    stamp = int((now - changed_ago).timestamp())
    cocalc.exec(
        project_of(ada), f"find homework-1 -type f -exec touch -d @{stamp} {{}} +", bash=True
    )
    collect(assignment, ada)
    submission = factories.submission(assignment, ada)
    assert submission.late is late
    assert submission.collected_for == submission.due


@pytest.mark.parametrize(
    ("began", "seconds", "late"),
    [
        (timedelta(seconds=5), 45, True),
        (timedelta(minutes=9), 45, True),
        (timedelta(minutes=9), 20, False),  # we came late to a large class
        (-timedelta(seconds=50), 45, False),  # collected by hand
    ],
)
def test_who_stops_the_list_at_the_due_time_is_late(
    assignment: Assignment,
    ada: Membership,
    monkeypatch: pytest.MonkeyPatch,
    began: timedelta,
    seconds: int,
    late: bool,
) -> None:
    """What the project took longer for, its student may have used; whatever the files' times."""
    due = timezone.now() - began
    Submission.objects.update(due=due)
    later = timedelta(seconds=seconds)
    clock = SimpleNamespace(now=lambda: timezone.now() + later)
    monkeypatch.setattr(bringing, "timezone", clock)
    row = collect(assignment, ada)
    monkeypatch.undo()
    submission = factories.submission(assignment, ada)
    assert submission.late is late
    # Nor is it in time when it is collected again.
    if late:
        Submission.objects.update(due=due - HOUR)
        Transfer.objects.filter(pk=row.pk).update(started=due - HOUR)
        collect(assignment, ada)
        assert factories.submission(assignment, ada).late is True
    # More time makes it punctual at once.
    Assignment.objects.update(due=timezone.now() + HOUR)
    due_update(assignment)
    assert factories.submission(assignment, ada).late is False


@pytest.mark.parametrize(
    ("before", "late"),
    [
        ("outcome_unknown", True),  # nobody answered: perhaps stopped
        ("cannot_connect", False),  # nothing of it came to the student's project
        ("", False),
    ],
)
def test_a_second_attempt_at_the_due_time_proves_no_more_than_the_first(
    assignment: Assignment, ada: Membership, before: str, late: bool
) -> None:
    Submission.objects.update(due=timezone.now() - timedelta(minutes=2))
    row = transfer_add(assignment.course, Kind.COLLECT, ada, assignment=assignment)
    Transfer.objects.filter(pk=row.pk).update(
        attempts=1, error_code=before, created=timezone.now() - timedelta(minutes=2)
    )
    factories.work_off()
    assert factories.submission(assignment, ada).late is late


@pytest.mark.parametrize(("content", "late"), [(b"WORK", True), (b"work", False)])
def test_files_dated_back_are_late_where_they_were_collected_when_due(
    cocalc: Client, assignment: Assignment, ada: Membership, content: bytes, late: bool
) -> None:
    """What counts is what was there at the due time, whatever the files say of themselves."""
    due = timezone.now() - 3 * HOUR
    Submission.objects.update(due=due)
    collect(assignment, ada)
    Transfer.objects.update(started=due + timedelta(seconds=5))
    back = int((due - HOUR).timestamp()) if late else int(timezone.now().timestamp())
    cocalc.write_file(project_of(ada), "homework-1/a.ipynb", content)
    cocalc.exec(
        project_of(ada), f"find homework-1 -type f -exec touch -d @{back} {{}} +", bash=True
    )
    collect(assignment, ada)
    assert factories.submission(assignment, ada).late is late


def test_collected_again_it_is_what_is_there_now_and_the_old_is_beside(
    cocalc: Client, assignment: Assignment, ada: Membership
) -> None:
    collect(assignment, ada)
    cocalc.write_file(project_of(ada), "homework-1/a.ipynb", b"better")
    cocalc.remove(project_of(ada), "homework-1/data/b.csv")
    cocalc.write_file(project_of(ada), "homework-1/new.txt", b"new")
    row = collect(assignment, ada)
    assert row.result["files"] == ["a.ipynb", "new.txt"]
    assert collected(cocalc, assignment, ada, "a.ipynb") == b"better"
    assert collected(cocalc, assignment, ada, "a.ipynb~") == b"work"
    assert collected(cocalc, assignment, ada, "data/b.csv~") == b"1,2"
    folder = names.collected_path(assignment, ada)
    there = {file["path"] for file in manifest.of_folder(home(assignment), folder)}
    assert "data/b.csv" not in there


def test_whoever_is_renamed_keeps_the_folder(
    cocalc: Client, assignment: Assignment, ada: Membership
) -> None:
    collect(assignment, ada)
    before = names.collected_path(assignment, ada)
    ada.user.last_name = "King"
    ada.user.save()
    ada.refresh_from_db()
    cocalc.write_file(project_of(ada), "homework-1/a.ipynb", b"better")
    collect(assignment, ada)
    submission = factories.submission(assignment, ada)
    assert names.collected_of(submission) == before != names.collected_path(assignment, ada)
    assert cocalc.read_file(home(assignment), f"{before}/a.ipynb") == b"better"


def test_links_are_not_followed(cocalc: Client, assignment: Assignment, ada: Membership) -> None:
    cocalc.write_file(home(assignment), "homework-1/solution.txt", b"the solution")
    cocalc.exec(
        project_of(ada),
        "cd homework-1; ln -s ../../../../homework-1/solution.txt steal.txt; ln -s / root;"
        " mkfifo pipe; ln -s /etc/passwd 'STUDENT - Ada Lovelace.txt'; ln -s /nowhere DUE_DATE.txt",
        bash=True,
    )
    assert collect(assignment, ada).state == State.DONE
    folder = names.collected_path(assignment, ada)
    entries = cocalc.exec(home(assignment), f"cd '{folder}'; find . -printf '%y %P\\n'", bash=True)
    assert set(entries.stdout.split("\n")) == {
        "d ",
        "f a.ipynb",
        "d data",
        "f data/b.csv",
        "f STUDENT - Ada Lovelace.txt",
        "",
    }
    assert b"Ada" in collected(cocalc, assignment, ada, "STUDENT - Ada Lovelace.txt")


def test_a_folder_that_is_a_link_is_none(
    cocalc: Client, assignment: Assignment, ada: Membership
) -> None:
    cocalc.exec(project_of(ada), "mv homework-1 other; ln -s other homework-1", bash=True)
    row = collect(assignment, ada)
    assert (row.state, row.error_code) == (State.FAILED, "folder_missing")
    assert factories.submission(assignment, ada).collected is None


def test_nobody_says_whose_work_it_is_but_us(
    cocalc: Client, assignment: Assignment, ada: Membership
) -> None:
    cocalc.write_file(project_of(ada), "homework-1/STUDENT - Grace Hopper.txt", b"I am Grace")
    assert collect(assignment, ada).state == State.DONE
    folder = names.collected_path(assignment, ada)
    listed = {entry.name for entry in cocalc.list_folder(home(assignment), folder)}
    assert "STUDENT - Grace Hopper.txt" not in listed
    assert "STUDENT - Ada Lovelace.txt" in listed


def test_names_of_any_kind_and_what_cannot_be_read(
    cocalc: Client, assignment: Assignment, ada: Membership
) -> None:
    ada.user.first_name, ada.user.last_name = "<b>Ada</b>", "O'Brien / $(rm -rf ~)"
    ada.user.save()
    ada.refresh_from_db()
    cocalc.exec(
        project_of(ada),
        "cd homework-1; touch -- -rf '$(x)' 'a\nb' $'\\xff'; mkdir -p locked; touch locked/in;"
        " chmod 000 a.ipynb locked",
        bash=True,
    )
    assert collect(assignment, ada).state == State.DONE
    assert collected(cocalc, assignment, ada, "a.ipynb") == b"work"
    assert collected(cocalc, assignment, ada, "locked/in") == b""


def test_a_folder_that_is_too_large_is_refused(
    cocalc: Client, assignment: Assignment, ada: Membership
) -> None:
    cocalc.exec(project_of(ada), "truncate -s 600M homework-1/huge", bash=True)
    row = collect(assignment, ada)
    assert (row.state, row.error_code) == (State.FAILED, "too_much")
    assert "500 MB" in row.error


def test_work_that_changes_while_it_is_fetched_is_fetched_again(
    cocalc: Client, assignment: Assignment, ada: Membership, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What does not fit into the first answer may have changed when it is asked for."""
    monkeypatch.setattr(incoming, "BUDGET", 3)
    real, rounds = calls.ask, []

    def ask(project: str, program: str, command: dict[str, Any], *args: Any, **more: Any) -> Any:
        rounds.append(command["do"])
        if rounds == ["pack", "fetch"]:
            cocalc.write_file(project_of(ada), "homework-1/a.ipynb", b"WORK")
        return real(project, program, command, *args, **more)

    monkeypatch.setattr(incoming, "ask", ask)
    assert collect(assignment, ada).state == State.DONE
    assert rounds.count("pack") == 2
    assert collected(cocalc, assignment, ada, "a.ipynb") == b"WORK"


def test_a_snapshot_that_somebody_changed_is_not_collected(
    cocalc: Client, assignment: Assignment, ada: Membership
) -> None:
    make_snapshot(cocalc, assignment, ada, b"submitted")
    cocalc.write_file(home(assignment), "submitted/x/a.ipynb", b"forged")
    row = collect(assignment, ada)
    assert (row.state, row.error_code) == (State.FAILED, "snapshot_changed")
    assert "“a.ipynb”" in row.error


def test_a_snapshot_costs_one_call(
    cocalc: Client, sandbox: SandboxProcess, assignment: Assignment, ada: Membership
) -> None:
    make_snapshot(cocalc, assignment, ada, b"submitted")
    sandbox.reset_calls()
    assert collect(assignment, ada).state == State.DONE
    assert sandbox.calls()["counts"] == {"project_exec": 1}


def test_a_large_file_that_was_handed_out_stays_where_it_is(
    cocalc: Client, assignment: Assignment, ada: Membership
) -> None:
    """It is known by its hash, and taken from the course's own folder; not if it changed there."""
    large = b"x" * 100_000
    factories.with_files(assignment, {"data/large.bin": large})
    cocalc.write_file(project_of(ada), "homework-1/renamed.bin", large)
    assert collect(assignment, ada).state == State.DONE
    assert collected(cocalc, assignment, ada, "renamed.bin") == large
    cocalc.write_file(home(assignment), "homework-1/data/large.bin", b"other")
    cocalc.write_file(project_of(ada), "homework-1/again.bin", large)
    assert collect(assignment, ada).state == State.DONE
    assert collected(cocalc, assignment, ada, "again.bin") == large


def test_what_was_not_handed_out_is_skipped_with_the_reason(
    sandbox: SandboxProcess, assignment: Assignment, ada: Membership
) -> None:
    Submission.objects.update(handed_out=None)
    sandbox.reset_calls()
    row = collect(assignment, ada)
    assert row.state == State.CANCELLED
    assert "Not handed out" in row.error
    assert sandbox.calls()["counts"] == {}


def test_a_handout_is_never_collected(course: Course, ada: Membership) -> None:
    handout = factories.make_assignment(course, "Slides", handout=True)
    Submission.objects.update(handed_out=timezone.now())
    row = collect(handout, ada)
    assert (row.state, row.error) == (State.CANCELLED, "Handouts are not collected.")


def test_a_file_that_pretends_to_be_the_old_one_is_collected_all_the_same(
    cocalc: Client, assignment: Assignment, ada: Membership
) -> None:
    age = "touch -d @1700000000 homework-1/a.ipynb"
    cocalc.exec(project_of(ada), age, bash=True)
    collect(assignment, ada)
    cocalc.exec(project_of(ada), f"printf WORK > homework-1/a.ipynb; {age}", bash=True)
    assert collect(assignment, ada).state == State.DONE
    assert collected(cocalc, assignment, ada, "a.ipynb") == b"WORK"


def test_who_was_given_more_time_meanwhile_is_left_out(
    cocalc: Client, sandbox: SandboxProcess, assignment: Assignment, ada: Membership
) -> None:
    """As when an extension comes while a class step waits for its turn."""
    Submission.objects.update(due=timezone.now() + HOUR)
    sandbox.reset_calls()
    row = collect(assignment, ada)
    assert (row.state, row.error_code) == (State.CANCELLED, "skipped")
    assert row.error.endswith("It is collected automatically then.")
    assert sandbox.calls()["counts"] == {}
    assert factories.submission(assignment, ada).collected is None
    assert collect(assignment, ada, early=True).state == State.DONE
    assert factories.submission(assignment, ada).collected_for is None


def test_only_other_work_is_new(cocalc: Client, assignment: Assignment, ada: Membership) -> None:
    """What is collected once more, and is the same, is not to be graded again."""
    collect(assignment, ada)
    first = factories.submission(assignment, ada)
    assert first.renewed == first.collected
    Submission.objects.update(graded=timezone.now(), score=1)
    collect(assignment, ada)
    second = factories.submission(assignment, ada)
    assert (second.renewed, news(second)) == (first.renewed, "")
    assert second.collected > first.collected  # type: ignore[operator]
    cocalc.write_file(project_of(ada), "homework-1/a.ipynb", b"other work")
    collect(assignment, ada)
    third = factories.submission(assignment, ada)
    assert (third.renewed, news(third)) == (third.collected, "New work since it was graded")
    # Rows of before this was known: the same work is of when it was collected.
    Submission.objects.update(renewed=None)
    collect(assignment, ada)
    assert factories.submission(assignment, ada).renewed == third.collected
