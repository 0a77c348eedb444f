/**
 * Random interleavings: commands in any order against a frame that delays, loses, doubles and
 * reorders its replies, reloads, goes away for a while and is talked over by strangers. What must
 * hold is said without the bridge's own bookkeeping: a call may only end as it did if such a
 * reply was delivered while it was pending.
 */
import { P, Q, World, turn } from "/fake.js";

const LIMITS = { acknowledge: 8000, open: 12000, closeAll: 5000, status: 3000 };

function generator(seed) {
  let state = seed;
  const random = () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  random.below = (n) => Math.floor(random() * n);
  random.one = (list) => list[random.below(list.length)];
  return random;
}

/** Plays one game; returns what was wrong with it. */
async function play(seed, count) {
  const random = generator(seed);
  const world = new World(LIMITS);
  const { bridge, clock } = world;
  const wrong = [];
  const calls = [];
  const delivered = []; // {kind, file, text, ping, at, order}
  const away = []; // {from, to}: without a frame
  let order = 0;
  let pings = 0;
  let page = 1;
  let signedIn = random() < 0.5;
  const files = {};

  const chance = { lost: random() * 0.4, twice: random() * 0.4, slow: random.one([50, 500, 6000]) };

  function deliver(data, kind, more) {
    if (random() < chance.lost) return;
    const times = random() < chance.twice ? 2 : 1;
    for (let i = 0; i < times; i++)
      clock.later(random.below(chance.slow), () => {
        if (world.gone) return;
        delivered.push({ kind, ...more, at: clock.time, order: ++order });
        world.say(data);
      });
  }

  world.onCommand = ({ action, project_id, path }) => {
    const from = page;
    if (random() < chance.lost) return;
    const echo = { action, project_id, path };
    const file = `${project_id}/${path}`;
    if (action === "status") {
      const ping = ++pings;
      const connection = {
        quality: "good",
        status: random.one(["connected", "connected", "connecting", "disconnected"]),
        status_time: new Date(from),
        ping,
      };
      const open_files = structuredClone(files);
      deliver({ status: "done", connection, open_files }, "status", { ping });
    } else if (action === "closeall") {
      for (const id of Object.keys(files)) delete files[id];
      deliver({ status: "done", mesg: "all files are closed" }, "closed");
    } else if (signedIn) {
      const text = `problem opening project ${random.below(1e9)}`;
      deliver({ status: "ack", ...echo }, "ack", { file });
      if (random() < 0.2)
        return deliver({ status: "error", ...echo, mesg: text }, "error", { file, text });
      (files[project_id] ??= []).push(path);
      deliver({ status: "done", ...echo }, "done", { file });
      const event = { event: "open", action: "open", filename: path };
      deliver(
        { source: "cocalc-project-log", payload: { project_log: { event, project_id } } },
        "log",
        { file },
      );
    } else if (random() < 0.3) {
      deliver({ status: "error", mesg: `invalid project_id='${project_id}'` }, "named", {
        project_id,
        text: `invalid project_id='${project_id}'`,
      });
    }
  };

  /** Whatever strangers say must be as if unsaid; so is an error that names nobody. */
  function interfere() {
    const project_id = random.one([P, Q]);
    const path = random.one(["a", "b", "c"]);
    const lie = random.one([
      { status: "ack", action: "open", project_id, path },
      { status: "done", action: "open", project_id, path },
      { status: "error", action: "open", project_id, path, mesg: "a lie" },
      { status: "done", mesg: "all files are closed" },
      { status: "done", connection: { status: "connected", ping: -1 }, open_files: { [P]: ["a"] } },
      { status: "error", mesg: `a lie about ${project_id}` },
    ]);
    const before = world.events.length;
    world.say(lie, random.one([{ source: {} }, { source: null }, { origin: "https://evil.test" }]));
    world.say(null);
    world.say("status");
    if (world.events.length !== before) wrong.push("a stranger was heard");
    world.say({ status: "error", mesg: random.one(["Unknown action 'x'", "invalid path"]) });
  }

  function call(kind, promise, file, limit) {
    const before = calls.find((other) => other.promise === promise);
    if (before) return;
    const seen = world.watch(promise);
    calls.push({ kind, promise, file, limit, seen, since: clock.time, order });
  }

  async function step() {
    const project_id = random.one([P, Q]);
    const path = random.one(["a", "b", "c"]);
    const dice = random();
    if (dice < 0.45) {
      const opening = bridge.open(project_id, path);
      const file = `${project_id}/${path}`;
      call("acknowledged", opening.acknowledged, file, LIMITS.acknowledge);
      call("open", opening.result, file, LIMITS.acknowledge + LIMITS.open);
    } else if (dice < 0.6) call("status", bridge.status(), null, LIMITS.status);
    else if (dice < 0.7) call("closed", bridge.closeAll(), null, LIMITS.closeAll);
    else if (dice < 0.75) bridge.expect(project_id, path);
    else if (dice < 0.8) random.one([() => bridge.watch(), () => bridge.probe()])();
    else if (dice < 0.85) signedIn = !signedIn;
    else if (dice < 0.88) {
      // As after sign-in: the same frame, and nothing is open in it.
      clock.later(random.below(3000), () => {
        page += 1;
        signedIn = true;
        for (const id of Object.keys(files)) delete files[id];
      });
    } else if (dice < 0.9 && !world.gone) {
      world.gone = true;
      const time = { from: clock.time, to: Infinity };
      away.push(time);
      clock.later(random.below(6000), () => {
        world.gone = false;
        time.to = clock.time;
      });
    } else interfere();
    await clock.pass(random.one([0, 0, 1, random.below(100), random.below(3000)]));
  }

  for (let i = 0; i < count; i++) await step();
  if (random() < 0.5) await clock.pass(LIMITS.acknowledge + LIMITS.open);
  const destroyedAt = clock.time;
  bridge.destroy();
  await turn();
  if (clock.most > 1) wrong.push(`${clock.most} timers`);
  if (clock.timers.size) wrong.push("a timer is left");
  if (world.listeners !== 0) wrong.push("a listener is left");

  for (const { kind, file, limit, seen, since, order: from } of calls) {
    const name = `${kind} ${file ?? ""} -> ${seen.is}`;
    if (seen.is === "pending") {
      wrong.push(`${name}: never ended`);
      continue;
    }
    if (seen.at > since + limit) wrong.push(`${name}: too late`);
    const while_ = delivered.filter((it) => it.order > from && it.at <= seen.at);
    const one = (kinds) => while_.some((it) => it.file === file && kinds.includes(it.kind));
    const allowed = {
      fine: {
        acknowledged: () => one(["ack", "done", "log"]),
        open: () => one(["done", "log"]),
        closed: () => while_.some((it) => it.kind === "closed"),
        status: () => while_.some((it) => it.kind === "status" && it.ping === seen.value?.ping),
      }[kind],
      refused: () =>
        file &&
        while_.some(
          (it) =>
            (it.file === file || (it.project_id && file.startsWith(it.project_id))) &&
            it.text &&
            seen.error.message.endsWith(it.text),
        ),
      superseded: () => file && calls.some((it) => it.kind === "closed" && it.since <= seen.at),
      // Its time is over, and there is no frame to blame.
      frame_gone: () =>
        away.some(({ from, to }) => from <= seen.at && seen.at <= to) &&
        {
          acknowledged: seen.at - since === limit,
          open: seen.at - since >= LIMITS.acknowledge,
          closed: seen.at - since === limit,
          status: true,
        }[kind],
      timeout_acknowledge: () => file && seen.at - since === LIMITS.acknowledge,
      timeout_open: () => kind === "open" && seen.at - since >= LIMITS.open,
      timeout_close: () => kind === "closed" && seen.at - since === LIMITS.closeAll,
      timeout_status: () => kind === "status" && seen.at - since <= LIMITS.status,
      destroyed: () => seen.at === destroyedAt,
    }[seen.is];
    if (!allowed?.()) wrong.push(`${name}: nothing of the kind was delivered`);
  }

  // An event credits a reply to the command it answers, or to none.
  for (const event of world.events.filter(({ type }) => type === "reply")) {
    const { kind, command, text, at } = event;
    if (!command) continue;
    const fits = delivered.some(
      (it) =>
        it.at === at &&
        (command.action === "open"
          ? (it.file === `${command.project_id}/${command.path}` && it.kind === kind) ||
            (it.project_id === command.project_id && it.text === text)
          : it.kind === (command.action === "closeall" ? "closed" : "status")),
    );
    if (!fits) wrong.push(`reply ${kind} credited to ${JSON.stringify(command)}`);
  }
  // So does a state: where no file is open, only the log tells that one is.
  for (const { at, state, previous, reason } of world.events.filter(({ type }) => type === "state")) {
    const kind = ["log", "closed", "status"].find((kind) => kind === reason);
    // Turning back to a file, its log from before counts.
    const then = (it) => it.at === at || (kind === "log" && it.at < at);
    if (kind && !delivered.some((it) => it.kind === kind && then(it)))
      wrong.push(`${previous} became ${state} by ${reason}, of which nothing was delivered`);
    if (previous === "no_file" && state === "ready" && reason !== "log")
      wrong.push(`ready without proof, by ${reason}`);
  }
  return { wrong, states: world.states(), calls: calls.map(({ kind, seen }) => `${kind} ${seen.is}`) };
}

/** @returns the games that went wrong, and how often each kind of end was seen */
export async function playAll(first, games, count) {
  const failures = [];
  const ends = {};
  for (let seed = first; seed < first + games && failures.length < 5; seed++) {
    const { wrong, states, calls } = await play(seed, count);
    for (const state of states) if (state.includes("no_file")) ends.no_file = (ends.no_file ?? 0) + 1;
    if (wrong.length) failures.push({ seed, wrong: wrong.slice(0, 5) });
    for (const end of calls) ends[end] = (ends[end] ?? 0) + 1;
    if (seed % 100 === 0) await new Promise((resolve) => setTimeout(resolve)); // for rejections
  }
  return { failures, ends };
}
