"""Pages that a browser renders before anybody asks for them: nothing is minted until one does.

Chromium prerenders only where its DevTools are attached to the tab and not, as by Playwright, to
the page in it (else Preload.prerenderStatusUpdated says PrerenderingDisabledByDevTools). So this
test speaks DevTools itself.
"""

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from tests.browser.protocol import Wire, running
from tests.browser.school import SITE, until
from tests.browser.visit import Visit
from tests.chromium import FULL

NOTEBOOK = "/projects/mine/open/a.txt"
RULES = {"prerender": [{"urls": [NOTEBOOK], "eagerness": "immediate"}]}
TEMPLATE = '<script type="speculationrules" nonce="{{ request.csp_nonce }}">%s</script>'
PAGE = f"{SITE}/anywhere/?{urlencode({'body': TEMPLATE % json.dumps(RULES)})}"


class Tab:
    """A tab with the pages in it, each by its session: the one that is seen, and those ahead."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        target = wire.call("Target.createTarget", url="about:blank", forTab=True)
        attach = {"targetId": target["targetId"], "flatten": True}
        self._session = wire.call("Target.attachToTarget", **attach)["sessionId"]
        auto = {"autoAttach": True, "waitForDebuggerOnStart": False, "flatten": True}
        wire.call("Target.setAutoAttach", self._session, **auto)

    def page(self, subtype: str | None = None) -> str:
        """The last page of a kind, once it is there."""

        def attached() -> list[str]:
            return [
                found["sessionId"]
                for found in self._wire.all("Target.attachedToTarget", self._session)
                if found["targetInfo"].get("subtype") == subtype
            ]

        return until(attached)[-1]

    def evaluate(self, page: str, expression: str) -> Any:
        given = {"expression": expression, "returnByValue": True}
        return self._wire.call("Runtime.evaluate", page, **given)["result"].get("value")


def test_what_is_rendered_in_advance_mints_nothing_until_it_is_seen(
    known: Visit, chromium_args: list[str], tmp_path: Path
) -> None:
    known.write("a.txt")
    school, student = known.school, known.student
    school.sandbox.reset_calls()
    command = [FULL, "--headless=new", *chromium_args, "--remote-debugging-port=0"]
    command += [f"--user-data-dir={tmp_path}", "about:blank"]
    port = tmp_path / "DevToolsActivePort"
    with running(command, port, r"^(\d+)\n(/devtools/browser/[-0-9a-f]{36})") as wire:
        cookie = {"name": "__Host-session", "value": student.session, "url": SITE}
        wire.call("Storage.setCookies", cookies=[{**cookie, "secure": True, "httpOnly": True}])
        tab = Tab(wire)
        seen = tab.page()
        wire.call("Preload.enable", seen)
        wire.call("Page.navigate", seen, url=PAGE)

        def states() -> list[str]:
            told = wire.all("Preload.prerenderStatusUpdated", seen)
            assert not [it for it in told if it["status"] == "Failure"], told
            return [it["status"] for it in told]

        until(states, lambda found: "Ready" in found)
        ahead = tab.page("prerender")
        # All of the page is there, and its script has run.
        assert tab.evaluate(ahead, "document.prerendering") is True
        until(lambda: tab.evaluate(ahead, "document.readyState") == "complete")
        assert tab.evaluate(ahead, "document.querySelector('iframe').contentWindow.length") == 0
        assert school.calls() == {}
        assert school.sessions_of(student) == []

        tab.evaluate(seen, f"location.href = '{NOTEBOOK}'")
        light = "document.getElementById('light').dataset.state"
        until(lambda: tab.evaluate(ahead, light) == "ready")
        navigation = "performance.getEntriesByType('navigation')[0]"
        assert tab.evaluate(ahead, f"{navigation}.activationStart") > 0
        assert school.calls()["user_auth"] == 1
        until(lambda: school.states_of(student) == ["ready"])
