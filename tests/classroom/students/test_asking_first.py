"""Submitting what was handed out: the student is asked first, on a page and by a script."""

import hashlib
import re
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from classroom.engine.queue import URGENT, transfer_add
from classroom.models import Assignment, Kind, Membership, Snapshot, Submission, Transfer
from classroom.rules.deadlines import due_update
from classroom.rules.last_submit import failures
from classroom.students import submissions
from embedding.cocalc.client import Client
from embedding.models import EmbedSession
from sandbox.process import SandboxProcess
from tests.classroom import factories
from tests.classroom.students.test_students import address, card, text_of
from tests.classroom.students.test_submit import ada, course, project_of, read, row
from tests.conftest import HttpsClient

__all__ = ["ada", "course", "row"]

JSON = {"Accept": "application/json"}
GIVEN = b"work"


@pytest.fixture
def given(cocalc: Client, row: Submission) -> Submission:
    """Handed out and opened; the folder holds what was handed out and DUE_DATE.txt."""
    files = {"a.ipynb": b"work", "data/b c.csv": b"1,2\n"}
    row.assignment.files = [
        {"path": path, "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        for path, content in files.items()
    ]
    row.assignment.save()
    cocalc.write_file(project_of(row.student), "homework-1/DUE_DATE.txt", b"soon")
    return read(row)


@pytest.fixture
def browser(given: Submission) -> HttpsClient:
    return HttpsClient(given.student.user)


def ask(browser: HttpsClient, assignment: Assignment, **given: str) -> dict[str, Any]:
    """What a script is answered that submits."""
    answer = browser.post(address(assignment, "submit"), given, headers=JSON)
    found: dict[str, Any] = answer.json()
    return found


def test_what_is_as_it_was_handed_out_is_asked_about(
    browser: HttpsClient, given: Submission, sandbox: SandboxProcess
) -> None:
    sandbox.reset_calls()
    error = ask(browser, given.assignment)["error"]
    assert sandbox.calls()["counts"] == {"project_exec": 1}, "nothing was copied"
    assert error["message"] == "You have not changed anything yet. Submit anyway?"
    assert error["question"] == {
        "title": "Nothing has changed",
        "yes": "Submit anyway",
        "no": "Go back",
        "answer": {"as_it_is": 1},
    }
    assert not Snapshot.objects.exists()
    # Who looks away and comes back to it is asked by the page; staff need not hear of it.
    told = browser.get(address(given.assignment, "submitting"), headers=JSON).json()
    assert told == {"error": error}
    words = card(browser, given.assignment)
    assert "You had not changed anything yet. Submit anyway" in words
    assert "Submitting failed" not in words
    assert failures([given]) == {}
    receipt = ask(browser, given.assignment, as_it_is="1")
    assert receipt["title"].startswith("Submitted: 3 files")


def test_without_scripts_a_page_asks(browser: HttpsClient, given: Submission) -> None:
    submit = address(given.assignment, "submit")
    for _ in range(2):
        answer = browser.post(submit)
        assert answer.status_code == 409
        assert "You have not changed anything yet." in text_of(answer.content.decode())
    fields = dict(re.findall(r'name="(as_it_is|how)" value="(\w+)"', answer.content.decode()))
    assert fields == {"as_it_is": "1", "how": "now"}
    answer = browser.post(submit, fields, follow=True)
    assert "was submitted: 3 files" in text_of(answer.content.decode())


def test_any_change_is_work(cocalc: Client, browser: HttpsClient, given: Submission) -> None:
    cocalc.write_file(project_of(given.student), "homework-1/new.txt", b"mine")
    assert ask(browser, given.assignment)["title"].startswith("Submitted: 4 files")


def test_what_was_never_opened_is_asked_about_without_asking_cocalc(
    browser: HttpsClient, given: Submission, sandbox: SandboxProcess
) -> None:
    Submission.objects.update(opened=None)
    sandbox.reset_calls()
    error = ask(browser, given.assignment)["error"]
    assert error["message"] == "You have not opened it yet. Submit anyway?"
    assert sandbox.calls()["counts"] == {}
    assert not Transfer.objects.exists()
    # One yes is enough, though nothing differs either.
    assert "title" in ask(browser, given.assignment, as_it_is="1")


def test_who_opened_a_file_of_it_some_other_way_has_opened_it(
    cocalc: Client, browser: HttpsClient, given: Submission
) -> None:
    Submission.objects.update(opened=None)
    cocalc.write_file(project_of(given.student), "homework-1/a.ipynb", b"more")
    member = Membership.objects.get(pk=given.student_id)
    session = EmbedSession.objects.create(
        user=member.user, username="ada", project=member.project, path="homework-10/a.ipynb"
    )
    assert "You have not opened it yet" in ask(browser, given.assignment)["error"]["message"]
    EmbedSession.objects.filter(pk=session.pk).update(path="homework-1/a.ipynb")
    assert ask(browser, given.assignment)["title"].startswith("Submitted: 3 files")


def test_both_questions_keep_each_other_s_answer(
    cocalc: Client, browser: HttpsClient, given: Submission
) -> None:
    cocalc.write_file(project_of(given.student), "homework-1/a.ipynb", b"more")
    punctual = submissions.submit(given, timezone.now())
    late = {"due": timezone.now() - timedelta(minutes=1), "late_policy": "any"}
    Assignment.objects.update(**late)
    due_update(given.assignment)
    Snapshot.objects.update(taken=timezone.now() - timedelta(hours=1), finished=None)
    cocalc.write_file(project_of(given.student), "homework-1/a.ipynb", GIVEN)
    answer = ask(browser, given.assignment)["error"]["question"]["answer"]
    assert answer == {"instead_of": punctual.pk}
    answer = ask(browser, given.assignment, **answer)["error"]["question"]["answer"]
    assert answer == {"instead_of": punctual.pk, "as_it_is": 1}
    assert ask(browser, given.assignment, **answer)["title"].startswith("Submitted late")


def test_what_a_worker_took_over_is_asked_about_on_the_course_s_page(
    browser: HttpsClient, given: Submission
) -> None:
    transfer_add(
        given.assignment.course,
        Kind.SUBMIT,
        given.student,
        assignment=given.assignment,
        options={"at": timezone.now().isoformat()},
        priority=URGENT,
    )
    factories.work_off()
    assert not Snapshot.objects.exists()
    assert "You had not changed anything yet. Submit anyway" in card(browser, given.assignment)
    browser.post(address(given.assignment, "submit"), {"as_it_is": "1"})
    assert Snapshot.objects.count() == 1
    assert "Nothing had changed" not in card(browser, given.assignment)
