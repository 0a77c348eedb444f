/**
 * A session: from a file's name to a working notebook in a frame, and back to it after sleep, lost
 * networks and lapsed sign-ins. No DOM: whoever shows it gives it a frame and renders its states.
 *
 *  1. preparing: our site is asked until it has the frame's address; it names each step as it
 *     goes ("Preparing your project…"). Asked once at a time. Then 2; a failure leads to 8 to 11.
 *  2. opening: the frame has its address, which signs in and opens the file. Proof of the open
 *     file leads to 3. Nothing heard, or an answer but no file, has our site look for the cause:
 *     10 or 11. The frame stays, and late proof still leads to 3.
 *  3. ready: green. Polled every 15 s while one looks, slower in the background, not at all after
 *     long. After sleep, `online`, a look at the page or a page kept by the browser it is probed
 *     at once; what it answers in time changes nothing for the user.
 *  4. slow: no good answer for some seconds. A good one leads to 3, none to 5.
 *  5. lost: none for longer. A frame that says "disconnected" comes back by itself, and keeps
 *     what is not saved: it is left alone. One that says nothing leads to 6.
 *  6. reconnecting: a frame that is silent, or no longer signed in (its files are gone, or opening
 *     one is not acknowledged), gets a new address, and all files again, the current one last. The
 *     user is told in one line. A failure leads to 8 to 11.
 *  7. From 6 and 10 later attempts follow by themselves: after 2 s, twice as long each time up to
 *     a minute, with jitter; at once on `online` and `retry()`.
 *  8. signed_out: of our site. The frame is emptied in all tabs at once. The same user signing in
 *     again leads to 6. Code "other_user": the page is somebody else's now, and must be reloaded.
 *  9. refused: our site says no. Only what time can mend ("too_many") is tried again.
 * 10. unreachable: our site or CoCalc does not answer. Goes on as 7 says.
 * 11. blocked: CoCalc answers, but the browser does not let it work in a frame. Goes on in 2.
 *
 * new Session({
 *   path, user,           the file; the page's user, as our site names them
 *   origin,               CoCalc's
 *   urls,                 {session, check, report, diagnosis, presence}
 *   frame,                {show(url): () => Window?, clear()}: show puts a new frame in place, by
 *                         location.replace, and returns how to get at its window
 *   next?,                the first step, where it is known: for the first words
 *   files?,               a further list of paths to open
 *   limits?, clock?, host?, page?, channel?, random?    for tests
 * })
 *
 * start({again})          opens the file; `again` does anew what our site believes done
 * switchTo(path)          another file in the same frame, or by a new address; resolves to whether
 * retry()                 now, whatever it waits for
 * command(name)           "open" | "closeall" | "status"; may reject: BridgeError, RequestError
 * destroy()               leaves nothing behind but the frame
 * state, code, path, alive, atRisk (may unsaved work be lost?), project
 *
 * Events:
 * - state {state, previous, code, message, adminMessage, step, retryAt, first}: `code` is stable,
 *   `message` for the user, `retryAt` in ms since 1970, `first`: it was never ready
 * - note {code, message, adminMessage}: one line, and nothing else changes
 * - path {path}, channel {alive}, and the bridge's sent, reply, log
 */

import { Bridge, BridgeError } from "./bridge.js";
import { RequestError, request, renewCsrfToken, untilReady } from "./http.js";

const LIMITS = {
  starting: 1500, // ms; a project that runs answers faster
  silent: 6000, // nothing heard from a new frame; at the second time it is believed
  unopened: 12000, // an answer, but no file
  verify: 8000, // an `open` to see whether somebody is signed in there
  gone: 4000, // the same, when no file is open there
  patience: 45, // s; for a frame that is silent at first
  dead: 15000, // lost and silent
  retry: 2000,
  retryMost: 60000,
  renew: 240000, // our own site's sign-in
  warn: 300000, // before it ends
  look: 5000, // between two looks at who is signed in
  hidden: 600000, // then nothing is asked
  background: 4, // times slower
  wake: 4000, // a timer so late means sleep
  signIn: 12 * 3600 * 1000, // at CoCalc
};

const NOTES = {
  expiring: "You will soon be signed out of this site. Save your work, and sign in again.",
  reopened: "CoCalc had ended your session there. It is opened again, and so are your files.",
};
const LOST = {
  disconnected: "CoCalc has lost its connection. What you typed last may not be saved yet.",
  silent: "CoCalc does not answer. What you typed last may not be saved.",
};
const SIGNED_OUT = {
  code: "signed_out",
  message: "You have been signed out. Sign in again in another tab, and this one goes on.",
};
const SILENT = {
  code: "cocalc_silent",
  message: "CoCalc does not answer your browser.",
  adminMessage: "Nothing was heard from the frame, and this site could not be asked why.",
};
const OF_A_USER = ["signed_out", "csrf", "other_user"];
const CHANNEL = "embedding"; // as in presence.js

const LONGEST = 2 ** 30; // ms; browsers take more for none

/** Time in which the page is awake, by one timer for all: sleep and hidden hours do not count. */
class Rhythm {
  #clock;
  #wake;
  #onWake;
  #tasks = new Map();
  #count = 0;
  #timer = null;
  #due = 0; // by the real clock
  #then = 0; // our time at `#mark`
  #mark;
  #rate = 1;

  constructor(clock, wake, onWake) {
    this.#clock = clock;
    this.#wake = wake;
    this.#onWake = onWake;
    this.#mark = clock.now();
  }

  now() {
    return this.#then + (this.#clock.now() - this.#mark) * this.#rate;
  }

  setTimeout(act, wait) {
    this.#tasks.set(++this.#count, { act, at: this.now() + wait });
    this.#plan();
    return this.#count;
  }

  clearTimeout(id) {
    this.#tasks.delete(id);
  }

  /** 1, slower, or 0: no time passes. */
  set rate(rate) {
    if (rate === this.#rate) return;
    this.#skipSleep();
    this.#then = this.now();
    this.#mark = this.#clock.now();
    this.#rate = rate;
    this.#plan();
  }

  stop() {
    this.#tasks.clear();
    this.#clock.clearTimeout(this.#timer);
  }

  #skipSleep() {
    if (this.#timer === null) return false;
    const late = this.#clock.now() - this.#due;
    if (late < this.#wake) return false;
    this.#mark += late;
    this.#due += late;
    return true;
  }

  #plan() {
    this.#clock.clearTimeout(this.#timer);
    this.#timer = null;
    const first = Math.min(...[...this.#tasks.values()].map(({ at }) => at));
    if (!this.#rate || first === Infinity) return;
    const wait = Math.min(LONGEST, Math.max(0, Math.ceil((first - this.now()) / this.#rate)));
    this.#due = this.#clock.now() + wait;
    this.#timer = this.#clock.setTimeout(this.#tick, wait);
  }

  #tick = () => {
    const slept = this.#skipSleep();
    this.#timer = null;
    const now = this.now();
    for (const [id, { at, act }] of [...this.#tasks])
      if (at <= now && this.#tasks.delete(id)) act();
    this.#plan();
    if (slept) this.#onWake();
  };
}

export class Session extends EventTarget {
  #urls;
  #user;
  #origin;
  #frame;
  #limits;
  #host;
  #page;
  #random;
  #rhythm;
  #channel;
  #tasks = new Map(); // name -> id
  #listening = new AbortController();
  #state = "preparing";
  #code = "";
  #path;
  #next;
  #project = "";
  #files = []; // open in the frame, as last heard
  #restore = []; // to open again
  #bridge = null;
  #opening = null; // the first `open`
  #row = null; // {id, began, ended}: the embed session on our site
  #flight = null; // {path, abort}: the request under way
  #failures = 0;
  #ready = false; // once
  #minted = 0; // ms since 1970
  #heardAt = -Infinity;
  #statusTime = null;
  #verifying = null; // the bridge
  #looked = -Infinity;
  #signedInUntil = Infinity; // ms since 1970
  #warned = false;
  #destroyed = false;

  constructor({ path, user, origin, urls, frame, files = [], limits, clock, ...world }) {
    super();
    this.#path = path;
    this.#user = String(user);
    this.#next = world.next;
    this.#origin = origin;
    this.#urls = urls;
    this.#frame = frame;
    this.#restore = files;
    this.#limits = { ...LIMITS, ...limits };
    this.#host = world.host ?? window;
    this.#page = world.page ?? document;
    this.#random = world.random ?? Math.random;
    const real = clock ?? {
      now: () => performance.now(),
      setTimeout: (act, wait) => setTimeout(act, wait),
      clearTimeout: (timer) => clearTimeout(timer),
    };
    this.#rhythm = new Rhythm(real, this.#limits.wake, () => {
      // Timers of hidden pages are late anyway.
      if (this.#page.visibilityState !== "hidden") this.#wake();
    });
    this.#channel = world.channel ?? new BroadcastChannel(CHANNEL);
    this.#listen();
  }

  get state() {
    return this.#state;
  }

  get code() {
    return this.#code;
  }

  get path() {
    return this.#path;
  }

  get project() {
    return this.#project;
  }

  /** Are commands answered? @returns {boolean?} */
  get alive() {
    return this.#bridge?.alive ?? null;
  }

  /** A file is open and its connection is not good: CoCalc's kiosk never asks before closing. */
  get atRisk() {
    return this.#files.length > 0 && ["slow", "lost"].includes(this.#bridge?.state) && this.#ready;
  }

  start({ again = false } = {}) {
    if (this.#flight?.path === this.#path && !again) return; // a double click
    this.#failures = 0;
    this.#leave();
    this.#ready = false;
    this.#mint({ again });
  }

  async switchTo(path) {
    const bridge = this.#bridge;
    const current = () => this.#path === path && this.#bridge === bridge;
    if (path === this.#path && bridge?.state === "ready") {
      // It may have been closed in the frame.
      if ((await this.#answering(bridge)) && current()) await this.command("open").catch(() => {});
      return true;
    }
    this.#path = path;
    this.#emit("path", { path });
    if (bridge?.state === "ready" && bridge.alive === null && !this.#flight) {
      this.#become("opening");
      await this.#answering(bridge);
      if (!current()) return false;
    }
    if (!bridge?.alive || bridge.state === "lost" || this.#flight) {
      this.start();
      return true;
    }
    bridge.expect(this.#project, path);
    this.#become("opening");
    try {
      await this.command("open");
    } catch (error) {
      if (!current()) return false;
      if (!(error instanceof RequestError) && error.code !== "refused") {
        if (bridge.state !== "lost") this.start();
        return false;
      }
      this.#become(bridge.state);
      throw error;
    }
    if (current()) {
      this.#isOpen(path);
      this.#become(bridge.state);
    }
    return true;
  }

  /** Does the frame answer commands? Soon after its opening that is not known yet. */
  async #answering(bridge) {
    // A call joins one under way, whose time may be over at once; so two.
    for (let calls = 0; bridge.alive === null && calls < 2; calls++)
      await bridge.status().catch(() => {});
    return bridge.alive;
  }

  retry() {
    this.#failures = 0;
    if (this.#state === "signed_out") return this.#whoIsThere();
    if (this.#flight) return;
    this.#mint({ again: true });
  }

  /**
   * Before an `open` our site makes sure that the file is there, for CoCalc would create it.
   */
  async command(name) {
    const [bridge, project, path] = [this.#bridge, this.#project, this.#path];
    if (!bridge) throw new BridgeError("frame_gone");
    if (name === "open") {
      await this.#check(path);
      await bridge.open(project, path);
    } else if (name === "closeall") await bridge.closeAll();
    else await bridge.status();
  }

  destroy() {
    this.#leave();
    this.#destroyed = true;
    this.#listening.abort();
    this.#channel.close();
    this.#rhythm.stop();
  }

  /* Our site ------------------------------------------------------------------------------- */

  /** Steps 1 and 6; with `quiet` the state stays while it is tried. */
  async #mint({ again = false, quiet = false, reason = "" } = {}) {
    if (this.#destroyed) return;
    if (this.#page.prerendering) {
      // Nobody may ever see this page.
      const options = { once: true, signal: this.#listening.signal };
      this.#page.addEventListener("prerenderingchange", () => this.#mint({ again }), options);
      return;
    }
    this.#flight?.abort();
    this.#forget("retry", "silent", "unopened", "dead");
    const controller = new AbortController();
    const path = this.#path;
    const flight = { path, abort: () => controller.abort() };
    this.#flight = flight;
    const row = { id: crypto.randomUUID(), began: performance.now(), ended: false };
    const working = this.#ready ? "reconnecting" : "preparing";
    const say = (step) => {
      this.#forget("starting");
      this.#become(working, { step, code: reason });
      if (step !== "opening" || this.#ready) return;
      const starting = () => this.#become(working, { step: "starting" });
      this.#later("starting", this.#limits.starting, starting);
    };
    if (!quiet) say(this.#next ?? "opening");
    this.#next = null;
    let once = again;
    const ask = async () => {
      const json = { session: row.id, path, user: this.#user, again: once };
      const { signal } = controller;
      const answer = await this.#ask("POST", this.#urls.session, { json, signal });
      once = false;
      return answer;
    };
    try {
      const { url, project } = await untilReady(ask, say);
      if (this.#flight !== flight) return;
      this.#flight = null;
      this.#forget("starting");
      this.#show(url, project, row, reason);
    } catch (error) {
      if (this.#flight !== flight) return;
      this.#flight = null;
      this.#forget("starting");
      this.#fail(error);
    }
  }

  #fail(error) {
    if (this.#isOfUser(error)) return;
    if (!(error instanceof RequestError)) {
      console.error(error);
      const message = "Something in this page went wrong.";
      error = new RequestError({ code: "page", message, detail: String(error) });
    }
    const { code, message, detail, status, recoverable, retryAfter } = error;
    const goesOn = recoverable || status >= 500 || retryAfter !== null;
    const state = goesOn && status !== 429 ? "unreachable" : "refused";
    const more = { code, message, adminMessage: detail };
    if (goesOn) more.retryAt = this.#retryLater(retryAfter);
    this.#become(state, more);
  }

  /** @returns {number} when, in ms since 1970 */
  #retryLater(seconds) {
    const { retry, retryMost } = this.#limits;
    const wait = Math.min(retryMost, retry * 2 ** this.#failures++) * (0.75 + this.#random() / 4);
    const most = Math.max(wait, (seconds ?? 0) * 1000);
    this.#later("retry", most, () => this.#mint({ quiet: true }));
    return Date.now() + most;
  }

  /** A request to our site; where only the page's token is out of date, once more with another. */
  async #ask(method, url, options) {
    try {
      return await request(method, url, options);
    } catch (error) {
      if (error.code !== "csrf") throw error;
      await this.#presence();
      return request(method, url, options);
    }
  }

  /** Who is signed in to our site? Rejects if it is not the page's user. */
  async #presence() {
    const query = new URLSearchParams({ user: this.#user });
    const { body } = await request("GET", `${this.#urls.presence}?${query}`);
    renewCsrfToken(body.csrf);
    this.#signedIn(body);
  }

  #isOfUser(error) {
    if (!OF_A_USER.includes(error.code)) return false;
    this.#signOut(error.code === "other_user" ? error : SIGNED_OUT);
    return true;
  }

  /** Step 8. */
  #signOut({ code, message }) {
    if (this.#state === "signed_out" && this.#code === code) return;
    const files = [...this.#restore, ...this.#files];
    this.#leave(false);
    this.#restore = files; // for when the same user is back
    this.#frame.clear();
    this.#become("signed_out", { code, message });
  }

  async #whoIsThere() {
    if (this.#destroyed) return;
    this.#looked = this.#rhythm.now();
    try {
      await this.#presence();
    } catch (error) {
      this.#isOfUser(error);
      return;
    }
    if (this.#state === "signed_out" && !this.#flight) this.#mint();
  }

  /** Our site's sign-in is kept up while one works, as long as our site allows. */
  async #renew() {
    this.#later("renew", this.#limits.renew, () => this.#renew());
    if (this.#page.visibilityState === "hidden" || !this.#bridge) return;
    try {
      const json = { user: this.#user };
      this.#signedIn((await this.#ask("POST", this.#urls.presence, { json })).body);
    } catch (error) {
      this.#isOfUser(error);
    }
  }

  #signedIn({ seconds }) {
    const left = seconds * 1000;
    this.#signedInUntil = Date.now() + left;
    if (left > this.#limits.warn) this.#warned = false;
    this.#later("expiring", Math.max(0, left - this.#limits.warn), () => this.#warn());
    this.#later("expired", left + 1000, () => this.#whoIsThere());
  }

  #warn() {
    if (!this.#warned) this.#note("expiring");
    this.#warned = true;
  }

  async #check(path) {
    const url = `${this.#urls.check}?${new URLSearchParams({ path })}`;
    try {
      await request("GET", url);
    } catch (error) {
      this.#isOfUser(error);
      throw error;
    }
  }

  #rowUrl(url) {
    return url.replace(/0{8}(-0{4}){3}-0{12}/, this.#row.id);
  }

  #report(state, reason = "") {
    const row = this.#row;
    if (!row || (row.ended && reason !== "resumed")) return;
    row.ended = state === "closed";
    const json = { state, reason, ms: Math.round(performance.now() - row.began) };
    // Losing a report harms nobody.
    this.#ask("POST", this.#rowUrl(this.#urls.report), { json, keepalive: true }).catch(() => {});
  }

  /* The frame ------------------------------------------------------------------------------ */

  /** Step 2. */
  #show(url, project, row, reason) {
    const restore = [...new Set([...this.#restore, ...this.#files])];
    this.#leave();
    this.#restore = restore;
    this.#row = row;
    this.#project = project;
    this.#minted = Date.now();
    this.#statusTime = null;
    this.#heardAt = -Infinity;
    const bridge = new Bridge(this.#frame.show(url), this.#origin, {
      host: this.#host,
      clock: this.#rhythm,
    });
    this.#bridge = bridge;
    this.#become("opening");
    for (const type of ["sent", "reply", "log", "channel"])
      bridge.addEventListener(type, ({ detail }) => {
        if (type === "reply" || type === "log") this.#heard(type, detail);
        if (type === "channel" && !detail.alive && this.#state === "ready") this.#channelDead();
        this.#emit(type, detail);
      });
    bridge.addEventListener("state", ({ detail }) => this.#onState(detail, reason));
    bridge.expect(project, this.#path);
    this.#later("silent", this.#limits.silent, () => this.#suspect("silent"));
    bridge.watch();
    this.#opening = bridge.open(project, this.#path).catch(() => {}); // the states tell
    if (this.#signedInUntil === Infinity) this.#renew();
  }

  #onState({ state, previous, reason }, cause) {
    if (state === "ready") return this.#onReady(cause);
    if (state === "slow") {
      this.#report("slow", reason);
      this.#become("slow", { code: reason });
    } else if (previous === "opening")
      this.#suspect(this.#heardAt > -Infinity ? "unopened" : "silent", true);
    else this.#onLost(reason);
  }

  #onReady(cause) {
    this.#flight?.abort(); // the frame came back by itself
    this.#flight = null;
    this.#forget("retry", "silent", "unopened", "dead");
    this.#ready = true;
    this.#failures = 0;
    this.#report("ready");
    this.#become("ready");
    if (!this.#tasks.has("renew")) this.#renew();
    if (this.#restore.some((file) => file !== this.#path)) this.#openAgain();
    this.#restore = [];
    this.#isOpen(this.#path);
    if (this.#bridge.alive === false) this.#channelDead();
    if (cause) this.#note(cause);
  }

  /** Known before a status tells it. */
  #isOpen(path) {
    if (!this.#files.includes(path)) this.#files = [...this.#files, path];
  }

  /** Step 5. */
  #onLost(reason) {
    const answers = this.#answers(this.#limits.dead);
    const code = answers ? "disconnected" : "silent";
    this.#report("lost", reason);
    this.#become("lost", { code, message: LOST[code] });
    this.#later("dead", this.#limits.dead, () => this.#dead());
  }

  #answers(within) {
    return this.#rhythm.now() - this.#heardAt < within;
  }

  #dead() {
    if (this.#bridge?.state !== "lost" || this.#flight) return;
    const offline = this.#host.navigator?.onLine === false;
    if (offline || this.#bridge.alive === false || this.#answers(this.#limits.dead))
      return this.#later("dead", this.#limits.dead, () => this.#dead());
    this.#mint({ reason: "reopened" });
  }

  #heard(type, { kind, status }) {
    this.#heardAt = this.#rhythm.now();
    const opening = this.#bridge.state === "opening";
    if (opening && type === "reply" && !this.#tasks.has("unopened")) {
      this.#forget("silent");
      this.#later("unopened", this.#limits.unopened, () => this.#suspect("unopened", true));
    }
    if (kind !== "status" || !status) return;
    const files = status.openFiles.get(this.#project) ?? [];
    const time = Number(status.statusTime);
    const gone = this.#files.length > 0 && !files.length && status.status === "connected";
    // Of itself CoCalc's page loses no file but by being loaded anew, or signed out.
    if (gone && this.#ready && this.#statusTime !== null && time !== this.#statusTime)
      return this.#verify(this.#limits.gone);
    if (status.status !== "connected") return;
    this.#statusTime = time;
    if (this.#verifying !== this.#bridge) this.#files = files;
  }

  /** Is somebody signed in there? The files come back with it; otherwise step 6. */
  async #verify(wait = this.#limits.verify) {
    const [bridge, path] = [this.#bridge, this.#path];
    if (!bridge || this.#verifying === bridge || this.#flight) return;
    this.#verifying = bridge;
    const files = this.#files;
    try {
      await this.#check(path);
      if (this.#bridge !== bridge || this.#path !== path) return;
      const open = bridge.open(this.#project, path);
      const limit = new Promise((resolve) => this.#later("verify", wait, resolve));
      const answered = await Promise.race([open.acknowledged.then(() => true), limit]);
      if (this.#bridge !== bridge) return;
      if (!answered) this.#mint({ reason: "reopened" });
      else if (files.some((file) => file !== path)) {
        this.#restore = files;
        await this.#openAgain();
        this.#restore = [];
      }
    } catch {
      // The frame, or our site: the next look tells.
    } finally {
      if (this.#verifying === bridge) this.#verifying = null;
    }
  }

  /** All files that were open, the current one last. */
  async #openAgain() {
    const [bridge, project, path] = [this.#bridge, this.#project, this.#path];
    const restore = this.#restore;
    await this.#opening; // the same file's would be joined to it, and not be the last
    for (const file of [...restore.filter((other) => other !== path), path]) {
      try {
        if (file !== path) await this.#check(file);
        if (this.#bridge !== bridge || this.#path !== path) return;
        // To the end: what opens slowly comes to the front late.
        await bridge.open(project, file);
      } catch {
        // Renamed, deleted, or not answered: the others all the same.
      }
    }
  }

  /** The frame does not open the file. Why? `believed`: say the likely cause, if none is sure. */
  async #suspect(seen, believed = false) {
    const bridge = this.#bridge;
    if (this.#state !== "opening" || bridge?.state === "ready") return;
    let cause = believed ? SILENT : null;
    try {
      const json = { seen };
      const limit = 15000;
      const { body } = await this.#ask("POST", this.#rowUrl(this.#urls.diagnosis), { json, limit });
      if (believed || body.certain) cause = body;
    } catch (error) {
      if (this.#bridge !== bridge || this.#isOfUser(error)) return;
    }
    if (this.#bridge !== bridge || this.#state !== "opening" || bridge.state === "ready") return;
    if (seen === "silent" && this.#heardAt > -Infinity) return; // meanwhile
    if (!cause) return this.#later("silent", this.#limits.silent, () => this.#suspect(seen, true));
    const { code, message, adminMessage, certain, state = "unreachable" } = cause;
    this.#report("lost", code);
    const more = { code, message, adminMessage };
    // A slow frame needs time; one that cannot come does not.
    const least = certain ? 0 : this.#limits.patience;
    if (state === "unreachable") more.retryAt = this.#retryLater(least);
    this.#become(state, more);
  }

  async #channelDead() {
    const bridge = this.#bridge;
    try {
      const json = { seen: "channel" };
      const { body } = await this.#ask("POST", this.#rowUrl(this.#urls.diagnosis), { json });
      if (this.#bridge === bridge) this.#emit("note", { ...body, message: "" });
    } catch {
      // It goes without saying why.
    }
  }

  #leave(report = true) {
    this.#flight?.abort();
    this.#flight = null;
    if (report) this.#report("closed");
    this.#row = null;
    this.#bridge?.destroy();
    this.#bridge = null;
    this.#files = [];
    this.#forget("retry", "silent", "unopened", "dead", "verify", "starting");
  }

  /* The world ------------------------------------------------------------------------------ */

  #listen() {
    const { signal } = this.#listening;
    const on = (target, type, act) => target.addEventListener(type, act, { signal });
    on(this.#host, "online", () => this.#wake(true));
    on(this.#host, "focus", () => this.#look());
    on(this.#host, "pagehide", () => this.#report("closed"));
    on(this.#host, "pageshow", ({ persisted }) => persisted && this.#resume());
    on(this.#page, "visibilitychange", () => this.#onVisibility());
    on(this.#page, "resume", () => this.#wake()); // frozen by the browser
    // Each page tells who is signed in there.
    on(this.#channel, "message", ({ data }) => {
      if (typeof data?.user === "string") this.#announced(data.user);
    });
    this.#onVisibility();
  }

  #announced(user) {
    const other = user !== this.#user;
    if (other && this.#state !== "signed_out") this.#signOut(SIGNED_OUT);
    if (user && this.#state === "signed_out") this.#whoIsThere();
  }

  #onVisibility() {
    this.#forget("hidden");
    if (this.#page.visibilityState === "hidden") {
      this.#rhythm.rate = 1 / this.#limits.background;
      const wait = this.#limits.hidden / this.#limits.background;
      this.#later("hidden", wait, () => (this.#rhythm.rate = 0));
      return;
    }
    this.#rhythm.rate = 1;
    if (this.#bridge || this.#state === "signed_out") this.#wake();
  }

  /** Back from sleep, from offline, or to the page: look at once instead of trusting timers. */
  #wake(online = false) {
    if (this.#destroyed) return;
    this.#look();
    if (this.#tasks.has("retry") && (online || this.#state === "unreachable")) {
      this.#failures = 0;
      this.#mint({ quiet: true });
    }
    const bridge = this.#bridge;
    if (!bridge) return;
    bridge.probe();
    if (Date.now() - this.#minted < this.#limits.signIn || !this.#ready) return;
    if (bridge.alive === false) this.#mint({ reason: "reopened" });
    else this.#verify();
  }

  #resume() {
    this.#report(this.#state === "ready" ? "ready" : "lost", "resumed");
    this.#wake();
  }

  /** Is it still the same user? */
  #look() {
    const { look } = this.#limits;
    if (this.#state !== "signed_out" && this.#rhythm.now() - this.#looked < look) return;
    if (this.#bridge || this.#state === "signed_out") this.#whoIsThere();
  }

  #later(name, wait, act) {
    this.#forget(name);
    const task = () => {
      this.#tasks.delete(name);
      act();
    };
    this.#tasks.set(name, this.#rhythm.setTimeout(task, wait));
  }

  #forget(...names) {
    for (const name of names) {
      this.#rhythm.clearTimeout(this.#tasks.get(name));
      this.#tasks.delete(name);
    }
  }

  #note(code) {
    this.#emit("note", { code, message: NOTES[code], adminMessage: "" });
  }

  #become(state, { code = "", message = "", adminMessage = "", step = "", retryAt = null } = {}) {
    const previous = this.#state;
    this.#state = state;
    this.#code = code;
    const detail = { state, previous, code, message, adminMessage, step, retryAt };
    this.#emit("state", { ...detail, first: !this.#ready });
  }

  #emit(type, detail) {
    if (!this.#destroyed) this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
