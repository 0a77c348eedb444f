"""Ten thousand games of commands and delayed, lost, doubled and reordered replies."""

import pytest
from playwright.sync_api import Page

GAMES = 10_000
BATCH = 2_500


def test_no_reply_is_credited_wrongly_and_every_call_ends(fake: Page) -> None:
    seen: set[str] = set()
    for first in range(1, GAMES, BATCH):
        result = fake.evaluate(
            "async (args) => (await import('/interleavings.js')).playAll(...args)",
            [first, BATCH, 20],
        )
        assert result["failures"] == []
        seen |= set(result["ends"])
    # The games are hard enough: every way for a call to end came up.
    assert seen == {
        "no_file",  # as a state
        *(f"{kind} {end}" for kind in ("acknowledged", "open") for end in ("fine", "refused")),
        *(f"{kind} superseded" for kind in ("acknowledged", "open")),
        *(
            f"{kind} {end}"
            for kind in ("acknowledged", "open", "status", "closed")
            for end in ("frame_gone", "destroyed")
        ),
        "acknowledged timeout_acknowledge",
        "open timeout_acknowledge",
        "open timeout_open",
        *(f"status {end}" for end in ("fine", "timeout_status")),
        *(f"closed {end}" for end in ("fine", "timeout_close")),
    }


@pytest.mark.parametrize("fault", ["credit", "ending"])
def test_a_faulty_bridge_is_found_out(fake: Page, fault: str) -> None:
    """The games can be lost: they tell a bridge apart that credits by order, or forgets a limit."""
    change = {
        "credit": ("this.#pending.get(key);", "[...this.#pending.values()].pop();"),
        "ending": ("Math.min(request.deadline, request.next)", "request.next"),
    }[fault]
    failures = fake.evaluate(
        """async (change) => {
            const text = async (name) => (await fetch(name)).text();
            const type = "text/javascript";
            const url = (source) => URL.createObjectURL(new Blob([source], {type}));
            const bridge = (await text("/bridge.js")).replaceAll(...change)
                .replace("./messages.js", new URL("/messages.js", location));
            const fake = (await text("/fake.js")).replace("/bridge.js", url(bridge));
            const games = (await text("/interleavings.js")).replace("/fake.js", url(fake));
            return (await (await import(url(games))).playAll(1, 200, 25)).failures;
        }""",
        change,
    )
    assert failures
