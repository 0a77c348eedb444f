"""What may be credited to what, and when a call or a state ends: with a clock that is turned."""

from typing import Any

import pytest
from playwright.sync_api import Page

IMPORTS = """
    const { World, P, Q, turn } = await import("/fake.js");
    const { BridgeError } = await import("/messages.js");
"""


def run(page: Page, script: str, argument: Any = None) -> Any:
    return page.evaluate(f"async (argument) => {{ {IMPORTS} {script} }}", argument)


class TestOpen:
    def test_is_repeated_until_acknowledged_and_never_after(self, fake: Page) -> None:
        assert run(
            fake,
            """
            const w = new World(); w.bridge.open(P, "a");
            await w.clock.pass(2500);
            w.reply("ack", "a");
            await w.clock.pass(30000);
            return w.opens();
            """,
        ) == [0, 1000, 2000]

    def test_without_any_reply(self, fake: Page) -> None:
        assert run(
            fake,
            """
            const w = new World(); const opening = w.bridge.open(P, "a");
            const seen = [w.watch(opening.acknowledged), w.watch(opening.result)];
            await w.clock.pass(19999);
            const before = seen.map(({is}) => is);
            await w.clock.pass(1);
            return [before, seen.map(({is}) => is), w.opens().length, w.clock.timers.size];
            """,
        ) == [["pending"] * 2, ["timeout_acknowledge"] * 2, 20, 0]

    def test_without_done(self, fake: Page) -> None:
        assert run(
            fake,
            """
            const w = new World(); const opening = w.bridge.open(P, "a");
            const seen = [w.watch(opening.acknowledged), w.watch(opening.result)];
            await w.clock.pass(5000); w.reply("ack", "a");
            await w.clock.pass(30000); w.reply("ack", "a");
            await w.clock.pass(29999);
            const before = seen.map(({is}) => is);
            await w.clock.pass(1);
            return [before, seen.map(({is}) => is)];
            """,
        ) == [["fine", "pending"], ["fine", "timeout_open"]]

    @pytest.mark.parametrize("proof", ['reply("done", "a")', 'log("a")'])
    def test_is_open_even_if_the_ack_was_lost(self, fake: Page, proof: str) -> None:
        assert run(
            fake,
            f"""
            const w = new World(); const opening = w.bridge.open(P, "a");
            const seen = [w.watch(opening.acknowledged), w.watch(opening.result)];
            w.{proof}; await turn();
            w.reply("ack", "a"); w.reply("done", "a"); w.reply("error", "a"); await turn();
            return [seen.map(({{is}}) => is), w.clock.timers.size <= 1];
            """,
        ) == [["fine", "fine"], True]

    def test_where_commands_are_answered_the_log_is_no_reply(self, fake: Page) -> None:
        assert run(
            fake,
            """
            const w = new World(); w.bridge.expect(P, "a");
            const seen = w.watch(w.bridge.open(P, "a"));
            w.status();
            w.log("a"); await turn();
            const then = [seen.is, w.bridge.state];
            w.reply("ack", "a"); w.reply("done", "a"); await turn();
            return [then, seen.is, w.events.filter((e) => e.command?.path && e.kind).length];
            """,
        ) == [["pending", "ready"], "fine", 2]

    def test_two_calls_for_one_file_are_one(self, fake: Page) -> None:
        assert run(
            fake,
            """
            const w = new World();
            const calls = [w.bridge.open(P, "a"), w.bridge.open(P, "a"), w.bridge.open(P, "b")];
            const seen = calls.map((call) => w.watch(call));
            w.reply("ack", "a"); w.reply("done", "a"); await turn();
            const one = calls[0] === calls[1];
            calls.push(w.bridge.open(P, "a"));
            return [one, seen.map(({is}) => is), calls[3] === calls[0], w.sent.length];
            """,
        ) == [True, ["fine", "fine", "pending"], False, 3]

    def test_a_reply_is_for_the_file_it_names(self, fake: Page) -> None:
        assert run(
            fake,
            """
            const w = new World();
            const seen = [[P, "a"], [Q, "a"], [P, "b"]].map((it) => w.watch(w.bridge.open(...it)));
            w.reply("error", "a", {project_id: Q, mesg: "problem opening project"});
            w.reply("done", "b");
            w.reply("done", "c");
            w.reply("done", undefined);
            w.reply("done", "a", {project_id: undefined});
            await turn();
            return [seen.map(({is}) => is), seen[1].error.message,
                w.events.filter((e) => e.type === "reply").map((e) => e.command?.path ?? null)];
            """,
        ) == [
            ["pending", "refused", "fine"],
            "CoCalc did not open the file: problem opening project",
            ["a", "b", None, None, None],
        ]

    def test_after_a_timeout_late_replies_settle_only_the_same_file(self, fake: Page) -> None:
        assert run(
            fake,
            """
            const w = new World({acknowledge: 100});
            const first = w.watch(w.bridge.open(P, "a"));
            await w.clock.pass(100);
            const other = w.watch(w.bridge.open(P, "b"));
            w.reply("ack", "a"); w.reply("done", "a"); await turn();
            const then = [first.is, other.is, w.bridge.openFiles.size];
            const again = w.watch(w.bridge.open(P, "a"));
            w.reply("ack", "a"); w.reply("done", "a"); await turn();
            return [then, again.is, other.is];
            """,
        ) == [["timeout_acknowledge", "pending", 0], "fine", "pending"]

    @pytest.mark.parametrize(
        "what",
        [
            'undefined, "a"',
            '"nope", "a"',
            'P.toUpperCase(), "a"',
            '[P], "a"',
            'P + "\\n", "a"',
            "P",
            'P, ""',
            "P, 5",
            'P, ["a"]',
        ],
    )
    def test_what_is_no_file_is_not_sent(self, fake: Page, what: str) -> None:
        assert run(
            fake,
            f"""
            const w = new World(); const opening = w.bridge.open({what});
            const seen = [w.watch(opening.acknowledged), w.watch(opening.result)];
            let thrown;
            try {{ w.bridge.expect({what}); }} catch (error) {{ thrown = error.code; }}
            await turn();
            return [seen.map(({{is}}) => is), thrown, w.sent.length, w.clock.timers.size];
            """,
        ) == [["bad_request"] * 2, "bad_request", 0, 0]


class TestErrorsWithoutAction:
    TEXTS = (
        "invalid path, it must be a string",
        "Unknown action 'close'",
        'There is no payload "data"',
        'The payload "data" must be an object',
        "invalid project_id='nope'",
    )

    @pytest.mark.parametrize("text", TEXTS)
    def test_belong_to_nobody(self, fake: Page, text: str) -> None:
        assert run(
            fake,
            """
            const w = new World();
            const calls = [w.bridge.closeAll(), w.bridge.status(), w.bridge.open(P, "a")];
            const seen = calls.map((call) => w.watch(call));
            w.say({status: "error", mesg: argument}); await turn();
            const {kind, text, command} = w.events.at(-1);
            return [seen.map(({is}) => is), kind, text, command ?? null];
            """,
            text,
        ) == [["pending"] * 3, "error", text, None]

    def test_unless_they_name_the_project_of_one_call(self, fake: Page) -> None:
        assert run(
            fake,
            """
            const w = new World();
            const seen = [[P, "a"], [Q, "a"], [P, "b"]].map((it) => w.watch(w.bridge.open(...it)));
            w.say({status: "error", mesg: `invalid project_id='${P}'`}); await turn();
            const both = seen.map(({is}) => is);
            w.say({status: "error", mesg: `invalid project_id='${Q}'`}); await turn();
            return [both, seen.map(({is}) => is)];
            """,
        ) == [["pending"] * 3, ["pending", "refused", "pending"]]

    def test_are_quoted_in_part_only(self, fake: Page) -> None:
        length = run(
            fake,
            """
            const w = new World(); const seen = w.watch(w.bridge.open(P, "a"));
            w.reply("error", "a", {mesg: "x".repeat(1e6)}); await turn();
            return seen.error.message.length;
            """,
        )
        assert length < 400


class TestStatus:
    def test_callers_share_one(self, fake: Page) -> None:
        assert run(
            fake,
            """
            const w = new World();
            const calls = [w.bridge.status(), w.bridge.status()];
            w.status({[P]: ["a", "b"], [Q]: []}, {ping: 3});
            const {openFiles, statusTime, ...plain} = await calls[0];
            return [calls[0] === calls[1], w.sent.length, plain, [...openFiles], +statusTime,
                [...w.bridge.openFiles]];
            """,
        ) == [
            True,
            1,
            {"quality": "good", "status": "connected", "ping": 3, "gone": False},
            [["4cc25d0b-e9a9-4c0a-b116-cb8c3d7ef667", ["a", "b"]]],
            1,
            [["4cc25d0b-e9a9-4c0a-b116-cb8c3d7ef667", ["a", "b"]]],
        ]

    def test_may_lack_anything(self, fake: Page) -> None:
        assert run(
            fake,
            """
            const w = new World(); const call = w.bridge.status();
            w.say({status: "done", connection: {}});
            const {openFiles, ...rest} = await call;
            return [openFiles.size, rest];
            """,
        ) == [0, {"quality": "", "status": "", "statusTime": None, "ping": None, "gone": False}]

    def test_ends(self, fake: Page) -> None:
        assert run(
            fake,
            """
            const w = new World(); const first = w.watch(w.bridge.status());
            await w.clock.pass(4000);
            const second = w.watch(w.bridge.status());
            w.status(); await turn(); // late, and as good for the second
            w.status(); // a duplicate is for nobody
            return [first.is, first.error.recoverable, second.is,
                w.events.filter((e) => e.type === "reply").map((e) => !!e.command)];
            """,
        ) == ["timeout_status", True, "fine", [True, False]]


class TestCloseAll:
    def test_one_at_a_time(self, fake: Page) -> None:
        assert run(
            fake,
            """
            const w = new World(); const calls = [w.bridge.closeAll(), w.bridge.closeAll()];
            await w.clock.pass(9000);
            const sent = w.sent.length;
            w.closed(); await turn();
            return [calls[0] === calls[1], sent, w.watch(calls[0]), w.clock.timers.size <= 1];
            """,
        )[:2] == [True, 1]

    def test_ends(self, fake: Page) -> None:
        assert run(
            fake,
            """
            const w = new World(); const seen = w.watch(w.bridge.closeAll());
            await w.clock.pass(10000);
            w.closed(); await turn();
            return [seen.is, seen.error.recoverable, w.sent.length];
            """,
        ) == ["timeout_close", True, 1]

    def test_overtakes_what_is_opening_and_holds_back_what_follows(self, fake: Page) -> None:
        assert run(
            fake,
            """
            const w = new World();
            const first = w.watch(w.bridge.open(P, "a"));
            const closing = w.watch(w.bridge.closeAll());
            const second = w.watch(w.bridge.open(P, "a"));
            w.reply("ack", "a"); w.reply("done", "a"); await turn(); // of the first
            const then = [first.is, closing.is, second.is, w.opens().length];
            w.closed();
            await w.clock.pass(0);
            const sent = w.opens().length;
            w.reply("ack", "a"); w.reply("done", "a"); await turn();
            return [then, closing.is, sent, second.is];
            """,
        ) == [["superseded", "pending", "pending", 1], "fine", 2, "fine"]


class TestState:
    def test_connected_is_no_proof(self, fake: Page) -> None:
        assert run(
            fake,
            """
            const w = new World(); w.bridge.expect(P, "a"); w.bridge.watch();
            w.onCommand = () => w.clock.later(5, () => w.status());
            await w.clock.pass(44999);
            const before = w.bridge.state;
            await w.clock.pass(1);
            w.onCommand = () => w.clock.later(5, () => w.status({[P]: ["b", "a"]}));
            await w.clock.pass(10000);
            const listed = w.bridge.state;
            w.log("b"); w.log("a", Q);
            const other = w.bridge.state;
            w.log("a");
            return [before, listed, other, w.states()];
            """,
        ) == ["opening", "lost", "lost", ["45000 lost: unproven", "55000 ready: log"]]

    def test_nothing_that_is_said_before_a_file_is_open_is_proof(self, fake: Page) -> None:
        """A page whose cookie is blocked acknowledges, lists, asks; and is done after "Cancel"."""
        assert run(
            fake,
            """
            const w = new World(); w.bridge.expect(P, "a"); w.bridge.watch();
            const opening = w.watch(w.bridge.open(P, "a"));
            w.reply("ack", "a"); w.status({[P]: ["a"]}); await w.clock.pass(5000);
            const then = [opening.is, w.bridge.state];
            w.reply("done", "a"); w.status({[P]: ["a"]}); w.status({}); await w.clock.pass(5000);
            return [then, opening.is, w.states()];
            """,
        ) == [["pending", "opening"], "fine", []]

    def test_another_file_is_proven_anew_but_not_one_that_stayed_open(self, fake: Page) -> None:
        """Turning to an open file is not logged again; opening a closed one is."""
        assert run(
            fake,
            """
            const w = new World(); const states = [];
            const turnTo = (path) => { w.bridge.expect(P, path); states.push(w.bridge.state); };
            turnTo("a"); w.bridge.watch(); w.log("a");
            turnTo("b"); w.status({[P]: ["a", "b"]}); w.reply("done", "b"); w.log("b");
            turnTo("a"); w.status({[P]: ["a", "b"]});
            w.status({[P]: ["a"]}); // b is closed
            turnTo("b"); w.log("b"); w.bridge.closeAll(); w.closed();
            turnTo("a");
            return [states, w.states().map((it) => it.slice(2))];
            """,
        ) == [
            ["opening", "opening", "ready", "opening", "opening"],
            [*["ready: log"] * 3, "no_file: closed"],
        ]

    def test_a_file_that_is_refused_leaves_what_was(self, fake: Page) -> None:
        assert run(
            fake,
            """
            const w = new World(); w.bridge.expect(P, "a"); w.bridge.watch(); w.log("a");
            const back = w.bridge.expect(P, "b"); const then = w.bridge.state;
            back(); const after = w.bridge.state;
            w.status({[P]: ["a"]}, {status: "disconnected"}); w.status({[P]: ["a"]});
            return [then, after, w.bridge.state];
            """,
        ) == ["opening", "ready", "ready"]

    def test_where_the_log_comes_early_the_time_it_took_is_the_proof(self, fake: Page) -> None:
        """As a driver may declare; by the entry's id, also of two files at once."""
        assert run(
            fake,
            """
            const w = new World({}, ["project-log-time"]); const seen = [];
            const entry = (project_log) => {
              w.say({ source: "cocalc-project-log", payload: { project_log } });
              seen.push(w.bridge.state);
            };
            const time = { time: 200 };
            w.bridge.expect(P, "a"); w.bridge.watch(); w.bridge.open(P, "b");
            entry({ project_id: P, event: time, id: undefined });
            entry({ project_id: P, event: { event: "open", filename: "b" }, id: "1" });
            entry({ project_id: P, event: { event: "open", filename: "a" }, id: "2" });
            entry({ project_id: P, event: time, id: "3" });
            entry({ project_id: P, event: time, id: "1" });
            entry({ project_id: P, event: { time: "200" }, id: "2" });
            entry({ project_id: P, event: time, id: "2" });
            w.bridge.expect(P, "b");
            return [seen, w.bridge.state];
            """,
        ) == [["opening"] * 6 + ["ready"], "ready"]

    def test_polling_is_fast_then_slow(self, fake: Page) -> None:
        assert run(
            fake,
            """
            const w = new World(); w.bridge.expect(P, "a");
            let files = {};
            w.onCommand = () => w.status(files);
            w.bridge.watch();
            await w.clock.pass(3500);
            files = {[P]: ["a"]};
            await w.clock.pass(500);
            w.log("a");
            await w.clock.pass(30500);
            w.onCommand = () => {};
            await w.clock.pass(30000);
            w.bridge.destroy();
            return [w.sent.map(({at}) => at - 1000), w.states(), w.clock.most];
            """,
        ) == [
            # While a status is without a reply, it is sent again every second.
            [0, 1000, 2000, 3000, 4000, 19000, 34000] + [n * 1000 for n in range(49, 65)],
            ["4000 ready: log", "53000 slow: silent", "64000 lost: silent"],
            1,
        ]

    def test_silence_and_return(self, fake: Page) -> None:
        assert run(
            fake,
            """
            const w = new World(); w.bridge.expect(P, "a"); w.bridge.watch();
            w.status({[P]: ["a"]}); w.log("a");
            await w.clock.pass(20000); // the next poll is not answered
            w.status({[P]: ["a"]});
            await w.clock.pass(40000); // nor is the one after
            w.bridge.open(P, "b"); w.reply("ack", "b");
            w.status({[P]: ["a"]});
            return w.states();
            """,
        ) == [
            "0 ready: log",
            "19000 slow: silent",
            "20000 ready: status",
            "38000 slow: silent",
            "49000 lost: silent",
            "60000 ready: status",
        ]

    def test_disconnected(self, fake: Page) -> None:
        assert run(
            fake,
            """
            const w = new World(); w.bridge.expect(P, "a");
            let status = "connected", files = {[P]: ["a"]};
            w.onCommand = () => w.status(files, {status});
            w.bridge.watch(); w.log("a");
            await w.clock.pass(1000);
            status = "disconnected";
            await w.clock.pass(20000);
            status = "connecting";
            await w.clock.pass(20000);
            status = "connected"; files = {};
            await w.clock.pass(10000); // connected again, with nothing open: not signed in
            const state = w.bridge.state;
            files = {[P]: ["b"]};
            await w.clock.pass(10000);
            return [state, w.states()];
            """,
        ) == [
            "lost",
            [
                "0 ready: log",
                "15000 slow: disconnected",
                "30000 lost: disconnected",
                "53000 ready: status",
            ],
        ]

    def test_all_closed_is_no_loss(self, fake: Page) -> None:
        assert run(
            fake,
            """
            const w = new World(); w.bridge.expect(P, "a"); w.bridge.watch();
            w.status({[P]: ["a"]}); w.log("a");
            w.bridge.closeAll(); w.closed();
            w.status({}, {status: "disconnected"});
            w.status({});
            return w.states();
            """,
        ) == ["0 ready: log", "0 no_file: closed", "0 slow: disconnected", "0 no_file: status"]

    def test_an_empty_frame_is_ready_again_by_the_log_alone(self, fake: Page) -> None:
        """By that of any file. What is listed or acknowledged may lie under a dialog."""
        assert run(
            fake,
            """
            const w = new World(); w.bridge.expect(P, "a"); w.bridge.watch();
            w.status({[P]: ["a"]}); w.log("a");
            w.status({}); w.status({});
            w.bridge.open(P, "b"); w.reply("ack", "b"); w.reply("done", "b");
            w.status({[P]: ["b"]}); w.status({[P]: ["b"]}, {status: "disconnected"});
            w.status({[P]: ["b"]});
            const before = w.bridge.state;
            w.log("c");
            return [before, w.states().map((it) => it.slice(2))];
            """,
        ) == [
            "no_file",
            [
                "ready: log",
                "no_file: status",
                "slow: disconnected",
                "no_file: status",
                "ready: log",
            ],
        ]

    def test_a_page_that_was_loaded_anew_is_not_empty_yet(self, fake: Page) -> None:
        assert run(
            fake,
            """
            const w = new World(); w.bridge.expect(P, "a"); w.bridge.watch();
            w.status({[P]: ["a"]}); w.log("a");
            const gone = [];
            w.bridge.addEventListener("reply", ({detail}) => gone.push(detail.status.gone));
            const anew = {status_time: new Date(99)};
            w.status({}, anew); w.status({}, anew); w.status({[P]: ["a"]}, anew);
            w.status({}, anew);
            return [gone, w.states()];
            """,
        ) == [[True, True, False, False], ["0 ready: log", "0 no_file: status"]]

    def test_a_dead_channel_is_announced_and_is_no_loss(self, fake: Page) -> None:
        assert run(
            fake,
            """
            const w = new World(); w.bridge.expect(P, "a"); w.bridge.watch();
            await w.clock.pass(3000);
            w.log("a");
            await w.clock.pass(600000);
            const dead = w.events.filter(({type}) => type === "channel");
            w.status({[P]: ["a"]});
            return [w.states(), dead, w.events.filter(({type}) => type === "channel").length];
            """,
        ) == [["3000 ready: log"], [{"type": "channel", "alive": False, "at": 11000}], 2]

    def test_nothing_at_all(self, fake: Page) -> None:
        assert run(
            fake,
            """
            const w = new World(); w.bridge.expect(P, "a"); w.bridge.watch();
            await w.clock.pass(100000);
            const states = w.states();
            w.log("a");
            return [states, w.bridge.state];
            """,
        ) == [["45000 lost: unproven"], "ready"]

    def test_where_the_log_is_first_commands_are_asked_after_until_that_is_known(
        self, fake: Page
    ) -> None:
        """Whether they are answered matters to whoever opens another file soon."""
        assert run(
            fake,
            """
            const w = new World(); w.bridge.expect(P, "a"); w.bridge.watch();
            await w.clock.pass(300);
            w.log("a");
            await w.clock.pass(0);
            const then = [w.bridge.alive, w.bridge.state];
            await w.clock.pass(5000);
            const sent = w.sent.map(({at}) => at - 1000);
            w.onCommand = () => w.status({[P]: ["a"]});
            await w.clock.pass(1000);
            const before = w.sent.length;
            await w.clock.pass(14000);
            const quiet = w.sent.length - before;
            await w.clock.pass(1000);
            return [then, sent, w.bridge.alive, quiet, w.sent.length - before, w.states(),
                w.clock.most];
            """,
        ) == [
            [None, "ready"],
            [0, 300, 1300, 2300, 3300, 4300, 5300],
            True,
            0,
            1,
            ["300 ready: log"],
            1,
        ]

    def test_a_frame_that_could_not_be_spoken_to_is_asked_at_the_first_log(
        self, fake: Page
    ) -> None:
        """A fast CoCalc logs the file before the first repetition."""
        assert run(
            fake,
            """
            const w = new World(); w.bridge.expect(P, "a");
            w.frame.location = {origin: "null"}; // an empty frame's, which we may read
            w.bridge.watch(); const opening = w.watch(w.bridge.open(P, "a"));
            await w.clock.pass(700);
            const before = w.sent.length;
            delete w.frame.location;
            w.onCommand = () => w.status({[P]: ["a"]});
            w.log("a");
            await w.clock.pass(0);
            return [before, opening.is, w.sent.map(({command, at}) => [command.action, at - 1000]),
                w.bridge.alive, w.bridge.state];
            """,
        ) == [0, "fine", [["status", 700]], True, "ready"]

    def test_a_dead_channel_is_asked_after_no_more_often_than_a_live_one(self, fake: Page) -> None:
        assert run(
            fake,
            """
            const w = new World(); w.bridge.expect(P, "a"); w.bridge.watch();
            w.log("a");
            await w.clock.pass(20000);
            const before = w.sent.length;
            await w.clock.pass(60000);
            // A status without a reply is repeated for four seconds.
            return [w.bridge.alive, w.sent.length - before];
            """,
        ) == [False, 16]


class TestDestroy:
    def test_leaves_nothing(self, fake: Page) -> None:
        assert run(
            fake,
            """
            const w = new World(); w.bridge.expect(P, "a"); w.bridge.watch();
            const calls = [w.bridge.open(P, "a"), w.bridge.status()];
            calls.push(calls[0].acknowledged, w.bridge.closeAll(), w.bridge.open(P, "b"));
            const seen = calls.map((call) => w.watch(call));
            w.bridge.destroy();
            const listeners = w.listeners;
            const after = [w.bridge.open(P, "b"), w.bridge.status(), w.bridge.closeAll()];
            seen.push(...after.map((call) => w.watch(call)));
            const events = w.events.length, sent = w.sent.length;
            w.bridge.watch(); w.bridge.probe(); w.bridge.expect(P, "a"); w.bridge.destroy();
            w.status({[P]: ["a"]}); w.log("a");
            await w.clock.pass(100000);
            return [seen.map(({is}) => is), listeners, w.clock.timers.size,
                w.events.length - events, w.sent.length - sent];
            """,
        ) == [["superseded", "destroyed", "superseded", *["destroyed"] * 5], 0, 0, 0, 0]

    @pytest.mark.parametrize("event", ["sent", "reply", "state", "log", "channel"])
    def test_from_within_any_event(self, fake: Page, event: str) -> None:
        assert run(
            fake,
            """
            const w = new World(); w.bridge.expect(P, "a");
            let after = null;
            w.bridge.addEventListener(argument, () => {
                w.bridge.destroy();
                after ??= [w.events.length, w.sent.length];
            });
            const seen = w.watch(w.bridge.open(P, "a"));
            w.bridge.watch();
            w.log("a"); w.status({[P]: ["a"]}); w.reply("ack", "a");
            await w.clock.pass(100000);
            return [w.clock.timers.size, w.events.length - after[0], w.sent.length - after[1]];
            """,
            event,
        ) == [0, 0, 0]


def test_an_origin_must_be_exact(fake: Page) -> None:
    assert (
        run(
            fake,
            """
        const { Bridge } = await import("/bridge.js");
        const refused = [];
        for (const origin of ["", "*", "null", "/", "cocalc.school.test", "https://c.test/",
                              "https://c.test/x", "https://C.test", "https://c.test:443",
                              "file:///x", undefined])
            try { new Bridge(() => null, origin); } catch { refused.push(origin); }
        return refused.length;
        """,
        )
        == 11
    )


@pytest.mark.parametrize(
    ("code", "recoverable"),
    [
        ("bad_request", False),
        ("destroyed", False),
        ("frame_gone", True),
        ("superseded", False),
        ("timeout_acknowledge", True),
        ("timeout_close", True),
        ("timeout_open", True),
        ("timeout_status", True),
    ],
)
def test_errors_speak_in_sentences(fake: Page, code: str, recoverable: bool) -> None:
    error = run(fake, "const e = new BridgeError(argument); return {...e, text: e.message}", code)
    text = error.pop("text")
    assert text[0].isupper()
    assert text.endswith(".")
    assert error == {"code": code, "recoverable": recoverable}
