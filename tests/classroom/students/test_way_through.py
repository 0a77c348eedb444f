"""The way through the work: where *Open* leads, and what stands above it there."""

import json
import re
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from classroom.models import Assignment, Course, Membership, Submission
from classroom.rules import saved_times
from classroom.rules.deadlines import due_update
from classroom.rules.saved_times import Written
from classroom.students import standing as standings
from classroom.students.time_left import deadline_of, time_left
from embedding.models import EmbedSession
from embedding.places import Deadline
from tests.classroom import factories
from tests.classroom.students.test_students import (
    ada,
    address,
    browser,
    change,
    course,
    out,
    text_of,
    there,
)
from tests.conftest import HttpsClient

__all__ = ["ada", "browser", "course"]

State = EmbedSession.State
Policy = Assignment.LatePolicy
HOUR = timedelta(hours=1)
DUE = datetime(2026, 11, 27, 22, 59, tzinfo=UTC)
TITLE = "Due Fri 27 Nov 2026, 23:59 CET"
SEVERAL = [{"path": path, "size": 1, "sha256": ""} for path in ("a.ipynb", "b.ipynb")]


def was_in(ada: Membership, path: str, state: State = State.CLOSED, reason: str = "") -> None:
    EmbedSession.objects.create(
        user=ada.user, username="ada", project=ada.project, path=path, state=state, reason=reason
    )


def leads_to(browser: HttpsClient, assignment: Assignment) -> str:
    return str(browser.get(address(assignment, "open"))["Location"]).split("/", 3)[3]


# --- where it leads ------------------------------------------------------------------------


def test_of_several_notebooks_the_last_one_opens(
    course: Course, browser: HttpsClient, ada: Membership
) -> None:
    there(ada)
    assignment = out(course, files=SEVERAL)
    other = factories.enrol(course, factories.make_user("bob"))
    was_in(other, "homework-1/a.ipynb")
    was_in(ada, "homework-10/a.ipynb")
    was_in(ada, "a.ipynb")
    was_in(ada, "homework-1/data.csv")
    assert leads_to(browser, assignment) == "files/homework-1/"
    for name in ("a.ipynb", "b.ipynb", "own/mine.ipynb"):
        was_in(ada, f"homework-1/{name}")
        was_in(ada, "homework-1/data.csv")
        assert leads_to(browser, assignment) == f"open/homework-1/{name}"


@pytest.mark.parametrize("files", [SEVERAL, SEVERAL[:1]])
def test_where_the_notebook_was_gone_it_leads_to_the_folder(
    course: Course, browser: HttpsClient, ada: Membership, files: list[Any]
) -> None:
    there(ada)
    assignment = out(course, files=files)
    was_in(ada, "homework-1/a.ipynb")
    assert leads_to(browser, assignment) == "open/homework-1/a.ipynb"
    was_in(ada, "homework-1/a.ipynb", State.FAILED, "crowded")
    assert leads_to(browser, assignment) == "open/homework-1/a.ipynb"
    was_in(ada, "homework-1/a.ipynb", State.FAILED, "file_missing")
    assert leads_to(browser, assignment) == "files/homework-1/"
    was_in(ada, "homework-1/a.ipynb")
    assert leads_to(browser, assignment) == "open/homework-1/a.ipynb"


# --- what stands above it ------------------------------------------------------------------


@pytest.mark.parametrize("what", ["open/homework-1/a.ipynb", "files/homework-1/"])
def test_both_pages_carry_the_way_through_it(
    course: Course, browser: HttpsClient, ada: Membership, what: str
) -> None:
    project = there(ada)
    assignment = out(
        course,
        "HW <1>",
        folder="homework-1",
        due=timezone.now() + 50 * HOUR,
        instructions="# Do **this**\n\n<script>alert(1)</script>",
    )
    url = f"/projects/{project}/{what}"
    html = browser.get(url).content.decode()
    assert re.search(r"<h1[^>]*>HW &lt;1&gt;</h1>", html)
    words = text_of(html)
    assert "2 days left" in words
    assert "Instructions" in words
    assert "<h3>Do <strong>this</strong></h3>" in html
    assert "<script>alert" not in html
    assert f'href="/courses/{course.pk}/#a{assignment.pk}"' in html
    assert f'action="{address(assignment, "submit")}"' in html
    found = re.search(r'<script id="page" type="application/json">(.*?)</script>', html)
    assert found
    deadline = json.loads(unescape(found[1]))["deadline"]
    assert deadline["counts_down"]
    assert deadline["label"] == "Submit"
    assert deadline["at"] > deadline["now"]
    # What is not out yet shows nothing of it, though its folder's name be guessed.
    Assignment.objects.update(out=None, release=timezone.now() + HOUR)
    change(assignment, handed_out=None)
    html = browser.get(url).content.decode()
    assert "Do <strong>this" not in html
    assert "Submit" not in text_of(html)


def test_a_handout_has_no_time_and_no_submit(
    course: Course, browser: HttpsClient, ada: Membership
) -> None:
    project = there(ada)
    out(course, "Notes", handout=True)
    for what in ("open/notes/a.ipynb", "files/notes/"):
        html = browser.get(f"/projects/{project}/{what}").content.decode()
        assert re.search(r"<h1[^>]*>Notes</h1>", html)
        assert "time-left" not in re.sub(r"<link[^>]*>", "", html)
        assert "handover" not in html


def test_other_folders_lead_back_and_no_more(
    course: Course, browser: HttpsClient, ada: Membership
) -> None:
    project = there(ada)
    out(course)
    for what in ("", "files/other/", "files/graded-homework-1/"):
        html = browser.get(f"/projects/{project}/{what}").content.decode()
        assert "Back to Physics" in text_of(html)
        assert "Submit" not in text_of(html)
    mine = browser.get("/projects/mine/").content.decode()
    assert "Back to" not in text_of(mine)


def test_showing_it_costs_few_queries(
    course: Course, browser: HttpsClient, ada: Membership
) -> None:
    project = there(ada)
    out(course, due=timezone.now() + HOUR, instructions="x")
    with CaptureQueriesContext(connection) as queries:
        browser.get(f"/projects/{project}/files/homework-1/")
    assert len(queries) <= 14


# --- the time left -------------------------------------------------------------------------


def at(row: Submission, now: datetime) -> standings.Standing:
    return standings.standings(Submission.objects.filter(pk=row.pk), now)[0]


def told(row: Submission, now: datetime) -> Deadline:
    found = deadline_of(at(row, now))
    assert found
    return found


def test_the_time_left_by_every_policy(course: Course, ada: Membership) -> None:
    assignment = out(course, due=DUE)
    row = factories.submission(assignment, ada)
    closed, late = "Closed: due 23:59", "Late: due 23:59"
    for policy, then in ((Policy.CLOSED, closed), (Policy.UNTIL, late), (Policy.ANY, late)):
        Assignment.objects.update(late_policy=policy, late_until=DUE + 2 * HOUR)
        found = told(row, DUE - 3 * HOUR)
        assert found[:5] == ("3 hours left", TITLE, DUE, True, then)
    # ANY: late, for ever.
    assert told(row, DUE + HOUR / 2)[:5] == (
        "Late: due Fri 27 Nov 2026, 23:59",
        TITLE,
        None,
        False,
        "",
    )
    Assignment.objects.update(late_policy=Policy.UNTIL)
    found = told(row, DUE + HOUR / 120)
    assert found[:5] == (late, TITLE, DUE + 2 * HOUR, False, closed)
    assert told(row, DUE + 3 * HOUR).text == "Closed: due Fri 27 Nov 2026, 23:59"
    assert told(row, DUE + 3 * HOUR).at is None
    Assignment.objects.update(late_policy=Policy.CLOSED)
    assert told(row, DUE + HOUR / 120)[:5] == (closed, TITLE, None, False, "")


def test_what_is_never_due_says_so(course: Course, ada: Membership) -> None:
    found = told(factories.submission(out(course), ada), DUE)
    assert (found.text, found.at) == ("No due time", None)


def test_a_page_that_is_open_hears_of_an_extension(
    course: Course, browser: HttpsClient, ada: Membership
) -> None:
    assignment = out(course, due=timezone.now() - HOUR, late_policy=Policy.CLOSED)
    url = address(assignment, "time-left")
    first = browser.get(url).json()["deadline"]
    assert (first["text"].partition(":")[0], first["label"], first["at"]) == ("Closed", "", None)
    due = timezone.now() + 3 * HOUR
    Assignment.objects.update(due=due)
    due_update(assignment)
    second = browser.get(url).json()["deadline"]
    assert second["counts_down"]
    assert (second["label"], second["at"]) == ("Submit", due.timestamp())
    Assignment.objects.update(due=timezone.now() - HOUR, late_policy=Policy.ANY)
    due_update(assignment)
    assert browser.get(url).json()["deadline"]["label"] == "Submit (late)"
    Assignment.objects.update(handout=True)
    assert browser.get(url).json() == {"deadline": None}
    row = factories.submission(assignment, ada)
    row.assignment.handout = True
    assert time_left(at(row, timezone.now())) is None


def test_a_page_that_is_open_over_the_due_time_is_told(
    course: Course, browser: HttpsClient, ada: Membership
) -> None:
    there(ada)
    assignment = out(course, due=timezone.now() - HOUR, late_policy=Policy.CLOSED)
    url = address(assignment, "saved")
    answer = browser.get(url, headers={"Accept": "application/json"})
    assert answer.status_code == 409
    assert "It is closed now, so nothing was submitted." in answer.json()["error"]["message"]
    assert browser.get(url).status_code == 404


@pytest.mark.parametrize(
    ("row", "words", "is_closing"),
    [
        ({"state": State.READY}, "You have a.ipynb open in another tab.", False),
        ({"state": State.CLOSED}, "You closed a.ipynb a moment ago.", True),
    ],
)
def test_a_folder_s_page_is_told_what_other_tabs_have_open(
    course: Course,
    browser: HttpsClient,
    ada: Membership,
    monkeypatch: pytest.MonkeyPatch,
    row: dict[str, Any],
    words: str,
    is_closing: bool,
) -> None:
    there(ada)
    assignment = out(course, due=timezone.now() + HOUR)
    files = [Written("a.ipynb", 4, modified=1, age=100)]
    monkeypatch.setattr(saved_times, "of_folder", lambda *_: files)
    url = address(assignment, "saved")

    def ask(query: str = "") -> dict[str, Any]:
        found: dict[str, Any] = browser.get(
            f"{url}{query}", headers={"Accept": "application/json"}
        ).json()
        return found

    assert ask()["unsaved"] is None
    assert ask()["deadline"]["label"] == "Submit"
    now = timezone.now()
    EmbedSession.objects.create(
        user=ada.user,
        username="ada",
        project=ada.project,
        path="homework-1/a.ipynb",
        steps={"ready": 900},
        seen=now,
        ended=now if is_closing else None,
        **row,
    )
    told = ask()["unsaved"]
    assert told["text"].startswith(words)
    assert told["is_closing"] is is_closing
    # Who was told, and has waited long enough, need not wait again.
    long_ago = now.timestamp() - 60
    assert (ask(f"?since={long_ago:.3f}")["unsaved"] is None) is not is_closing
