"""What proves an open file: on each generation its own message of the log, and no other."""

from typing import Any

import pytest
from playwright.sync_api import Page

from embedding.cocalc.client import Client
from embedding.cocalc.conat import ConatClient
from embedding.cocalc.v1 import V1Client

DRIVERS: dict[str, type[Client]] = {"v1": V1Client, "conat": ConatClient}

OPENING = 'logs({ event: "open", filename: "a" }, "1")'

# What CoCalc's page says of “a”, or seems to; and whether that proves it, on v1 and on conat.
MESSAGES: dict[str, tuple[str, bool, bool]] = {
    "an acknowledgement": ('w.reply("ack", "a")', False, False),
    "an answer": ('w.reply("done", "a")', False, False),
    "a list of open files": ('w.status({ [P]: ["a"] })', False, False),
    "the log's opening": (OPENING, True, False),
    "the time of nothing": ("logs({ time: 273 }, undefined)", False, False),
    "the opening and its time": (
        f'{OPENING}; logs({{ time: 273 }}, "1")',
        True,
        True,
    ),
    "the opening and another's time": (
        f'{OPENING}; logs({{ time: 273 }}, "2")',
        True,
        False,
    ),
    "the opening and no number": (
        f'{OPENING}; logs({{ time: "273" }}, "1")',
        True,
        False,
    ),
    "the time before the opening": (
        f'logs({{ time: 273 }}, "1"); {OPENING}',
        True,
        False,
    ),
    "another file, opened": (
        'logs({ event: "open", filename: "b" }, "1"); logs({ time: 273 }, "1")',
        False,
        False,
    ),
    "another project's file of that name, opened": (
        'logs({ event: "open", filename: "a" }, "1", Q); logs({ time: 273 }, "1", Q)',
        False,
        False,
    ),
    "opened twice, and the time of the second": (
        f"{OPENING}; {OPENING.replace('1', '2')}; logs({{ time: 273 }}, '2')",
        True,
        True,
    ),
    "a change of the file's name": (
        'logs({ event: "file_action", filename: "a" }, "1")',
        False,
        False,
    ),
}


def state_after(page: Page, generation: str, messages: str, path: str = "a") -> Any:
    return page.evaluate(
        f"""async ([proofs, path]) => {{
            const {{ World, P, Q }} = await import("/fake.js");
            const w = new World({{}}, proofs);
            const logs = (event, id, project_id = P) => w.say({{
                source: "cocalc-project-log",
                payload: {{ project_log: {{ project_id, event, id }} }},
            }});
            w.bridge.expect(P, path); w.bridge.watch(); w.bridge.open(P, path);
            {messages};
            await w.clock.pass(3000);
            return w.bridge.state;
        }}""",
        [sorted(DRIVERS[generation].proofs), path],
    )


@pytest.mark.parametrize("generation", DRIVERS)
@pytest.mark.parametrize("message", MESSAGES)
def test_ready_means_proven(fake: Page, generation: str, message: str) -> None:
    said, on_v1, on_conat = MESSAGES[message]
    proven = {"v1": on_v1, "conat": on_conat}[generation]
    assert state_after(fake, generation, said) == ("ready" if proven else "opening")


@pytest.mark.parametrize("generation", DRIVERS)
@pytest.mark.parametrize(
    ("path", "tells"), [("a.png", False), ("b/A.PDF", False), ("a.term", True), ("png", True)]
)
def test_a_viewer_tells_no_time(fake: Page, generation: str, path: str, tells: bool) -> None:
    """There the opening is all that is ever told; terminals tell theirs once they are connected."""
    opening = f'logs({{ event: "open", filename: "{path}" }}, "1")'
    waits = tells and generation == "conat"
    assert state_after(fake, generation, opening, path) == ("opening" if waits else "ready")
    then = f'{opening}; logs({{ time: 273 }}, "1")'
    assert state_after(fake, generation, then, path) == "ready"
