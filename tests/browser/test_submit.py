"""Submitting at once what was typed: it is on disk first, though CoCalc saves every 45 seconds."""

import posixpath
import re
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.classroom import (
    card,
    ends,
    file,
    in_days,
    let_in,
    make_course,
    make_work,
    open_work,
    press,
    project_in,
)
from tests.browser.conftest import Visitor
from tests.browser.keys import enter
from tests.browser.looks import flaws
from tests.browser.school import PATIENCE, SITE, School, notebook
from tests.browser.visit import Visit
from tests.cells import type_into_first_cell

pytestmark = pytest.mark.usefixtures("working")

PATH = "tasks/tasks.ipynb"
FILES = (file("tasks.ipynb", notebook("print(6 * 7)")), file("data.csv", b"n\n1\n"))


@pytest.fixture
def course(visitor: Visitor, school: School) -> tuple[str, Visit]:
    """A course with one assignment that has reached its student, who has it open."""
    teacher, ada = visitor(next(school.teachers)), visitor(school.student())
    course = make_course(teacher, "Haste")
    let_in(teacher, course, ada.student)
    work = make_work(teacher, course, "Tasks", *FILES, due=in_days(2))
    school.change("UPDATE classroom_assignment SET instructions = ?", "# Task\n\nSay *why*.")
    press(teacher, work, "Hand out", "to 1 student")
    ends(teacher, "Hand out", 1)
    open_work(ada, course, "Tasks")
    return course, ada


def submitted(school: School) -> str:
    """The notebook in the newest snapshot, as it lies in the course's project."""
    query = """SELECT snapshot.path, project.project_id FROM classroom_snapshot snapshot
        JOIN classroom_submission submission ON submission.id = snapshot.submission_id
        JOIN classroom_assignment assignment ON assignment.id = submission.assignment_id
        JOIN classroom_course course ON course.id = assignment.course_id
        JOIN embedding_cocalcproject project ON project.id = course.project_id
        ORDER BY snapshot.id DESC LIMIT 1"""
    row = school.rows(query)[0]
    project = str(UUID(str(row["project_id"])))
    return school.cocalc.read_file(project, f"{row['path']}/tasks.ipynb").decode()


def due_now(school: School, course: str) -> None:
    """Let the course's work have become due just now; late work is taken."""
    number = int(course.split("/")[2])
    now = (datetime.now(UTC) - timedelta(seconds=1)).strftime("%Y-%m-%d %H:%M:%S")
    school.change("UPDATE classroom_assignment SET late_policy = 'any' WHERE course_id = ?", number)
    due = """UPDATE classroom_submission SET due = ? WHERE assignment_id IN (
        SELECT id FROM classroom_assignment WHERE course_id = ?)"""
    school.change(due, now, number)


# As the page itself does it.
POST = """() => fetch(document.getElementById("handover-form").action, {
    method: "POST",
    headers: {
        Accept: "application/json",
        "X-CSRFToken": document.querySelector("[name=csrfmiddlewaretoken]").value,
    },
}).then((answer) => answer.status)"""


def count(school: School) -> int:
    return len(school.rows("SELECT id FROM classroom_snapshot"))


def types(student: Visit, text: str) -> None:
    """Type, and leave it at that: nothing of it is on disk."""
    type_into_first_cell(student.editor, text, PATIENCE)
    project = project_in(student)
    assert text not in student.school.cocalc.read_file(project, PATH).decode()


def shows_the_way(student: Visit) -> None:
    """Above the work: what it is, the time left, and instructions beside it, by keyboard too."""
    page = student.page
    expect(page.get_by_role("heading", name="Tasks", level=1)).to_be_visible()
    expect(page.locator("#time-left")).to_have_text(re.compile(r"^(2 days|\d+ h \d+ min) left$"))
    expect(page.get_by_role("link", name="Haste").first).to_be_visible()
    toggle = page.get_by_role("button", name="Instructions", exact=True)
    words = page.get_by_role("dialog", name="Instructions")
    page.get_by_role("link", name="Skip to the content").focus()
    enter(page, toggle)
    expect(words).to_contain_text("Say why.")
    expect(toggle).to_have_attribute("aria-expanded", "true")
    assert flaws(student.page) == []
    # In one go: a frame that is still loading may take the focus in between.
    words.get_by_role("button", name="Close: Instructions").press("Escape")
    expect(words).to_be_hidden()
    expect(toggle).to_be_focused()


def looks_at_it(student: Visit, receipt: Locator, text: str) -> None:
    """Follow the receipt's link, in a tab of its own, to what was submitted."""
    where = receipt.get_by_role("link", name="Look at what was submitted").get_attribute("href")
    before, student.page = student.page, student.context.new_page()
    student.go(str(where))
    expect(student.page.get_by_role("heading", name="tasks.ipynb")).to_be_visible()
    expect(student.page.locator(".nb")).to_contain_text(text)
    assert flaws(student.page) == []
    student.page.close()
    student.page = before


def test_what_was_just_typed_is_submitted_from_the_notebook_s_page(
    school: School, course: tuple[str, Visit]
) -> None:
    address, ada = course
    page = ada.page
    submit = page.locator("#handover-form button")
    receipt = page.get_by_role("region", name=re.compile("Submitted"))
    said = ada.collect_state()
    shows_the_way(ada)
    assert said() == [], "the frame was left alone"
    types(ada, "first = 1")
    for name in ("data.csv", "tasks.ipynb"):
        ada.choose(name)
        ada.shows_tab(name)
        ada.becomes("ready")
    before = count(school)
    said = ada.collect_state()
    submit.evaluate("button => { button.click(); button.click(); }")
    expect(page.get_by_text("Saving your files…")).to_be_visible()
    expect(receipt).to_contain_text("Submitted: 3 files")
    expect(receipt).to_contain_text("tasks.ipynb")
    assert "first = 1" in submitted(school)
    assert count(school) == before + 1
    assert flaws(ada.page) == []
    looks_at_it(ada, receipt, "first = 1")
    # All files are open again, and the same is in front.
    receipt.get_by_role("button", name="Keep working").click()
    expect(receipt).to_be_hidden()
    expect(ada.kiosk.locator(".tab [role=tab]")).to_have_count(2)
    ada.shows_tab("tasks.ipynb")
    expect(ada.editor.locator(".jp-Notebook")).to_contain_text("first = 1")
    assert "no_file" not in said(), "it was closed for a moment only"

    # Where no command is answered, the page is left instead.
    school.sandbox.quirks(dead_channel=True)
    page.reload()
    ada.becomes("ready")
    types(ada, "second = 2")
    submit.click()
    expect(receipt).to_be_visible()
    assert "second = 2" in submitted(school)
    ada.becomes("ready")
    expect(ada.editor.locator(".jp-Notebook")).to_contain_text("second = 2")
    # And where there is nothing to save, nobody says so: the student decides.
    receipt.get_by_role("button", name="Keep working").click()
    submit.click()
    unknown = page.get_by_role("region", name="Not submitted")
    expect(unknown).to_contain_text("CoCalc does not say whether everything is saved")
    unknown.get_by_role("button", name="Submit as it is saved now").click()
    expect(receipt).to_be_visible()
    ada.becomes("ready")

    # What fails says so, also to who comes back; the files are open again, and there is a way on.
    school.sandbox.quirks(dead_channel=False)
    too_large = f"truncate -s 201M {posixpath.dirname(PATH)}/big"
    school.cocalc.exec(project_in(ada), too_large, bash=True)
    page.evaluate(POST)
    page.reload()
    told = page.locator("#told")
    expect(told).to_contain_text("Not submitted")
    expect(told).to_contain_text("up to 200 MB may be submitted")
    ada.becomes("ready")
    types(ada, "third = 3")
    submit.click()
    failed = page.get_by_role("region", name="Not submitted")
    expect(failed.get_by_role("button", name="Try again")).to_be_focused()
    school.cocalc.remove(project_in(ada), f"{posixpath.dirname(PATH)}/big")
    school.cocalc.write_file(project_in(ada), f"{posixpath.dirname(PATH)}/notes.ipynb", b"{")
    expect(ada.editor.locator(".jp-Notebook")).to_contain_text("third = 3")
    failed.get_by_role("button", name="Try again").click()
    expect(receipt).to_be_visible()
    expect(told).to_have_count(0)
    assert "third = 3" in submitted(school)
    # It is submitted; what of it cannot be graded is said at once.
    words = "“notes.ipynb” cannot be read as a notebook"
    expect(receipt.get_by_role("status").get_by_role("listitem")).to_contain_text(words)

    # Late, one is asked before one in time is lost.
    due_now(school, address)
    before = count(school)
    receipt.get_by_role("button", name="Keep working").click()
    ada.becomes("ready")
    expect(ada.editor.locator(".jp-Notebook")).to_contain_text("third = 3")
    types(ada, "fourth = 4")
    submit.click()
    asked = page.get_by_role("region", name="Submit late?")
    expect(asked).to_contain_text("was on time. If you submit late, it no longer counts.")
    keep = asked.get_by_role("button", name=re.compile(r"Keep the submission of \d\d:\d\d"))
    expect(keep).to_be_focused()
    ada.becomes("ready")  # its editor, which comes back meanwhile, does not take the focus
    expect(keep).to_be_focused()
    page.keyboard.press("Enter")
    expect(asked).to_be_hidden()
    assert count(school) == before
    submit.click()
    asked.get_by_role("button", name="Submit late").click()
    expect(page.get_by_role("region", name=re.compile("Submitted late"))).to_be_visible()
    assert "fourth = 4" in submitted(school)


def test_from_the_course_s_page_one_is_told_and_can_wait(
    school: School, course: tuple[str, Visit]
) -> None:
    address, ada = course
    types(ada, "typed = 1")
    before = count(school)
    other = ada.context.new_page()
    other.goto(SITE + address)
    other_card = other.get_by_role("article", name="Tasks", exact=True)
    expect(other_card).to_contain_text("You have tasks.ipynb open.")
    expect(other_card).to_contain_text(re.compile(r"saved \d+ .* ago, \d\d:\d\d:\d\d CE"))
    enter(other, other_card.get_by_role("button", name="Submit"))
    expect(other.get_by_role("heading", name="Submit Tasks")).to_be_visible()
    expect(other.get_by_text("press Save there, or wait here")).to_be_visible()
    enter(other, other.get_by_role("button", name="Wait and submit"))
    expect(other.get_by_text("Waiting for CoCalc to save your work")).to_be_visible()
    assert count(school) == before
    ada.editor.locator(".jp-CodeCell").first.press("Control+s")
    expect(other.get_by_text("“Tasks” was submitted: 3 files")).to_be_visible()
    expect(other_card.locator(".student-taken")).to_contain_text("tasks.ipynb")
    assert "typed = 1" in submitted(school)
    assert count(school) == before + 1

    # Left a moment ago: it goes on by itself.
    types(ada, "left = 1")
    project = project_in(ada)
    ada.go(address)
    enter(ada.page, card(ada, "Tasks").get_by_role("button", name="Submit again"))
    expect(ada.page.get_by_text("“Tasks” was submitted: 3 files")).to_be_visible()
    assert "left = 1" in submitted(school)

    # From the folder's page as well, in place.
    ada.go(f"/projects/{project}/files/tasks/")
    ada.sees_files()
    shows_the_way(ada)
    enter(ada.page, ada.page.get_by_role("button", name="Submit", exact=True))
    receipt = ada.page.get_by_role("region", name=re.compile("Submitted: 3 files"))
    expect(receipt.get_by_role("button", name="Keep working")).to_be_focused()
    assert flaws(ada.page) == []
    looks_at_it(ada, receipt, "left = 1")
    ada.page.keyboard.press("Escape")
    expect(receipt).to_be_hidden()
    assert ada.page.evaluate("document.activeElement !== document.body"), "the focus is lost"
