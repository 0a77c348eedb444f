"""A page that embeds the kiosk and writes down what it is told."""

import re
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Frame, Page, Request

from tests.sandbox.support import PATIENCE, until

COCALC = "https://cocalc.school.test"
PARENT = "https://learn.school.test/"


class Embed:
    """Use it as a context manager: each is a fresh browser profile, unless given a context."""

    def __init__(
        self, browser: Browser, parent: str = PARENT, context: BrowserContext | None = None
    ) -> None:
        self._own = None if context else browser.new_context(ignore_https_errors=True)
        self.context = context or self._own
        assert self.context
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(PATIENCE * 1000)
        self.loads = 0
        self.page.on("request", self._count)
        self.page.goto(parent)

    def __enter__(self) -> "Embed":
        return self

    def __exit__(self, *_: object) -> None:
        self.page.close()
        if self._own:
            self._own.close()

    def _count(self, request: Request) -> None:
        if request.resource_type == "document" and "/static/app.html" in request.url:
            self.loads += 1

    def loaded(self, times: int) -> None:
        """Wait until the kiosk's document was asked for this often."""

        def look() -> bool:
            self.page.wait_for_timeout(50)
            return self.loads >= times

        until(look)

    @property
    def frame(self) -> Frame:
        return self.page.frames[1]

    def load(self, path: str = "/app", token: str = "") -> None:
        """Frame an address; wait until the page that was there before is gone, and no longer."""
        secret = f"auth_token={token}&" if token else ""
        address = f"{COCALC}{path}?{secret}fullscreen=kiosk&session="
        change = "(url) => { document.querySelector('iframe').src = url; }"
        with self.page.expect_event("framenavigated", lambda frame: "/app.html" in frame.url):
            self.page.evaluate(change, address)

    def send(self, message: Any) -> None:
        self.page.evaluate("(message) => send(message)", message)

    def got(self, **fields: Any) -> list[dict[str, Any]]:
        """What was told so far, of the messages that have these fields."""
        everything = self.page.evaluate("got.map(({ data }) => data)")
        return [m for m in everything if all(m.get(name) == fields[name] for name in fields)]

    def logged(self) -> list[dict[str, Any]]:
        messages = self.got(source="cocalc-project-log")
        return [message["payload"]["project_log"] for message in messages]

    def forget(self) -> None:
        self.page.evaluate("got.length = 0")

    def wait(self, **fields: Any) -> dict[str, Any]:
        return until(lambda: self.got(**fields))[0]

    def status(self) -> dict[str, Any]:
        """Ask until there is an answer: the page that was asked may be gone meanwhile."""

        def ask() -> list[dict[str, Any]]:
            self.send({"action": "status"})
            self.page.wait_for_timeout(50)
            return [message for message in self.got() if "connection" in message]

        return until(ask)[-1]

    def says(self, text: str) -> None:
        """Wait until the banner says something."""
        self.page.frame_locator("iframe").get_by_text(re.compile(text)).wait_for()

    def ready(self) -> None:
        self.says("^Ready")

    def open(self, project_id: str, path: str) -> None:
        self.send({"action": "open", "project_id": project_id, "path": path})

    def opened(self, project_id: str, path: str) -> None:
        """Open a file and wait until that is done."""
        self.open(project_id, path)
        self.wait(status="done", action="open", project_id=project_id, path=path)
