"""A course in the browser, in the words of those who teach and those who learn."""

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from playwright.sync_api import FilePayload, FrameLocator, Locator, expect

from tests.browser.school import SITE, Student, until
from tests.browser.visit import Visit

ZONE = ZoneInfo("Europe/Berlin")


def file(name: str, content: bytes) -> FilePayload:
    """As a browser's dialog gives it to a form."""
    return {"name": name, "mimeType": "application/octet-stream", "buffer": content}


def in_days(days: int) -> str:
    """A due time as a form takes it, on the clocks of the course."""
    return f"{datetime.now(ZONE) + timedelta(days=days):%Y-%m-%d}T23:59"


# The teacher


def make_course(teacher: Visit, title: str) -> str:
    """Make a course by its form; returns its address."""
    page = teacher.page
    teacher.go("/courses/")
    page.get_by_role("link", name="New course").click()
    page.get_by_label("Title").fill(title)
    page.get_by_label("Term").fill("Autumn 2026")
    page.get_by_label("Time zone").fill(str(ZONE))
    page.get_by_role("button", name="Create the course").click()
    expect(page.get_by_text(f"“{title}” was created.")).to_be_visible()
    return page.url.removeprefix(SITE).removesuffix("people")


def let_in(teacher: Visit, course: str, *students: Student) -> None:
    """Paste a list, look at what it would do, confirm."""
    page = teacher.page
    teacher.go(f"{course}people")
    page.get_by_role("link", name="Add a list").click()
    page.get_by_role("textbox").fill("\n".join(["username", *(each.username for each in students)]))
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_text(f"Joins: {len(students)}", exact=True)).to_be_visible()
    lines = "line" if len(students) == 1 else "lines"
    page.get_by_role("button", name=f"Confirm {len(students)} {lines}").click()
    for each in students:
        expect(page.get_by_role("rowheader", name=f"{each.name} {each.username}")).to_be_visible()


def make_work(
    teacher: Visit,
    course: str,
    title: str,
    *files: FilePayload,
    handout: bool = False,
    points: str = "",
    due: str = "",
) -> str:
    """Make an assignment, or a handout, of uploaded files; returns its address."""
    page = teacher.page
    teacher.go(course)
    page.get_by_role("link", name="New assignment").click()
    page.get_by_role("textbox", name="Title").fill(title)
    if handout:
        page.get_by_label("A handout:").check()
    else:
        page.get_by_label("Points").fill(points)
        page.get_by_label(re.compile("^Due")).fill(due)
    page.get_by_role("button", name="Save, then add files").click()
    page.get_by_label("Files, or a zip").set_input_files(files)
    page.get_by_role("button", name="Upload").click()
    stored = "1 file was stored." if len(files) == 1 else f"{len(files)} files were stored."
    expect(page.get_by_text(stored)).to_be_visible()
    return page.url.removeprefix(SITE).removesuffix("files")


def press(teacher: Visit, work: str, step: str, who: str) -> None:
    """Press what comes next on the page of an assignment, such as "Hand out" "to 2 students"."""
    teacher.go(work)
    primary = teacher.page.locator("#next button.primary")
    expect(primary).to_have_text(f"{step} {who}")
    primary.click()
    expect(panel(teacher, step)).to_be_visible()


EARLY = "Collect, also before the due time"  # what the page calls it


def press_early(teacher: Visit, work: str, count: int) -> None:
    """Collect from so many who still have time."""
    teacher.go(work)
    expect(teacher.page.get_by_text("Work is collected automatically on")).to_be_visible()
    teacher.page.get_by_text("More", exact=True).click()
    teacher.page.get_by_text("Collect before the due time…").click()
    people = "1 student" if count == 1 else f"{count} students"
    teacher.page.get_by_role("button", name=f"Collect early from {people}").click()
    expect(panel(teacher, EARLY)).to_be_visible()


def panel(teacher: Visit, step: str) -> Locator:
    """The newest of the page's steps of this name."""
    panels = teacher.page.locator(".step-panel")
    return panels.filter(has=teacher.page.get_by_role("heading", name=step, exact=True)).first


def ends(teacher: Visit, step: str, count: int) -> None:
    """The step on the page ends, done for so many."""
    counts = panel(teacher, step).locator(".step-counts")
    expect(counts).to_contain_text(f"{count} of {count} done · took")


def works_on_while_it_goes(teacher: Visit) -> None:
    """With the menu of all else open, by keys; what is spoken is noted."""
    more = teacher.page.locator("#more > summary")
    teacher.page.evaluate(
        """() => {
          window.spoken = [];
          const region = document.querySelector(".step-panel [role=status]");
          new MutationObserver(() => spoken.push(region.textContent))
            .observe(region, { childList: true });
        }"""
    )
    more.focus()
    teacher.page.keyboard.press("Enter")
    expect(teacher.page.locator("#more")).to_have_attribute("open", "")


def stayed_where_it_was(teacher: Visit) -> None:
    """The page changed around it: the menu is open, the focus in it, and Escape closes it."""
    page = teacher.page
    more = page.locator("#more > summary")
    expect(page.locator("#next")).to_contain_text("Work is collected automatically on")
    expect(more).to_be_focused()
    expect(page.locator("#more")).to_have_attribute("open", "")
    page.keyboard.press("Escape")
    expect(page.locator("#more")).not_to_have_attribute("open", "")
    expect(more).to_be_focused()
    # The end was spoken, and nothing twice.
    spoken = page.evaluate("spoken")
    assert spoken[-1] == "Hand out ended: 2 of 2 done."
    assert len(spoken) == len(set(spoken))


class NoScript:
    """The same buttons for a browser without scripts, which looks again by reloading."""

    def __init__(self, teacher: Visit, work: str) -> None:
        self._teacher = teacher
        self._work = work

    def press(self, step: str, who: str) -> None:
        """Press, and look until it has ended for one."""
        press(self._teacher, self._work, step, who)
        until(lambda: self._has_ended(step))

    def press_early(self) -> None:
        """Collect from one who still has time, and look until it has ended."""
        press_early(self._teacher, self._work, 1)
        until(lambda: self._has_ended(EARLY))

    def _has_ended(self, step: str) -> bool:
        self._teacher.page.reload()
        return "1 of 1 done · took" in panel(self._teacher, step).inner_text()


# The student


def card(student: Visit, title: str) -> Locator:
    """One assignment on the student's page of the course."""
    return student.page.get_by_role("article", name=title, exact=True)


def open_work(student: Visit, course: str, title: str) -> None:
    """Follow *Open* on the course's page into the notebook."""
    student.go(course)
    card(student, title).get_by_role("link", name="Open").click()
    student.becomes("ready")


# The grader


def collected_copy(teacher: Visit) -> FrameLocator:
    """Jupyter's page with the collected copy, on the grading page."""
    kiosk = teacher.page.frame_locator("cocalc-notebook iframe")
    return kiosk.frame_locator("#views iframe:not([hidden])")


def grade(teacher: Visit, score: str, comment: str) -> None:
    """Type a grade into the form of the grading page, which is on the screen."""
    teacher.page.get_by_role("textbox", name="Score").fill(score)
    teacher.page.get_by_role("textbox", name="Comment").fill(comment)


def project_in(visit: Visit) -> str:
    """CoCalc's id of the project in the page's address."""
    found = re.search(r"/projects/([0-9a-f-]{36})/", visit.page.url)
    assert found, visit.page.url
    return found[1]
