"""A notebook in the page: opened, worked in, switched, and heard of."""

import json
import re
from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.conftest import Visitor
from tests.browser.school import COCALC, PATIENCE, SITE, Student, notebook, until
from tests.browser.visit import Visit
from tests.cells import run_first_cell


def test_from_signing_in_to_an_output_in_the_saved_file(visitor: Visitor, student: Student) -> None:
    visit = visitor()
    visit.go("/")
    visit.sign_in(student)
    visit.chooses_files()
    visit.write("Lesson.ipynb", notebook("print(6 * 7)"))
    visit.page.reload()
    visit.row("Lesson.ipynb").get_by_role("link", name="Lesson.ipynb", exact=True).click()
    visit.becomes("ready")
    visit.has_words("Ready")
    visit.shows_tab("Lesson.ipynb")

    cell = visit.editor.locator(".jp-CodeCell").first
    run_first_cell(visit.editor, "print(6 * 7)", PATIENCE)
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

    known.choose("b.txt")

    expect(known.activity("sent", "open b.txt").first).to_be_visible()
    # Asked again by a page that heard nothing for a second, CoCalc says it again.
    expect(known.activity("ack", "open b.txt").first).to_be_visible()
    expect(known.activity("done", "open b.txt").first).to_be_visible()
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


def test_status_closeall_and_offline_by_what_one_sees(known: Visit) -> None:
    known.write("a.txt")
    known.open("a.txt")
    known.show_activity()
    panel = known.page.locator("#panel")

    # The frame's editor comes after the file's being open.
    known.shows_tab("a.txt")
    before = known.activity("done", "open: a.txt").count()
    panel.get_by_role("button", name="status", exact=True).click()
    expect(known.activity("done", "open: a.txt").nth(before)).to_be_visible()

    panel.get_by_role("button", name="closeall", exact=True).click()
    expect(known.activity("sent", re.compile("closeall$"))).to_have_count(1)
    expect(known.activity("done", "all files are closed")).to_have_count(1)
    expect(known.kiosk.locator(".tab")).to_have_count(0)
    known.becomes("no_file")
    known.has_words("No file is open")

    panel.get_by_role("button", name="open", exact=True).click()
    known.shows_tab("a.txt")
    known.becomes("ready")

    # By CoCalc's own tab it is closed, too, and found out by the next look.
    known.kiosk.get_by_role("button", name="Close a.txt").click()
    expect(known.kiosk.locator(".tab")).to_have_count(0)
    panel.get_by_role("button", name="status", exact=True).click()
    notice = known.page.locator("#notice")
    expect(notice.get_by_role("heading")).to_have_text("No file is open")
    notice.get_by_role("button", name="Open “a.txt”").click()
    known.becomes("ready")
    known.shows_tab("a.txt")
    expect(notice).to_be_hidden()

    known.context.set_offline(True)
    known.becomes("offline")
    expect(known.page.locator("#line")).to_contain_text("You are offline.")
    known.page.locator("#switch").click()
    expect(known.page.locator("#switch-status")).to_contain_text("when you are online")
    known.page.locator("#light").click()
    expect(known.page.locator("#switch-list")).to_be_hidden()
    known.context.set_offline(False)
    known.becomes("ready")
    expect(known.page.locator("#line")).to_be_hidden()


def test_reload_mints_anew_and_ends_the_session_before(known: Visit) -> None:
    known.write("a.txt")
    known.open("a.txt")
    known.shows_tab("a.txt")
    until(lambda: known.school.states_of(known.student) == ["ready"])
    known.school.sandbox.reset_calls()

    known.page.get_by_role("button", name="Reload").click()
    until(lambda: known.school.states_of(known.student) == ["closed", "ready"])
    known.becomes("ready")
    known.shows_tab("a.txt")
    assert known.school.calls()["user_auth"] == 1

    first, second = known.school.sessions_of(known.student)
    assert first["ended"]
    assert not second["ended"]
    # On conat, signing in is a step of its own.
    signing_in = {"signed_in"} if known.school.sandbox.generation == "conat" else set()
    assert {"running", "token", "ready"} | signing_in == set(json.loads(first["steps"]))
    # CoCalc had said within the minute that the file is there.
    assert {"token", "ready"} | signing_in == set(json.loads(second["steps"]))

    known.go_to_files()
    until(lambda: known.school.states_of(known.student) == ["closed", "closed"])


def test_a_stopped_project_is_started_before_the_frame_could_ask(known: Visit) -> None:
    known.write("a.txt")
    project_id = known.school.project_of(known.student)
    known.school.sandbox.stop_project(project_id)
    # Long enough for the page to say it.
    known.school.sandbox.quirks(start_seconds=3)
    said = known.collect_words("#light-text")
    known.open("a.txt")
    assert "Starting your project…" in said()
    known.shows_tab("a.txt")
    expect(known.kiosk.locator("#ask")).not_to_be_visible()


def test_a_new_user_is_told_each_step(visit: Visit) -> None:
    said = visit.collect_words("#status")
    # Long enough for each to be seen.
    visit.school.sandbox.quirks(latency=0.3)
    visit.go("/projects/mine/")
    visit.sees_files()
    steps = ["Preparing your account…", "Preparing your project…", "Giving you access…"]
    assert [words for words in said() if words in steps] == steps


def test_a_new_user_comes_straight_to_a_notebook(visit: Visit) -> None:
    """Whose project has no such file yet, which only CoCalc can tell."""
    said = visit.collect_words("#light-text")
    visit.go("/projects/mine/open/a.txt")
    visit.becomes("refused")
    expect(visit.page.get_by_role("heading", name="File not found")).to_be_visible()
    expect(visit.page.get_by_role("button", name="Try again")).not_to_be_visible()
    steps = ["Preparing your account…", "Preparing your project…", "Giving you access…"]
    steps += ["Opening…", "Not opened"]
    assert [words for words in said() if words in steps] == steps
    until(lambda: visit.school.states_of(visit.student) == ["failed"])
    assert visit.school.sessions_of(visit.student)[0]["reason"] == "file_missing"


def test_a_view_of_a_known_user_asks_cocalc_twice_at_most(
    known: Visit, record_testsuite_property: Callable[[str, object], None]
) -> None:
    known.write("a.txt")
    known.school.sandbox.reset_calls()
    known.open("a.txt")
    first = known.school.calls()
    known.school.sandbox.reset_calls()
    known.open("a.txt")
    again = known.school.calls()
    known.school.sandbox.reset_calls()
    known.go_to_files()
    listing = known.school.calls()
    print(f"calls to CoCalc: first view {first}, within the minute {again}, files {listing}")
    record_testsuite_property("calls of a first view", first)
    record_testsuite_property("calls of a view within the minute", again)
    record_testsuite_property("calls of My notebooks", listing)
    assert first == {"user_auth": 1, "project_exec": 1}
    assert again == {"user_auth": 1}
    assert listing == {"project_exec": 1}


def test_open_in_a_new_tab_shows_the_file_in_cocalc_itself(known: Visit) -> None:
    known.write("a.txt")
    known.open("a.txt")
    with known.context.expect_page() as opened:
        known.page.get_by_role("button", name="Open in a new tab").click()
    tab = opened.value
    expect(tab.locator(".tab.active [role=tab]")).to_have_text("a.txt")
    assert tab.url.startswith(f"{COCALC}/projects/")
    assert "auth_token" not in tab.url
    assert tab.evaluate("window.opener") is None


def test_names_that_addresses_must_encode(known: Visit) -> None:
    name = "Übung 1 – 100% #a?.txt"
    known.write(f"Fächer & mehr/{name}")
    known.go_to_files()
    known.page.get_by_role("link", name="Fächer & mehr").click()
    known.row(name).get_by_role("link", name=name, exact=True).click()
    known.becomes("ready")
    known.shows_tab(name)
    expect(known.page.locator("#name")).to_have_text(f"Fächer & mehr/{name}")
