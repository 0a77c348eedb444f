"""Why a file does not open, which no frame can tell: named for its user and the administrator."""

import re
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from playwright.sync_api import Route, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from sandbox.config import Generation
from tests.browser.school import COCALC, HASTY, SITE_HOST, School, Student, until
from tests.browser.trouble import has_a_way_on, passes
from tests.browser.visit import Visit

CHANNEL = 11_000  # as the bridge has it (static/embedding/bridge.js), in ms, with some to spare
NOT_LISTED = f"“{SITE_HOST}” is not among CoCalc's iframe_comm_hosts"
TITLES = {"blocked": "CoCalc did not open the file", "unreachable": "This does not work right now"}


@dataclass(frozen=True)
class Cause:
    code: str
    state: str
    text: str  # for the user
    admin: str
    quirks: dict[str, Any]
    hosts: str = SITE_HOST
    # Only when the frame asks: before it, CoCalc is well.
    late: bool = field(default=False)


CAUSES = {
    "stopped": Cause(
        "cocalc_unreachable",
        "unreachable",
        "Your files are safe",
        f"This server gets no answer from {COCALC} either.",
        {"pages_down": "close", "api_down": "close"},
        late=True,
    ),
    "behind a gateway": Cause(
        "cocalc_unreachable",
        "unreachable",
        "CoCalc does not answer. Your files are safe.",
        f"This server gets no answer from {COCALC} either.",
        {"pages_down": "503"},
    ),
    "white": Cause(
        "cocalc_silent",
        "unreachable",
        "CoCalc does not answer in your browser",
        f"This server reaches {COCALC}, and the site is allowed, but nothing was heard "
        "from the frame.",
        {"white_page": True},
    ),
    "not listed, no cookie": Cause(
        "host_not_allowed",
        "blocked",
        "CoCalc does not answer this site, and has not opened the file.",
        f"CoCalc sent no answer, and nothing appeared in the project’s log. {NOT_LISTED}",
        {"cookie_refused": True},
        hosts="elsewhere.test",
    ),
    "certificate": Cause(
        "certificate",
        "blocked",
        "CoCalc's certificate is not valid",
        f"This server does not trust the certificate of {COCALC}.",
        {"wrong_certificate": True},
    ),
    "not to be framed": Cause(
        "frame_refused",
        "blocked",
        "CoCalc cannot be shown on this page.",
        "sends “X-Frame-Options: DENY”",
        {"refused_frames": True},
    ),
    "no cookie": Cause(
        "cookie_blocked",
        "blocked",
        "Your browser seems to block CoCalc's sign-in cookie.",
        "CoCalc's page answers but nobody is signed in there.",
        {"cookie_refused": True},
    ),
}
# There signing in is a step of its own, and what it came to is known.
ON_CONAT = {
    "no cookie": replace(
        CAUSES["no cookie"],
        code="not_signed_in",
        text="CoCalc did not sign you in. Your browser may block CoCalc's cookies.",
        admin="nobody is signed in there, although the token was new.",
    )
}


@pytest.fixture
def student(school: School) -> Student:
    """One of the staff, whom each page tells what an administrator must know."""
    return next(school.staff)


def happens(cause: Cause, visit: Visit) -> None:
    visit.school.allow(cause.hosts)
    if not cause.late:
        visit.school.sandbox.quirks(**cause.quirks)
        return

    def stop(route: Route) -> None:
        visit.school.sandbox.quirks(**cause.quirks)
        route.continue_()

    visit.page.route(f"{COCALC}/**", stop, times=1)


def is_written_down(visit: Visit, code: str, admin: str, state: str) -> None:
    def rows() -> list[tuple[str, str, bool]]:
        return [
            (row["state"], row["reason"], admin in row["detail"])
            for row in visit.school.sessions_of(visit.student)
        ]

    until(rows, lambda found: (state, code, True) in found)


def is_over(visit: Visit, name: str = "a.txt") -> None:
    visit.school.sandbox.reset_quirks()
    visit.school.allow(SITE_HOST)
    light, again = visit.page.locator("#light"), visit.page.locator("#again")

    def is_ready() -> bool:
        # It may have tried by itself while it was not over yet, and then waits for a click.
        if light.get_attribute("data-state") == "ready":
            return True
        if again.is_visible():
            with suppress(PlaywrightTimeout):  # it may go on by itself before one has clicked
                again.click(timeout=1000)
        return False

    until(is_ready)
    expect(visit.page.locator("#notice")).to_be_hidden()
    visit.shows_tab(name)


@pytest.mark.parametrize("name", CAUSES)
def test_each_cause_is_named_and_when_it_is_gone_the_file_opens(
    known: Visit, name: str, generation: Generation
) -> None:
    cause = CAUSES[name] if generation == "v1" else ON_CONAT.get(name, CAUSES[name])
    known.write("a.txt")
    happens(cause, known)
    known.page.clock.install()
    said = known.collect_words("#light-text")
    known.open("a.txt", "opening")
    until(lambda: passes(known, cause.state))
    known.has_words("Not opened")
    assert "Ready" not in said()
    has_a_way_on(known, TITLES[cause.state], re.compile(re.escape(cause.text)))
    known.show_activity()
    expect(known.activity("error", cause.admin).first).to_be_visible()
    expect(known.activity("error", cause.text).first).to_be_visible()
    is_written_down(known, cause.code, cause.admin, "lost")
    # Whatever CoCalc's page says: nobody is signed in there.
    known.page.clock.run_for(20_000)
    assert "Ready" not in said()
    is_over(known)


def test_a_project_that_does_not_start(known: Visit) -> None:
    known.write(HASTY)
    school = known.school
    school.sandbox.stop_project(school.project_of(known.student))
    school.sandbox.quirks(never_starts=True)
    known.open(HASTY, "unreachable")
    known.has_words("Not opened")
    text = re.compile("^CoCalc answers, but your project does not start")
    has_a_way_on(known, TITLES["unreachable"], text)
    admin = "The project did not run a command in time."
    known.show_activity()
    expect(known.activity("error", admin).first).to_be_visible()
    is_written_down(known, "project_not_started", admin, "failed")
    is_over(known, HASTY)


@pytest.mark.parametrize(
    ("quirks", "hosts", "code", "admin"),
    [
        ({"dead_channel": True}, SITE_HOST, "channel_silent", "though this site is allowed"),
        ({}, "elsewhere.test", "host_not_allowed", NOT_LISTED),
    ],
    ids=["dead", "not listed"],
)
def test_a_file_that_opens_without_messages_is_ready_and_the_administrator_reads_why(
    known: Visit, quirks: dict[str, Any], hosts: str, code: str, admin: str
) -> None:
    known.write("a.txt")
    known.school.sandbox.quirks(**quirks)
    known.school.allow(hosts)
    known.page.clock.install()
    known.open("a.txt")  # as the project's log proves
    known.shows_tab("a.txt")
    known.page.clock.run_for(CHANNEL)
    known.show_activity()
    expect(known.activity("note", admin)).to_be_visible()
    known.becomes("ready")
    expect(known.page.locator("#notice")).to_be_hidden()
    expect(known.page.locator("#line")).to_be_hidden()
    expect(known.page.get_by_role("button", name="Open in a new tab")).to_be_visible()
    is_written_down(known, code, admin, "ready")

    known.school.sandbox.reset_quirks()
    known.school.allow(SITE_HOST)
    known.page.get_by_role("button", name="Reload").click()
    expect(known.page.locator("[data-command]:enabled")).to_have_count(3)
    known.becomes("ready")


def test_who_tries_again_is_told_what_holds_then(known: Visit) -> None:
    known.write("a.txt")
    known.school.sandbox.quirks(refused_frames=True)
    known.page.clock.install()
    known.open("a.txt", "opening")
    until(lambda: passes(known, "blocked"))
    alert = known.page.locator("#notice").get_by_role("alert")
    expect(alert).to_contain_text("cannot be shown on this page")
    # At once, in less time than what was found out is kept for others.
    known.school.sandbox.quirks(refused_frames=False, pages_down="503")
    known.page.locator("#again").click()
    known.becomes("opening")
    until(lambda: passes(known, "unreachable"))
    expect(alert).to_have_text("CoCalc does not answer. Your files are safe.")
    causes = [row["reason"] for row in known.school.sessions_of(known.student)]
    assert causes[:2] == ["frame_refused", "cocalc_unreachable"]
