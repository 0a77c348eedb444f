"""What an open page hears of our own site within half a minute, and of nobody else."""

import json
from collections.abc import Callable
from itertools import groupby

import pytest
from playwright.sync_api import Route, expect

from tests.browser.school import until
from tests.browser.visit import Visit

BEAT = 21_000  # as our-site.js has it, in ms, with some to spare


@pytest.fixture
def working(known: Visit) -> Visit:
    """With a notebook open, and time by hand."""
    known.write("a.txt")
    known.page.clock.install()
    known.open("a.txt")
    known.shows_tab("a.txt")
    until(lambda: known.school.states_of(known.student) == ["ready"])
    return known


def test_a_project_that_stops_under_an_open_file_is_started_again(working: Visit) -> None:
    """CoCalc's page answers as before, and tells nobody but its own user."""
    school, project = working.school, working.school.project_of(working.student)
    said = working.collect_state()
    school.sandbox.stop_project(project)
    until(lambda: school.cocalc.project_state(project), lambda state: state != "running")
    working.page.clock.run_for(5000)  # its page is asked twice
    assert said() == []
    working.becomes("ready")
    school.sandbox.reset_calls()
    working.page.clock.fast_forward(BEAT)
    expect(working.page.locator("#line")).to_contain_text("It was started again.")
    working.becomes("ready")
    working.shows_tab("a.txt")
    assert [state for state, _ in groupby(said())] == ["reconnecting", "opening", "ready"]
    assert school.cocalc.project_state(project) == "running"
    assert school.calls()["user_auth"] == 1


def test_hidden_or_while_cocalc_fails_nothing_is_asked_or_changed(working: Visit) -> None:
    posts: list[str] = []
    working.page.on(
        "request", lambda it: posts.append(it.url) if it.url.endswith("/presence") else None
    )
    working.page.evaluate(
        """() => {
            Object.defineProperty(document, "visibilityState",
                { configurable: true, get: () => "hidden" });
            document.dispatchEvent(new Event("visibilitychange"));
        }"""
    )
    working.page.clock.run_for(5 * BEAT)
    assert posts == []
    working.school.sandbox.quirks(api_html=True)
    working.page.evaluate(
        "delete document.visibilityState, document.dispatchEvent(new Event('visibilitychange'))"
    )
    until(lambda: working.page.evaluate("1") and posts)
    working.becomes("ready")
    expect(working.page.locator("#notice")).to_be_hidden()


def deactivated(visit: Visit) -> None:
    visit.school.change("UPDATE auth_user SET is_active = FALSE WHERE id = ?", visit.student.pk)


def taken_out(visit: Visit) -> None:
    visit.school.change("DELETE FROM embedding_member WHERE user_id = ?", visit.student.pk)


@pytest.mark.parametrize(
    ("happens", "state", "sentence"),
    [
        (deactivated, "signed_out", "You have been signed out."),
        (taken_out, "refused", "You can no longer open this project."),
    ],
)
def test_the_page_of_who_may_not_be_here_any_more_ends(
    working: Visit, happens: Callable[[Visit], None], state: str, sentence: str
) -> None:
    happens(working)
    working.page.clock.run_for(BEAT)
    working.becomes(state)
    expect(working.page.locator("#notice").get_by_role("alert")).to_contain_text(sentence)
    # CoCalc's address would be closed to us.
    where = "document.getElementById('frame').contentWindow.location.href"
    assert working.page.evaluate(where) == "about:blank"
    working.page.locator("#again").click()
    expect(working.page.locator("#light")).not_to_have_attribute("data-state", "ready")


def test_who_is_no_collaborator_sees_no_green_until_our_site_has_mended_it(known: Visit) -> None:
    """CoCalc acknowledges, lists and asks; our site lets the member in again and says so."""
    known.write("a.txt")
    school = known.school
    project, account = school.project_of(known.student), school.account_of(known.student)
    school.cocalc.remove_member(project, account)
    asked: list[str] = []

    def mend(route: Route) -> None:
        asked.append(json.loads(route.request.post_data or "")["seen"])
        school.cocalc.add_member(project, account)
        cause = {"code": "let_in_again", "state": "unreachable", "message": "", "adminMessage": ""}
        route.fulfill(json=cause | {"certain": False, "mended": True})

    known.page.route("**/diagnosis", mend)
    said = known.collect_words("#light-text")
    known.page.clock.install()
    known.open("a.txt", "opening")
    expect(known.kiosk.get_by_role("dialog")).to_contain_text("Start Project?")
    known.show_activity()
    expect(known.activity("ack", "open a.txt").first).to_be_visible()
    assert "Ready" not in said()

    def passes() -> bool:
        known.page.clock.fast_forward(2600)
        return len(school.sessions_of(known.student)) == 2

    until(passes)
    known.becomes("ready")
    known.shows_tab("a.txt")
    assert asked == ["unopened"]
