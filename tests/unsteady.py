"""`pytest --last-failed --again`: tests of a real browser that failed are asked once more, alone.

A browser on a busy machine may stumble; nothing else may. So all that failed is asked once more
only where all of it runs in a browser, and where it is little. What then passes is *unsteady*, and
named at the end: it is to be mended.
"""

import pytest

MOST = 2
FIXTURES = {"browser", "chromium", "fox", "keeping_browser"}  # that start a browser
_EXIT = "lectern/exit"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--again", action="store_true", help="ask failed tests of a browser once more")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "browser: runs in a real browser")


def pytest_itemcollected(item: pytest.Item) -> None:
    if FIXTURES & set(getattr(item, "fixturenames", ())):
        item.add_marker("browser")


def pytest_collection_finish(session: pytest.Session) -> None:
    if session.config.getoption("again") and (why := _refusal(session)):
        pytest.exit(f"Not asked again: {why}", returncode=pytest.ExitCode.TESTS_FAILED)


def _refusal(session: pytest.Session) -> str:
    cache = _cache(session)
    if cache is None or cache.get(_EXIT, None) != pytest.ExitCode.TESTS_FAILED:
        return "the run before did not end with failed tests."
    others = [item.nodeid for item in session.items if not item.get_closest_marker("browser")]
    if others:
        return f"only tests of a browser may be, and these are none: {', '.join(others)}"
    if len(session.items) > MOST:
        return f"{len(session.items)} tests failed, and {MOST} may be unsteady."
    return ""


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    cache = _cache(session)
    if cache and not hasattr(session.config, "workerinput"):  # which is one of several
        cache.set(_EXIT, int(exitstatus))


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    if config.getoption("again"):
        for report in terminalreporter.stats.get("passed", ()):
            if report.when == "call":
                terminalreporter.write_line(f"unsteady: {report.nodeid}", yellow=True)


def _cache(session: pytest.Session) -> pytest.Cache | None:
    return getattr(session.config, "cache", None)  # `-p no:cacheprovider`
