"""Away and back in a browser that keeps pages (the back/forward cache), as users' browsers do.

Chromium does not keep the notebook page: it and what it fetches are `no-store`, as the pages of
who is signed in must be. A host's own page with the tag is kept, with CoCalc in its frame.
"""

from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, Error, Locator, expect

from tests.browser.conftest import Visitor
from tests.browser.school import SITE, until
from tests.browser.test_night import is_kept, kept
from tests.browser.visit import Visit, text_in

LESSON = {"body": '{% cocalc_notebook path="a.txt" id="a" %}'}
FRAME = "it.shadowRoot.querySelector('iframe')"
ELSEWHERE = f"{SITE}/anywhere/?body=elsewhere"  # says nothing of who is signed in


@pytest.fixture
def returning(known: Visit, visitor: Visitor, keeping_browser: Browser, jupyter: None) -> Visit:
    """The same student in that browser, with a file."""
    known.write("a.txt")
    return visitor(known.student, browser=keeping_browser)


class Way:
    """From the page to elsewhere, and back."""

    def __init__(self, visit: Visit) -> None:
        self.page = visit.page
        self.reasons: list[str] = []  # why the page was not kept
        devtools = visit.context.new_cdp_session(self.page)
        devtools.send("Page.enable")
        devtools.on("Page.backForwardCacheNotUsed", self._not_kept)
        self.left = self.page.url
        self.page.evaluate("window.shown = 0; addEventListener('pageshow', () => shown++)")
        self.page.goto(ELSEWHERE)

    def _not_kept(self, event: dict[str, Any]) -> None:
        self.reasons += [why["reason"] for why in event["notRestoredExplanations"]]

    def back(self) -> bool:
        """Whether the page was kept."""
        self.page.evaluate("void setTimeout(() => history.back())")
        # Playwright's own waiting does not hear of a page that comes back as it was.
        until(self._where, lambda address: address == self.left)
        if self.page.evaluate("window.shown === 1"):
            return True
        until(lambda: self._where() and self.reasons)
        print("not kept:", ", ".join(self.reasons))
        return False

    def _where(self) -> str | None:
        address: str | None
        try:
            address = self.page.evaluate("document.readyState === 'complete' ? location.href : ''")
        except Error:  # on the way
            return None
        return address


def comes_back_kept(way: Way) -> None:
    if way.back():
        return
    # Chromium 150 keeps none that has a connection of this kind open, 156 does.
    assert way.reasons == ["WebSocket"]
    pytest.skip("This Chromium keeps no page with a WebSocket in it.")


def opens_in_a_lesson(visit: Visit) -> Locator:
    visit.go(f"/anywhere/?{urlencode(LESSON)}")
    notebook = visit.page.locator("cocalc-notebook")
    expect(notebook).to_have_attribute("state", "ready")
    frame = visit.page.frame_locator("cocalc-notebook iframe")
    expect(frame.locator(".tab.active [role=tab]")).to_have_text("a.txt")
    # A page is not kept while a frame in it still loads.
    text_in(frame.frame_locator("#views iframe:not([hidden])"))
    notebook.evaluate(f"(it) => {{ ({FRAME}).mark = 'the same frame'; }}")
    until(lambda: visit.school.states_of(visit.student) == ["ready"])
    visit.school.sandbox.reset_calls()
    return notebook


def test_a_kept_page_goes_on_with_the_same_session(returning: Visit) -> None:
    notebook = opens_in_a_lesson(returning)
    way = Way(returning)
    until(lambda: returning.school.states_of(returning.student) == ["closed"])
    comes_back_kept(way)
    until(lambda: returning.school.states_of(returning.student) == ["ready"])
    expect(notebook).to_have_attribute("state", "ready")
    # Playwright cannot look into the frames of a page that came back. But it is the same frame,
    # nobody has signed in to it anew, and CoCalc's page in it answers, with its file open.
    assert notebook.evaluate(f"(it) => ({FRAME}).mark") == "the same frame"
    assert "user_auth" not in returning.school.calls()
    answer = notebook.evaluate("(it) => it.status().then(({ files }) => files)")
    assert answer == ["a.txt"]


def test_a_kept_page_shows_nothing_of_who_has_signed_out(returning: Visit) -> None:
    notebook = opens_in_a_lesson(returning)
    way = Way(returning)
    returning.context.clear_cookies(name="__Host-session")
    comes_back_kept(way)
    expect(notebook).to_have_attribute("state", "signed_out")
    # CoCalc's address would be closed to us.
    where = f"(it) => ({FRAME})?.contentWindow.location.href ?? 'about:blank'"
    assert notebook.evaluate(where) == "about:blank"
    assert "user_auth" not in returning.school.calls()


def test_the_notebook_page_comes_back_with_one_fresh_session(returning: Visit) -> None:
    returning.open("a.txt")
    returning.shows_tab("a.txt")
    kept(returning)
    until(lambda: returning.school.states_of(returning.student) == ["ready"])
    way = Way(returning)
    until(lambda: returning.school.states_of(returning.student) == ["closed"])
    was_kept = way.back()
    returning.becomes("ready")
    returning.shows_tab("a.txt")
    expect(returning.page.locator("iframe")).to_have_count(1)
    assert returning.account_in_frame == returning.school.account_of(returning.student)
    if was_kept:
        until(lambda: returning.school.states_of(returning.student) == ["ready"])
        assert is_kept(returning)
        return
    assert "MainResourceHasCacheControlNoStore" in way.reasons
    until(lambda: returning.school.states_of(returning.student) == ["closed", "ready"])
    assert returning.school.calls()["user_auth"] == 1
    assert returning.kiosk_frame.evaluate("window.mark") is None
