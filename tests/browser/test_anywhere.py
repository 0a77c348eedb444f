"""Notebooks on any page: the tag, and the element that it stands on."""

import re
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Locator, expect

from embedding.frame import SANDBOX
from tests.browser.conftest import Visitor
from tests.browser.school import SITE, Student, until
from tests.browser.visit import Visit, text_in

TAG = '{% cocalc_notebook path="a.txt" id="a" %}'
SPACE = "<p>word<br>" * 150 + "</p>"  # no style: the site's policy forbids it


def go(visit: Visit, body: str) -> None:
    visit.go(f"/anywhere/?{urlencode({'body': body})}")


def notebook(visit: Visit, name: str = "a") -> Locator:
    return visit.page.locator(f"cocalc-notebook#{name}")


def becomes(visit: Visit, state: str, name: str = "a") -> None:
    expect(notebook(visit, name)).to_have_attribute("state", state)


def comes_into_view(visit: Visit, name: str) -> None:
    """Scroll there, until it has seen that; an editor that takes the focus scrolls back to it."""

    def seen() -> bool:
        notebook(visit, name).scroll_into_view_if_needed()
        return notebook(visit, name).get_attribute("state") != "waiting"

    until(seen)


def shows(visit: Visit, file: str, name: str = "a") -> None:
    kiosk = visit.page.frame_locator(f"cocalc-notebook#{name} iframe")
    expect(kiosk.locator(".tab.active [role=tab]")).to_have_text(file)


def settles(visit: Visit) -> Locator:
    """The text in CoCalc's editor, once this takes the focus no more by itself."""
    kiosk = visit.page.frame_locator("cocalc-notebook iframe")
    return text_in(kiosk.frame_locator("#views iframe:not([hidden])"))


def call(visit: Visit, script: str, name: str = "a") -> Any:
    """What a method of the element resolves to, or the code that it rejects with."""
    return notebook(visit, name).evaluate(
        f"(it) => Promise.resolve({script}).then((value) => value ?? 'done', ({{code}}) => code)"
    )


@pytest.mark.usefixtures("jupyter")
def test_several_on_one_page_each_when_it_is_seen(known: Visit) -> None:
    for name in ("a", "b", "c"):
        known.write(f"{name}.txt")
    tags = {
        name: f'{{% cocalc_notebook path="{name}.txt" id="{name}" height="300" title="{name}" %}}'
        for name in ("a", "b", "c")
    }
    go(known, tags["a"] + tags["b"] + SPACE + tags["c"])
    for name in ("a", "b"):
        becomes(known, "ready", name)
        shows(known, f"{name}.txt", name)
        expect(notebook(known, name).get_by_role("status")).to_have_text("Ready")
    # By now the third has long been told that it is out of sight.
    becomes(known, "waiting", "c")
    assert notebook(known, "c").locator("iframe").count() == 0
    assert known.school.calls()["user_auth"] == 2
    assert sorted(row["path"] for row in known.school.sessions_of(known.student)) == [
        "a.txt",
        "b.txt",
    ]
    comes_into_view(known, "c")
    becomes(known, "ready", "c")
    shows(known, "c.txt", "c")

    box = notebook(known, "a").bounding_box()
    assert box
    assert box["height"] == 300
    frame = notebook(known, "a").locator("iframe")
    expect(frame).to_have_attribute("title", "a in CoCalc")
    expect(frame).to_have_attribute("referrerpolicy", "no-referrer")
    expect(frame).to_have_attribute("allow", re.compile("^clipboard-read https://cocalc.school"))
    expect(frame).to_have_attribute("sandbox", SANDBOX)
    assert "auth_token" not in known.page.content()


def test_methods_and_events(known: Visit) -> None:
    for name in ("a.txt", "b.txt"):
        known.write(name)
    known.page.add_init_script(
        """for (const type of ["state", "opened"]) addEventListener(type, ({ detail, target }) =>
             target.localName && (window.heard ??= []).push(detail.state ?? detail.path));"""
    )
    go(known, TAG)
    becomes(known, "ready")
    assert known.page.evaluate("heard")[:4] == ["preparing", "opening", "ready", "a.txt"]
    known.page.evaluate("heard.length = 0")
    element = notebook(known).evaluate_handle("(it) => it.shadowRoot.querySelector('iframe')")

    assert call(known, "it.open('b.txt')") == "done"
    shows(known, "b.txt")
    assert element.evaluate("(frame) => frame.isConnected"), "in the same frame"
    heard = known.page.evaluate("heard")
    assert heard[heard.index("opening") :][:3] == ["opening", "ready", "b.txt"]
    assert notebook(known).get_attribute("path") == "b.txt"
    expect(notebook(known).locator(".name")).to_have_text("b.txt")
    status = until(lambda: call(known, "it.status()"), lambda found: len(found["files"]) == 2)
    assert status["files"] == ["a.txt", "b.txt"]
    assert (status["state"], status["alive"], status["path"]) == ("ready", True, "b.txt")

    assert call(known, "it.closeAll()") == "done"
    kiosk = known.page.frame_locator("cocalc-notebook iframe")
    expect(kiosk.locator(".tab")).to_have_count(0)
    becomes(known, "no_file")
    notebook(known).get_by_role("button", name="Open “b.txt”").click()
    becomes(known, "ready")
    shows(known, "b.txt")

    assert call(known, "it.open('missing.txt')") == "file_missing"
    expect(notebook(known).get_by_role("alert")).to_contain_text("“missing.txt” is not in this")
    assert call(known, "it.open('a.txt')") == "done"
    shows(known, "a.txt")
    expect(notebook(known).get_by_role("alert")).to_be_hidden()

    known.school.sandbox.reset_calls()
    assert call(known, "it.reload()") == "done"
    shows(known, "a.txt")
    assert known.school.calls()["user_auth"] == 1
    assert not element.evaluate("(frame) => frame.isConnected")

    # As an attribute, too.
    notebook(known).evaluate("(it) => it.path = 'b.txt'")
    shows(known, "b.txt")


def test_elements_that_the_pages_own_script_makes(known: Visit) -> None:
    known.write("a.txt")
    go(known, "{% cocalc_assets %}" + SPACE)
    made = """() => {
        const element = document.createElement("cocalc-notebook");
        element.id = "a";
        element.setAttribute("path", "a.txt");
        element.setAttribute("loading", "eager");
        document.body.append(element);
        return element.open().then(() => element.state);
    }"""
    assert known.page.evaluate(made) == "ready"
    shows(known, "a.txt")
    until(lambda: known.school.states_of(known.student) == ["ready"])
    notebook(known).evaluate("(it) => it.remove()")
    until(lambda: known.school.states_of(known.student) == ["closed"])


def test_signed_out_it_leads_to_signing_in_and_back(visitor: Visitor, student: Student) -> None:
    visit = visitor()
    go(visit, "{% cocalc_assets %}" + TAG)
    expect(visit.page.get_by_text("Sign in to work in this notebook.")).to_be_visible()
    assert visit.page.locator("cocalc-notebook").count() == 0
    # What the page's own script makes says the same.
    visit.page.evaluate("document.body.append(document.createElement('cocalc-notebook'))")
    made = visit.page.locator("cocalc-notebook")
    expect(made).to_have_attribute("state", "signed_out")
    address = visit.page.url
    made.get_by_role("link", name="Sign in").click()
    visit.sign_in(student)
    visit.page.wait_for_url(address)
    expect(visit.page.locator("cocalc-notebook")).to_have_attribute("path", "a.txt")


def test_a_strangers_project_is_refused_by_the_site_too(known: Visit, visitor: Visitor) -> None:
    project = known.school.project_of(known.student)
    stranger = visitor(known.school.student())
    go(stranger, f'{{% cocalc_notebook path="a.txt" project="{project}" %}}{{% cocalc_assets %}}')
    expect(stranger.page.get_by_text("or you may not open it")).to_be_visible()
    known.school.sandbox.reset_calls()
    stranger.page.evaluate(
        """(project) => {
            const element = document.createElement("cocalc-notebook");
            Object.assign(element, { id: "a", path: "a.txt" });
            element.setAttribute("project", project);
            document.body.append(element);
        }""",
        project,
    )
    becomes(stranger, "refused")
    expect(notebook(stranger).get_by_role("alert")).to_have_text(
        "This does not exist, or you may not open it."
    )
    assert known.school.calls() == {}


def test_cocalc_is_down_and_comes_back(known: Visit) -> None:
    known.write("a.txt")
    known.school.sandbox.quirks(api_html=True)
    go(known, TAG)
    becomes(known, "unreachable")
    alert = notebook(known).get_by_role("alert")
    expect(alert).to_contain_text("Something answered at CoCalc's address")
    known.school.sandbox.reset_quirks()
    notebook(known).get_by_role("button", name="Try again").click()
    becomes(known, "ready")
    expect(alert).to_be_hidden()
    shows(known, "a.txt")


def test_a_missing_file_and_the_toolbars(known: Visit) -> None:
    known.write("a.txt")
    tags = [
        f'{{% cocalc_notebook path="missing.txt" id="{name}" toolbar="{toolbar}" height="16rem" %}}'
        for name, toolbar in (("a", "full"), ("b", "read-only"), ("c", "none"))
    ]
    go(known, "".join(tags))
    for name in ("a", "b", "c"):
        comes_into_view(known, name)
        becomes(known, "refused", name)
        expect(notebook(known, name).get_by_role("heading")).to_have_text("File not found")
        expect(notebook(known, name).get_by_role("button", name="Try again")).to_be_hidden()
    reload = {name: notebook(known, name).get_by_role("button", name="Reload") for name in "abc"}
    expect(reload["a"]).to_be_visible()
    expect(reload["b"]).to_be_hidden()
    expect(notebook(known, "b").locator(".name")).to_be_visible()
    expect(reload["c"]).to_be_hidden()
    expect(notebook(known, "c").locator(".name")).to_be_hidden()


def test_open_in_a_new_tab(known: Visit) -> None:
    known.write("a.txt")
    go(known, TAG)
    becomes(known, "ready")
    with known.context.expect_page() as opened:
        notebook(known).get_by_role("button", name="Open in a new tab").click()
    expect(opened.value.locator(".tab.active [role=tab]")).to_have_text("a.txt")
    assert "auth_token" not in opened.value.url


@pytest.mark.usefixtures("jupyter")
def test_who_types_elsewhere_keeps_the_focus(known: Visit) -> None:
    known.write("a.txt")
    go(known, f'<input id="field" aria-label="Answer">{TAG}')
    field = known.page.get_by_label("Answer")
    field.click()
    becomes(known, "ready")
    shows(known, "a.txt")
    text = settles(known)
    field.click()  # just now: a script of Playwright's in the frame passes for a gesture there
    # As an editor does when it is there; the page around it hears of it a little later.
    known.page.evaluate(
        "addEventListener('focus', ({ target }) => target === window && (window.back = true), true)"
    )
    text.evaluate("(it) => { it.focus(); }")
    until(lambda: known.page.evaluate("window.back"))
    expect(field).to_be_focused()

    def typed() -> bool:
        known.page.keyboard.type("x")
        return "x" in field.input_value()

    until(typed)
    before = field.input_value()
    text.click()
    known.page.keyboard.type("a note: ")
    expect(text).to_contain_text("a note: ")
    expect(field).to_have_value(before)


def test_signing_out_elsewhere_empties_the_frame(known: Visit) -> None:
    known.write("a.txt")
    go(known, TAG)
    becomes(known, "ready")
    other = known.context.new_page()
    other.goto(f"{SITE}/projects/mine/")
    other.locator(".menu summary", has_text=known.student.name).click()
    other.get_by_role("button", name="Sign out").click()
    becomes(known, "signed_out")
    assert notebook(known).locator("iframe").count() == 0
    expect(notebook(known).get_by_role("link", name="Sign in")).to_be_visible()


@pytest.mark.usefixtures("jupyter")
def test_the_keyboard_gets_past_it(known: Visit) -> None:
    known.write("a.txt")
    go(known, f'<a href="#x">before</a>{TAG}<a href="#y">after</a>')
    becomes(known, "ready")
    settles(known)
    start = known.page.get_by_role("link", name="before")
    start.focus()
    expect(start).to_be_focused()
    known.page.keyboard.press("Tab")
    expect(notebook(known).get_by_role("link", name="Skip past the notebook")).to_be_focused()
    known.page.keyboard.press("Enter")
    expect(notebook(known).get_by_text("End of the notebook")).to_be_focused()
    known.page.keyboard.press("Tab")
    expect(known.page.get_by_role("link", name="after")).to_be_focused()


def test_back_leads_out_in_one_step(known: Visit) -> None:
    for name in ("a", "b"):
        known.write(f"{name}.txt")
    known.page.add_init_script(
        "if (location.pathname === '/anywhere/') history.replaceState({ own: 1 }, '')"
    )
    go(known, TAG + '{% cocalc_notebook path="b.txt" id="b" height="300" %}')
    for name in ("a", "b"):
        comes_into_view(known, name)
        becomes(known, "ready", name)
    assert known.page.evaluate("history.state.own") == 1
    # A step of the page's own, such as a router makes, is left alone.
    address = known.page.url
    known.page.evaluate("history.pushState({ own: 2 }, '', '#part-2')")
    known.page.evaluate("history.pushState({ own: 3 }, '', '#part-3')")
    for part in (f"{address}#part-2", address):
        known.page.go_back()
        known.page.wait_for_url(part)
    becomes(known, "ready", "b")
    known.school.sandbox.reset_calls()
    known.page.evaluate("history.back()")
    known.page.wait_for_url(f"{SITE}/projects/mine/")
    known.sees_files()
    assert "user_auth" not in known.school.calls()
