"""One browser of one person, in the words of what people do there."""

import re
from collections.abc import Callable
from urllib.parse import quote

from playwright.sync_api import (
    BrowserContext,
    ConsoleMessage,
    Error,
    Frame,
    FrameLocator,
    Locator,
    Page,
    expect,
)
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from tests.browser.school import COCALC, PASSWORD, PATIENCE, SITE, School, Student, until

LIMIT = PATIENCE * 1000  # ms

expect.set_options(timeout=LIMIT)

# Told of by the page that it happens in, wherever the browser would write it.
_REPORT_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", (event) =>
  violated(`${event.effectiveDirective} ${event.blockedURI} in ${event.documentURI}`));
"""

_TELL_WORDS = """(selector, name) => addEventListener("DOMContentLoaded", () => {
  const element = document.querySelector(selector);
  if (!element) return;
  const tell = () => window[name](element.textContent);
  new MutationObserver(tell).observe(element, { childList: true, subtree: true });
  tell();
})"""


def text_in(editor: FrameLocator) -> Locator:
    """The text in a view of CoCalc's, once it takes the focus no more by itself."""
    text = editor.locator(".cm-content, body > pre")
    expect(text).to_be_visible()
    text.evaluate("() => window.jupyterapp?.restored.then(() => null)")
    return text


class Visit:
    def __init__(self, school: School, context: BrowserContext) -> None:
        self.school = school
        self.context = context
        self.students: list[Student] = []
        self.faults: list[str] = []
        self._notes: list[str] = []
        context.set_default_timeout(LIMIT)
        context.expose_binding("violated", lambda source, text: self._violated(source, text))
        context.add_init_script(_REPORT_VIOLATIONS)
        context.on("console", self._console)
        context.on("weberror", lambda error: self._weberror(error.page, error.error))
        self.page = context.new_page()

    # What must not happen: the pages of CoCalc's stand-in are not ours to judge.

    def _violated(self, source: dict[str, object], text: str) -> None:
        frame = source["frame"]
        assert isinstance(frame, Frame)
        if frame.url.startswith(SITE):
            self.faults.append(f"policy: {text}")

    def _console(self, message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text and not message.location["url"].startswith(
            COCALC
        ):
            self.faults.append(f"console: {message.text}")

    def _weberror(self, page: Page | None, error: Error) -> None:
        if COCALC not in (error.stack or ""):
            self.faults.append(f"script: {error} in {page and page.url}")

    # Who is there

    @property
    def student(self) -> Student:
        return self.students[-1]

    def has_signed_in(self, student: Student) -> None:
        """As by the form, without the time that the password's hash takes."""
        self.context.add_cookies(
            [
                {
                    "name": "__Host-session",
                    "value": student.session,
                    "url": SITE,
                    "secure": True,
                    "httpOnly": True,
                }
            ]
        )
        self.students.append(student)

    def sign_in(self, student: Student, password: str = PASSWORD) -> None:
        """By the form, which must be on the screen."""
        self.page.get_by_label("User name").fill(student.username)
        self.page.get_by_label("Password").fill(password)
        self.page.get_by_role("button", name="Sign in").click()
        self.students.append(student)

    def sign_out(self) -> None:
        self.page.locator(".menu summary", has_text=self.student.name).click()
        self.page.get_by_role("button", name="Sign out").click()
        expect(self.page.get_by_role("heading", name="Sign in")).to_be_visible()

    def post(self, path: str, body: str) -> list[object]:
        """What a page of theirs would be answered: the status and the error's code."""
        answer: list[object] = self.page.evaluate(
            """async ([path, body]) => {
                const token = document.querySelector("[name=csrfmiddlewaretoken]").value;
                const headers = {"X-CSRFToken": token, "Content-Type": "application/json",
                    Accept: "application/json"};
                const response = await fetch(path, {method: "POST", headers, body});
                return [response.status, (await response.json()).error.code];
            }""",
            [path, body],
        )
        return answer

    # Where

    def go(self, path: str) -> None:
        self.page.goto(SITE + path)

    def go_to_files(self) -> None:
        """To *My notebooks*, until the list is there."""
        self.go("/projects/mine/")
        self.sees_files()

    def chooses_files(self) -> None:
        """From any page, by the bar at the top."""
        self.page.get_by_role("link", name="My notebooks", exact=True).click()
        self.sees_files()

    def sees_files(self) -> None:
        expect(self.page.locator("#files:visible, #empty:visible")).to_be_visible()

    def open(self, path: str, state: str = "ready") -> None:
        """A notebook by its address, until it is in a state."""
        self.go(f"/projects/mine/open/{quote(path)}")
        if state:
            self.becomes(state)

    def collect_words(self, selector: str) -> Callable[[], list[str]]:
        """Note each text that an element of the coming pages takes on; returns a look at them."""
        words: list[str] = []

        def note(_: object, text: str) -> None:
            words.append(text)

        name = f"noteWords{len(self._notes)}"
        self._notes.append(name)
        self.context.expose_binding(name, note)
        self.context.add_init_script(f"({_TELL_WORDS})({selector!r}, {name!r})")
        return lambda: list(words)

    def collect_state(self) -> Callable[[], list[str]]:
        """Note each state that the notebook page's light takes on from now on."""
        said = self.page.evaluate_handle(
            """() => {
                const said = [];
                const light = document.getElementById("light");
                new MutationObserver(() => said.push(light.dataset.state))
                    .observe(light, { attributes: true });
                return said;
            }"""
        )
        return lambda: list(said.json_value())

    # My notebooks

    def row(self, name: str) -> Locator:
        return self.page.locator("#files tbody tr").filter(
            has=self.page.locator(".name", has_text=re.compile(f"^{re.escape(name)}$"))
        )

    @property
    def names(self) -> list[str]:
        return self.page.locator("#files tbody .name").all_inner_texts()

    # A notebook

    def becomes(self, state: str) -> None:
        expect(self.page.locator("#light")).to_have_attribute("data-state", state)

    def has_words(self, words: str) -> None:
        expect(self.page.locator("#light-text")).to_have_text(words)

    @property
    def kiosk(self) -> FrameLocator:
        """CoCalc's page in the frame."""
        return self.page.frame_locator("#frame")

    @property
    def kiosk_frame(self) -> Frame:
        frame = self.page.query_selector("#frame")
        found = frame and frame.content_frame()
        assert found
        return found

    @property
    def editor(self) -> FrameLocator:
        """Jupyter's page in CoCalc's: what the kiosk shows of its open files."""
        return self.kiosk.frame_locator("#views iframe:not([hidden])")

    def shows_tab(self, name: str) -> None:
        """CoCalc has this file in front."""
        expect(self.kiosk.locator(".tab.active [role=tab]")).to_have_text(name)

    @property
    def account_in_frame(self) -> str | None:
        """Whom CoCalc takes the frame's user for."""
        asking = "fetch('/hub/hello', {method: 'POST'}).then((answer) => answer.json())"
        answer: dict[str, str | None] = self.kiosk_frame.evaluate(asking)
        return answer["account_id"]

    def show_activity(self) -> None:
        toggle = self.page.get_by_role("button", name="Activity", exact=True)
        if toggle.get_attribute("aria-expanded") == "false":
            toggle.click()

    def activity(self, kind: str, text: str | re.Pattern[str]) -> Locator:
        """Lines of the activity panel."""
        items = self.page.locator(f"#activity li[data-kind={kind}]")
        return items.filter(has_text=text)

    def settles(self) -> None:
        """A text file is there, and CoCalc takes the focus no more by itself."""
        text_in(self.editor).click()

    def choose(self, name: str) -> None:
        """Follow a link of the switcher."""
        menu = self.page.locator("#switch-list")
        link = menu.get_by_role("link", name=name, exact=True)

        def chosen() -> bool:
            # CoCalc's page takes the focus while it loads, and that closes the menu.
            if menu.is_hidden():
                self.page.locator("#switch").click()
            try:
                # Where it leads is not waited for: a page that is slow to come is no reason to
                # look for the link again.
                link.click(timeout=3000, no_wait_after=True)
            except PlaywrightTimeout:
                return False
            return True

        until(chosen)

    # Files, behind the page's back

    def write(self, path: str, content: bytes = b"text\n") -> None:
        self.school.cocalc.write_file(self.school.project_of(self.student), path, content)

    def read(self, path: str) -> bytes:
        return self.school.cocalc.read_file(self.school.project_of(self.student), path)
