"""A notebook in the page: opened, worked in, switched, and heard of."""

import json
import re

from playwright.sync_api import expect

from tests.browser.conftest import Visitor
from tests.browser.school import SITE, Student, notebook, until
from tests.browser.visit import Visit


def test_from_signing_in_to_an_output_in_the_saved_file(visitor: Visitor, student: Student) -> None:
    visit = visitor()
    visit.go("/")
    visit.sign_in(student)
    visit.sees_files()
    visit.write("Lesson.ipynb", notebook("print(6 * 7)"))
    visit.page.reload()
    visit.row("Lesson.ipynb").get_by_role("link", name="Lesson.ipynb", exact=True).click()
    visit.becomes("ready")
    visit.has_words("Ready")
    visit.shows_tab("Lesson.ipynb")

    cell = visit.editor.locator(".jp-CodeCell").first
    cell.locator(".cm-content").click()
    cell.locator(".cm-content").press("Shift+Enter")
    expect(cell.locator(".jp-OutputArea-output")).to_have_text("42")
    visit.editor.locator(".jp-CodeCell").first.press("Control+s")

    def outputs() -> list[str]:
        cells = json.loads(visit.read("Lesson.ipynb"))["cells"]
        return ["".join(output.get("text", "")) for output in cells[0]["outputs"]]

    assert until(outputs) == ["42\n"]


def test_another_file_opens_in_the_same_frame(known: Visit) -> None:
    for name in ("a.txt", "b.txt"):
        known.write(name)
    known.open("a.txt")
    known.shows_tab("a.txt")
    known.show_activity()
    frame = known.kiosk_frame
    frame.evaluate("window.mark = 'never reloaded'")
    known.school.sandbox.reset_calls()

    known.switch_to("b.txt")

    expect(known.activity("sent", "open b.txt").first).to_be_visible()
    expect(known.activity("ack", "open b.txt")).to_have_count(1)
    expect(known.activity("done", "open b.txt")).to_have_count(1)
    known.becomes("ready")
    known.shows_tab("b.txt")
    expect(known.page.locator("#name")).to_have_text("b.txt")
    expect(known.page).to_have_title(re.compile(r"^b\.txt · "))
    assert known.page.url == f"{SITE}/projects/mine/open/b.txt"
    assert frame.evaluate("window.mark") == "never reloaded"
    assert "user_auth" not in known.school.calls()

    known.page.go_back()
    known.shows_tab("a.txt")
    expect(known.page.locator("#name")).to_have_text("a.txt")
    known.becomes("ready")
    assert frame.evaluate("window.mark") == "never reloaded"
    assert "user_auth" not in known.school.calls()
