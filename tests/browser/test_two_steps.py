"""Signing in unseen before CoCalc's page is shown: strict cookies, and none of its scripts."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest
import requests
from playwright.sync_api import Browser, BrowserContext, BrowserType, Frame, Route, expect

from embedding.cocalc.conat import ConatClient
from sandbox.process import SandboxProcess
from tests.browser.firefox import ENTER, FIREFOX, firefox
from tests.browser.school import (
    COCALC,
    COCALC_HOST,
    KEY,
    PASSWORD,
    PATIENCE,
    SITE,
    SITE_HOST,
    School,
    Tls,
    environment,
    site,
    until,
)
from tests.browser.visit import Visit
from tests.chromium import SHELL, arguments

pytestmark = pytest.mark.alike  # always with conat
IMPERSONATE = re.compile(rf"{re.escape(COCALC)}/auth/impersonate\?")


@pytest.fixture(scope="module")
def running(tls: Tls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[School]:
    """CoCalc's pages of 2026; its setting `dns` leads astray."""
    data = tmp_path_factory.mktemp("two-steps")
    with (
        SandboxProcess.start(
            data / "cocalc",
            admin_key=KEY,
            tls=(tls.chain, tls.key),
            verify=tls.ca,
            iframe_hosts=SITE_HOST,
            public_host=COCALC_HOST,
            generation="conat",
            dns="elsewhere.test",
            start_seconds=0.05,
            account_limit=10_000,
            plain_text=True,
        ) as sandbox,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("REQUESTS_CA_BUNDLE", str(tls.ca))
        told = environment(data, tls, sandbox) | {"COCALC_GENERATION": "auto"}
        with site(data, tls, told) as (port, people):
            cocalc = ConatClient(sandbox.url, KEY)
            school = School(data, port, sandbox, cocalc)
            school.students = iter(people)
            yield school
            cocalc.close()


@pytest.fixture(scope="module")
def browser(chromium_type: BrowserType, running: School, tls: Tls) -> Iterator[Browser]:
    ports = {f"{SITE_HOST}:443": running.port, f"{COCALC_HOST}:443": running.sandbox.port}
    own = [f"--ignore-certificate-errors-spki-list={tls.fingerprint}"]
    with chromium_type.launch(executable_path=SHELL, args=[*arguments(ports), *own]) as browser:
        yield browser


@pytest.fixture
def known(running: School, browser: Browser) -> Iterator[Visit]:
    with browser.new_context() as context:
        visit = Visit(running, context)
        visit.has_signed_in(running.student())
        visit.go_to_files()
        visit.write("a.txt")
        visit.write("b.txt")
        yield visit
        assert visit.faults == []
    for student in visit.students:
        running.rest(student)


def cookies(context: BrowserContext) -> dict[str, str]:
    found = {cookie["name"]: cookie for cookie in context.cookies(COCALC)}
    assert found["remember_me"]["sameSite"] == "Strict"
    return {name: str(cookie["value"]) for name, cookie in found.items()}


def test_a_file_opens_and_nothing_else_of_cocalc_is_seen(known: Visit) -> None:
    """The address to sign in at leads elsewhere by its script, which never runs."""
    went: list[str] = []

    def note(frame: Frame) -> None:
        if not frame.url.startswith(SITE) and frame.url != "about:blank":
            went.append(frame.url)

    known.page.on("framenavigated", note)
    words = known.collect_words("#light-text")
    known.open("a.txt")
    known.shows_tab("a.txt")
    assert "Signing you in to CoCalc…" in words()
    assert IMPERSONATE.match(went[0])
    assert not [url for url in went if "elsewhere.test" in url or "auth_token" in url][1:]
    pages = [unquote(url) for url in went if url.startswith((f"{COCALC}/static", f"{COCALC}/app"))]
    assert pages
    for page in pages:
        assert "/files/a.txt?fullscreen=kiosk" in page
    account = known.school.account_of(known.student)
    assert known.account_in_frame == account
    assert cookies(known.context)["account_id"] == account
    assert known.page.locator("iframe").count() == 1
    # The token is of no use to anybody any more.
    sandbox = known.school.sandbox
    address = went[0].replace(COCALC, sandbox.url)
    until(
        lambda: requests.get(address, verify=sandbox.verify, timeout=PATIENCE).text,
        lambda said: "unknown or expired token" in said,
    )

    known.choose("b.txt")
    known.shows_tab("b.txt")
    known.becomes("ready")
    # By a fresh address, in each of the page's views.
    before = cookies(known.context)
    known.page.reload()
    known.becomes("ready")
    assert cookies(known.context)["remember_me"] != before["remember_me"]


def test_back_leads_out_in_one_step(known: Visit) -> None:
    known.go_to_files()
    known.row("a.txt").get_by_role("link", name="a.txt", exact=True).click()
    known.becomes("ready")
    known.page.go_back()
    known.sees_files()


def test_a_slow_first_load_is_told(known: Visit) -> None:
    def slowly(route: Route) -> None:
        expect(known.page.locator("#light-text")).to_have_text(
            "CoCalc is slow. Still signing you in…"
        )
        route.continue_()

    known.page.route(IMPERSONATE, slowly, times=1)
    known.open("a.txt", "")
    known.becomes("ready")


def test_a_token_that_was_too_old(known: Visit) -> None:
    """CoCalc answers with status 200 and a sentence; nobody is signed in."""
    seen: list[str] = []

    def too_late(route: Route) -> None:
        seen.append(route.request.url)
        route.continue_(url=f"{COCALC}/auth/impersonate?auth_token={'x' * 24}")

    known.page.route(IMPERSONATE, too_late, times=1)
    known.open("a.txt")
    assert len(seen) == 1
    rows = known.school.sessions_of(known.student)
    assert [row["state"] for row in rows][-1] == "ready"
    assert len(rows) == 2


def test_where_signing_in_never_works_it_says_so(known: Visit) -> None:
    known.school.sandbox.quirks(cookie_refused=True)
    try:
        known.open("a.txt", "blocked")
        expect(known.page.locator("#notice-text")).to_contain_text("CoCalc did not sign you in.")
        expect(known.page.get_by_role("button", name="Try again")).to_be_visible()
    finally:
        known.school.sandbox.reset_quirks()
    known.page.get_by_role("button", name="Try again").click()
    known.becomes("ready")


def test_two_people_one_after_the_other_in_one_browser(known: Visit) -> None:
    """The cookies are replaced: each works in their own name, and an old page says it is over."""
    known.open("a.txt")
    first = known.page
    other = known.school.student()
    known.has_signed_in(other)
    known.page = known.context.new_page()
    known.go_to_files()
    expect(first.locator("#light")).not_to_have_attribute("data-state", "ready")
    known.write("a.txt")
    known.open("a.txt")
    account = known.school.account_of(other)
    assert known.account_in_frame == account
    assert cookies(known.context)["account_id"] == account


def test_two_pages_at_once(known: Visit) -> None:
    pages = [known.page, known.context.new_page()]
    for page, name in zip(pages, ("a.txt", "b.txt"), strict=True):
        page.goto(f"{SITE}/projects/mine/open/{name}", wait_until="commit")
    for page in pages:
        expect(page.locator("#light")).to_have_attribute("data-state", "ready")


def test_a_new_tab(known: Visit) -> None:
    known.open("a.txt")
    with known.context.expect_page() as opened:
        known.page.get_by_role("button", name="Open in a new tab").click()
    tab = opened.value
    project = known.school.project_of(known.student)
    tab.wait_for_url(f"{COCALC}/projects/{project}/files/a.txt*")
    expect(tab.locator(".tab.active [role=tab]")).to_have_text("a.txt")
    assert "auth_token" not in tab.url
    assert "kiosk" not in tab.url


@pytest.mark.skipif(not FIREFOX.exists(), reason="There is no Firefox: apt-get install firefox-esr")
def test_in_firefox(known: Visit, tmp_path: Path) -> None:
    school, student = known.school, known.student
    ports = {SITE_HOST: school.port, COCALC_HOST: school.sandbox.port}
    with firefox(tmp_path, ports) as fox:
        page = fox.page()
        page.go(f"{SITE}/projects/mine/open/a.txt")
        for selector, text in (
            ("[name=username]", student.username),
            ("[name=password]", PASSWORD),
        ):
            page.click(selector)
            page.types(text)
        page.keys(ENTER)
        light = "document.getElementById('light').dataset.state"
        until(lambda: page.evaluate(light), lambda found: found == "ready")
        (kiosk,) = page.frames(f"{COCALC}/projects/")
        account = school.account_of(student)
        assert kiosk.evaluate("document.cookie").count(f"account_id={account}") == 1
        assert page.frames("/auth/impersonate") == []
