"""The Chromium that tests drive: how it is started, so that it talks to nobody but the test."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from playwright.sync_api import Browser, BrowserType, sync_playwright

FULL = shutil.which("chromium") or "/usr/bin/chromium"
# The same engine without windows, tabs and menus of its own, which take half of the processor.
SHELL = shutil.which("chromium-headless-shell") or FULL
_QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def arguments(ports: dict[str, int]) -> list[str]:
    """Return the arguments for a browser that finds these names (`*` for a part) at these ports.

    A name is written with its port: "learn.school.test:443". No other name exists.
    """
    known = [f"MAP {name} 127.0.0.1:{port}" for name, port in ports.items()]
    nobody = ["MAP * ~NOTFOUND", "EXCLUDE 127.0.0.1", "EXCLUDE localhost", "EXCLUDE *.localhost"]
    return [*_QUIET, f"--host-resolver-rules={','.join([*known, *nobody])}"]


_engine = ExitStack()
_users: list[BrowserType] = []


@contextmanager
def engine() -> Iterator[BrowserType]:
    """What starts browsers. A process can have one at a time, which all share that want it."""
    chromium = _users[0] if _users else _engine.enter_context(sync_playwright()).chromium
    _users.append(chromium)
    try:
        yield chromium
    finally:
        _users.pop()
        if not _users:
            _engine.close()


@contextmanager
def headless(arguments: list[str], executable: str = SHELL) -> Iterator[Browser]:
    """A browser, as long as the block lasts."""
    with (
        engine() as chromium,
        chromium.launch(executable_path=executable, args=arguments) as browser,
    ):
        yield browser
