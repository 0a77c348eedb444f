"""What a page lives through: sleep, sign-ins that lapse, loads in advance, and Back."""

import json
import re
import time
from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.school import NOBODY, until
from tests.browser.visit import Visit

Record = Callable[[str, object], None]
HOURS = 3_600_000  # ms


def kept(visit: Visit) -> None:
    """Mark CoCalc's page, to see later whether it is still the same."""
    visit.kiosk_frame.evaluate("window.mark = 'never reloaded'")
    visit.school.sandbox.reset_calls()


def is_kept(visit: Visit) -> bool:
    mark: str | None = visit.kiosk_frame.evaluate("window.mark")
    return mark == "never reloaded" and "user_auth" not in visit.school.calls()


def nobody_is_signed_in_there(visit: Visit) -> None:
    """CoCalc's session ends, and its page is loaded anew."""
    visit.school.sandbox.quirks(cookie_refused=True)
    visit.kiosk_frame.evaluate("void setTimeout(() => location.reload())")
    expect(visit.kiosk.locator("#said")).to_have_text(NOBODY[visit.school.sandbox.generation])
    visit.school.sandbox.reset_quirks()


def test_sleep_changes_nothing_when_the_frame_answers(
    known: Visit, record_testsuite_property: Record
) -> None:
    known.write("a.txt")
    known.page.clock.install()
    known.open("a.txt")
    known.shows_tab("a.txt")
    known.settles()  # an editor that is loading may keep CoCalc's page from answering
    until(lambda: known.school.states_of(known.student) == ["ready"])
    said = known.collect_state()
    kept(known)
    known.show_activity()
    before = known.activity("done", "open: a.txt").count()
    # The lid is closed for a night, or what comes to the same: timers fire once, and late.
    known.page.clock.fast_forward(8 * HOURS)
    began = time.monotonic()
    expect(known.activity("done", "open: a.txt").nth(before)).to_be_visible()
    took = round((time.monotonic() - began) * 1000)
    print(f"from wake to ready, confirmed: {took} ms")
    record_testsuite_property("ms from wake to ready", took)
    known.becomes("ready")
    assert set(said()) <= {"ready"}
    assert is_kept(known)
    expect(known.page.locator("#line")).to_be_hidden()


def test_after_half_a_day_one_signs_in_there_anew(known: Visit) -> None:
    """CoCalc's session lasts as long, and its page acknowledges all the same."""
    known.write("a.txt")
    known.page.clock.install()
    known.open("a.txt")
    known.shows_tab("a.txt")
    known.settles()
    kept(known)
    known.page.clock.fast_forward(13 * HOURS)
    expect(known.page.locator("#line")).to_contain_text("Your files were opened again")
    known.becomes("ready")
    known.shows_tab("a.txt")
    assert not is_kept(known)
    assert known.school.calls()["user_auth"] == 1


def test_a_lapsed_session_brings_all_files_back(
    known: Visit, record_testsuite_property: Record
) -> None:
    for name in ("a.txt", "b.txt", "c.txt"):
        known.write(name)
    known.open("a.txt")
    for name in ("c.txt", "b.txt"):
        known.choose(name)
        known.shows_tab(name)
        known.becomes("ready")
    known.show_activity()
    expect(known.activity("done", "open: ").first).to_be_attached()
    known.page.locator("[data-command=status]").click()
    expect(known.activity("done", "open: a.txt, c.txt, b.txt").last).to_be_visible()
    nobody_is_signed_in_there(known)
    known.school.sandbox.reset_calls()

    began = time.monotonic()
    known.page.evaluate("void dispatchEvent(new Event('online'))")
    line = known.page.locator("#line")
    expect(line).to_contain_text("Your files were opened again")
    took = round((time.monotonic() - began) * 1000)
    print(f"from online to ready, with a new session: {took} ms")
    record_testsuite_property("ms from online to ready with a new session", took)
    known.becomes("ready")
    tabs = known.kiosk.locator(".tab [role=tab]")
    expect(tabs).to_have_count(3)
    known.shows_tab("b.txt")
    assert set(tabs.all_inner_texts()) == {"a.txt", "b.txt", "c.txt"}
    assert known.school.calls()["user_auth"] == 1
    until(lambda: known.school.states_of(known.student) == ["closed", "ready"])
    known.page.get_by_role("button", name="Close this message").click()
    expect(line).to_be_hidden()


def test_our_site_out_of_reach_while_reconnecting(
    known: Visit, record_testsuite_property: Record
) -> None:
    """One failed attempt stops no later one; `online` brings it at once."""
    known.write("a.txt")
    known.open("a.txt")
    known.shows_tab("a.txt")
    known.page.route("**/session", lambda route: route.abort())
    nobody_is_signed_in_there(known)
    known.page.evaluate("void dispatchEvent(new Event('online'))")
    known.becomes("unreachable")
    notice = known.page.locator("#notice")
    expect(notice.get_by_role("button", name="Try now")).to_be_visible()
    known.page.unroute("**/session")
    began = time.monotonic()
    known.page.evaluate("void dispatchEvent(new Event('online'))")
    known.becomes("ready")
    took = round((time.monotonic() - began) * 1000)
    print(f"from online to ready: {took} ms")
    record_testsuite_property("ms from online to ready", took)
    known.shows_tab("a.txt")
    expect(notice).to_be_hidden()


def test_double_clicks_mint_once(known: Visit) -> None:
    known.write("a.txt")
    known.open("a.txt")
    known.shows_tab("a.txt")
    known.school.sandbox.reset_calls()
    known.school.sandbox.quirks(latency=0.5)
    known.page.evaluate("() => { for (let i = 0; i < 5; i++) reload.click(); }")
    known.becomes("ready")
    known.shows_tab("a.txt")
    until(lambda: known.school.states_of(known.student) == ["closed", "ready"])
    assert known.school.calls()["user_auth"] == 1


def test_a_storm_of_reloads_is_told_to_wait(known: Visit) -> None:
    known.write("a.txt")
    known.go_to_files()
    answers = known.page.evaluate(
        """async () => {
            const token = document.querySelector("[name=csrfmiddlewaretoken]").value;
            const headers = {"X-CSRFToken": token, "Content-Type": "application/json"};
            const asked = [...Array(25)].map(async () => {
                const body = JSON.stringify({session: crypto.randomUUID(), path: "a.txt"});
                for (;;) {
                    const answer = await fetch("session", {method: "POST", headers, body});
                    // Too many at the same moment is another limit.
                    if (answer.status !== 503)
                        return [answer.status, Number(answer.headers.get("Retry-After"))];
                    await new Promise((resolve) => setTimeout(resolve, 50));
                }
            });
            return Promise.all(asked);
        }"""
    )
    waits = [wait for status, wait in answers if status == 429]
    assert {status for status, _ in answers} == {200, 429}
    # Some time passes meanwhile, which allows for some more.
    assert 1 <= len(waits) <= 5
    assert all(1 <= wait <= 60 for wait in waits)
    known.open("a.txt", "")
    light = known.page.locator("#light[data-state=refused], #light[data-state=ready]")
    expect(light).to_be_visible()
    known.becomes("ready")  # by itself, in time


def test_what_is_loaded_in_advance_mints_nothing(known: Visit) -> None:
    """Under Playwright the browser fetches the page, but does not render it: see test_ahead.py."""
    known.write("a.txt")
    known.go_to_files()
    known.school.sandbox.reset_calls()
    known.page.evaluate(
        """() => {
            const script = document.createElement("script");
            script.type = "speculationrules";
            script.nonce = document.querySelector("script[nonce]").nonce;
            script.textContent = JSON.stringify({prerender: [{urls: ["open/a.txt"]}]});
            document.head.append(script);
        }"""
    )
    # The browser may or may not do as it is told; nothing is to happen either way.
    answer = known.page.evaluate(
        """async () => {
            const token = document.querySelector("[name=csrfmiddlewaretoken]").value;
            const answer = await fetch("session", {method: "POST", body: "{}",
                headers: {"X-CSRFToken": token, "Content-Type": "application/json"}});
            return answer.status;
        }"""
    )
    assert answer == 400
    assert known.school.calls() == {}
    assert known.school.sessions_of(known.student) == []
    known.page.evaluate("void (location.href = 'open/a.txt')")
    known.becomes("ready")
    assert known.school.calls()["user_auth"] == 1
    known.faults.clear()  # a browser may take the rules for a script that the policy forbids


def test_a_page_kept_by_the_browser_goes_on(known: Visit) -> None:
    """Chromium and Firefox do not keep the notebook page; as in one that would (test_kept.py)."""
    known.write("a.txt")
    known.open("a.txt")
    known.shows_tab("a.txt")
    kept(known)
    until(lambda: known.school.states_of(known.student) == ["ready"])
    for name in ("pagehide", "pageshow"):
        event = f"new PageTransitionEvent('{name}', {{ persisted: true }})"
        known.page.evaluate(f"void dispatchEvent({event})")
        state = {"pagehide": "closed", "pageshow": "ready"}[name]
        until(lambda state=state: known.school.states_of(known.student) == [state])  # type: ignore[misc]
    known.becomes("ready")
    assert is_kept(known)


def test_the_user_is_warned_before_the_site_signs_out(known: Visit) -> None:
    known.write("a.txt")
    known.page.route(
        re.compile(r"/presence(\?|$)"),
        lambda route: route.fulfill(
            status=200,
            content_type="application/json",
            body=json.dumps({"csrf": "", "seconds": 200}),
        ),
        times=1,
    )
    known.open("a.txt")
    expect(known.page.locator("#line")).to_contain_text("soon be signed out")
    known.becomes("ready")


def test_work_in_the_frame_keeps_the_user_signed_in(known: Visit) -> None:
    known.write("a.txt")
    with known.page.expect_response("**/presence") as answered:
        known.open("a.txt")
    assert answered.value.request.method == "POST"
    assert answered.value.json()["seconds"] > 3600
