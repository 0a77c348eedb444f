"""Who types beside a frame keeps the focus, and who goes into the frame gets it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, CDPSession, Page

from tests.bridge.conftest import Sites
from tests.browser.firefox import FIREFOX, TAB, firefox
from tests.browser.school import until

ACTIVATION = 5600  # ms; later, no gesture on the page counts any more
ANEW = 1100  # ms; later, it is another attempt


class Desk:
    """A page with two fields, and a button and a frame in an element."""

    def __init__(self, page: Page, devtools: CDPSession) -> None:
        self.page = page
        self._devtools = devtools

    def ask(self, expression: str) -> Any:
        """What a script comes to. By Playwright's own way it would pass for a gesture."""
        answer = self._devtools.send(
            "Runtime.evaluate", {"expression": expression, "returnByValue": True}
        )
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def has_it(self, name: str) -> None:
        until(lambda: self.ask("where()"), lambda found: found == name)

    def after(self, act: Callable[[], None]) -> str:
        """Where the focus stays when something has brought it to the frame."""
        before = self.ask("came.length")
        act()
        until(lambda: self.ask("came.length"), lambda now: now > before)
        return str(self.ask("came.at(-1)"))

    def after_the_editor_took_it(self) -> str:
        return self.after(lambda: self.ask("editorTakesIt()"))

    def inside(self, name: str) -> tuple[float, float]:
        x, y = self.ask(f"(({{x, y}}) => [x, y])(element('{name}').getBoundingClientRect())")
        return x + 8, y + 8

    def click(self, name: str) -> None:
        self.page.mouse.click(*self.inside(name))

    def press(self, key: str) -> None:
        self.page.keyboard.press(key)


@pytest.fixture(params=["127.0.0.1", "localhost"], ids=["same site", "other site"])
def address(sites: Sites, request: pytest.FixtureRequest) -> str:
    """Frames of another site are in a process of their own."""
    return f"{sites.host}/focus.html?{sites.cocalc.replace('127.0.0.1', request.param)}"


def sits_down(context: BrowserContext, address: str) -> Desk:
    page = context.new_page()
    page.goto(address)
    desk = Desk(page, context.new_cdp_session(page))
    until(lambda: desk.ask("window.ready"))
    return desk


@pytest.fixture
def desk(browser: Browser, address: str) -> Iterator[Desk]:
    with browser.new_context() as context:
        yield sits_down(context, address)


@pytest.fixture
def tablet(browser: Browser, address: str) -> Iterator[Desk]:
    with browser.new_context(has_touch=True, is_mobile=True) as context:
        yield sits_down(context, address)


def test_an_editor_does_not_take_it_from_who_types(desk: Desk) -> None:
    desk.click("field")
    desk.press("x")
    assert desk.after_the_editor_took_it() == "field"
    assert desk.ask("document.hasFocus()")


def test_nor_when_somebody_has_been_in_the_frame(desk: Desk) -> None:
    desk.click("field")
    assert desk.after(lambda: desk.click("frame")) == "frame"
    desk.click("field")
    desk.has_it("field")
    assert desk.after_the_editor_took_it() == "field"


def test_nor_while_somebody_thinks(desk: Desk) -> None:
    desk.click("field")
    assert desk.after(lambda: desk.click("frame")) == "frame"
    desk.click("field")
    desk.has_it("field")
    desk.page.wait_for_timeout(ACTIVATION)
    assert desk.after_the_editor_took_it() == "field"
    assert desk.after(lambda: desk.click("frame")) == "frame"


def test_nor_where_the_pointer_lies_over_the_frame(desk: Desk) -> None:
    desk.page.mouse.move(*desk.inside("frame"))
    desk.press("Tab")
    desk.has_it("field")
    desk.press("x")
    assert desk.after_the_editor_took_it() == "field"
    # Whether it was the editor again or a click, nobody can tell.
    assert desk.after(lambda: desk.click("frame")) == "frame"


def test_a_click_leads_there_at_once(desk: Desk) -> None:
    for _ in range(3):
        desk.click("field")
        desk.has_it("field")
        desk.press("x")
        assert desk.after(lambda: desk.click("frame")) == "frame"


def test_tab_leads_there(desk: Desk) -> None:
    desk.click("field")
    for place in ("other", "button"):
        desk.press("Tab")
        desk.has_it(place)
    assert desk.after(lambda: desk.press("Tab")) == "frame"
    desk.press("Shift+Tab")
    desk.has_it("button")
    assert desk.after(lambda: desk.press("Tab")) == "frame"


def test_tab_to_a_field_leads_nowhere_else(desk: Desk) -> None:
    desk.click("field")
    desk.press("Tab")
    desk.has_it("other")
    assert desk.after_the_editor_took_it() == "other"


def test_who_insists_gets_there(desk: Desk) -> None:
    """As assistive technology may have to, which moves the focus and gives no other sign."""
    desk.click("field")
    desk.press("x")
    for _ in range(3):
        assert desk.after_the_editor_took_it() == "field"
        assert desk.after_the_editor_took_it() == "field", "too soon to be a person"
        desk.page.wait_for_timeout(ANEW)
    assert desk.after_the_editor_took_it() == "frame"


def test_a_tap_leads_there_at_once(tablet: Desk) -> None:
    tap = tablet.page.touchscreen.tap
    tap(*tablet.inside("field"))
    tablet.has_it("field")
    tablet.press("x")
    assert tablet.after(lambda: tap(*tablet.inside("frame"))) == "frame"


@pytest.mark.skipif(not FIREFOX.exists(), reason="There is no Firefox: apt-get install firefox-esr")
def test_in_firefox(sites: Sites, tmp_path: Path) -> None:
    """There, a focus that comes to another process is on its way for a moment, now and then."""
    with firefox(tmp_path, {}) as fox:
        page = fox.page()
        page.go(f"{sites.host}/focus.html?{sites.cocalc.replace('127.0.0.1', 'localhost')}")

        def has_it(name: str) -> None:
            until(lambda: page.evaluate("where()"), lambda found: found == name)

        def editor_takes_it() -> None:
            before = page.evaluate("came.length")
            page.evaluate("(editorTakesIt(), true)")
            until(lambda: page.evaluate(f"came.length > {before}"))

        until(lambda: page.evaluate("window.ready"))
        for _ in range(12):
            page.click("#field")
            page.types("x")
            editor_takes_it()
            has_it("field")
        for name in ("other", "button", "frame"):
            page.keys(TAB)
            has_it(name)
