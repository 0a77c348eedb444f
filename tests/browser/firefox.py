"""Firefox by WebDriver BiDi, in the few words that its tests need.

Playwright cannot drive Debian's Firefox, and geckodriver is not among Debian's packages.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.browser.gate import Gate
from tests.browser.protocol import Refused, Wire, running
from tests.browser.school import until

FIREFOX = Path("/usr/bin/firefox-esr")
SHIFT = "\ue008"
CONTROL = "\ue009"
END = "\ue010"
ENTER = "\ue007"
TAB = "\ue004"


class Page:
    """A tab, or a frame in one."""

    def __init__(self, wire: Wire, context: str) -> None:
        self._wire = wire
        self._context = context

    def go(self, url: str) -> None:
        self._wire.call("browsingContext.navigate", context=self._context, url=url, wait="complete")

    def evaluate(self, expression: str) -> Any:
        """What an expression comes to, by way of JSON; None while it fails."""
        answer = self._wire.call(
            "script.evaluate",
            expression=f"Promise.resolve({expression}).then((it) => JSON.stringify(it ?? null))",
            target={"context": self._context},
            awaitPromise=True,
        )
        return json.loads(answer["result"]["value"]) if answer["type"] == "success" else None

    def set_offline(self, offline: bool) -> bool:
        """All of the tab; its pages are told, as by a browser that has lost its network.

        False where this Firefox cannot do it (140 cannot, 153 can).
        """
        conditions = {"type": "offline"} if offline else None
        try:
            self._wire.call(
                "emulation.setNetworkConditions",
                networkConditions=conditions,
                contexts=[self._context],
            )
        except Refused as refused:
            if "unknown command" not in str(refused):
                raise
            return False
        return True

    def frames(self, part: str) -> list["Page"]:
        """Frames in it, at any depth, by a part of their address."""
        tree = self._wire.call("browsingContext.getTree", root=self._context)["contexts"]
        return [Page(self._wire, it["context"]) for it in _within(tree) if part in it["url"]]

    def click(self, selector: str) -> None:
        """As by a mouse, once it is there."""
        until(lambda: self.evaluate(f"!!{_find(selector)}"))
        where = self.evaluate(
            f"((box) => [box.x + box.width / 2, box.y + box.height / 2].map(Math.round))"
            f"({_find(selector)}.getBoundingClientRect())"
        )
        move = {"type": "pointerMove", "x": where[0], "y": where[1]}
        press = [{"type": kind, "button": 0} for kind in ("pointerDown", "pointerUp")]
        self._act({"type": "pointer", "id": "mouse", "actions": [move, *press]})

    def keys(self, *keys: str) -> None:
        """All pressed together."""
        down = [{"type": "keyDown", "value": key} for key in keys]
        up = [{"type": "keyUp", "value": key} for key in reversed(keys)]
        self._act({"type": "key", "id": "keyboard", "actions": [*down, *up]})

    def types(self, text: str) -> None:
        for key in text:
            self.keys(key)

    def _act(self, action: dict[str, Any]) -> None:
        self._wire.call("input.performActions", context=self._context, actions=[action])


def _find(selector: str) -> str:
    return f"document.querySelector({json.dumps(selector)})"


def _within(contexts: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for context in contexts:
        yield context
        yield from _within(context["children"])


class Firefox:
    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def page(self) -> Page:
        return Page(self._wire, self._wire.call("browsingContext.create", type="tab")["context"])


@contextmanager
def firefox(profile: Path, ports: dict[str, int]) -> Iterator[Firefox]:
    command = [str(FIREFOX), "--headless", "--no-remote", "--profile", str(profile)]
    command += ["--remote-debugging-port", "0", "about:blank"]
    told = profile / "WebDriverBiDiServer.json"
    with running(command, told, r'"ws_port": (\d+)\s*}', "/session") as wire:
        gate = Gate(wire.loop, ports)
        proxy = {"proxyType": "manual", "sslProxy": f"127.0.0.1:{gate.port}"}
        wanted = {"acceptInsecureCerts": True, "proxy": proxy}
        wire.call("session.new", capabilities={"alwaysMatch": wanted})
        try:
            yield Firefox(wire)
        finally:
            gate.close()
