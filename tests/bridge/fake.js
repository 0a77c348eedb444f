/** A clock that stands still, and windows that are plain objects: time and messages by hand. */
import { Bridge } from "/bridge.js";

export const ORIGIN = "https://cocalc.school.test";
export const P = "4cc25d0b-e9a9-4c0a-b116-cb8c3d7ef667";
export const Q = "3fd4ebe0-805a-493c-a66c-bdcaa33c0024";

/** Lets everything happen that waits for nothing but its turn. */
export const turn = async () => {
  for (let i = 0; i < 6; i++) await null;
};

export class Clock {
  time = 1000;
  timers = new Map(); // the bridge's
  most = 0; // of them at once
  #world = new Map();
  #count = 0;

  now() {
    return this.time;
  }

  setTimeout(act, wait) {
    this.timers.set(++this.#count, { act, at: this.time + wait });
    this.most = Math.max(this.most, this.timers.size);
    return this.#count;
  }

  clearTimeout(id) {
    this.timers.delete(id);
  }

  async pass(ms) {
    await turn();
    const end = this.time + ms;
    for (;;) {
      let first;
      for (const timers of [this.timers, this.#world])
        for (const [id, { at, act }] of timers)
          if (at <= end && !(at >= first?.at)) first = { timers, id, at, act };
      if (!first) break;
      first.timers.delete(first.id);
      this.time = Math.max(this.time, first.at);
      first.act();
      await turn();
    }
    this.time = end;
    await turn();
  }

  /** A timer of the world, not of the bridge. */
  later(wait, act) {
    this.#world.set(++this.#count, { act, at: this.time + wait });
  }
}

export class World {
  clock = new Clock();
  host = new EventTarget();
  sent = []; // {command, at}
  events = []; // {type, at, ...detail}
  frame = { postMessage: (command, origin) => this.#receive(command, origin) };
  gone = false; // the frame
  onCommand = () => {};
  listeners = 0;

  constructor(limits, proofs) {
    const { host } = this;
    for (const [name, step] of [["addEventListener", 1], ["removeEventListener", -1]]) {
      host[name] = (...args) => {
        this.listeners += step;
        EventTarget.prototype[name].apply(host, args);
      };
    }
    const { clock } = this;
    const options = { host, limits, clock, proofs };
    this.bridge = new Bridge(() => (this.gone ? null : this.frame), ORIGIN, options);
    for (const type of ["state", "sent", "reply", "log", "channel"])
      this.bridge.addEventListener(type, ({ detail }) =>
        this.events.push({ ...detail, type, at: this.clock.time }),
      );
  }

  #receive(command, origin) {
    if (origin !== ORIGIN) throw new Error(`sent to ${origin}`);
    this.sent.push({ command, at: this.clock.time });
    this.onCommand(command);
  }

  say(data, { origin = ORIGIN, source = this.frame } = {}) {
    const event = new Event("message");
    for (const [name, value] of Object.entries({ data, origin, source }))
      Object.defineProperty(event, name, { value });
    this.host.dispatchEvent(event);
  }

  status(files = {}, { status = "connected", status_time = new Date(1), ping } = {}) {
    const connection = { quality: "good", status, status_time, ping };
    this.say({ status: "done", connection, open_files: files });
  }

  reply(status, path, more) {
    this.say({ status, action: "open", project_id: P, path, ...more });
  }

  closed() {
    this.say({ status: "done", mesg: "all files are closed" });
  }

  log(filename, project_id = P) {
    const event = { event: "open", action: "open", filename };
    this.say({ source: "cocalc-project-log", payload: { project_log: { event, project_id } } });
  }

  /** What became of a promise, as far as is known by now. */
  watch(promise) {
    const seen = { is: "pending" };
    promise.then(
      (value) => Object.assign(seen, { is: "fine", value, at: this.clock.time }),
      (error) => Object.assign(seen, { is: error.code ?? String(error), error, at: this.clock.time }),
    );
    return seen;
  }

  opens() {
    return this.sent.filter(({ command }) => command.action === "open").map(({ at }) => at - 1000);
  }

  states() {
    return this.events
      .filter(({ type }) => type === "state")
      .map(({ state, reason, at }) => `${at - 1000} ${state}: ${reason}`);
  }
}
