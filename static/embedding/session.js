/**
 * A session: from a file's name to a working notebook in a frame, and back to it after sleep, lost
 * networks and lapsed sign-ins. No DOM: whoever shows it gives it a frame and renders its states
 * (states.js). What it takes and tells: docs/scripts.md.
 */

import { BridgeError } from "./messages.js";
import { Frame } from "./frame.js";
import { OurSite, RequestError, SIGNED_OUT, inWords } from "./our-site.js";
import { Rhythm, waitAfter } from "./rhythm.js";
import { STATES, Told } from "./states.js";

const STARTING = 1500; // ms; a project that runs answers faster
const PATIENCE = 45; // s; for a frame that is silent at first
const PROVEN = 10000; // ms; proof comes after a command is done
/** Not needed on each CoCalc. */
const signInFirst = async (...args) => (await import("./signing-in.js")).signIn(...args);

export class Session extends Told {
  #user;
  #place;
  #frameAt;
  #missing; // files to open in the next frame
  #next;
  #channel;
  #random;
  #rhythm;
  #site;
  #signIn; // where that is a step of its own
  #listening = new AbortController();
  #frame = null;
  #mended = false; // on CoCalc, since it was last ready
  #flight = null; // AbortController with {path, stuck}
  #failures = 0;
  #held = false; // what was closed is to be opened again

  constructor({ path, user, origin, urls, frame, files = [], next, ...world }) {
    const { host = window, page = document, clock, random = Math.random } = world;
    super();
    this.path = path;
    this.#user = String(user);
    this.#place = frame;
    this.#missing = files;
    this.#next = next;
    this.#channel = world.channel ?? new BroadcastChannel("embedding"); // as in presence.js
    this.#random = random;
    const { signal } = this.#listening;
    this.#rhythm = new Rhythm(host, page, clock, signal, (how) => this.#wake(how));
    this.#site = new OurSite(urls, this.#user, this.#rhythm, {
      works: () => this.#frame && !this.#rhythm.hidden,
      answered: () => {
        if (!this.#rhythm.offline) return;
        this.#rhythm.mistaken = true;
        if (this.state === "offline" && !this.asking) this.#online();
      },
      ending: () => this.note("expiring"),
      out: (why) => this.#signOut(why),
      back: () => this.is.nobody && !this.asking && this.#mint(),
      stopped: () => this.#onStopped(),
      ended: ({ code, message }) => {
        this.#site.report("closed");
        this.#end("refused", "ended", { code, message });
      },
    });
    this.#signIn = world.signIn ?? signInFirst;
    this.#frameAt = (minted) => {
      const world = [origin, host, this.#rhythm, this.#site, this, this.#missing, minted];
      return new Frame(frame.show(minted.url), ...world);
    };
    const on = (target, type, act) => target.addEventListener(type, act, { signal });
    on(host, "focus", () => this.#look());
    on(host, "pagehide", () => this.#site.report("closed"));
    on(host, "pageshow", ({ persisted }) => persisted && this.#resume());
    on(this.#channel, "message", ({ data }) => this.#announced(data?.user));
  }

  get asking() {
    return this.#flight !== null;
  }

  get alive() {
    return this.#frame?.alive ?? null;
  }

  /** CoCalc's kiosk never asks before closing. */
  get atRisk() {
    return this.#mayLose && Boolean(this.is.atRisk || STATES[this.#frame.state]?.atRisk);
  }

  get #mayLose() {
    return !this.first && this.#frame?.files.length > 0;
  }

  start({ again = false } = {}) {
    const { path, stuck } = this.#flight ?? {};
    if (path === this.path && !stuck && !again) return; // a double click
    [this.#failures, this.#mended] = [0, false];
    this.#leave();
    this.first = true;
    this.#mint({ again, happens: "start" });
  }

  async switchTo(path) {
    const frame = this.#frame;
    const current = () => this.path === path && this.#frame === frame;
    const known = frame?.state === "ready" && frame.isProven(this.project, path);
    if (path === this.path && known) {
      // It may have been closed in the frame since.
      if ((await frame.answering()) && current()) await this.command("open").catch(() => {});
      return true;
    }
    this.path = path;
    this.emit("path", { path });
    if (frame?.state === "ready" && frame.alive === null && !this.asking) {
      this.become("opening", "switch");
      await frame.answering();
      if (!current()) return false;
    }
    const unproven = frame?.state === "opening" && this.is.failed;
    if (!frame?.alive || frame.state === "lost" || unproven || this.asking) {
      this.start();
      return true;
    }
    this.become("opening", "switch");
    let back = () => {};
    try {
      await this.#site.check(path); // CoCalc would create it
      if (!current()) return false;
      back = frame.expect(this.project, path);
      await frame.open(this.project, path);
    } catch (error) {
      if (!current()) return false;
      if (!(error instanceof RequestError) && error.code !== "refused") {
        if (frame.state !== "lost") this.start();
        return false;
      }
      back();
      this.become(frame.state, "frame");
      throw error;
    }
    if (current()) {
      frame.isOpen(path);
      // Proven already; else its proof follows, or a cause.
      if (this.state === "opening" && frame.state !== "opening") this.become(frame.state, "frame");
    }
    return true;
  }

  async retry() {
    if (this.destroyed) return;
    if (this.state === "no_file") return void (await this.switchTo(this.path));
    [this.#failures, this.#mended] = [0, false];
    if (this.is.nobody) this.#site.look();
    else if (!this.asking || this.#flight.stuck) this.#mint({ again: true });
  }

  async command(name, comesBack = false) {
    const [frame, project, path] = [this.#frame, this.project, this.path];
    if (!frame) throw new BridgeError("frame_gone");
    if (name === "open") {
      await this.#site.check(path); // CoCalc would create it
      await frame.open(project, path);
    } else if (name === "closeall") {
      this.#held = comesBack;
      this.#rhythm.forget("reopened");
      await frame.closeAll();
    } else await frame.status();
  }

  /** Taking the frame away saves. */
  leave(files) {
    this.#leave(true);
    this.#missing = [...new Set([...this.#missing, ...files])];
    this.#place.clear();
    this.become("preparing", "start", { step: "saving" });
  }

  async reopen(files) {
    await this.#frame?.reopen(files);
    this.#rhythm.later("reopened", PROVEN, () => {
      this.#held = false;
      if (this.state === "ready" && this.#frame?.state === "no_file") this.become("no_file", "frame");
    });
  }

  destroy() {
    this.#leave();
    this.destroyed = true;
    this.#listening.abort();
    this.#channel.close();
    this.#rhythm.stop();
  }

  /* Our site ------------------------------------------------------------------------------- */

  /** With `quiet` the state stays while it is tried. */
  async #mint({ again = false, quiet = false, reason = "", happens = "asking" } = {}) {
    if (this.destroyed) return;
    if (this.#rhythm.unseen(() => this.#mint({ again }))) return;
    this.#flight?.abort();
    this.#rhythm.forget("retry");
    this.#frame?.rest();
    const flight = Object.assign(new AbortController(), { path: this.path });
    this.#flight = flight;
    const working = this.first ? "preparing" : "reconnecting";
    const say = (step) => {
      this.#rhythm.forget("starting");
      this.become(working, happens, { step, code: reason });
      happens = "asking";
      if (step !== "opening" || !this.first) return;
      const starting = () => this.become(working, happens, { step: "starting" });
      this.#rhythm.later("starting", STARTING, starting);
    };
    if (!quiet) say(reason === "stopped" ? "starting" : (this.#next ?? "opening"));
    this.#next = null;
    try {
      const minted = await this.#site.mint({ path: flight.path, again }, flight.signal, say);
      const tell = [quiet ? () => {} : say, (cause) => this.#onCause(cause)];
      if (minted.signIn) await this.#signIn(minted, flight, this.#site, this.#rhythm, ...tell);
      if (this.#landed(flight)) this.#show(minted, reason);
    } catch (error) {
      if (this.#landed(flight)) this.#fail(error, again);
    }
  }

  #landed(flight) {
    if (this.#flight !== flight) return false;
    this.#flight = null;
    this.#rhythm.forget("starting");
    return true;
  }

  #fail(error, again) {
    if (this.#site.isOfUser(error)) return;
    const { code, message, detail, status, recoverable, retryAfter } = inWords(error);
    const goesOn = recoverable || status >= 500 || retryAfter !== null;
    let state = goesOn && status !== 429 ? "unreachable" : "refused";
    const more = { code, message, adminMessage: detail };
    if (code === "offline") [state, more.message] = [code, undefined];
    if (goesOn) more.retryAt = this.#retryLater(retryAfter, again);
    this.become(state, "failure", more);
  }

  /** @returns {number} when, in ms since 1970 */
  #retryLater(seconds, again) {
    const wait = waitAfter(this.#failures++, seconds, this.#random);
    this.#rhythm.later("retry", wait, () => this.#mint({ quiet: true, again }));
    return Date.now() + wait;
  }

  #signOut({ code, message }) {
    if (this.is.nobody && this.code === code) return;
    this.#end("signed_out", "user", { code, message });
  }

  /** Nothing of the frame stays; its files are for when the same user is back. */
  #end(state, happens, why) {
    this.#leave(true, false);
    this.#place.clear();
    this.become(state, happens, why);
  }

  /* The frame ------------------------------------------------------------------------------ */

  #show(minted, reason) {
    this.#leave(true);
    this.#site.row = minted.row;
    this.project = minted.project;
    const frame = this.#frameAt(minted);
    this.#frame = frame;
    this.become("opening", "address");
    const on = (type, act) => frame.addEventListener(type, ({ detail }) => act(detail));
    for (const type of ["sent", "reply", "log", "channel", "note"])
      on(type, (detail) => this.emit(type, detail));
    on("state", (detail) => this.#onState(detail, reason));
    on("doubt", () => this.#works && this.become("reconnecting", "frame"));
    on("over", () => this.#mint({ again: true, reason: "reopened" }));
    on("cause", (cause) => this.#onCause(cause));
    frame.begin();
    if (!this.#site.known) this.#site.beat(false); // the project has just been seen running
  }

  #onState({ state, previous, reason }, cause) {
    // While offline its page may not know it yet; afterwards it is asked anew.
    if (this.state === "offline" && this.#rhythm.offline) return;
    if (this.#held && [state, previous].includes("no_file")) return;
    if (state === "no_file") return this.become(state, "frame");
    if (state === "ready") return this.#onReady(cause);
    if (previous === "opening") return; // a cause is looked for
    this.#site.report(state, reason);
    if (state === "slow") return this.become("slow", "frame", { code: reason });
    const code = this.#frame.answers ? "disconnected" : "silent";
    this.become("lost", "frame", { code });
  }

  #onReady(cause) {
    this.#flight?.abort(); // the frame came back by itself
    this.#flight = null;
    this.#rhythm.forget("retry", "starting");
    this.first = this.#mended = false;
    this.#failures = 0;
    this.#site.report("ready");
    this.become("ready", "frame");
    if (!this.#rhythm.has("beat")) this.#site.beat();
    this.#frame.restore();
    if (cause) this.note(cause);
  }

  #onCause({ code, message, adminMessage, certain, mended, state = "unreachable" }) {
    if (mended && this.onceMore()) return;
    this.#site.report("lost", code);
    const more = { code, message, adminMessage };
    // A slow frame needs time; one that cannot come does not.
    if (state === "unreachable") more.retryAt = this.#retryLater(certain ? 0 : PATIENCE, true);
    this.become(state, "cause", more);
  }

  /** By a fresh address, in each attempt. @returns {boolean} whether */
  onceMore() {
    if (this.#mended) return false;
    this.#mended = true;
    this.#mint({ again: true });
    return true;
  }

  /** As our site has seen, and CoCalc's page does not tell. What failed is tried again anyway. */
  #onStopped() {
    const open = this.#works || ["opening", "blocked"].includes(this.state);
    if (open && !this.asking) this.#mint({ again: true, reason: "stopped" });
  }

  /** `all`: the files that are open now are opened in the next frame. */
  #leave(all = false, report = true) {
    this.#flight?.abort();
    this.#flight = null;
    if (report) this.#site.report("closed");
    this.#site.row = null;
    this.#held = false;
    if (this.#frame) this.#missing = this.#frame.missing(all);
    this.#frame?.destroy();
    this.#frame = null;
    this.#rhythm.forget("retry", "starting", "reopened");
  }

  /* The world ------------------------------------------------------------------------------ */

  /** Each page tells who is signed in there. */
  #announced(user) {
    if (typeof user !== "string") return;
    if (user !== this.#user && !this.is.nobody) this.#signOut(SIGNED_OUT);
    if (user && this.is.nobody) this.#site.look();
  }

  #resume() {
    this.#site.report(this.state === "ready" ? "ready" : "lost", "resumed");
    this.#wake();
  }

  #wake(how = "") {
    if (this.#rhythm.offline) return this.#offline();
    if (this.state === "offline") this.#online();
    if (how === "seen" && !this.#frame && !this.is.nobody) return;
    if (this.#frame && this.#site.beatIsDue) this.#site.beat();
    else this.#look();
    if (this.#rhythm.has("retry") && (how === "online" || this.is.wakes)) {
      this.#failures = 0;
      this.#mint({ quiet: true });
    }
    const frame = this.#frame;
    if (!frame) return;
    frame.probe();
    // CoCalc has signed out by now, which the page there need not show.
    if (frame.isOld && !this.first) this.#mint({ reason: "reopened" });
  }

  #offline() {
    if ((this.is.failed && !this.is.wakes) || this.state === "offline") return;
    this.become("offline", "network", { code: this.#mayLose ? "unsaved" : "offline" });
    this.#site.look(); // if it answers, the browser is mistaken
  }

  /** Says the browser; the frame is to say so, too. */
  #online() {
    const frame = this.#frame;
    if (!frame || this.first || frame.state === "opening") this.#mint({ again: true });
    else if (!frame.alive) this.become(frame.state, "network"); // it tells nothing
    else {
      this.become("reconnecting", "network");
      frame.doubt();
    }
  }

  #look() {
    if (this.#frame || this.is.nobody) this.#site.look(!this.is.nobody);
  }

  get #works() {
    return this.state === "ready" || this.is.atRisk;
  }
}
