"""The notebook page in Firefox, from signing in to signing out."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.firefox import CONTROL, END, ENTER, FIREFOX, SHIFT, Firefox, Page, firefox
from tests.browser.school import (
    COCALC,
    COCALC_HOST,
    PASSWORD,
    SITE,
    SITE_HOST,
    School,
    notebook,
    until,
)
from tests.browser.visit import Visit

pytestmark = pytest.mark.skipif(
    not FIREFOX.exists(), reason="There is no Firefox: apt-get install firefox-esr"
)
LIGHT = "document.getElementById('light').dataset.state"


@pytest.fixture
def fox(school: School, tmp_path: Path) -> Iterator[Firefox]:
    ports = {SITE_HOST: school.port, COCALC_HOST: school.sandbox.port}
    with firefox(tmp_path, ports) as started:
        yield started


def becomes(page: Page, state: str) -> None:
    until(lambda: page.evaluate(LIGHT), lambda found: found == state)


def shows_tab(page: Page, name: str) -> None:
    tab = "document.querySelector('.tab.active [role=tab]')?.textContent"
    until(lambda: [it.evaluate(tab) for it in page.frames(COCALC)], lambda names: name in names)


def runs_the_first_cell(page: Page) -> None:
    """Three frames deep; see tests/cells.py."""
    (inner,) = until(lambda: page.frames("/jupyter/"))
    idle = """document.querySelector('.jp-Notebook-ExecutionIndicator[data-status="idle"]')"""
    until(lambda: inner.evaluate(f"!!{idle}"))
    text = "(document.querySelector('.jp-CodeCell %s')?.textContent ?? '').trim()"
    prompt, output = text % ".jp-InputPrompt", text % ".jp-OutputArea-output"
    pressed = 0.0

    def runs() -> bool:
        nonlocal pressed
        if inner.evaluate(prompt) != "[ ]:":
            return True
        if time.monotonic() - pressed > 2:
            inner.click(".jp-CodeCell .cm-content")
            inner.keys(CONTROL, END)
            inner.keys(SHIFT, ENTER)
            pressed = time.monotonic()
        return False

    until(runs)
    until(lambda: inner.evaluate(output), lambda found: found == "42")


def test_a_day_in_firefox(known: Visit, fox: Firefox) -> None:
    known.write("a.ipynb", notebook("print(6 * 7)"))
    known.write("b.txt")
    school, student = known.school, known.student
    school.sandbox.reset_calls()
    page = fox.page()

    # Signs in, and is where she wanted to be.
    page.go(f"{SITE}/projects/mine/open/a.ipynb")
    for selector, text in (("[name=username]", student.username), ("[name=password]", PASSWORD)):
        page.click(selector)
        page.types(text)
    page.keys(ENTER)
    becomes(page, "ready")
    shows_tab(page, "a.ipynb")
    until(lambda: school.states_of(student) == ["ready"])

    # A hostile page in the frame, and a click into it.
    (kiosk,) = page.frames(f"{COCALC}/projects/")
    kiosk.evaluate(
        """(document.body.insertAdjacentHTML("afterbegin", `<button id="lure">x</button>
             <a id="link" href="/customize" target="_top">x</a>`),
            document.getElementById("lure").onclick = () => {
              window.tried = true;
              top.location = "/customize";
            }, true)"""
    )
    for lure in ("#lure", "#link"):
        kiosk.click(lure)
    assert kiosk.evaluate("window.tried")

    runs_the_first_cell(page)
    assert page.evaluate("location.pathname") == "/projects/mine/open/a.ipynb"
    becomes(page, "ready")

    # Another file, by a message.
    page.click("#switch")
    page.click("#switch-list a[href$='/b.txt']")
    shows_tab(page, "b.txt")
    becomes(page, "ready")
    assert page.evaluate("location.pathname") == "/projects/mine/open/b.txt"
    assert school.calls()["user_auth"] == 1

    # The network is gone, and comes back: nothing is lost.
    page.click("#panel-toggle")
    until(lambda: not page.evaluate("document.getElementById('panel').hidden"))
    if page.set_offline(True):

        def is_noticed() -> bool:
            page.click("[data-command=status]")
            return page.evaluate(LIGHT) in ("offline", "slow", "lost")

        until(is_noticed)
        page.set_offline(False)
        becomes(page, "ready")
        shows_tab(page, "b.txt")
        assert school.calls()["user_auth"] == 1

    # Signs out in another tab, and the frame is empty.
    other = fox.page()
    other.go(f"{SITE}/projects/mine/")
    other.click(".menu summary")
    other.click(".menu form[action*=logout] button, .menu form button")
    becomes(page, "signed_out")
    until(lambda: page.frames(COCALC), lambda frames: frames == [])
