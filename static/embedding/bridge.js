/** The bridge to CoCalc: its messages as promises and a state; see docs/scripts.md. */

import { BridgeError, asText, isObject, keyOf, statusOf } from "./messages.js";

const LIMITS = {
  acknowledge: 20000, // ms
  repeat: 1000,
  open: 60000, // after "ack": a stopped project asks the user
  closeAll: 10000,
  status: 4000,
  slow: 4000, // silence
  lost: 15000,
  openLimit: 45000,
  channel: 10000,
  pollOpening: 1000,
  pollReady: 15000,
  pollSlow: 2000, // also when lost
};

// In viewers that wait for nothing: the log tells no time.
const VIEWED = /\.(pdf|png|jpe?g|gif|svg|bmp|eps|ico|webp|mp[34]|wav|aiff|og[gmv]|webm|avi|mkv|3gp)$/i;

function deferred() {
  const it = {};
  it.promise = new Promise((resolve, reject) => Object.assign(it, { resolve, reject }));
  it.promise.catch(() => {}); // not everybody looks at both
  return it;
}

export class Bridge extends EventTarget {
  #frame;
  #origin;
  #host;
  #limits;
  #clock;
  #proofs; // kinds of message, as the driver declares them
  #pending = new Map(); // by "status", "closeall" or the file's key
  #state = "opening";
  #reason;
  #files = new Map();
  #asked = new Map(); // key -> {proven: open here and not closed since, id: of its log}
  #expected = "";
  #proven = false; // what is expected, once
  #hadFiles = false; // open, as proven, and not closed since
  #time = null; // of its connection
  #alive = null; // not known
  #trouble = Infinity; // since when no good status came
  #since = 0; // "opening" began
  #firstSent = Infinity;
  #polled;
  #watching = false;
  #destroyed = false;
  #timer = null;
  #due;

  /** @param {() => Window?} frameWindow asked every time */
  constructor(frameWindow, origin, { host = window, limits, clock, proofs } = {}) {
    super();
    this.#proofs = proofs ?? ["project-log"];
    if (new URL(origin).origin !== origin) throw new TypeError(`not an origin: ${origin}`);
    this.#frame = frameWindow;
    this.#origin = origin;
    this.#host = host;
    this.#limits = { ...LIMITS, ...limits };
    this.#clock = clock ?? {
      now: () => performance.now(),
      setTimeout: (act, wait) => setTimeout(act, wait),
      clearTimeout: (timer) => clearTimeout(timer),
    };
    host.addEventListener("message", this.#listen);
  }

  get state() {
    return this.#state;
  }

  get alive() {
    return this.#alive;
  }

  /** @returns {Map<string, string[]>} by project */
  get openFiles() {
    return this.#files;
  }

  /** @returns {Promise & {acknowledged: Promise, result: Promise}} all settle */
  open(projectId, path) {
    const { acknowledge, repeat } = this.#limits;
    const command = { action: "open", project_id: projectId, path };
    const key = keyOf(projectId, path);
    this.#ask(key);
    const request = this.#request(key, command, "timeout_acknowledge", acknowledge, repeat);
    const result = request.promise;
    return Object.assign(result, { acknowledged: request.acknowledged.promise, result });
  }

  closeAll() {
    for (const request of this.#pending.values())
      if (request.command.path) this.#settle(request, "superseded");
    const { closeAll } = this.#limits;
    return this.#request("closeall", { action: "closeall" }, "timeout_close", closeAll).promise;
  }

  status() {
    const { status, repeat } = this.#limits;
    return this.#request("status", { action: "status" }, "timeout_status", status, repeat).promise;
  }

  /** This file is to be open: until that is proven, the state is "opening". Returns the way back. */
  expect(projectId, path) {
    const [expected, state, proven] = [this.#expected, this.#state, this.#proven];
    const key = keyOf(projectId, path);
    if (!key) throw new BridgeError("bad_request");
    this.#ask(key);
    this.#expected = key;
    this.#proven = this.#asked.get(key).proven;
    this.#since = this.#clock.now();
    if (!this.#proven) this.#state = "opening";
    else if (state === "opening") this.#well("log");
    this.#plan();
    return () => {
      [this.#expected, this.#proven] = [expected, proven];
      if (this.#state === "opening") this.#state = state;
    };
  }

  /** Open here, and not closed since? */
  isProven(projectId, path) {
    return this.#asked.get(keyOf(projectId, path))?.proven === true;
  }

  #ask(key) {
    if (key && !this.#asked.has(key)) this.#asked.set(key, { proven: false });
  }

  #closed(stays = () => false) {
    for (const [key, it] of this.#asked) it.proven &&= stays(key);
  }

  watch() {
    if (this.#watching) return;
    this.#watching = true;
    this.#since = this.#clock.now();
    this.probe(this.#since);
    this.#plan();
  }

  probe(now = this.#clock.now()) {
    this.#polled = now;
    this.#trouble = Math.min(this.#trouble, now);
    this.status();
  }

  /** What was heard so far proves nothing: the next good status does. */
  doubt() {
    this.#state = "slow";
    this.#reason = "silent";
    this.#trouble = Infinity;
    this.probe();
    this.#plan();
  }

  destroy() {
    this.#destroyed = true;
    this.#host.removeEventListener("message", this.#listen);
    this.#clock.clearTimeout(this.#timer);
    for (const request of this.#pending.values()) this.#settle(request, "destroyed");
  }

  #request(key, command, code, limit, every = Infinity) {
    const known = this.#pending.get(key);
    if (known) return known;
    const now = this.#clock.now();
    const request = { ...deferred(), acknowledged: deferred(), key, command, code, every };
    request.deadline = now + limit;
    if (this.#destroyed || !key) this.#settle(request, key ? "destroyed" : "bad_request");
    else {
      this.#pending.set(key, request);
      this.#post(request, now);
      this.#plan();
    }
    return request;
  }

  #settle(request, code, value) {
    if (this.#pending.get(request.key) === request) this.#pending.delete(request.key);
    if (!code) return request.resolve(value);
    const error = new BridgeError(code, value);
    request.acknowledged.reject(error);
    request.reject(error);
  }

  /** Not to be sent yet, so no reply is for it. */
  #waits({ command }) {
    return command.path && this.#pending.has("closeall");
  }

  #post(request, now) {
    const { command, every } = request;
    request.next = now + every;
    const frame = this.#frame();
    if (!frame || this.#waits(request)) return;
    try {
      // Readable: not CoCalc's yet.
      if (frame.location.origin !== this.#origin) return;
    } catch {
      // Another origin's.
    }
    this.#firstSent = Math.min(this.#firstSent, now);
    frame.postMessage(command, this.#origin);
    this.#emit("sent", { command, time: Date.now() });
  }

  #listen = (event) => {
    const frame = this.#frame();
    if (!frame || event.source !== frame || event.origin !== this.#origin) return;
    if (!isObject(event.data)) return;
    this.#hear(event.data);
    this.#plan();
  };

  #hear(data) {
    const { status, action, project_id, path, connection } = data;
    const text = asText(data.mesg).slice(0, 300);
    const credit = (key) => {
      const request = this.#pending.get(key);
      if (request && !this.#waits(request)) return request;
    };
    if (data.source === "cocalc-project-log") {
      this.#emit("log", data);
      const { project_id, event, id } = data.payload?.project_log ?? {};
      const key = keyOf(project_id, event?.filename);
      if (event?.event === "open") {
        // Where none is open, any file will do.
        if (this.#proven && !this.#hadFiles) this.#ask(key);
        if (this.#proofs.includes("project-log") || VIEWED.test(key)) this.#prove(key, credit(key));
        else if (this.#asked.has(key)) this.#asked.get(key).id = asText(id).slice(0, 36);
      } else if (Number.isFinite(event?.time) && this.#proofs.includes("project-log-time")) {
        const [known] = [...this.#asked].find(([, it]) => it.id && it.id === id) ?? [];
        this.#prove(known, credit(known));
      }
    } else if (action === "open" && ["ack", "done", "error"].includes(status)) {
      const key = keyOf(project_id, path);
      const request = credit(key);
      this.#reply(status, request, text);
      if (!request) return;
      if (status === "error") this.#settle(request, "refused", text);
      else this.#acknowledged(request, status);
    } else if (status === "done" && isObject(connection)) {
      this.#heardStatus(connection, data.open_files);
    } else if (status === "done" && text === "all files are closed") {
      const request = credit("closeall");
      this.#reply(status, request, text);
      if (!request) return;
      this.#files = new Map();
      this.#hadFiles = false;
      this.#closed();
      if (this.#state === "ready") this.#become("no_file", "closed");
      this.#settle(request);
      this.#release();
    } else if (status === "error" && text) {
      const named = [...this.#pending.values()].filter(
        ({ command, key }) => command.path && text.includes(command.project_id) && credit(key),
      );
      const request = named[1] ? undefined : named[0];
      this.#reply(status, request, text);
      if (request) this.#settle(request, "refused", text);
    }
  }

  #prove(key, request) {
    if (!this.#asked.has(key)) return;
    this.#asked.get(key).proven = true;
    this.#hadFiles = true;
    if (key === this.#expected) this.#proven = true;
    if (key === this.#expected || this.#state === "no_file") this.#well("log");
    if (this.#alive === null) {
      this.#release();
      this.probe();
    }
    // Else its own replies follow.
    if (request && !this.#alive) this.#acknowledged(request);
  }

  /** It is heard of, which proves nothing: "done" comes after "Cancel", too. */
  #acknowledged(request, how) {
    request.acknowledged.resolve();
    if (how !== "ack") this.#settle(request);
    else if (request.next < Infinity) {
      request.code = "timeout_open";
      request.next = Infinity;
      request.deadline = this.#clock.now() + this.#limits.open;
    }
  }

  #heardStatus(connection, listed) {
    const value = statusOf(connection, listed);
    const { status, openFiles: files } = value;
    const time = Number(value.statusTime);
    const good = status === "connected";
    value.gone = good && this.#hadFiles && !files.size && this.#time !== null && this.#time !== time;
    if (good && !value.gone) this.#time = time;
    const request = this.#pending.get("status");
    this.#reply("status", request, status, value);
    this.#files = files;
    this.#closed((key) => files.get(key.slice(0, 36))?.includes(key.slice(37)) === true);
    if (!good) {
      this.#trouble = Math.min(this.#trouble, this.#clock.now());
      if (this.#calm) this.#become("slow", "disconnected");
    } else if (this.#proven && (this.#calm || files.size || !this.#hadFiles)) {
      // Any file that was proven will do, or none where there was none.
      if (!value.gone) this.#hadFiles &&= files.size > 0;
      this.#well("status");
    }
    if (request) this.#settle(request, "", value);
  }

  #reply(kind, request, text, status) {
    this.#setAlive(true);
    this.#emit("reply", { kind, command: request?.command, text, status, time: Date.now() });
  }

  #release() {
    for (const request of this.#pending.values())
      if (request.next < Infinity) request.next = this.#clock.now();
  }

  get #calm() {
    return this.#state === "ready" || this.#state === "no_file";
  }

  #well(reason) {
    this.#trouble = Infinity;
    this.#become(this.#hadFiles ? "ready" : "no_file", reason);
  }

  #become(state, reason) {
    const previous = this.#state;
    if (state === previous) return;
    this.#state = state;
    this.#reason = reason;
    this.#emit("state", { state, previous, reason });
  }

  #setAlive(alive) {
    if (alive === this.#alive) return;
    this.#alive = alive;
    this.#emit("channel", { alive });
  }

  #emit(type, detail) {
    if (!this.#destroyed) this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  #agenda() {
    const agenda = [...this.#pending.values()].map((request) => [
      Math.min(request.deadline, request.next),
      (now) => {
        if (now < request.deadline) this.#post(request, now);
        else this.#settle(request, this.#frame() ? request.code : "frame_gone");
      },
    ]);
    if (!this.#watching) return agenda;
    const limits = this.#limits;
    const silent = this.#alive ? this.#trouble : Infinity;
    const known = this.#alive !== null;
    const pollReady = known ? limits.pollReady : limits.pollOpening;
    const ready = [pollReady, silent + limits.slow, "slow", "silent"];
    const [pause, change, state, reason] = {
      opening: [limits.pollOpening, this.#since + limits.openLimit, "lost", "unproven"],
      ready,
      no_file: ready,
      slow: [limits.pollSlow, silent + limits.lost, "lost", this.#reason],
      lost: [limits.pollSlow, Infinity],
    }[this.#state];
    const dead = known ? Infinity : this.#firstSent + limits.channel;
    return agenda.concat([
      [dead, () => this.#setAlive(false)],
      [change, () => this.#become(state, reason)],
      [this.#polled + pause, (now) => this.probe(now)],
    ]);
  }

  #plan() {
    const due = Math.min(...this.#agenda().map(([when]) => when));
    if (this.#destroyed || due === Infinity || (this.#timer !== null && this.#due <= due)) return;
    this.#clock.clearTimeout(this.#timer);
    this.#due = due;
    this.#timer = this.#clock.setTimeout(this.#tick, Math.ceil(due - this.#clock.now()));
  }

  #tick = () => {
    const now = this.#clock.now();
    this.#clock.clearTimeout(this.#timer);
    this.#timer = null;
    for (const [when, act] of this.#agenda()) if (now >= when && !this.#destroyed) act(now);
    this.#plan();
  };
}
