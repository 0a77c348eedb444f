"""The door, behind a real nginx: a notebook opens, runs, switches, and signing out signs out.

Both arrangements of docs/door.md: a CoCalc on another site's domain, where browsers block its
cookies, and the same behind a host of ours.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest
from playwright.sync_api import BrowserContext, BrowserType, Page, Request, expect

from embedding.cocalc.client import Client
from embedding.cocalc.conat import ConatClient
from sandbox.process import SandboxProcess
from tests.browser.doors import NGINX, nginx
from tests.browser.firefox import ENTER, FIREFOX, firefox
from tests.browser.firefox import Page as FoxPage
from tests.browser.school import (
    COCALC,
    COCALC_HOST,
    ELSEWHERE_HOST,
    KEY,
    PASSWORD,
    PATIENCE,
    SITE,
    SITE_HOST,
    School,
    Student,
    Tls,
    environment,
    notebook,
    site,
    until,
)
from tests.browser.test_firefox import becomes, runs_the_first_cell
from tests.cells import run_first_cell
from tests.chromium import FULL, arguments

pytestmark = [
    pytest.mark.alike,  # always with conat
    pytest.mark.skipif(not NGINX.exists(), reason="There is no nginx: make test fetches it"),
]
ELSEWHERE = f"https://{ELSEWHERE_HOST}"
LIMIT = PATIENCE * 1000  # ms
# Who is signed in, as CoCalc's page finds it.
WHO = """fetch("/hub/hello", { method: "POST" }).then((answer) => answer.json())
  .then((it) => it.account_id ?? "nobody")"""


@dataclass
class Door:
    """A site, a CoCalc and the nginx between them, as browsers find them."""

    school: School
    cocalc: str  # its origin
    ports: dict[str, int]

    def student(self) -> Student:
        return self.school.student()


@pytest.fixture(scope="module")
def far(tls: Tls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    """A CoCalc of 2026 on another site's domain; its cookies are strict."""
    with SandboxProcess.start(
        tmp_path_factory.mktemp("far"),
        admin_key=KEY,
        generation="conat",
        tls=(tls.chain, tls.key),
        verify=tls.ca,
        iframe_hosts=SITE_HOST,
        public_host=ELSEWHERE_HOST,
        start_seconds=0.05,
        plain_text=True,
    ) as sandbox:
        yield sandbox


@pytest.fixture(scope="module", params=["apart", "behind a host of ours"])
def door(
    request: pytest.FixtureRequest,
    tls: Tls,
    far: SandboxProcess,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Door]:
    whole = request.param != "apart"
    host, origin = (COCALC_HOST, COCALC) if whole else (ELSEWHERE_HOST, ELSEWHERE)
    data = tmp_path_factory.mktemp("door")
    told = environment(data, tls, far) | {
        "COCALC_URL": origin,
        "COCALC_DOOR": "/.lectern/",
        "COCALC_GENERATION": "auto",
    }
    with ExitStack() as stack:
        port, people = stack.enter_context(site(data, tls, told))
        front = stack.enter_context(nginx(data / "nginx", tls, far, port, whole=whole))
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setenv("REQUESTS_CA_BUNDLE", str(tls.ca))
        cocalc: Client = ConatClient(far.url, KEY)
        stack.callback(cocalc.close)
        school = School(data, port, far, cocalc)
        school.students = iter(people)
        yield Door(school, origin, {SITE_HOST: port, host: front})


@pytest.fixture
def chromium(chromium_type: BrowserType, door: Door, tls: Tls) -> Iterator[BrowserContext]:
    """One that keeps no third-party cookies."""
    ports = {f"{name}:443": port for name, port in door.ports.items()}
    options = [
        *arguments(ports),
        f"--ignore-certificate-errors-spki-list={tls.fingerprint}",
        "--test-third-party-cookie-phaseout",
    ]
    with (
        chromium_type.launch(executable_path=FULL, args=options) as browser,
        browser.new_context() as context,
    ):
        context.set_default_timeout(LIMIT)
        yield context


def signs_in(context: BrowserContext, student: Student) -> Page:
    """As by the form; the project is made when the list of files is opened."""
    cookie = {"name": "__Host-session", "value": student.session, "url": SITE}
    context.add_cookies([{**cookie, "secure": True, "httpOnly": True}])  # type: ignore[typeddict-item]
    page = context.new_page()
    page.goto(f"{SITE}/projects/mine/")
    expect(page.locator("#files:visible, #empty:visible")).to_be_visible(timeout=LIMIT)
    return page


def has_files(door: Door, student: Student) -> None:
    project = door.school.project_of(student)
    door.school.cocalc.write_file(project, "a.ipynb", notebook("print(6 * 7)"))
    door.school.cocalc.write_file(project, "b.txt", b"text\n")


def is_ready(page: Page) -> None:
    expect(page.locator("#light")).to_have_attribute("data-state", "ready", timeout=LIMIT)


def test_a_day_in_chromium(door: Door, chromium: BrowserContext) -> None:
    student = door.student()
    page = signs_in(chromium, student)
    has_files(door, student)
    asked: list[Request] = []
    chromium.on("request", lambda request: asked.append(request))

    page.goto(f"{SITE}/projects/mine/open/a.ipynb")
    is_ready(page)
    jupyter = page.frame_locator("#frame").frame_locator("iframe")
    run_first_cell(jupyter, "print(6 * 7)", PATIENCE)
    expect(jupyter.locator(".jp-OutputArea-output").first).to_have_text("42", timeout=LIMIT)

    page.locator("#switch").click()
    page.locator("#switch-list a[href$='/b.txt']").click()
    expect(page).to_have_url(f"{SITE}/projects/mine/open/b.txt", timeout=LIMIT)
    is_ready(page)
    page.reload()
    is_ready(page)

    with page.expect_popup() as opened:
        page.get_by_role("button", name="Open in a new tab").click()
    tab = opened.value
    tab.wait_for_url(f"{door.cocalc}/**", timeout=LIMIT)
    account = door.school.account_of(student)
    until(lambda: tab.evaluate(WHO), lambda who: who == account)

    # No token, and nothing of the site's, came to CoCalc's host by the browser.
    for request in asked:
        assert "auth_token" not in request.url
        if request.url.startswith(door.cocalc):
            assert "__Host-session" not in (request.header_value("cookie") or "")

    page.goto(f"{SITE}/projects/mine/")  # the notebook's page has no such menu
    page.locator(".menu summary").last.click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_text("You are signed out of CoCalc as well.")).to_be_visible(timeout=LIMIT)
    assert page.url == f"{SITE}/signed-out/"
    # Neither in a tab, nor in a frame of the site's page.
    tab.goto(f"{door.cocalc}/static/app.html?fullscreen=kiosk")
    assert tab.evaluate(WHO) == "nobody"
    page.evaluate(
        """(url) => {
          const frame = document.createElement("iframe");
          Object.assign(frame, { src: url, name: "once-more" });
          document.body.append(frame);
        }""",
        f"{door.cocalc}/static/app.html?fullscreen=kiosk",
    )
    frame = page.locator("iframe[name=once-more]").element_handle().content_frame()
    assert frame
    frame.wait_for_url(f"{door.cocalc}/**", timeout=LIMIT)
    frame.wait_for_load_state(timeout=LIMIT)
    assert until(lambda: frame.evaluate(WHO)) == "nobody"


@pytest.mark.skipif(not FIREFOX.exists(), reason="There is no Firefox: apt-get install firefox-esr")
def test_a_day_in_firefox(door: Door, tmp_path: Path) -> None:
    student = door.student()
    with firefox(tmp_path, door.ports) as fox:
        page = fox.page()
        _signs_in_by_form(page, student)
        until(lambda: page.evaluate("!!document.querySelector('#files, #empty')"))
        until(lambda: _project(door, student))
        has_files(door, student)
        page.go(f"{SITE}/projects/mine/open/a.ipynb")
        becomes(page, "ready")
        runs_the_first_cell(page)
        page.click("#switch")
        page.click("#switch-list a[href$='/b.txt']")
        until(lambda: page.evaluate("location.pathname"), lambda path: path.endswith("/b.txt"))
        becomes(page, "ready")
        page.go(f"{SITE}/projects/mine/open/b.txt")
        becomes(page, "ready")
        (kiosk,) = page.frames(door.cocalc)[:1]
        assert kiosk.evaluate(WHO) == door.school.account_of(student)

        page.go(f"{SITE}/projects/mine/")
        page.click(".menu summary")
        page.click(".menu form button")
        done = "document.querySelector('[data-when=done]')?.hidden === false"
        until(lambda: page.evaluate(done))
        tab = fox.page()
        tab.go(f"{door.cocalc}/static/app.html?fullscreen=kiosk")
        assert tab.evaluate(WHO) == "nobody"


def _signs_in_by_form(page: FoxPage, student: Student) -> None:
    page.go(f"{SITE}/projects/mine/")
    for selector, text in (("[name=username]", student.username), ("[name=password]", PASSWORD)):
        page.click(selector)
        page.types(text)
    page.keys(ENTER)


def _project(door: Door, student: Student) -> str:
    query = "SELECT project_id FROM embedding_cocalcproject WHERE slot = ?"
    rows = door.school.rows(f"{query} AND project_id IS NOT NULL", f"personal:{student.pk}")
    return str(UUID(str(rows[0]["project_id"]))) if rows else ""
