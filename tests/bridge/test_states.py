"""The table of a session's states: it is whole, and what it does not have is seen."""

from typing import Any

from playwright.sync_api import BrowserContext, Page

from tests.bridge.conftest import Sites


def run(page: Page, script: str) -> Any:
    given = 'const { STATES, follow } = await import("/states.js");'
    return page.evaluate(f"async () => {{ {given} {script} }}")


def test_each_way_leads_to_a_state_and_each_state_is_led_to(fake: Page) -> None:
    states, led_to = run(
        fake,
        """
        const ways = Object.values(STATES).flatMap((row) =>
            Object.values(row).filter((cell) => typeof cell === "string"));
        return [Object.keys(STATES), ways.flatMap((way) => way.split(" "))];
        """,
    )
    from_everywhere = {"signed_out", "refused", "offline", "unreachable", "blocked"}
    assert {*led_to} | from_everywhere == set(states)


def test_a_change_of_state_that_the_table_does_not_have_is_reported(fake: Page) -> None:
    assert run(
        fake,
        """
        const { reportError } = window;
        const told = [];
        window.reportError = ({ message }) => told.push(message);
        const next = [
            follow("preparing", "address", "opening"),
            follow("signed_out", "start", "preparing"),
            follow("signed_out", "frame", "ready"),
            follow("signed_out", "address", "opening"),
            follow("ready", "asking", "preparing"),
        ];
        window.reportError = reportError;
        return [next, told];
        """,
    ) == [
        ["opening", "preparing", "ready", "opening", "preparing"],
        [
            "No way from signed_out by frame to ready",
            "No way from signed_out by address to opening",
            "No way from ready by asking to preparing",
        ],
    ]


def test_a_report_is_an_error_of_the_page(context: BrowserContext, sites: Sites) -> None:
    """So it fails tests, and whoever runs a site may hear of it."""
    with context.new_page() as page:
        page.goto(f"{sites.host}/host.html?{sites.cocalc}")
        with page.expect_event("pageerror") as error:
            page.evaluate(
                "import('/states.js').then(({ follow }) => follow('ready', 'frame', 'lost'))"
            )
        assert str(error.value) == "No way from ready by frame to lost"


def test_a_frame_that_proves_itself_while_another_is_asked_for_stays_ready(fake: Page) -> None:
    assert fake.evaluate(
        """async () => {
            const { Night } = await import("/fake-session.js");
            const w = new Night();
            w.mute = true; await w.begin(); await w.pass(60_000);
            const before = w.session.state;
            window.fetch = () => new Promise(() => {}); // our site takes its time
            w.session.retry(); await w.pass();
            const asking = w.session.state;
            w.opens("a");
            await w.pass();
            const proven = w.session.state;
            await w.pass(10_000);
            return [before, asking, proven, w.session.state];
        }"""
    ) == ["blocked", "preparing", "ready", "ready"]
