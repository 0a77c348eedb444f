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
    const log = (filename) => w.say({ source: "cocalc-project-log", payload: { project_log:
        { project_id: P, event: { event: "open", action: "open", filename } } } });
    w.mute = true; w.session.start(); await w.pass(); w.files = ["a"]; log("a"); await w.pass();
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
        log("b"); await w.pass();
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
        return [w.files, w.shown, w.session.state];
        """,
    ) == [["b", "a"], 1, "ready"]


def test_files_that_the_user_closed_stay_closed(fake: Page) -> None:
    assert run(
        fake,
        """
        await w.begin(); await w.pass(16_000); w.forget();
        w.files = []; await w.pass(40_000);
        w.time = new Date(99); await w.pass(40_000);
        return [w.files, w.shown, w.session.state, w.session.atRisk];
        """,
    ) == [[], 1, "ready", False]


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


def test_after_half_a_day_it_is_proven_that_somebody_is_signed_in_there(fake: Page) -> None:
    """Also where the files are still listed."""
    assert run(
        fake,
        """
        await w.begin(); await w.pass(16_000); w.forget();
        const now = Date.now; Date.now = () => now() + 13 * 3_600_000;
        w.fire("online"); await w.pass(10_000);
        const answered = [w.shown, w.sent.filter(({ action }) => action === "open").length];
        w.signedIn = false; w.fire("online"); await w.pass(12_000);
        Date.now = now;
        return [answered, w.shown, w.session.state, w.notes];
        """,
    ) == [[1, 1], 2, "ready", ["reopened"]]


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


def test_our_own_sign_in_is_kept_up_while_one_looks(fake: Page) -> None:
    assert run(
        fake,
        """
        await w.begin(); w.forget(); await w.pass(1_200_000);
        const posts = () => w.asked.filter(
            ({ what, method }) => what === "presence" && method === "POST").length;
        const visible = posts();
        w.look("hidden"); await w.pass(100); w.forget(); await w.pass(7_200_000);
        return [visible, posts()];
        """,
    ) == [5, 0]


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
        w.mute = false; w.files = ["a"]; await w.pass(3_000);
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
        await w.session.command("closeall");
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
