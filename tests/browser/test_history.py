"""Back and Forward: they lead through pages, and never through a token."""

from urllib.parse import urlsplit

from playwright.sync_api import Request, expect

from tests.browser.school import SITE, carrier, until
from tests.browser.visit import Visit


def back(visit: Visit) -> None:
    """One step, over no entry: the button would leave out what came without a click."""
    visit.page.evaluate("void setTimeout(() => history.back())")


def enter(visit: Visit, name: str) -> None:
    """From the list into a file, with a click in CoCalc's page as any user makes one."""
    visit.row(name).get_by_role("link", name=name, exact=True).click()
    visit.becomes("ready")
    visit.shows_tab(name)
    visit.settles()
    visit.kiosk.locator(".tab.active [role=tab]").click()
    until(lambda: visit.page.evaluate("document.activeElement.id"), lambda id_: id_ == "frame")


def tokens(visit: Visit) -> list[str]:
    """The addresses with a token that are asked for from now on."""
    asked: list[str] = []

    def keep(request: Request) -> None:
        if "auth_token" in request.url and request.is_navigation_request():
            asked.append(request.url)

    visit.context.on("request", keep)
    return asked


def test_back_leads_to_my_notebooks_in_one_step(known: Visit) -> None:
    known.write("a.txt")
    known.page.reload()
    enter(known, "a.txt")
    asked = tokens(known)
    back(known)
    expect(known.row("a.txt")).to_be_visible()
    assert known.page.url == f"{SITE}/projects/mine/"
    assert asked == []


def test_back_after_reloading_leads_there_too(known: Visit) -> None:
    known.write("a.txt")
    known.page.reload()
    enter(known, "a.txt")
    known.page.get_by_role("button", name="Reload").click()
    until(lambda: known.school.states_of(known.student) == ["closed", "ready"])
    known.page.reload()
    until(lambda: known.school.states_of(known.student) == ["closed", "closed", "ready"])
    known.shows_tab("a.txt")
    known.settles()
    asked = tokens(known)
    back(known)
    expect(known.row("a.txt")).to_be_visible()
    assert asked == []


def test_back_goes_through_the_files_that_were_switched_to(known: Visit) -> None:
    for name in ("a.txt", "b.txt"):
        known.write(name)
    known.page.reload()
    enter(known, "a.txt")
    known.choose("b.txt")
    known.shows_tab("b.txt")
    asked = tokens(known)
    back(known)
    known.shows_tab("a.txt")
    expect(known.page.locator("#name")).to_have_text("a.txt")
    back(known)
    expect(known.row("a.txt")).to_be_visible()
    assert asked == []


def test_a_page_that_one_comes_back_to_takes_no_token_from_the_history(known: Visit) -> None:
    """The browser would set the frame to the address of last time, with somebody's old token."""
    known.write("a.txt")
    known.page.reload()
    enter(known, "a.txt")
    back(known)
    expect(known.row("a.txt")).to_be_visible()
    for move in ("history.forward()", "history.back()"):
        asked = tokens(known)
        with known.page.expect_response("**/session") as answered:
            known.page.evaluate(f"void setTimeout(() => {move})")
        known.becomes("ready")
        known.shows_tab("a.txt")
        targets = {url for url in asked if not urlsplit(url).path.startswith("/static/")}
        assert targets == {carrier(answered.value.json(), known.school.sandbox.generation)}
        known.go_to_files()
