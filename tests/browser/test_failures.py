"""CoCalc silent, slow, down, or not to be framed: the page says so, and never waits for ever."""

import re
import time
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.school import COCALC, until
from tests.browser.trouble import has_a_way_on, passes
from tests.browser.visit import Visit

CHANNEL = 11_000  # as the bridge has it (static/embedding/bridge.js), in ms, with some to spare


@pytest.mark.parametrize(
    ("quirks", "text"),
    [
        ({"api_down": "close"}, re.compile(r"^CoCalc .* [Pp]lease try again")),
        ({"api_down": "503"}, re.compile(r"^(CoCalc|Something answered) .* [Pp]lease try again")),
        ({"api_html": True}, re.compile(r"^Something answered at CoCalc's address")),
        (
            {"api_down": "close", "pages_down": "close"},
            re.compile(r"^CoCalc (cannot be reached|has not answered since \d\d:\d\d)"),
        ),
        ({"fail_events": ["user_auth", "system.generateUserAuthToken"]}, re.compile(r"^CoCalc ")),
    ],
    ids=["down", "behind a gateway", "html", "gone", "refused"],
)
def test_cocalc_fails_and_comes_back(
    known: Visit, quirks: dict[str, Any], text: re.Pattern[str]
) -> None:
    known.write("a.txt")
    known.school.sandbox.quirks(**quirks)
    known.open("a.txt", "unreachable")
    known.has_words("Not opened")
    has_a_way_on(known, "This does not work right now", text)

    def attempts() -> int:
        states = known.school.states_of(known.student)
        assert set(states) <= {"failed", "preparing"}
        return len(states)

    before = until(attempts)
    known.page.locator("#again").click()
    # Still down: the same again, and not a page that waits.
    until(attempts, lambda count: count > before)
    has_a_way_on(known, "This does not work right now", text)

    known.school.sandbox.reset_quirks()
    known.becomes("ready")  # by itself
    expect(known.page.locator("#notice")).to_be_hidden()
    known.shows_tab("a.txt")


def test_while_cocalc_is_away_nothing_waits_for_it(known: Visit) -> None:
    """Found by the first who tries; the others are told at once, and all goes on by itself."""
    known.write("a.txt")
    known.school.sandbox.quirks(api_down="close", pages_down="close")
    known.open("a.txt", "unreachable")
    since = re.compile(r"^CoCalc has not answered since \d\d:\d\d\.")
    expect(known.page.locator("#notice-text")).to_have_text(since, timeout=30_000)
    began = time.monotonic()
    with known.page.expect_response(re.compile("/session$")) as answered:
        known.page.locator("#again").click()
    assert answered.value.status == 503
    assert time.monotonic() - began < 3
    known.school.sandbox.reset_quirks()
    known.becomes("ready")  # by itself
    known.shows_tab("a.txt")
    known.school.sandbox.quirks(api_down="close", pages_down="close")
    known.go("/projects/mine/")
    alert = known.page.locator("#problem")
    expect(alert).to_contain_text("CoCalc")
    known.school.sandbox.reset_quirks()

    def listed() -> bool:
        if alert.is_visible():
            alert.get_by_role("button", name="Try again").click()
        return known.row("a.txt").is_visible()

    until(listed)


def test_open_in_a_new_tab_fails_in_words_too(known: Visit) -> None:
    known.write("a.txt")
    known.school.sandbox.quirks(api_html=True)
    known.open("a.txt", "unreachable")
    with known.context.expect_page() as opened:
        known.page.locator("#notice").get_by_role("button", name="Open in a new tab").click()
    page = opened.value
    if known.school.sandbox.generation == "conat":  # the tab is a page that signs in first
        alert = page.get_by_role("alert")
        expect(alert).to_have_text(re.compile("^Something answered at CoCalc's address"))
        expect(page.get_by_role("button", name="Try again")).to_be_visible()
    else:
        expect(page.get_by_role("heading")).to_have_text("This could not be opened")


def test_my_notebooks_while_cocalc_is_down(known: Visit) -> None:
    known.write("a.txt")
    known.school.sandbox.quirks(api_html=True)
    known.go("/projects/mine/")
    alert = known.page.locator("#problem")
    expect(alert).to_contain_text("Something answered at CoCalc")
    expect(known.page.locator("#status")).not_to_have_attribute("data-busy", re.compile(".*"))
    known.school.sandbox.reset_quirks()
    alert.get_by_role("button", name="Try again").click()
    expect(known.row("a.txt")).to_be_visible()
    expect(alert).to_be_hidden()


def test_preparing_while_cocalc_is_down(visit: Visit) -> None:
    visit.school.sandbox.quirks(fail_events=["create_project", "projects.createProject"])
    visit.go("/projects/mine/")
    alert = visit.page.locator("#problem")
    expect(alert).to_contain_text("CoCalc")
    visit.school.sandbox.reset_quirks()
    alert.get_by_role("button", name="Try again").click()
    visit.sees_files()
    expect(alert).to_be_hidden()


def test_slow_cocalc_is_waited_for(known: Visit) -> None:
    known.write("a.txt")
    said = known.collect_words("#light-text")
    known.school.sandbox.quirks(latency=2.5, slow_boot=1)
    known.open("a.txt")
    known.shows_tab("a.txt")
    assert said()[-1] == "Ready"
    assert "Starting your project…" in said()


def test_a_silent_channel_opens_all_the_same(known: Visit) -> None:
    """CoCalc's project log proves it; other files are opened by loading it anew."""
    for name in ("a.txt", "b.txt"):
        known.write(name)
    known.school.sandbox.quirks(dead_channel=True)
    known.page.clock.install()
    known.open("a.txt")
    known.shows_tab("a.txt")
    known.show_activity()
    expect(known.activity("log", "open a.txt").first).to_be_visible()
    expect(known.page.locator("#activity li:is([data-kind=ack], [data-kind=done])")).to_have_count(
        0
    )

    known.page.clock.run_for(CHANNEL)
    expect(known.activity("note", "CoCalc does not answer messages")).to_have_count(1)
    expect(known.page.locator("[data-command]:disabled")).to_have_count(3)
    known.becomes("ready")
    expect(known.page.locator("#switch-note")).to_contain_text("reloads the editor")

    known.school.sandbox.reset_calls()
    known.choose("b.txt")
    known.shows_tab("b.txt")
    known.becomes("ready")
    assert known.school.calls()["user_auth"] == 1
    until(lambda: known.school.states_of(known.student) == ["closed", "ready"])
    assert known.school.sessions_of(known.student)[1]["path"] == "b.txt"


def test_a_connection_that_is_cut_and_comes_back(known: Visit) -> None:
    known.write("a.txt")
    known.page.clock.install()
    known.open("a.txt")
    known.shows_tab("a.txt")
    until(lambda: known.school.states_of(known.student) == ["ready"])
    asks = "dispatchEvent(new Event('beforeunload', { cancelable: true }))"
    assert known.page.evaluate(asks), "nothing is at risk"
    known.kiosk_frame.evaluate("window.mark = 'never reloaded'")
    known.context.set_offline(True)
    known.becomes("offline")
    assert not known.page.evaluate(asks), "the browser asks before it closes the page"
    expect(known.page.locator("#line")).to_contain_text("You are offline.")
    known.context.set_offline(False)
    until(lambda: passes(known, "ready"))
    expect(known.page.locator("#line")).to_be_hidden()
    assert known.page.evaluate(asks)

    # The kiosk misses its server, the bridge hears of it, and time goes by.
    known.context.route(f"{COCALC}/**", lambda route: route.abort())
    for state in ("slow", "lost"):
        until(lambda state=state: passes(known, state))  # type: ignore[misc]
    assert not known.page.evaluate(asks), "the browser asks before it closes the page"
    notice = known.page.locator("#notice")
    expect(notice.get_by_role("heading")).to_have_text("The connection to CoCalc is lost")
    notice.get_by_role("button", name="Keep working").click()
    expect(notice).to_be_hidden()

    known.school.sandbox.reset_calls()
    known.context.unroute(f"{COCALC}/**")
    began = time.monotonic()
    until(lambda: passes(known, "ready"))
    print(f"from there again to ready: {round((time.monotonic() - began) * 1000)} ms")
    expect(notice).to_be_hidden()
    known.shows_tab("a.txt")
    assert known.page.evaluate(asks)
    assert known.kiosk_frame.evaluate("window.mark") == "never reloaded"
    assert "user_auth" not in known.school.calls()
