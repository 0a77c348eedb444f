"""`make tour`: start the demo as a user would, and walk through it: student, class, administrator.

Prints one line a step with its milliseconds, saves screenshots to var/tour/, ends non-zero on any
failure, and stops everything it started.
"""

import argparse
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal
from urllib.request import urlopen

from icalendar import Calendar
from playwright.sync_api import (
    Browser,
    FilePayload,
    Locator,
    Page,
    ViewportSize,
    expect,
)

from sandbox.config import GENERATIONS
from tests.cells import run_first_cell, type_into_first_cell
from tests.chromium import FULL, arguments, headless
from tests.marked import SOLUTION, marked_notebook

ROOT = Path(__file__).resolve().parent.parent
SHOTS = ROOT / "var" / "tour"
DESKTOP: ViewportSize = {"width": 1280, "height": 800}
PHONE: ViewportSize = {"width": 390, "height": 800}
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
FILES: list[FilePayload] = [
    {"name": "notes.md", "mimeType": "text/plain", "buffer": b"# Notes\n"},
    {"name": "broken.ipynb", "mimeType": "text/plain", "buffer": b"not a notebook"},
]
SQUARES: FilePayload = {
    "name": "squares.ipynb",
    "mimeType": "application/x-ipynb+json",
    "buffer": marked_notebook(),
}
ANSWER = f"def squares(n): {SOLUTION}"
LIMIT = 40_000  # ms for any one thing to appear


@contextmanager
def step(name: str) -> Iterator[None]:
    """Time one step and print its line."""
    began = time.monotonic()
    try:
        yield
    except BaseException:
        print(f"{'FAILED':>8}     {name}", flush=True)
        raise
    print(f"{(time.monotonic() - began) * 1000:8.0f} ms  {name}", flush=True)


@contextmanager
def demo(data: Path, generation: str) -> Iterator[str]:
    """Run the demo on free ports; yield the address that it prints."""
    began = time.monotonic()
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "config.demo"),
            *("--data", str(data), "--port", "0", "--cocalc-port", "0"),
            *("--generation", generation),
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout
        for line in process.stdout:
            if found := re.search(r"ready: (http://\S+)", line):
                print(f"{(time.monotonic() - began) * 1000:8.0f} ms  the demo is ready")
                yield found[1]
                return
        raise RuntimeError("The demo ended before it was ready.")
    finally:
        process.send_signal(signal.SIGINT)
        assert process.stdout
        process.stdout.read()
        process.stdout.close()
        if process.wait(60):
            raise RuntimeError("The demo did not stop cleanly.")


def sign_in(page: Page, site: str, name: str) -> None:
    """As a user does."""
    page.goto(site)
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password").fill("notebook")
    page.get_by_role("button", name="Sign in").click()


def ready(page: Page) -> None:
    """Wait for the green light."""
    expect(page.locator("#light")).to_have_attribute("data-state", "ready", timeout=LIMIT)


def until(look: Callable[[], bool]) -> None:
    """Look until it is so."""
    end = time.monotonic() + LIMIT / 1000
    while not look():
        if time.monotonic() > end:
            raise AssertionError("What the step waits for did not come.")
        time.sleep(0.1)


def come_into_view(notebook: Locator) -> None:
    """Scroll there, until it has seen that; an editor that takes the focus scrolls back to it."""

    def seen() -> bool:
        notebook.scroll_into_view_if_needed(timeout=LIMIT)
        return notebook.get_attribute("state") != "waiting"

    until(seen)


def shoot(page: Page, name: str) -> None:
    """Take a page in light and dark, at desktop and phone width."""
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        for size, viewport in (("desktop", DESKTOP), ("phone", PHONE)):
            page.set_viewport_size(viewport)
            page.screenshot(path=SHOTS / f"{name}-{size}-{scheme}.png")
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(DESKTOP)


def saved(data: Path, path: str) -> str:
    """Return what lies on the disk, in whichever projects it is."""
    files = (data / "cocalc" / "projects").glob(f"*/{path}")
    return "\n".join(file.read_text() for file in files)


def student(browser: Browser, site: str, data: Path) -> None:
    """From nothing to a saved result."""
    page = browser.new_context().new_page()
    with step("student: signs in and sees that there is nothing yet"):
        sign_in(page, site, "ada")
        expect(page.get_by_text("You are not in a course yet")).to_be_visible()
        shoot(page, "today-empty")
        page.get_by_role("link", name="My notebooks", exact=True).click()
        expect(page.get_by_role("heading", name="Nothing here yet")).to_be_visible(timeout=LIMIT)
    shoot(page, "empty")
    with step("student: creates a notebook, and it opens"):
        page.get_by_role("button", name="New notebook").first.click()
        page.get_by_label("Name", exact=True).fill("First steps")
        page.get_by_role("button", name="Create and open").click()
        ready(page)
    inner = page.frame_locator("#frame").frame_locator("iframe")
    with step("student: runs a cell"):
        type_into_first_cell(inner, "print(6 * 7 * 1000)", LIMIT / 1000)
        run_first_cell(inner, "print(6 * 7 * 1000)", LIMIT / 1000)
        expect(inner.locator(".jp-OutputArea-output").first).to_contain_text("42000", timeout=LIMIT)
    with step("student: saves, and the result is in the file"):
        page.keyboard.press("Control+s")
        until(lambda: "42000" in saved(data, "First steps.ipynb"))
    shoot(page, "notebook")
    page.screenshot(path=SHOTS / "notebook.png")
    with step("student: looks into the activity panel and asks for the status"):
        page.get_by_role("button", name="Activity", exact=True).click()
        page.get_by_role("button", name="status", exact=True).click()
        expect(page.locator("#activity")).to_contain_text("status: connected", timeout=LIMIT)
    shoot(page, "activity")
    page.get_by_role("button", name="Close the activity panel").click()
    with step("student: uploads two files, one of them no notebook"):
        page.get_by_role("link", name="Lectern").click()
        expect(page.get_by_role("link", name="Continue First steps.ipynb")).to_be_visible()
        page.get_by_role("link", name="My notebooks", exact=True).click()
        expect(page.get_by_role("link", name="First steps.ipynb", exact=True)).to_be_visible(
            timeout=LIMIT
        )
        page.locator("#chosen").set_input_files(FILES)
        expect(page.get_by_text("is not a Jupyter notebook")).to_be_visible(timeout=LIMIT)
        expect(page.get_by_role("link", name="notes.md", exact=True)).to_be_visible(timeout=LIMIT)
    shoot(page, "files")
    with step("student: opens the other file, then switches back without a reload"):
        page.get_by_role("link", name="notes.md", exact=True).click()
        ready(page)
        page.get_by_title("Other files").click()
        page.get_by_role("link", name="First steps.ipynb", exact=True).click(timeout=LIMIT)
        page.get_by_role("button", name="Activity", exact=True).click()
        expect(page.locator("#activity")).to_contain_text(
            re.compile("done.*open First steps.ipynb"), timeout=LIMIT
        )
        ready(page)
    with step("student: opens a page with notebooks in it"):
        page.goto(f"{site}/example/")
        page.get_by_role("button", name="Put the lesson's notebooks into my project").click()
        lesson = page.locator("cocalc-notebook")
        for number, state in enumerate(("ready", "ready", "refused")):
            come_into_view(lesson.nth(number))
            expect(lesson.nth(number)).to_have_attribute("state", state, timeout=LIMIT)
    shoot(page, "lesson-end")
    page.evaluate("scrollTo(0, 0)")
    shoot(page, "lesson")
    with step("student: asks for a file that is not there"):
        page.goto(f"{site}/projects/mine/open/gone.ipynb")
        expect(page.get_by_role("heading", name="File not found")).to_be_visible(timeout=LIMIT)
    shoot(page, "missing")
    with step("student: signs out"):
        page.get_by_role("link", name="My files").click()
        page.get_by_text("Ada Lovelace").click()
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible(timeout=LIMIT)
    shoot(page, "sign-in")
    page.context.close()


def classroom(browser: Browser, site: str, data: Path) -> None:
    """From a course's making to the returned grade."""
    page = browser.new_context().new_page()
    with step("teacher: signs in and makes a course"):
        sign_in(page, site, "emmy")
        page.get_by_role("link", name="Courses", exact=True).click()
        page.get_by_role("link", name="New course").click()
        page.get_by_label("Title").fill("Programming")
        page.get_by_label("Time zone").fill("Europe/Berlin")
        page.get_by_role("button", name="Create the course").click()
    with step("teacher: lets a student in by name"):
        page.get_by_role("link", name="Add a person").click(timeout=LIMIT)
        page.get_by_label("User name or e-mail address").fill("ada")
        page.get_by_role("button", name="Add").click()
        expect(page.get_by_role("rowheader", name="Ada Lovelace")).to_be_visible(timeout=LIMIT)
        course = page.url.removesuffix("people")
    shoot(page, "class-people")
    with step("teacher: makes an assignment of a marked notebook, and looks at the students'"):
        page.get_by_role("link", name="Assignments").click()
        page.get_by_role("link", name="New assignment").click()
        page.get_by_role("textbox", name="Title").fill("Squares")
        page.get_by_label("Instructions").fill("Write a function, and say *why* it is right.")
        page.get_by_label("Points").fill("5")
        page.get_by_label(re.compile("^Due")).fill(tomorrow())
        page.get_by_label("Students may ask for another look until").fill(tomorrow())
        page.get_by_role("button", name="Save, then add files").click()
        page.get_by_label("Files, or a zip").set_input_files(SQUARES)
        page.get_by_role("button", name="Upload").click()
        page.get_by_role("link", name="Look at the student version").click(timeout=LIMIT)
        expect(page.locator(".taken-out")).to_contain_text(SOLUTION, timeout=LIMIT)
    shoot(page, "class-approve")
    with step("teacher: approves it and hands it out"):
        page.get_by_role("button", name="Approve").click()
        page.get_by_role("link", name="Students", exact=True).click()
        work = press(page, "Hand out", "Hand out to 1 student")

    theirs = browser.new_context().new_page()
    with step("student: opens it from the course's page, and solves it"):
        sign_in(theirs, site, "ada")
        theirs.get_by_role("link", name="Courses", exact=True).click()
        theirs.get_by_role("link", name="Programming").click()
        theirs.get_by_role("link", name="Open Squares").click(timeout=LIMIT)
        ready(theirs)
        inner = theirs.frame_locator("#frame").frame_locator("iframe")
        type_into_first_cell(inner, ANSWER, LIMIT / 1000)
        run_first_cell(inner, ANSWER, LIMIT / 1000)
        theirs.keyboard.press("Control+s")
        until(lambda: ANSWER in saved(data, "squares/squares.ipynb"))
    with step("student: reads the instructions beside it"):
        theirs.get_by_role("button", name="Instructions").click()
        expect(theirs.get_by_role("dialog", name="Instructions")).to_contain_text("say why")
    shoot(theirs, "class-instructions")
    with step("student: submits it without leaving it"):
        theirs.get_by_role("button", name="Close: Instructions").click()
        theirs.get_by_role("button", name="Submit", exact=True).click()
        look = theirs.get_by_role("link", name="Look at what was submitted")
        expect(look).to_be_visible(timeout=LIMIT)
    shoot(theirs, "class-receipt")
    with step("student: looks at what was submitted"):
        look.click()
        expect(theirs.locator(".nb")).to_contain_text(SOLUTION, timeout=LIMIT)
    shoot(theirs, "class-submitted")
    theirs.goto(course)
    shoot(theirs, "class-student")

    with step("student: finds on Today what is due, and goes on where they left"):
        theirs.get_by_role("link", name="Today").click()
        expect(theirs.get_by_role("region", name="Due next")).to_contain_text("left")
    shoot(theirs, "today")
    with step("student: chooses a time zone and dark pages, and takes the calendar along"):
        theirs.get_by_text("Ada Lovelace").click()
        theirs.get_by_role("link", name="Profile").click()
        theirs.get_by_label("Time zone").select_option("America/New_York")
        theirs.get_by_label("Dark").check()
        theirs.get_by_role("button", name="Save").click()
        expect(theirs.locator("html")).to_have_attribute("data-scheme", "dark")
        theirs.get_by_role("button", name="Create a calendar address").click()
        address = theirs.get_by_label("Calendar address").input_value()
        here = re.sub("//[^:/]+", "//127.0.0.1", address)  # a name that browsers alone know
        with closing(urlopen(here)) as answer:
            calendar = Calendar.from_ical(answer.read())
        (due,) = calendar.walk("VEVENT")
        assert due["summary"] == "✓ Squares (Programming)", due["summary"]
    shoot(theirs, "profile")
    with step("student: reads the due time in both zones, in the light"):
        theirs.get_by_label("As my device").check()
        theirs.get_by_role("button", name="Save").click()
        theirs.get_by_role("link", name="Today").click()
        expect(theirs.get_by_role("region", name="Due next")).to_contain_text("59 your time")

    with step("teacher: collects it"):
        page.goto(work)
        page.get_by_text("More", exact=True).click()
        page.get_by_text("Collect before the due time…").click()
        press(page, "Collect", "Collect early from 1 student")
    shoot(page, "class-assignment")
    with step("teacher: is told by Today that it is to be graded"):
        page.get_by_role("link", name="Today").click()
        expect(page.get_by_role("link", name="1 to grade")).to_be_visible()
    shoot(page, "today-teacher")
    with step("teacher: autogrades it"):
        page.goto(work)
        page.get_by_role("button", name="Autograde 1 student").click()
        expect(page.locator("#run-state").get_by_text("1 of 1 finished")).to_be_visible(
            timeout=LIMIT
        )
        page.get_by_role("link", name="Ada Lovelace").click()
    with step("teacher: grades it beside the collected copy"):
        expect(page.locator("cocalc-notebook")).to_have_attribute("state", "ready", timeout=LIMIT)
        page.get_by_label("Points for why, of 3").fill("2.5")
        expect(page.locator("[data-total]")).to_have_text("4.5 / 5")
        page.get_by_role("textbox", name="Comment").fill("Short and right: $n^2$. Say *why*.")
        page.get_by_role("button", name="Save", exact=True).click()
        expect(page.get_by_text("Ada Lovelace: saved.")).to_be_visible(timeout=LIMIT)
        kiosk = page.frame_locator("cocalc-notebook iframe")
        copy = kiosk.frame_locator("#views iframe:not([hidden])").locator(".jp-Notebook")
        expect(copy).to_contain_text(SOLUTION, timeout=LIMIT)
    shoot(page, "class-grading")
    with step("teacher: looks at how the questions came out"):
        page.goto(f"{course}statistics")
        expect(page.get_by_role("rowheader", name="why")).to_be_visible(timeout=LIMIT)
    shoot(page, "class-statistics")
    with step("teacher: types a score into the table, and takes it back"):
        page.goto(f"{course}grades/enter")
        page.locator("td.entry").first.click()
        page.keyboard.type("3")
        page.keyboard.press("Enter")
        expect(page.get_by_text("3 saved.")).to_be_visible(timeout=LIMIT)
        page.get_by_role("button", name="Undo").click()
        expect(page.get_by_text("Undone.")).to_be_visible(timeout=LIMIT)
    shoot(page, "class-enter")
    with step("teacher: returns it"):
        page.goto(work)
        press(page, "Return", "Return to 1 student")
        page.get_by_role("link", name="Grades").first.click()
        expect(page.locator(".cell.returned").first).to_have_text("4.5", timeout=LIMIT)
    shoot(page, "class-grades")
    with step("student: reads what is new, behind the bell"):
        theirs.goto(course)
        theirs.get_by_role("link", name=re.compile(r"Notices: \d new")).click(timeout=LIMIT)
        expect(theirs.get_by_role("link", name="“Squares” was returned to you")).to_be_visible()
        expect(theirs.get_by_role("link", name="Notices", exact=True)).to_be_visible(timeout=LIMIT)
    shoot(theirs, "class-notices")
    with step("student: sees the grade"):
        theirs.goto(course)
        expect(theirs.get_by_role("article")).to_contain_text("4.5 of 5 points", timeout=LIMIT)
    shoot(theirs, "class-total")
    with step("student: sees the result, and opens the commented notebook"):
        theirs.get_by_role("link", name="See your result").click()
        expect(theirs.locator(".student-comment .katex").first).to_be_visible(timeout=LIMIT)
        shoot(theirs, "class-returned")
        theirs.get_by_role("link", name="Open the commented notebook").click()
        ready(theirs)
        theirs.go_back()
    with step("student: asks for another look"):
        theirs.get_by_label("Your text").fill("I wrote *why* in the second cell, did I not?")
        theirs.get_by_role("button", name="Ask for another look").click()
        expect(theirs.get_by_text("Your teacher will look at it.")).to_be_visible(timeout=LIMIT)
    with step("teacher: finds it, changes the score and answers"):
        page.goto(f"{course}grades?state=look")
        page.get_by_role("link", name="4.5").click()
        page.get_by_label("Points for why, of 3").fill("3")
        page.get_by_role("button", name="Save", exact=True).click()
        expect(page.get_by_text("Ada Lovelace: saved.")).to_be_visible(timeout=LIMIT)
        page.get_by_label("Your answer").fill("You are right: $4.5 + 0.5 = 5$.")
        shoot(page, "class-look")
        page.get_by_role("button", name="Answer and return the new score").click()
        expect(page.get_by_text("The new score is being returned")).to_be_visible(timeout=LIMIT)
    with step("student: reads the answer and gets the new score"):

        def changed() -> bool:
            theirs.reload()
            return "from 4.5 to 5" in theirs.content()

        until(changed)
    shoot(theirs, "class-answered")
    with step("student: reads GRADE.md"):
        theirs.get_by_role("link", name="All returned files").click()
        theirs.get_by_role("link", name="GRADE.md", exact=True).click(timeout=LIMIT)
        ready(theirs)
    theirs.context.close()
    page.context.close()


def tomorrow() -> str:
    """As a form takes it."""
    return f"{datetime.now(tz=UTC) + timedelta(days=1):%Y-%m-%d}T23:59"


def press(page: Page, name: str, button: str) -> str:
    """Do a step for one student, to its end; returns the page's address."""
    page.get_by_role("button", name=button, exact=True).click(timeout=LIMIT)
    panel = page.get_by_role("region", name=name).filter(has=page.get_by_role("progressbar"))
    expect(panel).to_contain_text("1 of 1 done", timeout=LIMIT)
    return page.url


def german(browser: Browser, site: str) -> None:
    """The language that a browser asks for, and the one that a user chooses."""
    page = browser.new_context(locale="de-DE").new_page()
    with step("teacher: signs in with a German browser"):
        page.goto(f"{site}/sign-in/")
        page.get_by_label("Benutzername").fill("emmy")
        page.get_by_label("Passwort").fill("notebook")
        page.get_by_role("button", name="Anmelden").click()
        expect(page.get_by_role("heading", name="Heute", exact=True)).to_be_visible(timeout=LIMIT)
    with step("teacher: looks at the course and at files in German"):
        page.get_by_role("link", name="Meine Notebooks").click()
        expect(page.get_by_role("button", name="Neues Notebook")).to_be_visible(timeout=LIMIT)
        expect(page.locator("#status")).not_to_have_attribute("data-busy", "", timeout=LIMIT)
        shoot(page, "german-files")
        page.get_by_role("link", name="Kurse", exact=True).click()
        page.get_by_role("link", name="Programming").first.click()
        page.get_by_role("link", name="Squares").first.click()
        shoot(page, "german-assignment")
    with step("teacher: chooses English all the same"):
        page.goto(f"{site}/profile/")
        page.get_by_label("Sprache").select_option("English")
        page.get_by_role("button", name="Speichern").first.click()
        expect(page.get_by_role("heading", name="Profile")).to_be_visible()
        page.get_by_label("Language").select_option("As my browser")
        page.get_by_role("button", name="Save").first.click()
        expect(page.get_by_role("heading", name="Profil", exact=True)).to_be_visible()
    page.context.close()


def administrator(browser: Browser, site: str) -> None:
    """What the site knows of the student's work."""
    page = browser.new_context().new_page()
    with step("administrator: signs in and opens the administration"):
        sign_in(page, site, "admin")
        page.get_by_role("link", name="Administration", exact=True).click()
        expect(page.get_by_role("link", name="Embed sessions")).to_be_visible(timeout=LIMIT)
    page.screenshot(path=SHOTS / "admin.png")
    with step("administrator: finds the student's account, project and sessions"):
        for what, query in (
            ("cocalcaccount", "ada"),
            ("cocalcproject", "Lovelace"),
            ("embedsession", "ada"),
        ):
            page.goto(f"{site}/admin/embedding/{what}/?q={query}")
            expect(page.locator("#result_list tbody tr").first).to_be_visible(timeout=LIMIT)
            page.screenshot(path=SHOTS / f"admin-{what}.png")
    page.context.close()


def main() -> None:
    """Walk."""
    parser = argparse.ArgumentParser(description="Walks through the demo")
    parser.add_argument("--generation", choices=GENERATIONS, default="v1", help="of CoCalc")
    options = parser.parse_args()
    began = time.monotonic()
    shutil.rmtree(SHOTS, ignore_errors=True)
    SHOTS.mkdir(parents=True)
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        with demo(data, options.generation) as site, headless(arguments({}), FULL) as browser:
            try:
                student(browser, site, data)
                classroom(browser, site, data)
                german(browser, site)
                administrator(browser, site)
            except AssertionError as error:
                failed = True
                print(error, file=sys.stderr)
    took = (time.monotonic() - began) * 1000
    print(f"{took:8.0f} ms  altogether; screenshots in {SHOTS.relative_to(ROOT)}/")
    sys.exit(failed)


if __name__ == "__main__":
    main()
