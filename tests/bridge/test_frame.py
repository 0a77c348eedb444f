"""The bridge and a scripted frame on another origin, in a real browser."""

from typing import Any

import pytest

from tests.bridge.conftest import Stage

PROJECT = "4cc25d0b-e9a9-4c0a-b116-cb8c3d7ef667"

STATUS = {
    "status": "done",
    "connection": {"quality": "good", "status": "connected", "status_time": "2026-11-23"},
    "open_files": {PROJECT: ["a.ipynb"]},
}
ACK = {"status": "ack", "action": "open", "project_id": PROJECT, "path": "a.ipynb"}
DONE = {**ACK, "status": "done"}
CLOSED = {"status": "done", "mesg": "all files are closed"}
LOG = {
    "source": "cocalc-project-log",
    "payload": {
        "project_log": {
            "event": {"event": "open", "action": "open", "filename": "a.ipynb"},
            "project_id": PROJECT,
        }
    },
}


def test_every_command_is_answered(stage: Stage) -> None:
    answers = stage.run("""
        start({}, {repeat: 60000}); await loaded(frame);
        const before = await bridge.status();
        const opening = bridge.open(P, "hw/nb.ipynb");
        await opening.acknowledged;
        await opening.result;
        const after = await bridge.status();
        await bridge.closeAll();
        const closed = bridge.openFiles;
        return [before, after.openFiles.get(P), closed.size, (await bridge.status()).openFiles.size,
                before.statusTime instanceof Date];
    """)
    assert answers[0]["quality"] == "good"
    assert answers[0]["status"] == "connected"
    assert answers[0]["ping"] is None
    assert answers[1:] == [["hw/nb.ipynb"], 0, 0, True]
    assert stage.run("return replies()") == [
        ["status", "status", "connected"],
        ["ack", "hw/nb.ipynb", ""],
        ["done", "hw/nb.ipynb", ""],
        ["status", "status", "connected"],
        ["done", "closeall", "all files are closed"],
        ["status", "status", "connected"],
    ]


def test_what_was_sent_is_told(stage: Stage) -> None:
    stage.run('start(); await loaded(frame); await bridge.open(P, "é/名 1.md");')
    command = {"action": "open", "project_id": PROJECT, "path": "é/名 1.md"}
    sent = stage.run("return heard.filter(({type}) => type === 'sent').map(e => e.command)")
    assert sent[-1] == command
    assert stage.frame.evaluate("received.at(-1)") == command
    assert stage.run("return heard.every(({type, time}) => type !== 'sent' || time > 1e12)")


def test_two_opens_and_a_status_back_to_back(stage: Stage) -> None:
    outcomes = stage.run("""
        start({}, {repeat: 60000}); await loaded(frame);
        const calls = [bridge.open(P, "x/1.txt"), bridge.open(P, "x/2.txt"), bridge.status()];
        const { openFiles } = await calls[2];
        await Promise.all(calls);
        return openFiles.size;
    """)
    # CoCalc answers the status first, with the old list.
    assert outcomes == 0
    replies = stage.run("return replies()")
    assert replies[0][0] == "status"
    assert sorted(replies[1:]) == [
        ["ack", "x/1.txt", ""],
        ["ack", "x/2.txt", ""],
        ["done", "x/1.txt", ""],
        ["done", "x/2.txt", ""],
    ]


def test_an_open_before_the_reload_is_repeated_until_acknowledged(stage: Stage) -> None:
    stage.run("""
        start({reload: "open"}, {repeat: 100}); await loaded(frame);
        await bridge.status();
        await bridge.open(P, "a.ipynb");
    """)
    sent = "heard.filter(({type, command}) => type === 'sent' && command.path).length"
    count = stage.run(f"return {sent}")
    assert count > 1
    stage.run("await pause(500)")
    assert stage.run(f"return {sent}") == count


def test_a_reload_swallows_a_status_but_not_the_call(stage: Stage) -> None:
    assert stage.run("""
        start({reload: 50}, {repeat: 50, status: 60000, pollOpening: 50});
        bridge.watch();
        await loaded(frame); await loaded(frame);
        return (await bridge.status()).status;
    """)
    assert stage.run("return bridge.state") == "opening"  # connected, yet nothing is proven


def test_the_deep_link_is_proven_by_the_log_alone(stage: Stage) -> None:
    stage.run("""
        start({file: [P, "a.ipynb"], reload: 100}, {pollOpening: 50});
        bridge.expect(P, "a.ipynb");
        bridge.watch();
    """)
    stage.until("bridge.state === 'ready'")
    assert stage.run("return states()") == ["ready: log"]
    stage.until("bridge.openFiles.get(P)?.[0] === 'a.ipynb'")


def test_where_the_channel_is_dead_the_log_is_the_proof(stage: Stage) -> None:
    stage.run("""
        start({file: [P, "a.ipynb"], silent: true}, {channel: 300, slow: 100, lost: 200,
              pollReady: 100, status: 100});
        bridge.expect(P, "a.ipynb");
        bridge.watch();
    """)
    stage.until("bridge.state === 'ready'")
    stage.until("heard.some(({type, alive}) => type === 'channel' && alive === false)")
    stage.run("await pause(500)")
    assert stage.run("return [states(), replies()]") == [["ready: log"], []]


def test_another_file_in_the_log_proves_nothing(stage: Stage) -> None:
    stage.run("""
        start({file: [P, "other.ipynb"], silent: true});
        bridge.expect(P, "a.ipynb");
        bridge.watch();
    """)
    stage.until("heard.some(({type}) => type === 'log')")
    assert stage.run("return bridge.state") == "opening"


@pytest.mark.parametrize("ok", [True, False])
def test_a_stopped_project_asks_first_and_says_done_either_way(stage: Stage, ok: bool) -> None:
    stage.run("""
        start({stopped: P}); await loaded(frame);
        window.opening = bridge.open(P, "a.ipynb");
        opening.result.then(() => (window.finished = true));
        await opening.acknowledged;
    """)
    assert stage.run("return window.finished") is None
    stage.frame.evaluate(f"answer({str(ok).lower()})")
    stage.until("window.finished")
    assert stage.run("return (await bridge.status()).openFiles.has(P)") is ok


def test_a_project_of_somebody_else_gets_no_reply(stage: Stage) -> None:
    assert stage.run("""
        start({closed: [Q]}, {acknowledge: 500, repeat: 100}); await loaded(frame);
        const opening = bridge.open(Q, "a.ipynb");
        return Promise.all([outcome(opening.acknowledged), outcome(opening.result)]);
    """) == ["timeout_acknowledge", "timeout_acknowledge"]


def test_a_file_that_fails_is_refused_in_cocalcs_words(stage: Stage) -> None:
    assert stage.run("""
        start({broken: {"a.ipynb": "problem opening project -- no"}}); await loaded(frame);
        const opening = bridge.open(P, "a.ipynb");
        await opening.acknowledged;
        return opening.catch(({code, message, recoverable}) => [code, message, recoverable]);
    """) == ["refused", "CoCalc did not open the file: problem opening project -- no", False]


FOREIGN = [
    "an unrelated frame of CoCalc's origin",
    "another origin",
    "a frame inside the frame",
    "our own window",
]


@pytest.mark.parametrize("source", FOREIGN)
def test_only_our_frame_counts(stage: Stage, source: str) -> None:
    stage.run(
        """
        start({manual: true}, {repeat: 60000});
        await loaded(frame);
        bridge.expect(P, "a.ipynb");
        window.calls = [bridge.open(P, "a.ipynb"), bridge.closeAll(), bridge.status()];
        calls[3] = bridge.open(P, "a.ipynb");
        window.foreign = 0;
        addEventListener("message", ({data}) => { foreign += data === "the end"; });
        """
    )
    messages = [STATUS, ACK, DONE, CLOSED, LOG, {"status": "error", "mesg": PROJECT}, "the end"]
    speak = "messages => messages.forEach((m) => WINDOW.postMessage(m, '*'))"
    if source == FOREIGN[0]:
        frames = "await loaded(addFrame({manual: true}));"
        stage.run(frames)
        stage.page.frames[-1].evaluate(speak.replace("WINDOW", "parent"), messages)
    elif source == FOREIGN[1]:
        # The frame is ours, but it went elsewhere.
        stage.run("frame.src = argument + '/frame.html'; await loaded(frame);", stage.sites.other)
        stage.page.frames[-1].evaluate(speak.replace("WINDOW", "parent"), messages)
    elif source == FOREIGN[2]:
        stage.frame.evaluate(
            "new Promise(r => { const f = document.createElement('iframe'); f.onload = r;"
            " f.src = '/frame.html'; document.body.append(f); })"
        )
        stage.page.frames[-1].evaluate(speak.replace("WINDOW", "top"), messages)
    else:
        stage.page.evaluate(speak.replace("WINDOW", "window"), messages)
    stage.until("foreign === 1")
    assert stage.run("return heard.filter(({type}) => type !== 'sent')") == []
    assert stage.run("return bridge.state") == "opening"
    stage.run("bridge.destroy()")
    assert stage.run("return Promise.all(calls.map(outcome))") == [
        "superseded",
        "destroyed",
        "destroyed",
        "destroyed",
    ]


def test_commands_reach_no_other_origin(stage: Stage) -> None:
    """What is meant for CoCalc stays unread when something else sits in the frame."""
    stage.run("start(); await loaded(frame);")
    stage.run("frame.src = argument + '/frame.html'; await loaded(frame);", stage.sites.other)
    stage.run("bridge.open(P, 'secret.ipynb'); bridge.status(); bridge.closeAll();")
    stage.run("await pause(100)")
    elsewhere = next(f for f in stage.page.frames if f.url.startswith(stage.sites.other))
    assert elsewhere.evaluate("received") == []


def test_an_empty_frame_is_not_spoken_to(stage: Stage) -> None:
    console: list[str] = []
    stage.page.on("console", lambda message: console.append(message.text))
    stage.run("""
        start(); frame.removeAttribute("src"); frame.src = "about:blank"; await loaded(frame);
        heard.length = 0;
        bridge.watch();
        await pause(50);
    """)
    assert stage.run("return heard") == []
    assert console == []


def test_a_frame_that_is_gone(stage: Stage) -> None:
    assert stage.run("""
        start({silent: true}, {acknowledge: 200, closeAll: 200, status: 200});
        await loaded(frame);
        frame.remove();
        const calls = [bridge.closeAll(), bridge.open(P, "a.ipynb"), bridge.status()];
        return Promise.all(calls.map(outcome));
    """) == ["frame_gone", "frame_gone", "frame_gone"]


def test_a_frame_put_in_place_of_the_first(stage: Stage) -> None:
    assert (
        stage.run("""
        start({silent: true}, {repeat: 50}); await loaded(frame);
        const opening = bridge.open(P, "a.ipynb");
        frame.remove();
        window.frame = addFrame();
        return outcome(opening);
    """)
        == "fine"
    )


def shapes() -> list[Any]:
    """What a frame could send, and should not."""
    plain: list[Any] = [None, 0, 7, "status", "x" * 1_000_000, True, [], [1], {}, {"status": {}}]
    keys = ["status", "action", "connection", "open_files", "mesg", "project_id", "path", "payload"]
    odd: list[Any] = [None, 0, [], {}, {"toString": 1, "valueOf": 1}, "x" * 100_000, [[[]]]]
    plain += [dict.fromkeys(keys, value) for value in odd]
    for whole in (STATUS, ACK, DONE, CLOSED, LOG):
        plain += [{**whole, key: value} for key in whole for value in odd]
    plain += [{**STATUS, "connection": {"status": odd, "status_time": o, "ping": o}} for o in odd]
    plain += [{**STATUS, "open_files": {"__proto__": ["x"], "constructor": o}} for o in odd]
    plain += [{**LOG, "payload": o} for o in odd]
    plain += [{**LOG, "payload": {"project_log": o}} for o in odd]
    plain += [{**LOG, "payload": {"project_log": {"event": o}}} for o in odd]
    return plain


def test_no_shape_of_a_message_does_harm(stage: Stage) -> None:
    stage.run("""
        start({manual: true}, {repeat: 60000}); await loaded(frame);
        bridge.expect(P, "b.ipynb");
        window.calls = [bridge.open(P, "b.ipynb"), bridge.closeAll()];
    """)
    stage.say(*shapes())
    stage.frame.evaluate("""
        for (const odd of [new Date(NaN), new Map([["status", "done"]]), new Error("x"), 1n, /x/,
                           new ArrayBuffer(9), new Blob(["x"]), [,], new Set(), -0, NaN])
          for (const message of [odd, { status: odd }, { status: "done", connection: odd },
              { status: "done", connection: { status_time: odd, ping: odd }, open_files: odd },
              { status: "error", action: "open", project_id: odd, path: odd, mesg: odd }])
            say(message);
        say({ source: "cocalc-project-log", payload: "last" });
    """)
    stage.until("heard.some(({type, payload}) => type === 'log' && payload === 'last')")
    assert stage.run("return bridge.state") == "opening"


def test_a_flood_leaves_nothing_behind(stage: Stage) -> None:
    devtools = stage.page.context.new_cdp_session(stage.page)

    def used() -> float:
        devtools.send("HeapProfiler.collectGarbage")
        return float(devtools.send("Runtime.getHeapUsage")["usedSize"])

    flood = """count => {
        const project_id = "4cc25d0b-e9a9-4c0a-b116-cb8c3d7ef667";
        const connection = { quality: "good", status: "connected", status_time: new Date() };
        for (let i = 0; i < count; i++) {
          const open = { action: "open", project_id, path: `file ${i}` };
          const payload = { project_log: { event: { event: "open", filename: open.path } } };
          say([
            { status: "ack", ...open },
            { status: "done", ...open },
            { status: "error", ...open, mesg: `no ${i}` },
            { status: "error", mesg: `Unknown action '${i}'` },
            { status: "done", connection, open_files: { [project_id]: [open.path] } },
            { status: "done", mesg: "all files are closed" },
            { source: "cocalc-project-log", payload },
            `text ${i}`,
            { [i]: i },
          ][i % 9]);
        }
        say({ source: "cocalc-project-log", payload: "last" });
    }"""
    stage.run("""
        start({manual: true}); await loaded(frame);
        bridge.watch();
        window.quiet = new Bridge(() => frame.contentWindow, cocalc);
        window.bridge.destroy();
        quiet.addEventListener("log", ({detail}) => { window.last ||= detail.payload === "last"; });
        quiet.watch();
    """)
    for count in (1_000, 100_000):
        stage.run("window.last = false")
        before = used()
        stage.frame.evaluate(flood, count)
        stage.until("window.last")
    assert used() - before < 1_000_000
    assert stage.run("return quiet.state") == "opening"


def test_long_texts_are_not_kept(stage: Stage) -> None:
    """A megabyte in each place of a message, time and again."""
    devtools = stage.page.context.new_cdp_session(stage.page)

    def used() -> float:
        devtools.send("HeapProfiler.collectGarbage")
        return float(devtools.send("Runtime.getHeapUsage")["usedSize"])

    stage.run("""
        start({manual: true}); await loaded(frame);
        bridge.expect(P, "b.ipynb"); window.call = bridge.open(P, "b.ipynb"); bridge.watch();
        window.longest = 0;
        for (const type of ["state", "reply"]) bridge.addEventListener(type, ({detail}) => {
          longest = Math.max(longest, detail.text?.length ?? 0);
        });
        bridge.addEventListener("log", ({detail}) => {
          window.last ||= detail.payload === "last";
        });
    """)
    long = """count => {
        const project_id = "4cc25d0b-e9a9-4c0a-b116-cb8c3d7ef667";
        for (let i = 0; i < count; i++) {
          const text = `${i}`.padStart(1_000_000, "x");
          const connection = { quality: text, status: text, status_time: text, ping: text };
          say([
            text,
            { [text]: text },
            { status: text, action: text, project_id: text, path: text, mesg: text },
            { status: "error", mesg: project_id + text },
            { status: "error", action: "open", project_id, path: text, mesg: text },
            { status: "ack", action: "open", project_id, path: text },
            { status: "done", connection, open_files: { [project_id]: [text], [text]: text } },
            { source: "cocalc-project-log", payload: { project_log: { project_id: text,
                event: { event: "open", filename: text } } } },
          ][i % 8]);
        }
        say({ status: "done", connection: { status: "connecting" }, open_files: {} });
        say({ source: "cocalc-project-log", payload: "last" });
    }"""
    for count in (8, 160):
        stage.run("window.last = false; heard.length = 0;")
        before = used()
        stage.frame.evaluate(long, count)
        stage.until("window.last")
        stage.run("heard.length = 0;")
    assert used() - before < 1_000_000
    assert stage.run("return [longest <= 300, bridge.state]") == [True, "opening"]


def test_getters_and_prototypes_reach_nothing(stage: Stage) -> None:
    """What a frame posts is copied: a getter runs there, and a prototype stays there."""
    stage.run("""
        start({manual: true}); await loaded(frame);
        bridge.expect(P, "b.ipynb"); window.call = bridge.open(P, "b.ipynb");
    """)
    stage.frame.evaluate("""() => {
        const project_id = "4cc25d0b-e9a9-4c0a-b116-cb8c3d7ef667";
        const done = { status: "done", action: "open", project_id, path: "b.ipynb" };
        const tries = [
          Object.create(done),
          new (class { get status() { return "done"; } get action() { return "open"; } })(),
          { get status() { throw new Error("a trap"); } },
          new Proxy(done, {}),
          JSON.parse('{"__proto__": {"status": "done", "action": "open"}, "path": "b.ipynb"}'),
          JSON.parse('{"status": "done", "connection": {"__proto__": {"status": "connected"}},' +
            '"open_files": {"__proto__": ["b.ipynb"], "constructor": ["b.ipynb"]}}'),
        ];
        for (const message of tries) try { say(message); } catch {}
        say({ source: "cocalc-project-log", payload: "last" });
    }""")
    stage.until("heard.some(({type, payload}) => type === 'log' && payload === 'last')")
    assert stage.run("return [bridge.state, {}.status ?? null]") == ["opening", None]
