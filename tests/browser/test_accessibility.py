"""By keyboard, by screen reader, in the dark and on a phone."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visitor
from tests.browser.keys import tab_until
from tests.browser.looks import FAINT, NEED_NAMES, OVERFLOW, accessible
from tests.browser.school import SITE, Student, until
from tests.browser.visit import Visit

pytestmark = pytest.mark.alike  # what is looked at is ours


@pytest.mark.usefixtures("jupyter")
def test_tab_order_of_a_notebook(known: Visit) -> None:
    known.write("a.txt")
    known.open("a.txt")
    known.settles()
    page = known.page
    start = page.get_by_role("link", name="Skip to the content")
    start.focus()
    expect(start).to_be_in_viewport()
    way = tab_until(page, page.locator("#panel-toggle"))
    assert [step for step in way if step in ("switch", "reload", "panel-toggle")] == [
        "switch",
        "reload",
        "panel-toggle",
    ]
    page.keyboard.press("Enter")
    panel = page.locator("#panel")
    expect(panel).to_be_visible()
    expect(page.locator("#panel-toggle")).to_have_attribute("aria-expanded", "true")
    # The next stop is the way past the frame, which would swallow the keys.
    skip = page.get_by_role("link", name="Skip past the notebook")
    page.keyboard.press("Tab")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("#after-frame")).to_be_focused()
    tab_until(page, panel.get_by_role("button", name="open", exact=True), "Shift+Tab")

    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(page.locator("#panel-toggle")).to_be_focused()
    expect(page.locator("#panel-toggle")).to_have_attribute("aria-expanded", "false")


def test_the_activity_panel_is_reached_past_the_frame(known: Visit) -> None:
    """Forwards too, with the panel open: not only back from the end."""
    known.write("a.txt")
    known.open("a.txt")
    known.settles()
    known.show_activity()
    skip = known.page.get_by_role("link", name="Skip past the notebook")
    skip.focus()
    known.page.keyboard.press("Enter")
    tab_until(known.page, known.page.locator("#panel-close"), "Shift+Tab")
    known.page.keyboard.press("Enter")
    expect(known.page.locator("#panel")).to_be_hidden()
    expect(known.page.locator("#panel-toggle")).to_be_focused()


@pytest.mark.usefixtures("jupyter")
def test_the_switcher_by_keyboard(known: Visit) -> None:
    for name in ("a.txt", "b.txt"):
        known.write(name)
    known.open("a.txt")
    known.settles()
    page = known.page
    switch, menu = page.locator("#switch"), page.locator("#switch-list")
    switch.focus()
    page.keyboard.press("Enter")
    expect(menu).to_be_visible()
    expect(switch).to_have_attribute("aria-expanded", "true")
    expect(menu.get_by_role("link", name="a.txt")).to_have_attribute("aria-current", "true")
    page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    expect(menu).to_be_hidden()
    expect(switch).to_be_focused()
    expect(switch).to_have_attribute("aria-expanded", "false")

    page.keyboard.press("Enter")
    expect(menu.get_by_role("link", name="b.txt")).to_be_visible()
    tab_until(page, menu.get_by_role("link", name="b.txt"))
    page.keyboard.press("Enter")
    known.shows_tab("b.txt")
    expect(menu).to_be_hidden()


def test_dialogs_keep_the_focus_and_give_it_back(known: Visit) -> None:
    page = known.page
    opener = page.get_by_role("button", name="New folder")
    opener.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="New folder")
    expect(dialog.get_by_label("Name")).to_be_focused()
    for _ in range(8):
        page.keyboard.press("Tab")
        outside = page.evaluate(
            """() => !document.activeElement.closest("dialog")
                && document.activeElement !== document.body"""
        )
        assert not outside, "The focus left the dialog for the page behind it."
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(opener).to_be_focused()


def test_the_live_region_says_what_happens(known: Visit) -> None:
    known.write("a.txt")
    known.school.sandbox.quirks(slow_boot=1)
    said = known.collect_words("#light-text")
    known.open("a.txt")
    status = known.page.locator("#light")
    expect(status).to_have_attribute("role", "status")
    expect(status).to_have_attribute("aria-live", "polite")
    words = said()
    assert "Opening…" in words
    assert words[-1] == "Ready"
    # Said once each: nobody wants to hear it again with every poll.
    assert all(one != other for one, other in pairwise(words))


def states(visit: Visit) -> Iterator[str]:
    """The pages, each in a state with many controls."""
    visit.go_to_files()
    visit.write("a.txt")
    visit.write("Folder/b.txt")
    visit.page.reload()
    expect(visit.row("a.txt")).to_be_visible()
    yield "files"
    visit.row("a.txt").get_by_role("button", name="Rename a.txt").click()
    yield "files with a dialog"
    visit.page.keyboard.press("Escape")
    visit.row("Folder").get_by_role("button", name="Delete Folder").click()
    expect(visit.page.get_by_role("button", name="Undo")).to_be_visible()
    yield "files with a way back"
    visit.page.get_by_role("link", name="Trash").click()
    expect(visit.row("Folder")).to_be_visible()
    yield "trash"
    visit.row("Folder").get_by_role("button", name="Delete for good").click()
    yield "trash with a dialog"
    visit.open("a.txt")
    visit.settles()
    visit.show_activity()
    expect(visit.activity("done", "open: a.txt").first).to_be_visible()
    yield "notebook with the panel"
    visit.page.locator("#panel-close").click()
    visit.page.locator("#switch").click()
    expect(visit.page.locator("#switch-list").get_by_role("link", name="a.txt")).to_be_visible()
    yield "notebook with the switcher"
    visit.open("gone.txt", "refused")
    yield "notebook with a notice"
    visit.go("/")
    expect(visit.page.get_by_role("link", name="Continue a.txt")).to_be_visible()
    yield "today"
    visit.go("/profile/")
    visit.page.get_by_role("button", name="Create a calendar address").or_(
        visit.page.get_by_role("button", name="Create a new address")
    ).click()
    expect(visit.page.get_by_label("Calendar address")).to_be_visible()
    yield "profile"
    visit.go("/password/forgotten/")
    yield "no new password by mail"
    visit.go("/password/")
    yield "password"
    visit.go("/projects/00000000-0000-4000-8000-000000000000/")
    yield "nothing"


def test_every_control_has_a_name(visitor: Visitor, student: Student) -> None:
    visit = visitor(student)
    for state in states(visit):
        found = accessible(visit.page)
        assert sum(role in ("button", "link") for role, *_ in found) >= 2
        nameless = [thing for thing in found if thing[0] in NEED_NAMES and not thing[1]]
        assert nameless == [], state
        assert visit.page.locator("html").get_attribute("lang") == "en"
        assert visit.page.locator("main").count() == 1
        ids = visit.page.evaluate("[...document.querySelectorAll('[id]')].map(({id}) => id)")
        assert len(ids) == len(set(ids)), state


def test_the_sign_in_form_has_names(visitor: Visitor) -> None:
    visit = visitor()
    visit.go("/sign-in/")
    names = [name for role, name, _ in accessible(visit.page) if role == "textbox"]
    assert names == ["User name", "Password"]
    expect(visit.page.get_by_label("User name")).to_be_focused()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_nothing_sticks_out_and_all_is_readable(
    visitor: Visitor, student: Student, scheme: str, width: int
) -> None:
    viewport = {"width": width, "height": 740}
    options: dict[str, Any] = {"viewport": viewport, "color_scheme": scheme}
    nobody = visitor(**options)
    nobody.go("/sign-in/")
    visit = visitor(student, **options)
    ground = nobody.page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (ground == "rgb(20, 23, 28)") == (scheme == "dark")
    for page, where in [(nobody.page, iter(["sign-in"])), (visit.page, states(visit))]:
        for state in where:
            assert page.evaluate(OVERFLOW) == [], state
            assert page.evaluate(FAINT) == [], state


def test_long_names_on_a_phone(visitor: Visitor, student: Student) -> None:
    visit = visitor(student, viewport={"width": 360, "height": 740})
    visit.go_to_files()
    name = "A_very_long_name_without_any_space_in_it_that_goes_on_and_on_and_on_2026.txt"
    visit.write(name)
    visit.page.reload()
    expect(visit.row(name)).to_be_visible()
    assert visit.page.evaluate(OVERFLOW) == []
    visit.open(name)
    assert visit.page.evaluate(OVERFLOW) == []
    # The state can be read, and CoCalc has most of the screen.
    expect(visit.page.locator("#light-text")).to_be_in_viewport(ratio=0.9)
    box = visit.page.locator("#frame").bounding_box()
    assert box
    assert box["height"] > 740 * 0.7


def test_reading_without_motion(visitor: Visitor, student: Student) -> None:
    visit = visitor(student, reduced_motion="reduce")
    visit.go_to_files()
    visit.write("a.txt")
    visit.school.sandbox.quirks(cookie_refused=True)
    visit.open("a.txt", "opening")
    dot = visit.page.locator("#light .dot")
    assert dot.evaluate("(dot) => getComputedStyle(dot).animationName") == "none"


def test_without_javascript_the_pages_say_so(visitor: Visitor, student: Student) -> None:
    visit = visitor(student, java_script_enabled=False)
    for path in ("/projects/mine/", "/projects/mine/open/a.txt"):
        visit.page.goto(SITE + path)
        until(lambda: "needs JavaScript" in visit.page.locator("main").inner_text())
