"""The session's states, with a clock that is turned: sleep, networks, sign-ins, and our site."""

from itertools import pairwise
from typing import Any

import pytest
from playwright.sync_api import Page


def run(page: Page, script: str) -> Any:
    given = 'const { Night, USER, P } = await import("/fake-session.js"); const w = new Night();'
    return page.evaluate(f"async () => {{ {given} {script} }}")


def test_a_file_is_opened_and_watched_by_one_timer(fake: Page) -> None:
    states, asked, polls, most, user = run(
        fake,
        """
        await w.begin();
        const asked = w.asked.map(({ what }) => what);
        const names = w.names();
        w.forget(); await w.pass(150_000);
        return [names, asked, w.polls(), w.clock.most, w.count("session")];
        """,
    )
    assert states[0] == "preparing"
    assert states[-2:] == ["opening", "ready"]
    assert asked[0] == "session"
    assert polls == 10
    assert most == 1
    assert user == 0


def test_a_hidden_page_asks_slower_and_then_not_at_all(fake: Page) -> None:
    first, later, back, states, timers = run(
        fake,
        """
        await w.begin(); w.forget();
        w.look("hidden"); await w.pass(480_000);
        const first = w.polls();
        await w.pass(180_000); w.forget(); await w.pass(7_200_000);
        const [later, timers] = [w.polls(), w.clock.timers.size];
        w.look("visible"); await w.pass();
        return [first, later, w.polls(), w.names(), timers];
        """,
    )
    assert 7 <= first <= 9
    assert (later, timers) == (0, 0)
    assert back >= 1
    assert states == []


def test_sleep_changes_nothing_when_the_frame_answers(fake: Page) -> None:
    assert run(
        fake,
        """
        await w.begin(); w.forget();
        const polls = [];
        for (const hours of [1, 8, 60]) {
          await w.sleep(hours * 3_600_000);
          polls.push(w.polls() > 0); w.forget();
        }
        await w.pass(10_000);
        return [polls, w.names(), w.shown, w.count("session")];
        """,
    ) == [[True] * 3, [], 1, 0]


def test_sleep_with_a_poll_under_way(fake: Page) -> None:
    """What was sent before it counts no silence during it."""
    assert run(
        fake,
        """
        await w.begin(); w.forget();
        w.mute = true; w.session.command("status").catch(() => {}); await w.pass(1000);
        w.mute = false; await w.sleep(3_600_000); await w.pass(10_000);
        return [w.names(), w.shown];
        """,
    ) == [[], 1]


READY_BY_LOG = """
    w.mute = true; w.session.start(); await w.pass(); w.opens("a"); await w.pass();
    const then = [w.session.state, w.session.alive];
    w.forget();
"""


@pytest.mark.parametrize("wait", [0, 900, 3_900])
def test_another_file_right_after_the_opening_needs_no_new_address(fake: Page, wait: int) -> None:
    """CoCalc's log may prove the file open before CoCalc answers anything."""
    assert run(
        fake,
        f"""
        {READY_BY_LOG} await w.pass({wait});
        let switched; w.session.switchTo("b").then((value) => (switched = value));
        await w.pass(); const before = [switched ?? null, w.session.state];
        await w.pass(500); w.mute = false; await w.pass(1_500);
        return [then, before, switched, w.names(), w.files, w.count("session"), w.shown,
            w.session.alive];
        """,
    ) == [
        ["ready", None],
        [None, "opening"],
        True,
        ["opening", "opening", "ready"],
        ["a", "b"],
        0,
        1,
        True,
    ]


def test_another_file_where_commands_turn_out_not_to_be_answered(fake: Page) -> None:
    assert run(
        fake,
        f"""
        {READY_BY_LOG}
        let switched; w.session.switchTo("b").then((value) => (switched = value));
        await w.pass(3_500); const before = [w.session.state, w.count("session")];
        await w.pass(5_000);
        const {{ json }} = w.asked.find(({{ what }}) => what === "session");
        w.opens("b"); await w.pass();
        return [then, before, switched, json.path, w.count("session"), w.shown, w.session.state];
        """,
    ) == [["ready", None], ["opening", 0], True, "b", 1, 2, "ready"]


def test_only_the_last_of_several_choices_right_after_the_opening_counts(fake: Page) -> None:
    assert run(
        fake,
        f"""
        {READY_BY_LOG}
        const calls = ["b", "c", "c"].map((path) => w.session.switchTo(path));
        await w.pass(500); w.mute = false; await w.pass(1_500);
        const opened = w.sent.filter(({{ action }}) => action === "open").map(({{ path }}) => path);
        return [await Promise.all(calls), w.session.path, w.session.state, new Set(opened).size,
            w.files, w.shown];
        """,
    ) == [[False, True, True], "c", "ready", 1, ["a", "c"], 1]


def test_a_choice_right_after_the_opening_does_not_outlive_the_frame(fake: Page) -> None:
    assert run(
        fake,
        f"""
        {READY_BY_LOG}
        const choice = w.session.switchTo("b");
        w.announce(""); await w.pass(20_000);
        return [await choice, w.session.state, w.count("session"), w.shown];
        """,
    ) == [False, "signed_out", 0, 1]


def test_a_frame_that_fell_silent_is_replaced(fake: Page) -> None:
    names, risk, shown, notes, files = run(
        fake,
        """
        await w.begin(); await w.session.switchTo("b"); w.forget();
        w.mute = true; w.fire("online"); await w.pass(5_000);
        const risk = [w.session.atRisk];
        w.connection = "connected"; await w.pass(20_000);
        risk.push(w.session.atRisk, w.names().at(-1));
        await w.pass(11_000);
        w.mute = false; await w.pass(5_000);
        risk.push(w.session.atRisk);
        return [w.names(), risk, w.shown, w.notes, w.files];
        """,
    )
    assert names[:2] == ["slow", "lost"]
    assert "reconnecting" in names
    assert names[-1] == "ready"
    assert risk == [True, True, "lost", False]
    assert shown == 2
    assert notes == ["reopened"]
    assert files == ["b", "a"] or sorted(files) == ["a", "b"]


def test_a_frame_without_its_server_is_left_alone(fake: Page) -> None:
    """It comes back by itself, and holds what is not saved."""
    assert run(
        fake,
        """
        await w.begin(); w.forget();
        w.connection = "disconnected"; w.fire("online"); await w.pass(3_600_000);
        const before = [w.names(), w.session.code, w.session.atRisk];
        w.connection = "connected"; await w.pass(2_500);
        return [before, w.names().at(-1), w.shown, w.count("session")];
        """,
    ) == [[["slow", "lost"], "disconnected", True], "ready", 1, 0]


def test_files_gone_with_a_new_page_are_opened_again(fake: Page) -> None:
    assert run(
        fake,
        """
        await w.begin(); await w.session.switchTo("b"); await w.pass(16_000); w.forget();
        w.files = []; w.time = new Date(99); await w.pass(16_000);
        return [w.files, w.shown, w.names()];
        """,
    ) == [["b", "a"], 1, ["reconnecting", "ready"]]


def test_files_gone_where_opening_one_is_only_acknowledged(fake: Page) -> None:
    """Nobody is signed in there: an acknowledgement and a list turn nothing green."""
    assert run(
        fake,
        """
        await w.begin(); await w.session.switchTo("b"); await w.pass(16_000); w.forget();
        w.files = []; w.time = new Date(99); w.opensNothing = true;
        w.fire("online"); await w.pass(5_000);
        const before = [w.names(), w.shown];
        w.opensNothing = false; await w.pass(10_000);
        const { json } = w.asked.find(({ what }) => what === "session");
        return [before, w.names().at(-1), w.shown, json.again, w.notes, w.files.toSorted()];
        """,
    ) == [[["reconnecting"], 1], "ready", 2, True, ["reopened"], ["a", "b"]]


def test_files_that_the_user_closed_stay_closed(fake: Page) -> None:
    assert run(
        fake,
        """
        await w.begin(); await w.pass(16_000); w.forget();
        w.files = []; await w.pass(40_000);
        w.time = new Date(99); await w.pass(40_000);
        return [w.files, w.shown, w.session.state, w.session.atRisk];
        """,
    ) == [[], 1, "no_file", False]


def test_no_file_is_open_until_one_is_proven(fake: Page) -> None:
    """Neither an acknowledgement nor a list proves it."""
    assert run(
        fake,
        """
        await w.begin(); await w.session.command("closeall"); await w.pass(60_000);
        const closed = [w.session.state, w.names().at(-1)]; w.forget();
        w.opensNothing = true; w.session.retry(); await w.pass(3_000);
        const opening = [w.session.state, [...w.files]];
        w.log("a"); await w.pass(); const ready = w.session.state;
        w.files = []; await w.pass(16_000); const again = w.session.state;
        w.answers.check = () => w.error(404, "file_missing");
        const missing = await w.session.retry().catch(({ code }) => code);
        w.log("other"); await w.pass();
        return [closed, opening, ready, again, missing, w.names(), w.shown, w.session.state];
        """,
    ) == [
        ["no_file", "no_file"],
        ["opening", ["a"]],
        "ready",
        "no_file",
        "file_missing",
        ["opening", "ready", "no_file", "opening", "no_file", "ready"],
        1,
        "ready",
    ]


def test_what_is_opened_again_soon_was_never_closed(fake: Page) -> None:
    """Unless it is not opened: then that is told."""
    assert run(
        fake,
        """
        await w.begin(); await w.pass(20_000); w.forget();
        await w.session.command("closeall", true); await w.pass(20_000);
        const opened = w.session.reopen(["a"]); await w.pass(1_000); await opened;
        const fine = [w.names(), [...w.files]];
        await w.session.command("closeall", true); await w.pass(1_000);
        w.opensNothing = true; w.session.reopen(["a"]); await w.pass(5_000);
        w.opensNothing = false; w.log("a"); await w.pass(30_000); // proof comes after "done"
        fine.push(w.names());
        await w.session.command("closeall", true); await w.pass(1_000);
        w.opensNothing = true; w.session.reopen(["a"]); await w.pass(100_000);
        return [...fine, w.names()];
        """,
    ) == [[], ["a"], [], ["no_file"]]


def test_offline_is_told_at_once_and_ends_by_proof(fake: Page) -> None:
    states, asked, told, back, shown = run(
        fake,
        """
        await w.begin(); await w.pass(20_000); w.forget();
        w.answers.presence = () => [0];
        w.host.navigator.onLine = false; w.fire("offline");
        const told = w.states.at(-1);
        await w.pass(4_000); w.connection = "disconnected"; await w.pass(600_000);
        const states = w.names(); const asked = w.count("session"); w.forget();
        w.answers.presence = null;
        w.host.navigator.onLine = true; w.fire("online"); await w.pass(3_000);
        const before = w.session.state;
        w.connection = "connected"; await w.pass(3_000);
        return [states, asked, told, [before, ...w.names()], w.shown];
        """,
    )
    assert states == ["offline"]
    assert told["code"] == "unsaved"
    assert "You are offline." in told["message"]
    assert "by itself" in told["message"]
    assert asked == 0
    assert back == ["reconnecting", "reconnecting", "ready"]
    assert shown == 1


def test_offline_and_back_where_messages_are_not_answered(fake: Page) -> None:
    """The frame tells nothing, so nothing is known but what was."""
    assert run(
        fake,
        """
        w.mute = true; w.session.start(); await w.pass(); w.opens("a"); await w.pass(60_000);
        w.forget(); w.answers.presence = () => [0];
        w.host.navigator.onLine = false; w.fire("offline"); await w.pass(60_000);
        w.host.navigator.onLine = true; w.fire("online"); await w.pass(60_000);
        return [w.names(), w.shown];
        """,
    ) == [["offline", "ready"], 1]


def test_offline_is_not_believed_while_our_site_answers(fake: Page) -> None:
    """Some browsers stay offline after sleep; and a site on one's own machine needs no network."""
    assert run(
        fake,
        """
        w.host.navigator.onLine = false; await w.begin(); const begun = w.names().at(-1);
        await w.pass(60_000); w.look("hidden"); w.look("visible"); await w.pass(3_000);
        const still = w.session.state; w.forget();
        w.fire("offline"); await w.pass(3_000);
        return [begun, still, w.names(), w.shown];
        """,
    ) == ["ready", "ready", ["offline", "reconnecting", "ready"], 1]


def test_what_was_asked_before_proves_nothing_when_it_arrives_offline(fake: Page) -> None:
    assert run(
        fake,
        """
        await w.begin(); await w.pass(10_000); w.forget();
        let arrive; const answer = new Promise((resolve) => (arrive = resolve));
        w.answers.presence = () => answer;
        w.fire("focus"); await w.pass(); const asked = w.count("presence");
        w.answers.presence = () => [0];
        w.host.navigator.onLine = false; w.fire("offline"); await w.pass();
        arrive([200, { csrf: "new", seconds: 1e6 }]); await w.pass(60_000);
        return [asked, w.names()];
        """,
    ) == [1, ["offline"]]


@pytest.mark.parametrize("moment", ["before", "while our site is asked", "while it opens"])
def test_offline_before_anything_is_open(fake: Page, moment: str) -> None:
    """It is tried again at once when the connection is back, however long that took."""
    offline = "w.host.navigator.onLine = false; w.answers.presence = w.answers.session = () => [0];"
    offline += "w.fire('offline'); await w.pass();"
    begin = {
        "before": f"{offline} w.session.start(); await w.pass();",
        "while our site is asked": "w.answers.session = () => [202, {next: 'project'}];"
        f"w.session.start(); await w.pass(2_000); {offline}",
        "while it opens": f"w.mute = true; w.session.start(); await w.pass(1_000); {offline}",
    }[moment]
    assert run(
        fake,
        f"""
        Object.defineProperty(navigator, "onLine", {{
            configurable: true, get: () => w.host.navigator.onLine }});
        {begin}
        const [then, {{ message }}] = [w.session.state, w.states.at(-1)];
        await w.pass(600_000); const later = w.session.state;
        w.host.navigator.onLine = true; w.answers = {{}}; w.mute = false;
        w.fire("online"); await w.pass(3_000); if (!w.files.length) w.opens("a");
        await w.pass();
        delete navigator.onLine;
        return [then, message, later, w.session.state];
        """,
    ) == [
        "offline",
        "This page continues by itself when you are back online.",
        "offline",
        "ready",
    ]


def test_nobody_signed_in_there_any_more(fake: Page) -> None:
    assert run(
        fake,
        """
        await w.begin(); await w.session.switchTo("b"); await w.pass(16_000); w.forget();
        w.files = []; w.time = new Date(99); w.signedIn = false;
        w.fire("online"); await w.pass(12_000);
        return [w.count("session"), w.shown, w.session.state, w.notes, w.files.toSorted(),
                w.sent.filter(({ action }) => action === "open").at(-1).path];
        """,
    ) == [1, 2, "ready", ["reopened"], ["a", "b"], "b"]


def test_after_half_a_day_one_signs_in_anew(fake: Page) -> None:
    """CoCalc's own session is over by then, and no answer of its page's would tell."""
    assert run(
        fake,
        """
        await w.begin(); await w.session.switchTo("b"); await w.pass(16_000); w.forget();
        const now = Date.now; Date.now = () => now() + 11 * 3_600_000;
        w.fire("online"); await w.pass(10_000);
        const early = w.shown;
        Date.now = () => now() + 13 * 3_600_000;
        w.fire("online"); await w.pass(10_000); w.fire("online"); await w.pass(10_000);
        Date.now = now;
        return [early, w.shown, w.session.state, w.notes, w.files.toSorted()];
        """,
    ) == [1, 2, "ready", ["reopened"], ["a", "b"]]


def test_one_failed_attempt_stops_no_later_one(fake: Page) -> None:
    times, online, names, state = run(
        fake,
        """
        w.answers.session = () => w.error(503, "cannot_connect");
        w.session.start(); await w.pass(400_000);
        const times = w.times("session"), names = new Set(w.names());
        w.forget(); w.fire("online"); await w.pass();
        const online = w.count("session");
        delete w.answers.session; w.session.retry(); await w.pass(3_000);
        return [times, online, [...names], w.session.state];
        """,
    )
    waits = [later - earlier for earlier, later in pairwise(times)]
    assert waits[:6] == [2000, 4000, 8000, 16000, 32000, 60000]
    assert set(waits[6:]) == {60000}
    assert online == 1
    assert names == ["preparing", "unreachable"]
    assert state == "ready"


def test_our_site_out_of_reach(fake: Page) -> None:
    assert run(
        fake,
        """
        w.answers.session = () => [0]; w.session.start(); await w.pass();
        const { state, code, retryAt } = w.states.at(-1);
        delete w.answers.session; await w.pass(5_000);
        return [state, code, retryAt > 0, w.session.state];
        """,
    ) == ["unreachable", "unreachable", True, "ready"]


def test_too_many_waits_as_told(fake: Page) -> None:
    assert run(
        fake,
        """
        w.answers.session = () => w.error(429, "too_many", { retryAfter: 40, recoverable: true });
        w.session.start(); await w.pass(39_000);
        const before = [w.session.state, w.session.code, w.count("session")];
        delete w.answers.session; await w.pass(5_000);
        return [before, w.session.state, w.count("session")];
        """,
    ) == [["refused", "too_many", 1], "ready", 2]


def test_what_is_missing_is_not_asked_for_again(fake: Page) -> None:
    assert run(
        fake,
        """
        w.answers.session = () => w.error(404, "file_missing");
        w.session.start(); await w.pass(600_000); w.fire("online"); await w.pass(60_000);
        return [w.session.state, w.session.code, w.count("session")];
        """,
    ) == ["refused", "file_missing", 1]


def test_double_clicks_ask_once(fake: Page) -> None:
    assert run(
        fake,
        """
        for (let i = 0; i < 5; i++) w.session.start();
        for (let i = 0; i < 5; i++) w.session.retry();
        await w.pass(3_000);
        const opening = w.count("session");
        for (let i = 0; i < 5; i++) w.session.start();
        await w.pass(3_000);
        return [opening, w.count("session"), w.session.state];
        """,
    ) == [1, 2, "ready"]


def test_a_page_rendered_in_advance_asks_nothing(fake: Page) -> None:
    assert run(
        fake,
        """
        w.page.prerendering = true; w.session.start(); await w.pass(60_000);
        const before = w.asked.length;
        w.page.prerendering = false; w.fire("prerenderingchange", w.page); await w.pass(3_000);
        return [before, w.session.state];
        """,
    ) == [0, "ready"]


def test_signing_out_empties_the_frame_at_once(fake: Page) -> None:
    assert run(
        fake,
        """
        await w.begin(); await w.session.switchTo("b"); await w.pass(16_000); w.forget();
        w.announce(USER); await w.pass();
        const before = w.session.state;
        w.announce("");
        const at_once = [w.session.state, w.cleared];
        w.answers.presence = () => w.error(401, "signed_out"); w.fire("focus"); await w.pass();
        const still = [w.session.state, w.cleared, w.shown];
        delete w.answers.presence; w.announce(USER); await w.pass(5_000);
        return [before, at_once, still, w.session.state, w.shown, w.files.toSorted()];
        """,
    ) == ["ready", ["signed_out", 1], ["signed_out", 1, 1], "ready", 2, ["a", "b"]]


def test_somebody_else_is_seen_at_a_look(fake: Page) -> None:
    assert run(
        fake,
        """
        await w.begin(); await w.pass(10_000);
        w.answers.presence = () => w.error(409, "other_user"); w.fire("focus"); await w.pass();
        w.fire("focus"); await w.pass(60_000);
        return [w.session.state, w.session.code, w.cleared, w.shown, w.clock.timers.size];
        """,
    ) == ["signed_out", "other_user", 1, 1, 1]


def test_a_token_out_of_date_is_replaced(fake: Page) -> None:
    assert run(
        fake,
        """
        w.answers.session = () => w.token.value === "old" ? w.error(403, "csrf") : null;
        await w.begin();
        return [w.session.state, w.count("session"), w.token.value];
        """,
    ) == ["ready", 2, "new"]


POSTS = """
    const posts = () => w.asked.filter(
        ({ what, method }) => what === "presence" && method === "POST");
"""


def test_the_heart_beats_while_one_looks(fake: Page) -> None:
    """It keeps up our own sign-in, too. Hidden it stands still; seen again, it beats at once."""
    assert run(
        fake,
        f"""
        {POSTS}
        await w.begin(); w.forget(); await w.pass(1_200_000);
        const visible = posts().map(({{ at }}) => at);
        const named = posts().every(
            ({{ json }}) => json.user === USER && json.session.length === 36);
        w.look("hidden"); await w.pass(100); w.forget(); await w.pass(7_200_000);
        const hidden = posts().length;
        w.look("visible"); await w.pass();
        const seen = posts().length;
        w.look("hidden"); w.look("visible"); await w.pass();
        const soon = posts().length;
        await w.pass(41_000);
        return [visible.length, visible[1] - visible[0], named, hidden, seen, soon, posts().length,
            w.clock.most];
        """,
    ) == [60, 20_000, True, 0, 1, 1, 3, 1]


def test_a_project_that_stopped_is_started_again(fake: Page) -> None:
    """Our site alone can tell, within one beat; all files come back, as the log proves."""
    times, words, shown, notes, files, later = run(
        fake,
        """
        await w.begin(); await w.session.switchTo("b"); await w.pass(16_000); w.forget();
        w.running = false;
        w.answers.session = () => { w.running = true; };
        const from = w.clock.time - 1000;
        await w.pass(30_000);
        const asked = w.asked.filter(({ what }) => what === "session");
        const times = asked.map(({ at, json }) => [at - from <= 20_000, json.again]);
        const words = w.states.map(({ state, step, code }) => `${state} ${step} ${code}`.trim());
        w.forget(); await w.pass(120_000);
        return [times, words, w.shown, w.notes, w.files.toSorted(), w.names()];
        """,
    )
    assert times == [[True, True]]
    assert words == ["reconnecting starting stopped", "opening", "ready"]
    assert (shown, notes, files, later) == (2, ["stopped"], ["a", "b"], [])


def test_a_project_that_does_not_start_is_not_asked_for_at_every_beat(fake: Page) -> None:
    assert run(
        fake,
        """
        await w.begin(); w.forget();
        w.running = false; w.answers.session = () => w.error(504, "project_not_started");
        await w.pass(25_000);
        const before = [w.names(), w.session.code];
        w.forget(); await w.pass(120_000);
        return [before, w.names().every((it) => it === "unreachable"), w.count("session") < 6];
        """,
    ) == [
        [["reconnecting", "unreachable", "unreachable", "unreachable"], "project_not_started"],
        True,
        True,
    ]


@pytest.mark.parametrize("running", ["null", "undefined", "true"])
def test_what_is_not_known_to_have_stopped_is_left_alone(fake: Page, running: str) -> None:
    assert run(
        fake,
        f"""
        await w.begin(); w.forget(); w.running = {running}; await w.pass(60_000);
        return [w.names(), w.shown];
        """,
    ) == [[], 1]


def test_who_may_no_longer_open_the_project_sees_no_more_of_it(fake: Page) -> None:
    assert run(
        fake,
        """
        await w.begin(); w.forget();
        w.answers.presence = () => w.error(404, "no_member"); await w.pass(20_000);
        const then = [w.session.state, w.session.code, w.states.at(-1).message, w.cleared,
            w.asked.at(-1).json.state];
        w.forget(); await w.pass(120_000);
        return [then, w.asked.length, w.sent.length, w.session.atRisk];
        """,
    ) == [["refused", "no_member", "no_member.", 1, "closed"], 0, 0, False]


def test_who_is_deactivated_sees_no_more_of_it(fake: Page) -> None:
    assert run(
        fake,
        """
        await w.begin(); w.forget();
        w.answers.presence = () => w.error(401, "signed_out"); await w.pass(20_000);
        return [w.session.state, w.cleared, w.states.at(-1).message.length > 20];
        """,
    ) == ["signed_out", 1, True]


UNOPENED = """
    w.opensNothing = true;
    const mended = { code: "let_in_again", state: "unreachable", message: "m", mended: true };
"""


def test_what_our_site_has_mended_on_cocalc_is_tried_at_once(fake: Page) -> None:
    assert run(
        fake,
        f"""
        {UNOPENED}
        w.answers.diagnosis = ({{ seen }}) => {{ w.opensNothing = false; return [200, mended]; }};
        w.session.start(); await w.pass(16_000);
        const told = (name, key) =>
            w.asked.filter(({{ what }}) => what === name).map(({{ json }}) => json[key]);
        return [told("diagnosis", "seen"), told("session", "again"), w.shown, w.names()];
        """,
    ) == [
        ["unopened"],
        [False, True],
        2,
        ["preparing", "opening", "preparing", "opening", "ready"],
    ]


def test_what_was_mended_in_vain_is_told(fake: Page) -> None:
    """Once an attempt: a second time the cause is shown, and time passes before the next."""
    assert run(
        fake,
        f"""
        {UNOPENED}
        w.answers.diagnosis = () => [200, mended];
        w.session.start(); await w.pass(40_000);
        const then = [w.session.state, w.session.code, w.count("session"), w.count("diagnosis")];
        w.session.retry(); await w.pass(40_000);
        return [then, w.session.state, w.count("session")];
        """,
    ) == [["unreachable", "let_in_again", 2, 2], "unreachable", 4]


def test_a_page_that_opens_nothing_is_never_taken_for_ready(fake: Page) -> None:
    """It is connected, acknowledges and lists the file, as where its cookie is blocked."""
    assert run(
        fake,
        """
        w.opensNothing = true;
        w.session.start(); await w.pass(16_000);
        const then = [w.names(), w.session.code];
        await w.pass(60_000); w.fire("online"); await w.pass(10_000);
        return [then, w.names().includes("ready"), w.session.alive];
        """,
    ) == [[["preparing", "opening", "blocked"], "cause"], False, True]


def test_another_file_that_only_is_acknowledged_is_not_open(fake: Page) -> None:
    assert run(
        fake,
        """
        await w.begin(); w.forget(); w.opensNothing = true;
        w.session.switchTo("b"); await w.pass(16_000);
        const then = [w.names(), w.session.code];
        w.opensNothing = false; w.session.switchTo("a"); await w.pass(3_000);
        return [then, w.session.state, w.shown];
        """,
    ) == [[["opening", "blocked"], "cause"], "ready", 2]


def test_turning_back_to_an_open_file_needs_no_new_proof(fake: Page) -> None:
    assert run(
        fake,
        """
        await w.begin(); await w.session.switchTo("b"); w.forget();
        const switched = await w.session.switchTo("a");
        const then = [switched, w.names(), w.files, w.shown];
        w.forget(); await w.session.command("closeall");
        await w.session.switchTo("b"); await w.pass();
        return [then, w.names(), w.session.state, w.files, w.shown];
        """,
    ) == [
        [True, ["opening", "ready"], ["a", "b"], 1],
        ["no_file", "opening", "ready"],
        "ready",
        ["b"],
        1,
    ]


def test_a_file_that_was_closed_is_proven_anew(fake: Page) -> None:
    """Also the current one."""
    assert run(
        fake,
        """
        await w.begin(); await w.session.command("closeall"); w.forget(); w.opensNothing = true;
        w.session.switchTo("a"); await w.pass(3_000);
        const then = w.names();
        w.log("a"); await w.pass();
        return [then, w.names(), w.shown];
        """,
    ) == [["opening"], ["opening", "ready"], 1]


def test_a_project_that_stopped_before_its_file_was_open_is_started_too(fake: Page) -> None:
    """What CoCalc's page does then looks like a blocked cookie."""
    assert run(
        fake,
        """
        w.opensNothing = true; w.running = false;
        w.answers.session = () => { w.opensNothing = w.shown === 0; w.running = w.shown > 0; };
        w.session.start(); await w.pass(16_000);
        const then = [w.session.state, w.shown];
        await w.pass(10_000);
        return [then, w.session.state, w.shown, w.notes];
        """,
    ) == [["blocked", 1], "ready", 2, ["stopped"]]


def test_what_is_to_be_done_anew_is_done_anew_when_it_failed(fake: Page) -> None:
    assert run(
        fake,
        """
        await w.begin(); w.forget(); w.running = false;
        w.answers.session = () => w.error(503, "cannot_connect"); await w.pass(30_000);
        const json = w.asked.filter(({ what }) => what === "session").map(({ json }) => json.again);
        return [json.length > 2, new Set(json).size, json[0]];
        """,
    ) == [True, 1, True]


def test_the_drivers_proof_is_what_counts(fake: Page) -> None:
    assert run(
        fake,
        """
        w.answers.session = () => [200, { state: "ready", url: "https://cocalc.school.test/x",
            project: P, proofs: ["project-log-time"] }];
        w.session.start(); await w.pass(5_000);
        const then = w.session.state;
        const project_log = { project_id: P, event: { time: 267 }, id: "a" };
        w.say({ source: "cocalc-project-log", payload: { project_log } }); await w.pass();
        return [then, w.session.state];
        """,
    ) == ["opening", "ready"]


def test_the_end_of_the_sign_in_is_told_before(fake: Page) -> None:
    assert run(
        fake,
        """
        w.answers.presence = () => [200, { csrf: "new", seconds: 400 }];
        await w.begin(); const early = [...w.notes];
        w.answers.presence = () => [200, { csrf: "new", seconds: 300 - w.clock.time / 1000 }];
        await w.pass(120_000); const late = [...w.notes];
        w.answers.presence = () => w.error(401, "signed_out"); await w.pass(400_000);
        return [early, late, w.session.state, w.cleared];
        """,
    ) == [[], ["expiring"], "signed_out", 1]


def test_a_mute_frame_is_looked_into_soon(fake: Page) -> None:
    names, code, seen, late = run(
        fake,
        """
        w.mute = true;
        w.session.start(); await w.pass(13_000);
        const looks = w.asked.filter(({ what }) => what === "diagnosis");
        const seen = looks.map(({ json }) => json.seen);
        const names = w.names(), code = w.session.code;
        w.mute = false; await w.pass(3_000);
        return [names, code, seen, w.session.state];
        """,
    )
    assert names[-1] == "blocked"
    assert code == "cause"
    assert seen[:2] == ["silent", "silent"]
    assert late == "ready", "late proof still counts"


def test_a_cause_that_is_sure_is_told_at_once(fake: Page) -> None:
    assert run(
        fake,
        """
        w.mute = true;
        w.answers.diagnosis = () => [200, { code: "certificate", state: "blocked", certain: true }];
        w.session.start(); await w.pass(6_500);
        return [w.session.state, w.session.code, w.count("diagnosis")];
        """,
    ) == ["blocked", "certificate", 1]


def test_cocalc_out_of_reach_is_tried_again(fake: Page) -> None:
    assert run(
        fake,
        """
        w.mute = true;
        const body = { code: "cocalc_unreachable", state: "unreachable", certain: true };
        w.answers.diagnosis = () => [200, body];
        w.session.start(); await w.pass(7_000);
        const before = [w.session.state, w.count("session")];
        w.mute = false; await w.pass(6_000);
        return [before, w.session.state, w.count("session")];
        """,
    ) == [["unreachable", 1], "ready", 2]


def test_a_slow_frame_is_given_time(fake: Page) -> None:
    assert run(
        fake,
        """
        w.mute = true; w.answers.diagnosis = () => [200, { code: "x", state: "unreachable" }];
        w.session.start(); await w.pass(30_000);
        const before = [w.session.state, w.shown];
        w.mute = false; w.opens("a"); await w.pass(3_000);
        return [before, w.session.state, w.shown];
        """,
    ) == [["unreachable", 1], "ready", 1]


def test_cookies_blocked_since(fake: Page) -> None:
    """It was ready once; the cause is told, and not overwritten by the loss."""
    assert run(
        fake,
        """
        await w.begin(); w.mute = true; w.session.start(); await w.pass(120_000);
        return [w.session.state, w.session.code, w.shown];
        """,
    ) == ["blocked", "cause", 2]


def test_what_was_closed_is_opened_again_in_the_same_frame(fake: Page) -> None:
    closed, files, shown, states, left = run(
        fake,
        """
        await w.begin(); w.files.push("b"); await w.pass(20_000); w.forget();
        await w.session.command("closeall", true);
        const closed = [...w.files];
        await w.pass(20_000); // as the next status tells, too
        const opened = w.session.reopen(["b", "a"]);
        await w.pass(1000); await opened;
        const files = [...w.files];
        w.session.leave(["c"]); w.session.start(); await w.pass(3000);
        return [closed, files, w.shown, w.names().slice(0, 1), [...w.files]];
        """,
    )
    assert closed == []
    assert files == ["b", "a"]  # the session's own last
    assert states == ["preparing"]  # by leaving, and nothing before
    assert shown == 2
    assert set(left) == {"a", "b", "c"}  # in the next frame, though no status told of them


def test_a_frame_that_was_left_stays_away_until_it_is_asked_for(fake: Page) -> None:
    away, asked, cleared, closed, files, names = run(
        fake,
        """
        await w.begin(); w.files.push("b"); await w.pass(20_000); w.forget();
        w.session.leave([]);
        const closed = w.asked.filter(({ json }) => json?.state === "closed").length;
        await w.pass(120_000); w.fire("online"); w.fire("focus"); await w.pass(5000);
        const [away, asked, cleared] = [w.names(), w.count("session"), w.cleared];
        w.session.start(); await w.pass(3000);
        return [away, asked, cleared, closed, [...w.files].sort(), w.names()];
        """,
    )
    assert away == ["preparing"]
    assert asked == 0
    assert (cleared, closed) == (1, 1)
    assert files == ["a", "b"]
    assert names[-2:] == ["opening", "ready"]


def test_destroy_leaves_nothing(fake: Page) -> None:
    assert run(
        fake,
        """
        await w.begin(); w.session.destroy(); await w.pass(); w.forget();
        w.fire("online"); w.fire("focus"); w.look("visible"); w.announce("");
        w.session.start(); await w.pass(100_000);
        const failed = await w.session.command("status").catch(({ code }) => code);
        return [w.clock.timers.size, w.closed, w.asked.length, w.sent.length, w.names(), failed];
        """,
    ) == [0, True, 0, 0, [], "frame_gone"]
