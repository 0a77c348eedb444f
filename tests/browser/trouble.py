"""Trouble, as the notebook page tells of it."""

import re

from playwright.sync_api import expect

from tests.browser.visit import Visit


def has_a_way_on(visit: Visit, title: str, text: str | re.Pattern[str]) -> None:
    """The notice says what is wrong, and each way on is there."""
    notice = visit.page.locator("#notice")
    expect(notice.get_by_role("heading")).to_have_text(title)
    expect(notice.get_by_role("alert")).to_have_text(text)
    for name in (re.compile("^Try (again|now)$"), "Open in a new tab"):
        expect(notice.get_by_role("button", name=name)).to_be_visible()
    expect(notice.get_by_role("link", name="My files")).to_be_visible()


def passes(visit: Visit, state: str) -> bool:
    """Let some time go by in the page; whether that brought the state."""
    if visit.page.locator("#light").get_attribute("data-state") == state:
        return True
    visit.page.clock.fast_forward(2600)
    return False
