"""Looking at what was submitted, and taking it away: the very files, and one's own alone."""

import io
import json
import zipfile
from typing import Any
from urllib.parse import unquote

import pytest
from django.utils import timezone

from classroom.models import Membership, Role, Snapshot, Submission
from classroom.students import submissions
from embedding.cocalc.client import Client
from embedding.models import Event
from sandbox.process import SandboxProcess
from tests.classroom import factories
from tests.classroom.students.test_students import card, text_of
from tests.classroom.students.test_submit import (
    ada,
    course,
    course_project,
    in_ada,
    project_of,
    row,
)
from tests.conftest import HttpsClient

__all__ = ["ada", "course", "row"]

LURE = "<script>alert(1)</script>"
NOTEBOOK = json.dumps(
    {
        "cells": [
            {"cell_type": "markdown", "metadata": {}, "source": f"*mine* {LURE}"},
            {
                "cell_type": "code",
                "metadata": {},
                "source": "6 * 7",
                "execution_count": 3,
                "outputs": [{"output_type": "stream", "name": "stdout", "text": "42\n"}],
            },
        ],
        "metadata": {},
        "nbformat": 4,
        "nbformat_minor": 4,
    }
).encode()


@pytest.fixture
def snapshot(cocalc: Client, row: Submission) -> Snapshot:
    """Submitted: a notebook, a table, and files with odd names and contents."""
    project = project_of(row.student)
    cocalc.write_file(project, "homework-1/a.ipynb", NOTEBOOK)
    cocalc.write_file(project, f"homework-1/{LURE.replace('/', '_')}.txt", LURE.encode())
    odd = r"printf 'line' > $'new\nline'; printf '\xff' > $'\xff.txt'"
    in_ada(cocalc, row, rf"printf 'x\0y' > binary; {odd}")
    return submissions.submit(row, timezone.now())


@pytest.fixture
def browser(snapshot: Snapshot) -> HttpsClient:
    return HttpsClient(snapshot.submission.student.user)


def address(snapshot: Snapshot, what: str = "") -> str:
    work = snapshot.submission.assignment
    return f"/courses/{work.course_id}/assignments/{work.pk}/submitted/{snapshot.pk}/{what}"


def place(snapshot: Snapshot, name: str) -> int:
    return [file["path"] for file in snapshot.files].index(name)


def body(answer: Any) -> bytes:
    return bytes(answer.getvalue())


def test_the_notebook_is_shown_as_it_was_submitted(
    cocalc: Client, browser: HttpsClient, snapshot: Snapshot
) -> None:
    cocalc.write_file(project_of(snapshot.submission.student), "homework-1/a.ipynb", b"changed")
    answer = browser.get(address(snapshot))
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "<em>mine</em>" in page
    assert "[3]" in page
    assert ">42\n</pre>" in page
    assert LURE not in page
    words = text_of(page)
    assert "You submitted this" in words
    assert "This one counts" in words
    assert "6 files" in words
    assert "Look at what was submitted Homework 1" in card(browser, snapshot.submission.assignment)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("data/b c.csv", "1,2"),
        ("binary", "This file is not text, so it is not shown here."),
        ("new\nline", "cannot be opened here"),
        ("\\xff.txt", "ÿ"),
        ("<script>alert(1)<_script>.txt", LURE),
    ],
)
def test_each_file_is_shown_or_says_why_not(
    browser: HttpsClient, snapshot: Snapshot, name: str, words: str
) -> None:
    answer = browser.get(f"{address(snapshot)}?file={place(snapshot, name)}")
    page = answer.content.decode()
    assert words in text_of(page) or words in page.replace("&lt;", "<").replace("&gt;", ">")
    assert "<script>alert" not in page


def test_files_are_sent_to_be_saved(browser: HttpsClient, snapshot: Snapshot) -> None:
    where = f"{address(snapshot, 'download')}?file="
    answer = browser.get(f"{where}{place(snapshot, 'a.ipynb')}")
    assert body(answer) == NOTEBOOK
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Disposition"].startswith('attachment; filename="a.ipynb"; filename*=')
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer["Content-Security-Policy"]
    assert "no-store" in answer["Cache-Control"]
    answer = browser.get(f"{where}{place(snapshot, '<script>alert(1)<_script>.txt')}")
    assert body(answer) == LURE.encode()
    assert unquote(answer["Content-Disposition"]).endswith("''<script>alert(1)<_script>.txt")


def test_all_of_it_is_a_zip_that_any_system_unpacks(
    browser: HttpsClient, snapshot: Snapshot
) -> None:
    answer = browser.get(address(snapshot, "zip"))
    assert answer["Content-Disposition"].startswith('attachment; filename="homework-1 ')
    with zipfile.ZipFile(io.BytesIO(body(answer))) as archive:
        found = {name.partition("/")[2]: archive.read(name) for name in archive.namelist()}
    assert found["a.ipynb"] == NOTEBOOK
    assert found["data/b c.csv"] == b"1,2\n"
    assert len(found) == len(snapshot.files)
    assert all(not set(name) & set('<>:"\\|?*\n') for name in found)
    assert not Event.objects.filter(action="course.work_downloaded").exists()


def test_others_see_nothing_of_it_and_staff_all(
    browser: HttpsClient, snapshot: Snapshot, ada: Membership
) -> None:
    course = ada.course
    bob = factories.enrol(course, factories.make_user("bob"))
    olga = factories.enrol(course, factories.make_user("olga"), Role.ASSISTANT)
    for what in ("", "download", "zip"):
        assert HttpsClient(bob.user).get(address(snapshot, what)).status_code == 404
        assert body(HttpsClient(olga.user).get(address(snapshot, what)))
    taken = Event.objects.filter(action="course.work_downloaded")
    assert {event.actor for event in taken} == {"olga"}
    page = HttpsClient(olga.user).get(address(snapshot)).content.decode()
    assert "Ada Lovelace submitted this" in text_of(page)
    # An address of another assignment's leads to nothing, whoever asks.
    other = factories.make_assignment(course, "Other")
    wrong = address(snapshot).replace(
        f"/assignments/{snapshot.submission.assignment_id}/", f"/assignments/{other.pk}/"
    )
    assert browser.get(wrong).status_code == 404
    ada.removed = timezone.now()
    ada.save()
    assert browser.get(address(snapshot)).status_code == 404


@pytest.mark.parametrize(
    "file", ["99", "-1", "1e1", "", "a.ipynb", "../../a.ipynb", "²", "9" * 30, "0 "]
)
def test_only_a_place_in_the_list_names_a_file(
    browser: HttpsClient, snapshot: Snapshot, file: str
) -> None:
    for what in ("", "download"):
        answer = browser.get(address(snapshot, what), {"file": file})
        assert answer.status_code == 404, what


def test_a_list_that_leads_elsewhere_leads_nowhere(
    cocalc: Client, browser: HttpsClient, snapshot: Snapshot
) -> None:
    """As if somebody had written it: the hash decides, and no path leaves the project."""
    cocalc.write_file(course_project(snapshot.submission), "secret.txt", b"solution")
    where = f"{address(snapshot, 'download')}?file=0"
    for path in ("../../../secret.txt", "/etc/passwd", "a\0b", "x/../../y", "data"):
        Snapshot.objects.update(files=[{"path": path, "size": 8, "sha256": "0" * 64}])
        answer = browser.get(where)
        assert answer.status_code in (404, 409), path
        assert b"solution" not in answer.content


def test_what_was_changed_since_is_not_given_out_as_submitted(
    cocalc: Client, browser: HttpsClient, snapshot: Snapshot
) -> None:
    project = course_project(snapshot.submission)
    cocalc.write_file(project, "secret.txt", b"solution")
    for script in (
        "printf other > a.ipynb",
        "ln -sf ../../../../secret.txt a.ipynb",
        "rm a.ipynb && mkdir a.ipynb",
    ):
        cocalc.exec(project, f"cd '{snapshot.path}' && {script}", bash=True)
        for what in ("?file={}", "download?file={}", "zip"):
            url = address(snapshot, what.format(place(snapshot, "a.ipynb")))
            answer = browser.get(url)
            assert answer.status_code == 409, (script, what)
            assert "changed" in text_of(answer.content.decode())
            assert b"solution" not in answer.content


def test_what_is_gone_says_so_and_can_be_tried_again(
    cocalc: Client, sandbox: SandboxProcess, browser: HttpsClient, snapshot: Snapshot
) -> None:
    cocalc.remove(course_project(snapshot.submission), snapshot.path)
    for what in ("", "download", "zip"):
        answer = browser.get(address(snapshot, what))
        assert answer.status_code == 404
        words = text_of(answer.content.decode())
        assert "no longer in the course’s project" in words
        assert "Try again" in words
    sandbox.quirks(fail_events=["project_exec"])
    for what in ("", "download", "zip"):
        answer = browser.get(address(snapshot, what))
        assert answer.status_code in (409, 502)
        words = text_of(answer.content.decode())
        assert "CoCalc" in words
        assert "Try again" in words
    assert "6 files" in text_of(browser.get(address(snapshot)).content.decode())


def test_what_is_too_large_is_not_fetched(
    sandbox: SandboxProcess, browser: HttpsClient, snapshot: Snapshot
) -> None:
    snapshot.files[0]["size"] = 101 * 1_048_576
    snapshot.save()
    sandbox.reset_calls()
    answer = browser.get(f"{address(snapshot)}?file=0")
    assert "too large to be shown here" in text_of(answer.content.decode())
    for what in ("download?file=0", "zip"):
        answer = browser.get(address(snapshot, what))
        assert answer.status_code == 409
        assert "larger than 100 MB" in text_of(answer.content.decode())
    assert sandbox.calls()["counts"] == {}


def test_each_snapshot_leads_to_the_others(
    cocalc: Client, browser: HttpsClient, snapshot: Snapshot
) -> None:
    cocalc.write_file(project_of(snapshot.submission.student), "homework-1/a.ipynb", b"later")
    row = Submission.objects.get(pk=snapshot.submission_id)
    later = submissions.submit(row, timezone.now())
    page = browser.get(address(snapshot)).content.decode()
    assert "Does not count" in text_of(page)
    assert address(later) in page
    page = browser.get(address(later)).content.decode()
    assert "cannot be read as a notebook" in page
    assert address(snapshot) in page
