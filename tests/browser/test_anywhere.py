"""Notebooks on any page: the tag, and the element that it stands on."""

from urllib.parse import urlencode

from playwright.sync_api import Locator, expect

from tests.browser.visit import Visit

TAG = '{% cocalc_notebook path="a.txt" id="a" %}'


def go(visit: Visit, body: str) -> None:
    visit.go(f"/anywhere/?{urlencode({'body': body})}")


def notebook(visit: Visit, name: str = "a") -> Locator:
    return visit.page.locator(f"cocalc-notebook#{name}")


def becomes(visit: Visit, state: str, name: str = "a") -> None:
    expect(notebook(visit, name)).to_have_attribute("state", state)


def shows(visit: Visit, file: str, name: str = "a") -> None:
    kiosk = visit.page.frame_locator(f"cocalc-notebook#{name} iframe")
    expect(kiosk.locator(".tab.active [role=tab]")).to_have_text(file)


def test_it_opens(known: Visit) -> None:
    known.write("a.txt")
    go(known, TAG)
    becomes(known, "ready")
    shows(known, "a.txt")
