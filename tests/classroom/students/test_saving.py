"""Submitting from elsewhere than the notebook's page: what is saved, who is asked, the receipt."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from classroom.models import Assignment, Course, Membership, Snapshot, Submission
from classroom.rules import manifest
from classroom.students import saving
from classroom.students.receipts import SHOWN, receipt_of, sentence
from embedding.cocalc.client import Client
from embedding.models import CocalcProject, EmbedSession
from sandbox.process import SandboxProcess
from tests.classroom import factories
from tests.classroom.students.test_students import address, card, out, page, text_of
from tests.conftest import HttpsClient

JSON = {"Accept": "application/json"}
State = EmbedSession.State


@pytest.fixture
def course(cocalc: Client, transactional_db: None) -> Course:
    course = factories.make_course(factories.make_user("emmy", teacher=True))
    factories.enrol(course, factories.make_user("ada"))
    factories.on_cocalc(course)
    return course


@pytest.fixture
def ada(course: Course) -> Membership:
    return Membership.objects.get(course=course, user__username="ada")


@pytest.fixture
def browser(ada: Membership) -> HttpsClient:
    return HttpsClient(ada.user)


@pytest.fixture
def project(cocalc: Client, ada: Membership) -> str:
    """Ada's, with work that was saved two minutes ago."""
    project = str(CocalcProject.objects.get(student_membership=ada).project_id)
    cocalc.write_file(project, "homework-1/a.ipynb", b"work")
    script = "touch -d '2 minutes ago' homework-1/a.ipynb"
    cocalc.exec(project, script, bash=True)
    return project


@pytest.fixture
def assignment(course: Course, project: str) -> Assignment:
    return out(course)


def was_in(
    ada: Membership, path: str = "homework-1/a.ipynb", *, seen: int = 5, left: int | None = None
) -> EmbedSession:
    """Let Ada's page have a file open, looked at so many seconds ago, and left."""
    now = timezone.now()
    return EmbedSession.objects.create(
        user=ada.user,
        username="ada",
        project=ada.project,
        path=path,
        state=State.READY if left is None else State.CLOSED,
        steps={"ready": 900},
        seen=now - timedelta(seconds=seen),
        ended=None if left is None else now - timedelta(seconds=left),
    )


def submits(browser: HttpsClient, assignment: Assignment, **form: str) -> Any:
    return browser.post(address(assignment, "submit"), form)


def is_asked(answer: Any) -> bool:
    assert answer.status_code in (302, 409)
    return answer.status_code == 409 and 'value="wait"' in answer.content.decode()


# --- who is asked --------------------------------------------------------------------------


def test_nobody_is_asked_who_was_not_there(
    sandbox: SandboxProcess, browser: HttpsClient, ada: Membership, assignment: Assignment
) -> None:
    was_in(ada, seen=90)  # by now all is saved
    was_in(ada, left=80)
    was_in(ada, "other/a.ipynb")
    was_in(ada, "homework-10/a.ipynb")
    EmbedSession.objects.create(
        user=ada.user, project=ada.project, path="homework-1/a.ipynb", state=State.OPENING
    )
    sandbox.reset_calls()
    assert not is_asked(submits(browser, assignment))
    assert Snapshot.objects.count() == 1


def test_with_the_file_open_one_is_asked_and_may_submit_as_it_is(
    browser: HttpsClient, ada: Membership, assignment: Assignment
) -> None:
    was_in(ada)
    asked = submits(browser, assignment)
    assert is_asked(asked)
    assert not Snapshot.objects.exists()
    html = asked.content.decode()
    words = text_of(html)
    assert "You have a.ipynb open. CoCalc saves by itself every 45 seconds." in words
    # With its day, where midnight was meanwhile.
    saved = r"a\.ipynb 4 bytes · saved 2 minutes ago, (?:[\w ]+, )?\d\d:\d\d:\d\d CES?T"
    assert re.search(saved, words)
    assert 'value="wait" class="primary">Wait and submit' in html
    assert "data-waits" not in html
    assert not is_asked(submits(browser, assignment, how="now"))
    assert Snapshot.objects.count() == 1


def test_waiting_without_scripts_ends_when_it_is_saved(
    cocalc: Client, project: str, browser: HttpsClient, ada: Membership, assignment: Assignment
) -> None:
    was_in(ada)
    html = submits(browser, assignment).content.decode()
    found = re.search(r'name="since" value="([\d.]+)"', html)
    assert found
    assert is_asked(submits(browser, assignment, how="wait", since=found[1]))
    cocalc.write_file(project, "homework-1/a.ipynb", b"typed")
    assert not is_asked(submits(browser, assignment, how="wait", since=found[1]))
    snapshot = Snapshot.objects.get()
    course_project = str(assignment.course.project.project_id)
    assert cocalc.read_file(course_project, f"{snapshot.path}/a.ipynb") == b"typed"


def test_waiting_ends_in_any_case(
    browser: HttpsClient, ada: Membership, assignment: Assignment
) -> None:
    was_in(ada)
    long_ago = timezone.now() - saving.PATIENCE
    assert not is_asked(submits(browser, assignment, how="wait", since=str(long_ago.timestamp())))


def test_nonsense_waits_from_now(
    browser: HttpsClient, ada: Membership, assignment: Assignment
) -> None:
    was_in(ada)
    future = str(timezone.now().timestamp() + 9999)
    for since in ("", "nonsense", "nan", "-1e999", "1e30", future):
        assert is_asked(submits(browser, assignment, how="wait", since=since))
        answer = browser.get(address(assignment, f"saved?since={since}"), headers=JSON)
        assert answer.json()["seconds"] <= 55


def test_what_was_left_a_moment_ago_is_waited_for_without_asking(
    cocalc: Client, project: str, browser: HttpsClient, ada: Membership, assignment: Assignment
) -> None:
    row = was_in(ada, left=1)
    asked = submits(browser, assignment)
    assert is_asked(asked)
    html = asked.content.decode()
    assert "You closed a.ipynb a moment ago." in text_of(html)
    assert "data-waits" in html
    # Whoever only looks submits nothing.
    html = browser.get(address(assignment, "saved")).content.decode()
    assert "You closed a.ipynb a moment ago." in text_of(html)
    assert "data-waits" not in html
    # Once it is written, or would have been.
    cocalc.write_file(project, "homework-1/a.ipynb", b"typed")
    assert not is_asked(submits(browser, assignment))
    cocalc.exec(project, "touch -d '2 minutes ago' homework-1/a.ipynb", bash=True)
    assert is_asked(submits(browser, assignment))
    row.ended = timezone.now() - saving.LEAVING
    row.save()
    assert not is_asked(submits(browser, assignment))


def test_the_project_s_clock_need_not_be_right(
    cocalc: Client, project: str, browser: HttpsClient, ada: Membership, assignment: Assignment
) -> None:
    """A file from the future is not one that was saved just now; but no harm is done by it."""
    was_in(ada)
    cocalc.exec(
        project, "touch -d '+9999 days' homework-1/a.ipynb; touch -d @0 homework-1/b", bash=True
    )
    answer = browser.get(address(assignment, "saved"))
    assert "b 0 bytes · saved" in text_of(answer.content.decode())
    assert not is_asked(submits(browser, assignment))


# --- what is saved -------------------------------------------------------------------------


def test_a_script_is_told_when_each_file_was_saved_by_one_call(
    cocalc: Client,
    sandbox: SandboxProcess,
    project: str,
    browser: HttpsClient,
    ada: Membership,
    assignment: Assignment,
) -> None:
    script = """cd homework-1; mkdir inner .ipynb_checkpoints; ln -s /etc/passwd link
        echo x > $'inner/two\\nlines <b>'; touch -d @1700000000.25 inner/*
        echo x > .ipynb_checkpoints/c; echo x > .a.ipynb.sage-jupyter2"""
    cocalc.exec(project, script, bash=True)
    was_in(ada)
    sandbox.reset_calls()
    answer = browser.get(address(assignment, "saved"), headers=JSON)
    assert answer.status_code == 200
    assert sandbox.calls()["counts"] == {"project_exec": 1}
    body = answer.json()
    assert [file["path"] for file in body["files"]] == ["a.ipynb", "inner/two\nlines <b>"]
    assert body["files"][1]["modified"] == 1700000000.25
    assert 50 <= body["seconds"] <= 55
    assert "<b>" not in body["html"]
    assert "no-store" in answer["Cache-Control"]


def test_what_cannot_be_listed_is_a_sentence(
    cocalc: Client,
    project: str,
    browser: HttpsClient,
    assignment: Assignment,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(manifest, "MAX_FILES", 50)
    for script, words in (
        ("cd homework-1; seq 60 | xargs touch", "up to 50 files"),
        ("mv homework-1 x; ln -s x homework-1", "“homework-1” is no longer in your project"),
        ("rm homework-1", "“homework-1” is no longer in your project"),
    ):
        cocalc.exec(project, script, bash=True)
        answer = browser.get(address(assignment, "saved"))
        assert answer.status_code == 409
        assert words in text_of(answer.content.decode())
        answer = browser.get(address(assignment, "saved"), headers=JSON)
        assert answer.status_code == 409
        assert words in answer.json()["error"]["message"]


def test_cocalc_away_does_not_ask_but_fails_as_ever(
    sandbox: SandboxProcess, browser: HttpsClient, ada: Membership, assignment: Assignment
) -> None:
    was_in(ada)
    sandbox.quirks(api_down="503")
    assert not is_asked(submits(browser, assignment))
    assert "Not submitted" in card(browser, assignment)
    answer = browser.get(address(assignment, "saved"), headers=JSON)
    assert answer.status_code == 502
    assert answer.json()["error"]["message"]


def test_what_cannot_be_submitted_shows_nothing(
    browser: HttpsClient, course: Course, assignment: Assignment
) -> None:
    Submission.objects.update(handed_out=None)
    handout = out(course, "Notes", handout=True)
    for each in (assignment, handout):
        assert browser.get(address(each, "saved")).status_code == 404


def test_the_course_s_page_looks_by_itself_only_where_one_was_lately(
    browser: HttpsClient, ada: Membership, course: Course, assignment: Assignment
) -> None:
    out(course, "Two")
    assert page(browser, course).count("What is saved now") == 2
    assert "data-saved" not in page(browser, course)
    assert "saved.js" not in page(browser, course)
    was_in(ada, seen=400)
    assert page(browser, course).count("data-saved") == 1
    assert "saved.js" in page(browser, course)


# --- by the notebook's page ----------------------------------------------------------------


def test_a_script_gets_the_receipt_and_is_not_asked(
    browser: HttpsClient, ada: Membership, assignment: Assignment
) -> None:
    was_in(ada)
    answer = browser.post(address(assignment, "submit"), headers=JSON)
    assert answer.status_code == 200
    body = answer.json()
    assert body["title"].startswith("Submitted: 1 file")
    assert body["text"].startswith("Homework 1, 4 bytes, ")
    assert [line[0] for line in body["lines"]] == ["a.ipynb"]
    assert Snapshot.objects.count() == 1


def test_a_script_is_told_what_fails(
    sandbox: SandboxProcess, browser: HttpsClient, assignment: Assignment
) -> None:
    def told(client: HttpsClient) -> tuple[int, str]:
        answer = client.post(address(assignment, "submit"), headers=JSON)
        return answer.status_code, answer.json()["error"]["message"]

    Submission.objects.update(opened=timezone.now())
    sandbox.quirks(fail_events=["project_exec"])
    status, message = told(browser)
    assert status == 409
    assert "CoCalc" in message
    assert told(HttpsClient())[0] == 401
    Assignment.objects.update(due=timezone.now() - timedelta(hours=1))
    Submission.objects.update(due=timezone.now() - timedelta(hours=1))
    status, message = told(browser)
    assert status == 409
    assert "You could submit until" in message
    assert not Snapshot.objects.exists()


# --- the receipt ---------------------------------------------------------------------------


def taken(assignment: Assignment, ada: Membership, files: list[dict[str, object]]) -> Snapshot:
    at = timezone.now()
    row = factories.submission(assignment, ada)
    row.submitted = at
    row.save()
    return Snapshot.objects.create(submission=row, taken=at, path="p", files=files)


def test_the_receipt_names_each_file_s_saved_time(
    browser: HttpsClient, ada: Membership, course: Course, assignment: Assignment
) -> None:
    now = int(timezone.now().timestamp())
    files: list[dict[str, object]] = [
        {"path": f"{number:02}.txt", "size": 3, "sha256": "", "modified": now - number}
        for number in range(SHOWN + 3)
    ]
    files[1]["modified"] = 1_700_000_000  # of another day
    snapshot = taken(assignment, ada, files)
    receipt = receipt_of(snapshot, course.zone)
    assert receipt.lines[1].saved == "Tue 14 Nov 2023, 23:13:20 CET"
    assert re.fullmatch(r"Submitted: 23 files, last saved at \d\d:\d\d:\d\d CES?T", receipt.title)
    assert f"Last saved: {receipt.saved}." in sentence(receipt, assignment)
    words = card(browser, assignment)
    assert f"00.txt 3 bytes · saved {receipt.saved}" in words
    assert "19.txt" in words
    assert "20.txt" not in words
    assert "and 3 more" in words


def test_the_receipt_of_an_older_snapshot_knows_no_times(
    browser: HttpsClient, ada: Membership, course: Course, assignment: Assignment
) -> None:
    files: list[dict[str, object]] = [
        {"path": "a", "size": 3, "sha256": ""},
        {"path": "b", "size": 3, "sha256": "", "modified": 10**30},
    ]
    snapshot = taken(assignment, ada, files[:1])
    receipt = receipt_of(snapshot, course.zone)
    assert receipt.title == "Submitted: 1 file"
    assert "a 3 bytes" in card(browser, assignment)
    assert "saved" not in sentence(receipt, assignment)
    snapshot.files = files  # no year that anybody knows
    assert "1970" in receipt_of(snapshot, course.zone).lines[1].saved


def test_the_receipt_is_unfolded_right_after(
    browser: HttpsClient, ada: Membership, course: Course, assignment: Assignment
) -> None:
    snapshot = taken(assignment, ada, [{"path": "a", "size": 3, "sha256": ""}])
    assert '<details class="student-taken" open>' in page(browser, course)
    Snapshot.objects.filter(pk=snapshot.pk).update(taken=timezone.now() - timedelta(minutes=5))
    assert '<details class="student-taken">' in page(browser, course)
