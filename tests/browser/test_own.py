"""Users who sign in to CoCalc themselves, on a site without a key: from the admin to a notebook."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Error, Page, expect

from embedding.cocalc.conat import ConatClient
from embedding.cocalc.v1 import V1Client
from sandbox.config import GENERATIONS, Generation
from sandbox.process import SandboxProcess
from tests.browser.school import (
    COCALC,
    COCALC_HOST,
    KEY,
    NOBODY,
    PATIENCE,
    SITE_HOST,
    STUDENTS,
    School,
    Student,
    Tls,
    environment,
    notebook,
    site,
    until,
    worker,
)
from tests.browser.visit import Visit
from tests.cells import run_first_cell
from tests.chromium import arguments, headless

HINT = "You must be signed in to CoCalc in this browser."


@dataclass
class Own:
    """A school whose site knows no account of CoCalc's; `account` is a user's own one there."""

    school: School
    generation: Generation
    account: str
    project: str

    @property
    def sign_in(self) -> str:
        """An address at which that account signs in, as CoCalc's own page would."""
        token = self.school.cocalc.mint_token(self.account)
        if self.generation == "conat":
            return f"{COCALC}/auth/impersonate?auth_token={token}"
        return f"{COCALC}/projects/{self.project}/files/week%201/a.ipynb?auth_token={token}"


@pytest.fixture(scope="module", params=GENERATIONS)
def own(
    request: pytest.FixtureRequest, tls: Tls, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Own]:
    data = tmp_path_factory.mktemp("own")
    with (
        SandboxProcess.start(
            data / "cocalc",
            admin_key=KEY,
            tls=(tls.chain, tls.key),
            verify=tls.ca,
            iframe_hosts=SITE_HOST,
            public_host=COCALC_HOST,
            generation=request.param,
            start_seconds=0.05,
        ) as sandbox,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("REQUESTS_CA_BUNDLE", str(tls.ca))
        told = environment(data, tls, sandbox) | {
            "COCALC_SIGN_IN": "own",
            "COCALC_API_KEY": "",
            "COCALC_GENERATION": "auto",
        }
        kind = V1Client if request.param == "v1" else ConatClient
        with site(data, tls, told) as (port, people), worker(data, told):
            cocalc = kind(sandbox.url, KEY)
            school = School(data, port, sandbox, cocalc)
            school.students = iter(people[:STUDENTS])
            school.staff = iter(people[STUDENTS:])
            account = cocalc.create_account(
                email="ada@elsewhere.test", first_name="Ada", last_name="Lovelace"
            )
            project = cocalc.create_project(title="Physics", description="")
            cocalc.add_member(project, account)
            cocalc.write_file(project, "week 1/a.ipynb", notebook("print(6 * 7)"))
            yield Own(school, request.param, account, project)
            cocalc.close()
        assert "Traceback" not in (data / "worker.log").read_text()


@pytest.fixture(scope="module")
def browser(own: Own, tls: Tls) -> Iterator[Browser]:
    ports = {f"{SITE_HOST}:443": own.school.port, f"{COCALC_HOST}:443": own.school.sandbox.port}
    key = [f"--ignore-certificate-errors-spki-list={tls.fingerprint}"]
    with headless([*arguments(ports), *key]) as browser:
        yield browser


def enter_project(own: Own, browser: Browser, student: Student) -> None:
    """As an administrator does, in the administration."""
    boss = own.school.staff.__next__()
    own.school.change("UPDATE auth_user SET is_superuser = TRUE WHERE id = ?", boss.pk)
    with browser.new_context() as context:
        visit = Visit(own.school, context)
        visit.has_signed_in(boss)
        page = visit.page
        visit.go("/admin/embedding/cocalcproject/add/")
        page.locator("#id_title").fill("Physics")
        page.locator("#id_project_id").fill(own.project)
        page.locator("#members-group .add-row a").click()
        page.locator("#members-0 .select2-selection").click()
        page.locator(".select2-search__field").fill(student.username)
        exactly = re.compile(rf"^{student.username}\b")
        page.locator(".select2-results__option", has_text=exactly).click()
        page.locator("[name=_save]").click()
        expect(page.locator(".messagelist .success")).to_be_visible()
        assert visit.faults == []


def shows_no_more_than_it_can(page: Page) -> None:
    for gone in ("Other files", "Courses", "Today", "Submit"):
        expect(page.get_by_text(gone, exact=True)).to_have_count(0)
    expect(page.locator("#switch")).to_be_hidden()


def test_from_the_administration_to_a_notebook(own: Own, browser: Browser) -> None:
    student = own.school.student()
    enter_project(own, browser, student)
    with browser.new_context() as context:
        visit = Visit(own.school, context)
        visit.has_signed_in(student)
        page = visit.page
        visit.go("/")  # which leads to My notebooks
        expect(page.get_by_role("heading", name="Physics")).to_be_visible()
        page.get_by_label("File, such as week1/intro.ipynb").fill("week 1/a.ipynb")
        page.get_by_role("button", name="Open", exact=True).click()

        # Nobody is signed in to CoCalc in this browser.
        expect(page.locator("#line")).to_contain_text(HINT)
        shows_no_more_than_it_can(page)
        visit.becomes("blocked")
        expect(page.locator("#line")).to_be_hidden()
        expect(page.locator("#notice-text")).to_contain_text("you are not signed in to CoCalc")
        with page.expect_popup() as opened:
            page.locator("#notice-tab").click()
        tab = opened.value
        tab.wait_for_url(f"{COCALC}/projects/{own.project}/files/week%201/a.ipynb")
        expect(tab.get_by_text(NOBODY[own.school.sandbox.generation])).to_be_visible()

        # Whoever signs in there comes back and goes on.
        signs_in(own, tab)
        tab.close()
        own.school.sandbox.reset_calls()
        page.locator("#again").click()
        visit.becomes("ready")
        expect(page.locator("#line")).to_be_hidden()
        assert visit.account_in_frame == own.account
        run_first_cell(visit.editor, "print(6 * 7)", PATIENCE)
        output = visit.editor.locator(".jp-OutputArea-output").first
        expect(output).to_have_text("42")

        with page.expect_popup() as opened:
            page.get_by_role("button", name="Open in a new tab").first.click()
        opened.value.wait_for_url(f"{COCALC}/projects/{own.project}/files/week%201/a.ipynb*")
        opened.value.close()

        page.reload()
        visit.becomes("ready")
        visit.go("/projects/mine/")
        page.get_by_role("link", name="week 1/a.ipynb").click()
        visit.becomes("ready")
        assert not own.school.calls(), "the site has asked CoCalc for something"
        assert visit.faults == []


def signs_in(own: Own, tab: Page) -> None:
    """Sign in on CoCalc's own page, and wait until that has happened."""
    if own.generation == "v1":  # there a script of the page's does it
        with tab.expect_response("**/hub/sign-in"):
            tab.goto(own.sign_in)
    else:
        tab.goto(own.sign_in)
    who = "fetch('/hub/hello', {method: 'POST'}).then((answer) => answer.json())"

    def is_there() -> bool:
        try:
            found: dict[str, str | None] = tab.evaluate(who)
        except Error:  # it loads the page anew
            return False
        return found["account_id"] == own.account

    until(is_there)
