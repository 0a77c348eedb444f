"""A real browser, and pages that a host and a stand-in for CoCalc serve from different origins."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Frame, Page

from tests.chromium import arguments, headless

HERE = Path(__file__).parent
OURS = HERE.parents[1] / "static" / "embedding"
BRIDGE = OURS / "bridge.js"


class Handler(SimpleHTTPRequestHandler):
    def translate_path(self, path: str) -> str:
        name = urlsplit(path).path
        ours = OURS / name[1:]
        return (
            str(ours) if ours.suffix == ".js" and ours.is_file() else super().translate_path(path)
        )

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass


class Sites(NamedTuple):
    """Three origins; the port makes the difference."""

    host: str
    cocalc: str
    other: str


@contextmanager
def serving() -> Iterator[Sites]:
    handler = partial(Handler, directory=str(HERE))
    servers = [ThreadingHTTPServer(("127.0.0.1", 0), handler) for _ in Sites._fields]
    threads = [Thread(target=server.serve_forever, args=(0.05,)) for server in servers]
    for thread in threads:
        thread.start()
    yield Sites(*(f"http://127.0.0.1:{server.server_port}" for server in servers))
    for server, thread in zip(servers, threads, strict=True):
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="package")
def sites() -> Iterator[Sites]:
    with serving() as sites:
        yield sites


# Not for the session: Playwright's event loop would still run when tests of Django begin.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with headless(arguments({})) as browser:
        yield browser


@pytest.fixture(scope="package")
def context(browser: Browser) -> Iterator[BrowserContext]:
    with browser.new_context() as context:
        yield context


@contextmanager
def host_page(context: BrowserContext, sites: Sites) -> Iterator[Page]:
    """The host's page. Nothing may go wrong in it unseen."""
    failures: list[str] = []
    with context.new_page() as page:
        page.on("pageerror", lambda error: failures.append(str(error)))
        page.goto(f"{sites.host}/host.html?{sites.cocalc}")
        page.wait_for_function("window.ready")
        yield page
        failures += page.evaluate("failures")
    assert failures == []


@pytest.fixture
def page(context: BrowserContext, sites: Sites) -> Iterator[Page]:
    with host_page(context, sites) as page:
        yield page


@pytest.fixture(scope="package")
def fake(context: BrowserContext, sites: Sites) -> Iterator[Page]:
    """A page for worlds of plain objects (fake.js), which do not disturb each other."""
    with host_page(context, sites) as page:
        yield page


class Stage:
    """The host's page with a bridge, and the scripted frame it talks to."""

    def __init__(self, page: Page, sites: Sites) -> None:
        self.page = page
        self.sites = sites

    @property
    def frame(self) -> Frame:
        """CoCalc's page inside the frame."""
        return next(f for f in self.page.frames if f.url.startswith(self.sites.cocalc))

    def run(self, script: str, argument: Any = None) -> Any:
        """Runs the body of an async function in the host's page."""
        return self.page.evaluate(f"async (argument) => {{ {script} }}", argument)

    def until(self, condition: str) -> None:
        self.page.wait_for_function(condition)

    def say(self, *messages: Any) -> None:
        """CoCalc's page says this to the host."""
        self.frame.evaluate("messages => messages.forEach(m => say(m))", messages)


@pytest.fixture
def stage(page: Page, sites: Sites) -> Stage:
    return Stage(page, sites)
