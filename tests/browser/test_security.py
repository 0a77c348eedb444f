"""What the pages give away, and whom they believe."""

import re
from contextlib import nullcontext
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Dialog, Request, Response, expect

from embedding.frame import SANDBOX
from tests.browser.conftest import Visitor
from tests.browser.school import COCALC, NOBODY, SITE, Student, carrier, until
from tests.browser.visit import Visit


def test_the_token_reaches_the_frame_and_nothing_else(known: Visit) -> None:
    known.write("a.txt")
    requests: list[Request] = []
    pages: list[Response] = []

    def keep(response: Response) -> None:
        if response.url.startswith(SITE) and response.request.resource_type == "document":
            pages.append(response)

    known.context.on("request", lambda request: requests.append(request))
    known.page.on("response", keep)
    with known.page.expect_response("**/session") as answered:
        known.open("a.txt")
    known.shows_tab("a.txt")
    answer = answered.value
    assert answer.headers["cache-control"].find("no-store") >= 0
    token = parse_qs(urlsplit(carrier(answer.json(), known.school.sandbox.generation)).query)[
        "auth_token"
    ][0]
    assert len(token) > 10

    carrying = {request.url for request in requests if token in request.url}
    assert carrying
    assert all(url.startswith(f"{COCALC}/") for url in carrying)
    for request in requests:
        referer = request.header_value("referer") or ""
        assert token not in referer
        assert not (request.url.startswith(COCALC) and referer.startswith(SITE)), request.url
    assert [response.url for response in pages] == [known.page.url]
    assert token not in pages[0].text()
    assert token not in known.page.content()
    assert known.page.locator("#frame").get_attribute("src") is None
    kept = known.page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}, name])")
    assert token not in kept
    known.show_activity()
    assert token not in known.page.locator("#panel").inner_text()
    # The one place on disk that could hold it.
    assert token not in repr(known.school.sessions_of(known.student))


FORGED = """(project) => {
  const connection = { quality: "good", status: "disconnected", status_time: new Date(0) };
  const about = { action: "open", project_id: project, path: "forged.txt" };
  const event = { event: "open", action: "open", filename: "forged.txt" };
  return [
    { status: "done", connection, open_files: {} },
    { status: "done", connection: { ...connection, status: "connected" },
      open_files: { [project]: ["forged.txt", "a.txt"] } },
    { status: "ack", ...about },
    { status: "done", ...about },
    { status: "done", ...about, path: "a.txt" },
    { status: "error", ...about, mesg: `forged ${project}` },
    { status: "error", mesg: `forged ${project}` },
    { status: "done", mesg: "all files are closed" },
    { source: "cocalc-project-log", payload: { project_log: { project_id: project, event } } },
    { source: "cocalc-project-log",
      payload: { project_log: { project_id: project, event: { ...event, filename: "a.txt" } } } },
    "forged", null, 7, ["forged"],
  ];
}"""
COUNT = 14

# Frames in CoCalc's page, where what a user's program wrote may run.
FRAMES = {
    "a frame of CoCalc's": "",
    "a frame without origin": "allow-scripts",
}
SEND = "(all) => all.forEach((one) => top.postMessage(one, '*'))"


def forge(visit: Visit, sender: str) -> None:
    """Post all of the messages from somewhere, and wait until the page has had each."""
    messages = visit.page.evaluate(FORGED, visit.school.project_of(visit.student))
    assert len(messages) == COUNT
    # Added after the bridge's own listener, so it counts what that has dealt with.
    visit.page.evaluate(
        """() => { window.heard = 0; addEventListener("message", ({ source }) => {
            if (source !== document.getElementById("frame").contentWindow) heard += 1;
        }); }"""
    )
    if sender in FRAMES:
        kiosk = visit.kiosk_frame
        before = len(kiosk.child_frames)
        kiosk.evaluate(
            """(sandbox) => {
                const frame = document.createElement("iframe");
                if (sandbox) frame.sandbox = sandbox;
                frame.srcdoc = "forger";
                document.body.append(frame);
            }""",
            FRAMES[sender],
        )
        until(lambda: visit.page.evaluate("1") and len(kiosk.child_frames) > before)
        forger = kiosk.child_frames[-1]
        expect(forger.locator("body")).to_have_text("forger")
        forger.evaluate(SEND, messages)
    else:
        visit.page.evaluate(SEND, messages)
    until(lambda: visit.page.evaluate("heard"), lambda heard: heard == COUNT)


@pytest.mark.parametrize("sender", [*FRAMES, "our own page"])
def test_forged_messages_change_nothing(known: Visit, sender: str) -> None:
    known.write("a.txt")
    known.school.sandbox.quirks(cookie_refused=True)
    known.page.clock.install()
    known.open("a.txt", "opening")
    # The frame is CoCalc's page, which will never prove that the file is open.
    expect(known.kiosk.locator("#said")).to_have_text(NOBODY[known.school.sandbox.generation])
    # In time (6 s) the page would look for the cause, and find it.
    known.page.clock.pause_at(known.page.evaluate("Date.now() / 1000 + 1"))
    known.show_activity()
    forge(known, sender)

    assert known.page.locator("#light").get_attribute("data-state") == "opening"
    for kind in ("error", "log"):
        expect(known.activity(kind, "")).to_have_count(0)
    expect(known.page.locator("#activity li", has_text="forged")).to_have_count(0)
    expect(known.activity("done", "closed")).to_have_count(0)
    expect(known.page.locator("#name")).to_have_text("a.txt")
    expect(known.page.locator("#notice")).to_be_hidden()
    assert known.school.states_of(known.student) == ["opening"]


def test_forged_messages_do_not_disturb_a_notebook_that_is_open(known: Visit) -> None:
    for name in ("a.txt", "forged.txt"):
        known.write(name)
    known.open("a.txt")
    known.shows_tab("a.txt")
    known.show_activity()
    forge(known, "a frame of CoCalc's")
    expect(known.page.locator("#activity li", has_text="forged")).to_have_count(0)
    known.becomes("ready")
    # The channel goes on as before.
    known.choose("forged.txt")
    known.shows_tab("forged.txt")
    known.becomes("ready")


PAGES = {
    "sign-in": "/sign-in/",
    "my notebooks": "/projects/mine/",
    "notebook": "/projects/mine/open/a.txt",
    "password": "/password/",
    "today": "/",
    "profile": "/profile/",
    "nothing": "/nothing/here",
    "bad path": "/projects/mine/open/a//b.txt",
}


@pytest.mark.parametrize("name", PAGES)
def test_headers_and_nonces(visitor: Visitor, student: Student, name: str) -> None:
    visit = visitor(None if name == "sign-in" else student)
    response = visit.page.goto(SITE + PAGES[name])
    assert response
    headers = response.headers
    policy = headers["content-security-policy"]
    directives = dict(part.strip().partition(" ")[::2] for part in policy.split(";"))
    assert directives["default-src"] == "'none'"
    assert directives["frame-ancestors"] == "'none'"
    assert directives["frame-src"] == COCALC
    assert directives["base-uri"] == "'none'"
    assert "unsafe" not in policy
    assert headers["x-frame-options"] == "DENY"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert "max-age=31536000" in headers["strict-transport-security"]
    if name in ("my notebooks", "notebook", "bad path"):
        assert "no-store" in headers["cache-control"]

    # A nonce per answer, on every element that runs; data in the page does not run.
    nonces = visit.page.evaluate(
        """() => [...document.querySelectorAll("script:not([type='application/json'])")]
            .map((script) => script.nonce)"""
    )
    found = re.search(r"'nonce-([^']+)'", policy)
    assert (found is not None) == bool(nonces)
    assert all(found and nonce == found[1] for nonce in nonces)
    again = visit.page.reload()
    assert again
    if found:
        assert found[1] not in again.headers["content-security-policy"]


def test_the_policy_is_in_force(visitor: Visitor, student: Student) -> None:
    """That no test saw a violation means something only if one would be seen."""
    visit = visitor(student)
    visit.go_to_files()
    visit.page.evaluate(
        """() => {
            const script = document.createElement("script");
            script.textContent = "window.ran = true";
            document.body.append(script);
        }"""
    )
    until(lambda: visit.page.evaluate("1") and len(visit.faults) >= 2)
    assert visit.page.evaluate("window.ran") is None
    assert any(fault.startswith("policy: script-src") for fault in visit.faults)
    visit.faults.clear()


def test_the_frame_goes_nowhere_else(known: Visit) -> None:
    known.write("a.txt")
    known.open("a.txt")
    known.kiosk_frame.evaluate("void (location.href = 'https://elsewhere.school.test/')")
    until(lambda: known.page.evaluate("1") and known.faults)
    assert all("frame-src" in fault for fault in known.faults)
    known.faults.clear()


# What a notebook's page can try, once its user clicks into it.
LURES = {
    "a script": """<button id="lure">x</button>""",
    "a link": """<a id="lure" href="/customize" target="_top">x</a>""",
    "a form": """<form action="/customize" target="_top"><button id="lure">x</button></form>""",
    "a popup": """<button id="lure" class="popup">x</button>""",
}
LURE = """(html) => {
    document.getElementById("lure")?.remove();
    document.body.insertAdjacentHTML("afterbegin", html);
    const lure = document.getElementById("lure");
    if (lure.matches(".popup"))
        lure.onclick = () => open("about:blank")?.eval("opener.top.location = '/customize'");
    else if (lure.matches("body > button"))
        lure.onclick = () => { top.location = "/customize"; };
}"""


def test_no_click_in_the_frame_leads_the_page_elsewhere(known: Visit) -> None:
    known.write("a.txt")
    known.open("a.txt")
    known.shows_tab("a.txt")
    expect(known.page.locator("#frame")).to_have_attribute("sandbox", SANDBOX)
    address = known.page.url
    known.page.evaluate("window.mark = 'the same page'")
    for lure in LURES.values():
        known.kiosk_frame.evaluate(LURE, lure)
        with known.context.expect_page() if "popup" in lure else nullcontext():
            known.kiosk.locator("#lure").click()
    # What was begun by the clicks is over by then.
    known.choose("a.txt")
    assert known.page.evaluate("window.mark") == "the same page"
    assert known.page.url == address
    known.becomes("ready")
    known.faults.clear()  # the script's own error


def test_what_cocalc_needs_the_frame_may_do(known: Visit) -> None:
    known.write("a.txt")
    known.open("a.txt")
    known.shows_tab("a.txt")
    asked: list[str] = []

    def answer(dialog: Dialog) -> None:
        asked.append(dialog.message)
        dialog.accept()

    known.page.on("dialog", answer)
    assert known.kiosk_frame.evaluate("confirm('Restart the kernel?')")
    assert asked == ["Restart the kernel?"]
    known.kiosk_frame.evaluate(
        """() => document.body.insertAdjacentHTML("afterbegin",
            `<a id="file" href="data:text/plain,x" download="x.txt">file</a>
             <a id="page" href="/customize" target="_blank">page</a>`)"""
    )
    with known.page.expect_download() as downloaded:
        known.kiosk.locator("#file").click()
    assert downloaded.value.suggested_filename == "x.txt"
    with known.context.expect_page() as opened:
        known.kiosk.locator("#page").click()
    # A page of its own, under no restriction of the frame's.
    assert opened.value.evaluate("self.origin") == COCALC
    assert opened.value.evaluate("open('about:blank') !== null")


def test_nobody_frames_the_site(visitor: Visitor, student: Student) -> None:
    visit = visitor(student)
    visit.page.goto(f"{COCALC}/customize")  # a page without a policy of its own
    with visit.page.expect_console_message(lambda message: SITE in message.text) as said:
        visit.page.evaluate(
            """(address) => {
                const frame = document.createElement("iframe");
                frame.src = address;
                document.body.append(frame);
            }""",
            f"{SITE}/sign-in/",
        )
    assert "frame-ancestors" in said.value.text or "X-Frame-Options" in said.value.text
    visit.faults.clear()


def test_cookies_are_for_this_host_alone(visitor: Visitor, student: Student) -> None:
    visit = visitor()
    visit.go("/projects/mine/")
    visit.sign_in(student)
    visit.sees_files()
    cookies = {cookie["name"]: cookie for cookie in visit.context.cookies()}
    assert set(cookies) == {"__Host-session", "__Host-csrf"}
    for cookie in cookies.values():
        assert cookie["secure"]
        assert cookie["httpOnly"]
        assert cookie["sameSite"] == "Lax"
        assert cookie["domain"] == "learn.school.test"
        assert cookie["path"] == "/"
    assert visit.page.evaluate("document.cookie") == ""


def test_opening_a_page_alone_mints_nothing(known: Visit) -> None:
    """Only its script's request does: a page may be fetched in advance, or twice."""
    known.write("a.txt")
    known.school.sandbox.reset_calls()
    fetching = "fetch('/projects/mine/open/a.txt').then((answer) => answer.text())"
    assert "a.txt in CoCalc" in known.page.evaluate(fetching)
    assert known.school.calls() == {}
    assert known.school.sessions_of(known.student) == []
