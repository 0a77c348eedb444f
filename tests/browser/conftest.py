"""Real Chromium on real origins: `https://learn.school.test` with `https://cocalc.school.test`."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserType

from embedding.cocalc.conat import ConatClient
from embedding.cocalc.v1 import V1Client
from sandbox.config import Generation
from sandbox.process import SandboxProcess
from tests.browser.school import (
    COCALC_HOST,
    KEY,
    SITE_HOST,
    STAFF,
    STUDENTS,
    School,
    Student,
    Tls,
    environment,
    site,
    worker,
)
from tests.browser.visit import Visit
from tests.chromium import FULL, SHELL, arguments, engine

Visitor = Callable[..., Visit]


@pytest.fixture(scope="package")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Tls:
    return Tls.make(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="package")
def running(
    tls: Tls, generation: Generation, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[School]:
    data = tmp_path_factory.mktemp("school")
    with (
        SandboxProcess.start(
            data / "cocalc",
            admin_key=KEY,
            tls=(tls.chain, tls.key),
            other_tls=tls.other,
            verify=tls.ca,
            iframe_hosts=SITE_HOST,
            public_host=COCALC_HOST,
            generation=generation,
            both=True,  # settings are changed by API v1
            start_seconds=0.05,
            account_limit=10_000,
            # What is not about an editor need not wait for one.
            plain_text=True,
        ) as sandbox,
        site(data, tls, environment(data, tls, sandbox)) as (port, people),
        pytest.MonkeyPatch.context() as patch,
    ):
        # For the client below, as for the site's own.
        patch.setenv("REQUESTS_CA_BUNDLE", str(tls.ca))
        kind = V1Client if generation == "v1" else ConatClient
        cocalc = kind(sandbox.url, KEY)
        school = School(data, port, sandbox, cocalc)
        school.students = iter(people[:STUDENTS])
        school.staff = iter(people[STUDENTS : STUDENTS + STAFF])
        school.teachers = iter(people[STUDENTS + STAFF :])
        yield school
        cocalc.close()


@pytest.fixture(scope="module")
def working(running: School, tls: Tls) -> Iterator[None]:
    """A worker beside the site, as long as a module's tests need one."""
    data = running.data
    with worker(data, environment(data, tls, running.sandbox)):
        yield


@pytest.fixture
def school(running: School) -> Iterator[School]:
    """The school, with its CoCalc in good health before and after."""
    running.sandbox.reset_calls()
    yield running
    mend(running)


@pytest.fixture
def jupyter(school: School) -> None:
    """Text files too are in Jupyter's editor, which takes the focus and speaks by WebSockets."""
    school.sandbox.quirks(plain_text=False)


def mend(school: School) -> None:
    school.sandbox.reset_quirks()
    school.allow(SITE_HOST)


@pytest.fixture(scope="package")
def chromium_args(running: School, tls: Tls) -> list[str]:
    ports = {f"{SITE_HOST}:443": running.port, f"{COCALC_HOST}:443": running.sandbox.port}
    # Our key alone: whatever else is wrong with a certificate counts.
    return [*arguments(ports), f"--ignore-certificate-errors-spki-list={tls.fingerprint}"]


# Not for the session: Playwright's event loop would still run when tests of Django begin.
@pytest.fixture(scope="package")
def chromium_type() -> Iterator[BrowserType]:
    """Starts all browsers of this room, also those of files with a site of their own."""
    with engine() as chromium:
        yield chromium


@pytest.fixture(scope="package")
def browser(chromium_type: BrowserType, chromium_args: list[str]) -> Iterator[Browser]:
    with chromium_type.launch(executable_path=SHELL, args=chromium_args) as browser:
        yield browser


@pytest.fixture
def keeping_browser(chromium_type: BrowserType, chromium_args: list[str]) -> Iterator[Browser]:
    """Keeps pages that were left, as Chromium does where Playwright does not forbid it."""
    forbidden = ["--disable-back-forward-cache"]
    with chromium_type.launch(
        executable_path=FULL, args=chromium_args, ignore_default_args=forbidden
    ) as keeping:
        yield keeping


@pytest.fixture
def visitor(browser: Browser, school: School) -> Iterator[Visitor]:
    """Opens browsers (contexts) for people; at the end nothing may have gone wrong unseen."""
    with ExitStack() as stack:
        visits: list[Visit] = []

        def enter(student: Student | None = None, **options: Any) -> Visit:
            own: Browser = options.pop("browser", browser)
            context = stack.enter_context(own.new_context(**options))
            visit = Visit(school, context)
            if student:
                visit.has_signed_in(student)
            visits.append(visit)
            return visit

        yield enter
        faults = [fault for visit in visits for fault in visit.faults]
        students = {student for visit in visits for student in visit.students}
    for student in students:
        school.rest(student)
    assert faults == []


@pytest.fixture
def student(school: School) -> Student:
    return school.student()


@pytest.fixture
def visit(visitor: Visitor, student: Student) -> Visit:
    """A signed-in student who has never been here."""
    return visitor(student)


@pytest.fixture
def known(visit: Visit) -> Visit:
    """A signed-in student whose account and project exist already; the page is *My notebooks*."""
    visit.go_to_files()
    visit.school.sandbox.reset_calls()
    return visit
