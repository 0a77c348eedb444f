"""What a grader does in a browser: points by question, from student to student, and the table."""

from playwright.sync_api import expect

from tests.browser.classroom import collected_copy
from tests.browser.keys import enter, tab_until
from tests.browser.school import Student
from tests.browser.visit import Visit
from tests.marked import SOLUTION

PASTE = """(cell, text) => {
  const clipboardData = new DataTransfer();
  clipboardData.setData("text/plain", text);
  const options = { clipboardData, bubbles: true, cancelable: true };
  cell.dispatchEvent(new ClipboardEvent("paste", options));
}"""


def grades_by_question(teacher: Visit, first: Student, second: Student) -> None:
    """From the grading page of one student to the next one's, and back and forth by keys."""
    page = teacher.page
    tested, why = (page.get_by_label(f"Points for {name}") for name in ("squares-test", "why"))
    comment = page.get_by_role("textbox", name="Comment")
    keys = page.locator("[data-keys]")
    expect(tested).to_be_focused()
    expect(tested).to_have_value("2")
    expect(collected_copy(teacher).locator(".jp-Notebook")).to_contain_text(SOLUTION)

    # The total follows what is typed; one save keeps it, and the question is kept with it.
    tested.focus()
    page.keyboard.press("Alt+ArrowDown")
    expect(why).to_be_focused()
    why.fill("x")
    expect(page.locator("[data-total]")).to_have_text("look at what is marked")
    why.fill("3,5")
    page.get_by_label("Adjustment").fill("-1")
    expect(page.locator("[data-total]")).to_have_text("4.5 / 5")
    tab_until(page, comment)
    page.keyboard.type("Well **explained**: $n^2$.")
    tab_until(page, page.get_by_label("Keep this comment to use it again"))
    page.keyboard.press("Space")
    tab_until(page, why, "Shift+Tab")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("heading", name=second.name)).to_be_visible()
    expect(why).to_be_focused()
    expect(tested).to_have_value("0")
    expect(collected_copy(teacher).locator(".jp-Notebook")).to_contain_text("return [1]")

    # The frame takes the keys, and the page says so; it gives them back.
    why.focus()
    expect(keys).to_contain_text("Keys of this page")
    collected_copy(teacher).locator(".jp-Cell").first.click()
    expect(keys).to_contain_text("You are in the notebook")
    # For as long as a finger presses: the focus leaves the frame at the beginning.
    page.get_by_role("button", name="Back to the points").click(delay=200)
    expect(why).to_be_focused()
    expect(keys).to_contain_text("Keys of this page")
    page.keyboard.press("[")
    expect(page.get_by_role("heading", name=first.name)).to_be_visible()
    expect(why).to_have_value("3.5")
    expect(comment).to_have_value("Well **explained**: $n^2$.")
    page.keyboard.press("]")
    expect(page.get_by_role("heading", name=second.name)).to_be_visible()

    # What was kept is put where the cursor is.
    comment.fill("Try n = 3.")
    page.keyboard.press("Alt+1")
    expect(comment).to_have_value("Try n = 3.\nWell **explained**: $n^2$.")
    enter(page, page.get_by_role("button", name="Remove “Well"))
    expect(page.locator("[data-insert]")).to_have_count(0)
    comment.fill("Try n = 3.")


def types_into_the_table(teacher: Visit, course: str, one: Student) -> None:
    """By the keyboard alone: a score, a column that was copied, and back."""
    teacher.go(f"{course}grades")
    page = teacher.page
    page.get_by_role("link", name="Enter scores").click()
    page.get_by_role("searchbox").focus()
    said, undo = page.locator("[data-said]"), page.get_by_role("button", name="Undo")
    cells = page.locator("td.entry")
    mine = page.get_by_role("row", name=one.name).locator("td.entry")
    while not page.evaluate("document.activeElement.matches('td.entry')"):
        page.keyboard.press("Tab")
    expect(cells.first).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(cells.nth(1)).to_be_focused()
    page.keyboard.press("ArrowUp")
    page.keyboard.type("3,5")
    page.keyboard.press("Enter")
    expect(said).to_contain_text(": 3.5 saved.")
    expect(cells.nth(1)).to_be_focused()
    cells.first.focus()
    cells.first.evaluate(PASTE, "1\nseven\n9\n")
    expect(page.get_by_role("alert")).to_contain_text("This is not a number")
    expect(page.get_by_role("alert")).to_contain_text("1 pasted number was left out")
    expect(cells.nth(1)).to_have_attribute("aria-invalid", "true")
    expect(cells.first.locator(".cell")).to_have_text("1")
    page.keyboard.press("Control+z")
    expect(said).to_contain_text("Undone.")
    expect(cells.first.locator(".cell")).to_have_text("3.5")
    undo.click()
    expect(mine.locator(".cell")).to_have_text("4.5")
    expect(undo).to_be_disabled()
