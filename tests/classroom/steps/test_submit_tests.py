"""Tests that run on submit: where, how often, what is shown of them, and what an attacker gets."""

import json
import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from classroom.courses.courses import course_archive
from classroom.engine.holding import claim
from classroom.engine.queue import URGENT, transfer_add
from classroom.models import Assignment, Kind, Snapshot, Submission, TestRun, Transfer
from classroom.nbgrader.autograde import CellScore, Result
from classroom.rules import manifest
from classroom.rules.counting import counting
from classroom.rules.deadlines import due_update
from classroom.rules.test_runs import Attempts
from classroom.steps import autograde
from classroom.steps.approved import approved_now
from classroom.steps.run_script import Ran
from classroom.steps.tests_wanted import said
from embedding.cocalc.client import Client
from embedding.cocalc.errors import CannotConnect, OutcomeUnknown
from embedding.models import CocalcProject, Member
from embedding.problems import Problem
from tests.classroom import factories
from tests.classroom.gradebook import Class, make_class
from tests.classroom.nbgrader.notebooks import answer, checks, content, essay, notebook
from tests.conftest import HttpsClient

SQUARES = """def squares(n):
    ### BEGIN SOLUTION
    return [i * i for i in range(n)]
    ### END SOLUTION"""
HIDDEN = """assert squares(2) == [0, 1]
### BEGIN HIDDEN TESTS
assert squares(3) == [0, 1, 4], "no hard-coded answers"
### END HIDDEN TESTS"""
RIGHT = "def squares(n):\n    return [i * i for i in range(n)]"
WRONG = "def squares(n):\n    return [0, 1][:n]"
SOURCE = content(
    notebook(
        answer(SQUARES),
        checks("assert squares(1) == [0]", points=2, grade_id="first_square"),
        checks(HIDDEN, points=4, grade_id="secret_squares"),
        essay("Why?"),
    )
)


@pytest.fixture
def lab(cocalc: Client, db: None) -> Class:
    """A class on CoCalc with a marked notebook that Ada has; all tests run when she submits."""
    room = make_class()
    factories.on_cocalc(room.course)
    room.ada.refresh_from_db()
    cocalc.write_file(home(room), "homework-1/hw.ipynb", SOURCE)
    room.assignment.marked = True
    room.assignment.sources = manifest.of_folder(home(room), "homework-1")
    room.assignment.approved = approved_now(room.assignment, by="prof")
    room.assignment.tests = Assignment.Tests.ALL
    room.assignment.save()
    Submission.objects.update(handed_out=timezone.now())
    return room


def home(lab: Class) -> str:
    return str(lab.course.project.project_id)


def project_of(lab: Class) -> str:
    assert lab.ada.project
    return str(lab.ada.project.project_id)


def write(lab: Class, cocalc: Client, solution: str) -> None:
    theirs = notebook(
        answer(solution),
        checks("assert squares(1) == [0]", grade_id="first_square"),
        checks("assert squares(2) == [0, 1]", grade_id="secret_squares"),
        essay("Because."),
    )
    cocalc.write_file(project_of(lab), "homework-1/hw.ipynb", content(theirs))


def submit(lab: Class, *, works: bool = True, ago: timedelta = timedelta()) -> TestRun | None:
    """Let Ada submit, and her tests run if the engine `works`."""
    at = timezone.now() - ago
    transfer_add(
        lab.course,
        Kind.SUBMIT,
        lab.ada,
        assignment=lab.assignment,
        options={"at": at.isoformat()},
        priority=URGENT,
    )
    factories.work_off(rounds=50) if works else factories.work_one()
    return TestRun.objects.select_related("transfer").filter(at=at).first()


def page(lab: Class) -> str:
    answer = HttpsClient(lab.ada.user).get(f"{lab.base}/")
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Nothing is run: every test passes. What would have been run is noted."""
    prepared: list[bytes] = []

    def executed(_: Any, path: str, content: bytes) -> Ran:
        prepared.append(content)
        made = json.loads(content)
        for cell in made["cells"]:
            if cell["cell_type"] == "code":
                cell["execution_count"] = 1
        return Ran(json.dumps(made).encode(), "", {})

    monkeypatch.setattr(autograde.Grader, "_executed", executed)
    return prepared


def fail(error: Exception) -> Callable[..., Ran]:
    def executed(*_: Any) -> Ran:
        raise error

    return executed


def test_all_tests_run_where_the_student_never_comes_and_give_no_grade(
    lab: Class, cocalc: Client
) -> None:
    write(lab, cocalc, WRONG)
    run = submit(lab)
    assert run
    assert said(run) == "Tests: 2 of 6 points."
    assert [(cell["name"], cell["score"], cell["max"]) for cell in run.cells] == [
        ("first_square", 2, 2),
        ("", 0, 4),
        ("essay", None, 3),
    ]
    work = lab.work()
    assert work.score is None
    assert work.details == {}
    # Nobody is a member of the project in which hidden tests were, and none is in the student's.
    tests = CocalcProject.objects.get(slot__contains=":tests:")
    assert not Member.objects.filter(project=tests).exists()
    assert str(tests.project_id) not in (project_of(lab), home(lab))
    ada = HttpsClient(lab.ada.user)
    assert ada.get(f"/projects/{tests.project_id}/").status_code == 404
    for project in (project_of(lab), str(tests.project_id)):
        left = cocalc.exec(project, "ls -A; grep -r 'squares(3)' . | cat", bash=True).stdout
        assert ".autograde" not in left
        assert "squares(3)" not in left
    # Nothing was put beside what she submitted.
    snapshot = Snapshot.objects.get()
    there = manifest.of_folder(home(lab), snapshot.path)
    assert [file["path"] for file in there] == ["hw.ipynb"]
    shown = page(lab)
    assert "Tests: 2 of 6 points." in shown
    assert "Test 2 (hidden) 0 of 4" in shown
    assert "essay graded by hand of 3" in shown
    for secret in ("secret_squares", "squares(3)", "hard-coded"):
        assert secret not in shown
    assert "Tests: 2 of 6" not in HttpsClient(lab.bob.user).get(f"{lab.base}/").content.decode()


def test_open_tests_run_in_a_notebook_that_never_held_a_hidden_one(
    lab: Class, cocalc: Client, ran: list[bytes]
) -> None:
    Assignment.objects.update(tests="open")
    write(lab, cocalc, RIGHT)
    run = submit(lab)
    assert run
    assert b"squares(3)" not in ran[0]
    assert b"hard-coded" not in ran[0]
    assert said(run) == "Tests: 2 of 2 points. Hidden tests run when your teacher grades."
    assert [cell["name"] for cell in run.cells] == ["first_square", "essay"]


def test_only_approved_marked_assignments_are_tested(lab: Class, cocalc: Client) -> None:
    write(lab, cocalc, RIGHT)
    turned_off: list[dict[str, Any]] = [{"approved": {}}, {"marked": False}, {"tests": "off"}]
    for fields in turned_off:
        before = {name: getattr(lab.assignment, name) for name in fields}
        Assignment.objects.update(**fields)
        assert submit(lab) is None
        Assignment.objects.update(**before)
    assert not Transfer.objects.filter(kind=Kind.TEST).exists()


def test_changed_sources_give_no_result_and_say_nothing_of_them(lab: Class, cocalc: Client) -> None:
    write(lab, cocalc, RIGHT)
    cocalc.write_file(
        home(lab), "homework-1/hw.ipynb", SOURCE.replace(b"squares(3)", b"squares(4)")
    )
    run = submit(lab)
    assert run
    assert said(run).startswith("The tests could not be run. This uses up no attempt")
    assert run.transfer
    assert run.transfer.error_code == "not_approved"
    assert "hw.ipynb” was changed" not in page(lab)


def test_attempts_and_pauses_are_kept_and_said(
    lab: Class, cocalc: Client, ran: list[bytes]
) -> None:
    Assignment.objects.update(test_attempts=2, test_pause=5)
    write(lab, cocalc, RIGHT)
    submit(lab, ago=timedelta(minutes=9))
    early = submit(lab, ago=timedelta(minutes=6))
    assert early
    assert early.words.startswith("It is not tested: the next test is possible from ")
    assert submit(lab, ago=timedelta(minutes=3))
    late = submit(lab)
    assert late
    assert late.words == "It is not tested: you have used 2 of 2 attempts."
    assert len(ran) == 2
    assert re.search("Before that, [^:]+:[^:]+: Tests: 6 of 6 points.", page(lab))
    assert Snapshot.objects.count() == 4  # all were taken
    assert "It is not tested: you have used 2 of 2 attempts." in page(lab)
    assert "0 of 2 attempts left." in page(lab)
    # Snapshots go when there are many; attempts stay.
    Snapshot.objects.all().delete()
    attempts = Attempts.of(Assignment.objects.get(), TestRun.objects.all())
    assert attempts.are_used_up


def test_tests_that_wait_are_attempts_too_so_that_nobody_fills_the_queue(
    lab: Class, cocalc: Client
) -> None:
    Assignment.objects.update(test_attempts=1)
    write(lab, cocalc, RIGHT)
    run = submit(lab, works=False)
    assert run
    assert said(run) == "The tests are running: their result comes in some minutes."
    assert 'data-live="slow"' in HttpsClient(lab.ada.user).get(f"{lab.base}/").content.decode()
    second = submit(lab, works=False)
    assert second
    assert second.state == "refused"
    assert Transfer.objects.filter(kind=Kind.TEST).count() == 1


def test_who_submits_or_gets_work_comes_before_tests(lab: Class, cocalc: Client) -> None:
    write(lab, cocalc, RIGHT)
    submit(lab, works=False)
    transfer_add(lab.course, Kind.DUE_DATE, lab.bob, assignment=lab.assignment, priority=0)
    transfer_add(
        lab.course,
        Kind.SUBMIT,
        lab.ada,
        assignment=lab.assignment,
        options={"at": timezone.now().isoformat()},
        priority=URGENT,
    )
    # Her own tests are no reason for her to wait, either.
    assert [row.kind for row in claim(3)] == [Kind.SUBMIT, Kind.DUE_DATE, Kind.TEST]


def test_what_did_not_begin_is_tried_again_and_uses_up_no_attempt(
    lab: Class, cocalc: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    Assignment.objects.update(test_attempts=1)
    write(lab, cocalc, RIGHT)
    monkeypatch.setattr(autograde.Grader, "_executed", fail(CannotConnect("exec", "secret")))
    run = submit(lab)
    assert run
    assert run.transfer
    assert run.transfer.state == Transfer.State.QUEUED
    Transfer.objects.filter(pk=run.transfer.pk).update(state="failed", error="secret words")
    run = TestRun.objects.select_related("transfer").get()
    assert said(run).startswith("The tests could not be run. This uses up no attempt")
    assert "1 of 1 attempt left." in page(lab)
    assert "secret words" not in page(lab)


@pytest.mark.parametrize(
    "error",
    [
        Problem("not_run", "“hw.ipynb” could not be run: assert squares(3)", status=409),
        OutcomeUnknown("exec", "timed out"),
    ],
)
def test_a_notebook_that_ends_its_tests_says_so_in_our_words_and_used_its_attempt(
    lab: Class, cocalc: Client, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """What the project says of the run is the answer's to forge, and could carry hidden lines."""
    Assignment.objects.update(test_attempts=1)
    write(lab, cocalc, RIGHT)
    monkeypatch.setattr(autograde.Grader, "_executed", fail(error))
    run = submit(lab)
    assert run
    assert run.state == "done"
    assert run.score is None
    shown = page(lab)
    assert "Your notebook stopped the tests, or took too long, so they have no result." in shown
    assert "squares(3)" not in shown
    assert "0 of 1 attempt left." in shown


def test_a_notebook_under_another_name_is_not_tested_and_says_so(
    lab: Class, cocalc: Client, ran: list[bytes]
) -> None:
    cocalc.write_file(project_of(lab), "homework-1/other.ipynb", b"{}")
    run = submit(lab)
    assert run
    assert said(run) == "Tests: 0 of 9 points. “hw.ipynb” is not among what you submitted."


def test_the_best_counts_if_the_teacher_says_so_and_is_collected(
    lab: Class, cocalc: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    Assignment.objects.update(test_counts="best", due=timezone.now() + timedelta(hours=1))
    due_update(lab.assignment)
    points = iter((Decimal(4), Decimal(1)))

    def tested(*_: Any) -> tuple[list[Any], dict[str, set[str]]]:
        cell = CellScore("first_square", float(next(points)), 4, needs_manual=False)
        result = Result((cell,), ())
        return [autograde.Graded("hw.ipynb", result, (), True)], {"hw.ipynb": set()}

    monkeypatch.setattr("classroom.steps.submit_tests._tested", tested)
    write(lab, cocalc, RIGHT)
    first = submit(lab, ago=timedelta(minutes=2))
    second = submit(lab, ago=timedelta(minutes=1))
    assert first
    assert second
    work = Submission.objects.select_related("assignment").get(pk=lab.work().pk)
    best = counting(work)
    assert best
    assert best.pk == first.snapshot_id
    assert best.tested == 4
    Assignment.objects.update(test_counts="last")
    work = Submission.objects.select_related("assignment").get(pk=work.pk)
    last = counting(work)
    assert last
    assert last.pk == second.snapshot_id


def test_a_better_result_after_it_was_collected_is_collected(
    lab: Class, cocalc: Client, ran: list[bytes]
) -> None:
    now = timezone.now()
    Assignment.objects.update(test_counts="best", due=now + timedelta(seconds=1))
    due_update(lab.assignment)
    write(lab, cocalc, RIGHT)
    submit(lab, ago=timedelta(minutes=2))
    submit(lab, works=False, ago=timedelta(minutes=1))
    Snapshot.objects.filter(test_run__state="done").update(tested=1)
    Assignment.objects.update(due=now - timedelta(minutes=0.5))
    due_update(lab.assignment)
    Submission.objects.filter(pk=lab.work().pk).update(collected=now, collected_from="submitted")
    factories.work_off(rounds=20)
    collected = Transfer.objects.get(kind=Kind.COLLECT)
    assert collected.state == Transfer.State.DONE


def test_in_an_archived_course_nothing_is_tested_nor_collected_again(
    lab: Class, cocalc: Client, ran: list[bytes]
) -> None:
    """What was submitted before it was archived is taken in, and that is all."""
    now = timezone.now()
    Assignment.objects.update(due=now - timedelta(minutes=1), late_policy="any")
    due_update(lab.assignment)
    Submission.objects.filter(pk=lab.work().pk).update(
        collected=now - timedelta(minutes=1), collected_for=now - timedelta(minutes=1)
    )
    write(lab, cocalc, RIGHT)
    transfer_add(
        lab.course,
        Kind.SUBMIT,
        lab.ada,
        assignment=lab.assignment,
        options={"at": now.isoformat()},
        priority=URGENT,
    )
    course_archive(lab.course, actor=lab.teacher)
    factories.work_off(rounds=20)
    assert Snapshot.objects.filter(taken=now).exists()
    assert not Transfer.objects.filter(kind__in=(Kind.TEST, Kind.COLLECT)).exists()
    assert not TestRun.objects.exists()


def test_the_teacher_chooses_it_on_the_form(lab: Class) -> None:
    url = f"{lab.base}/assignments/{lab.assignment.pk}/edit"
    client = HttpsClient(lab.teacher)
    assert "Tests that run on submit" in client.get(url).content.decode()
    form = {"title": "Homework 1", "handout": "no", "points": "10", "late_policy": "closed"}
    given = {"tests": "open", "test_attempts": "3", "test_pause": "10", "test_counts": "best"}
    assert client.post(url, form | given).status_code == 302
    lab.assignment.refresh_from_db()
    assert {name: str(getattr(lab.assignment, name)) for name in given} == given
    answer = client.post(url, form | given | {"test_attempts": "0"})
    assert "greater than or equal to 1" in answer.content.decode()
    # A form that does not ask leaves it as it is.
    client.post(url, form)
    lab.assignment.refresh_from_db()
    assert lab.assignment.tests == "open"
    client.post(url, form | given | {"tests": "off"})
    lab.assignment.refresh_from_db()
    assert (lab.assignment.tests, lab.assignment.test_attempts) == ("off", None)
