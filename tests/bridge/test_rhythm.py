"""Time in which the page is awake: sleep is found by whoever comes first after it."""

from typing import Any

from playwright.sync_api import Page

WORLD = """
const [{ Clock }, { Rhythm }] = await Promise.all([import("/fake.js"), import("/rhythm.js")]);
const clock = new Clock(), page = new EventTarget(), woken = [];
page.visibilityState = "visible";
const { signal } = new AbortController();
const rhythm = new Rhythm(new EventTarget(), page, clock, signal, (how) => woken.push(how));
const HOUR = 3_600_000;
"""


def run(page: Page, script: str) -> Any:
    return page.evaluate(f"async () => {{ {WORLD} {script} }}")


def test_the_late_timer_finds_it(fake: Page) -> None:
    assert run(
        fake,
        """
        rhythm.later("poll", 15_000, () => {});
        clock.time += 13 * HOUR;
        await clock.pass(0);
        return [woken.length, rhythm.now() <= 15_000];
        """,
    ) == [1, True]


def test_a_message_that_comes_before_the_late_timer_finds_it(fake: Page) -> None:
    """It counts none of the hours, and they are told of all the same."""
    assert run(
        fake,
        """
        const acted = [];
        rhythm.later("dead", 30_000, () => acted.push("dead"));
        rhythm.later("poll", 15_000, () => acted.push("poll"));
        clock.time += 13 * HOUR;
        rhythm.later("reply", 1_000, () => acted.push("reply"));
        await clock.pass(0);
        const before = [...acted];
        await clock.pass(2_000);
        return [before, acted, woken.length, rhythm.now() < 20_000];
        """,
    ) == [["poll"], ["poll", "reply"], 1, True]


def test_who_comes_to_the_page_is_told_once(fake: Page) -> None:
    assert run(
        fake,
        """
        rhythm.later("poll", 15_000, () => {});
        page.visibilityState = "hidden"; page.dispatchEvent(new Event("visibilitychange"));
        clock.time += 13 * HOUR;
        page.visibilityState = "visible"; page.dispatchEvent(new Event("visibilitychange"));
        await clock.pass(30_000);
        return woken;
        """,
    ) == ["seen"]
