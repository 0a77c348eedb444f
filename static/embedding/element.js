/**
 * <cocalc-notebook path="intro.ipynb"></cocalc-notebook>: a notebook on any page.
 *
 * The page must hold what `{% cocalc_notebook %}` or `{% cocalc_assets %}` render once: where our
 * site is, who is signed in, and the token that goes with requests.
 *
 * Attributes: path; project (CoCalc's id; else the user's own); label; height (a CSS length);
 *   toolbar ("full", "read-only", "none"); loading ("eager": at once, not when it is seen).
 *   Ours to set: state ("waiting", or one of a session's: see states.js).
 * Methods: open(path), closeAll(), status(), reload(). All return promises.
 * Events, which bubble: state {state, previous, code, message}, opened {project, path},
 *   note {code, message}.
 */

import { View } from "./element-view.js";
import { FocusGuard } from "./focus-guard.js";
import { Session } from "./session.js";
import { STATES } from "./states.js";
import { expectSteps } from "./steps.js";
import { fill, gettext, nameText } from "./words.js";

const NOBODY = "00000000-0000-0000-0000-000000000000";

/** What the tag says of our site; asked late, for a page may be put together by scripts. */
const settings = () =>
  JSON.parse(document.getElementById("cocalc-notebooks")?.textContent ?? "null");

/* One notebook at a time is prepared: many on a page must not ask all at once. */
const queue = new Set();
let preparing = null;

function next() {
  if (preparing) return;
  [preparing = null] = queue;
  queue.delete(preparing);
  preparing?.begin();
}

function prepared(element) {
  queue.delete(element);
  if (preparing !== element) return;
  preparing = null;
  next();
}

/** `code` is stable, the message for the user. */
class NotebookError extends Error {
  constructor(code, message) {
    super(message);
    this.name = "NotebookError";
    this.code = code;
  }
}

export class CocalcNotebook extends HTMLElement {
  static observedAttributes = ["path", "project", "label", "height", "toolbar"];

  #view = null;
  #guard = new FocusGuard(this);
  #settings = null;
  #session = null;
  #frame = null;
  #stepsOver = null; // of the frame, in the history
  #observer = null;
  #files = [];
  #switching = null; // {path}, while the session decides whether it is opened
  #outcome = null; // {promise, resolve, reject} of what is being opened
  #listening = null; // AbortController

  get path() {
    return this.getAttribute("path") ?? "";
  }

  set path(path) {
    this.setAttribute("path", path);
  }

  get project() {
    return this.getAttribute("project") || "mine";
  }

  get label() {
    return nameText(this.getAttribute("label") || this.path.split("/").pop());
  }

  get #title() {
    return fill(gettext("%(name)s in CoCalc"), { name: this.label });
  }

  get state() {
    return this.getAttribute("state") ?? "waiting";
  }

  connectedCallback() {
    if (!this.#view) this.#build();
    this.#settings = settings();
    this.#view.signIn = this.#settings?.signIn;
    this.#dress();
    this.#listen();
    this.#set({ state: "waiting" });
    if (this.#settings?.user === "") {
      const message = gettext("Sign in to work in this notebook.");
      return this.#set({ state: "signed_out", message });
    }
    if (this.getAttribute("loading") === "eager") return this.#enqueue();
    this.#observer = new IntersectionObserver(([...seen]) => {
      if (seen.at(-1).isIntersecting) this.#enqueue();
      else queue.delete(this); // scrolled past before its turn came
    });
    this.#observer.observe(this);
  }

  disconnectedCallback() {
    this.#listening.abort();
    this.#observer?.disconnect();
    this.#end();
  }

  attributeChangedCallback(name, before, now) {
    if (!this.#view || !this.isConnected || before === now) return;
    this.#dress();
    if (name === "project" && this.#session) this.#restart();
    else if (name === "path" && this.#session && this.#session.path !== now) this.#switch(now);
  }

  /* Methods -------------------------------------------------------------------------------- */

  /** Opens another file of the project; resolves when it is open. */
  open(path = this.path) {
    const outcome = this.#expect();
    if (path !== this.path) this.path = path; // which switches, where there is a session
    else if (this.#session) this.#switch(path);
    if (!this.#session) this.#enqueue();
    return outcome;
  }

  /** Closes all files in the frame. */
  async closeAll() {
    await this.#command("closeall");
    this.#files = [];
  }

  /** How it fares; asks CoCalc for its open files, where it answers. */
  async status() {
    // Not known yet in a frame that is ready: it most likely does.
    if (this.#session?.alive ?? this.#session?.state === "ready") await this.#command("status").catch(() => {});
    const { state, code = "", alive = null } = this.#session ?? { state: this.state };
    return { state, code, alive, project: this.project, path: this.path, files: [...this.#files] };
  }

  /** Loads CoCalc again; resolves when the file is open. */
  reload() {
    const outcome = this.#expect();
    if (this.#session) this.#session.start({ again: true });
    else this.#enqueue();
    return outcome;
  }

  async #command(name) {
    if (!this.#session?.project || this.#session.alive === false)
      throw new NotebookError("no_channel", gettext("CoCalc does not answer messages from this page."));
    await this.#session.command(name);
  }

  #expect() {
    this.#outcome?.reject(new NotebookError("superseded", gettext("Another file was opened instead.")));
    const outcome = {};
    outcome.promise = new Promise((resolve, reject) => Object.assign(outcome, { resolve, reject }));
    outcome.promise.catch(() => {}); // not everybody looks
    this.#outcome = outcome;
    return outcome.promise;
  }

  #settle(error) {
    const outcome = this.#outcome;
    this.#outcome = null;
    if (error) outcome?.reject(error);
    else outcome?.resolve();
  }

  /* The session ---------------------------------------------------------------------------- */

  #enqueue() {
    if (!this.isConnected || this.#session || preparing === this) return;
    if (this.#settings?.user === "") return this.#settle(new NotebookError("signed_out", gettext("You are signed out.")));
    queue.add(this);
    next();
  }

  /** Its turn in the queue has come. */
  begin() {
    this.#observer?.disconnect();
    if (!this.#settings) {
      prepared(this);
      console.error("<cocalc-notebook>: the page lacks {% cocalc_assets %}.");
      const message = gettext("This page is not set up for notebooks.");
      return this.#set({ state: "refused", code: "page", message });
    }
    const { origin, user } = this.#settings;
    const session = new Session({
      path: this.path,
      user,
      origin,
      urls: this.#urls(),
      frame: { show: (url) => this.#show(url), clear: () => this.#clear() },
    });
    this.#session = session;
    this.#view.session = true;
    session.addEventListener("state", ({ detail }) => this.#set(detail));
    session.addEventListener("note", ({ detail }) => this.#note(detail));
    session.addEventListener("reply", ({ detail: { status } }) => {
      if (status) this.#files = status.openFiles.get(session.project) ?? [];
    });
    session.start();
  }

  #end() {
    this.#session?.destroy();
    this.#session = this.#switching = null;
    this.#view.session = false;
    this.#files = [];
    this.#clear();
    prepared(this);
    this.#settle(new NotebookError("destroyed", gettext("The notebook was removed from the page.")));
  }

  #restart() {
    this.#end();
    this.#set({ state: "waiting" });
    this.#enqueue();
  }

  async #switch(path) {
    const session = this.#session;
    const mine = (this.#switching = { path });
    try {
      await session.switchTo(path);
      if (this.#switching !== mine) return;
      this.#switching = null;
      if (session.state === "ready") this.#opened();
    } catch (error) {
      if (this.#switching !== mine) return;
      this.#switching = null;
      this.#settle(error);
      this.#view.notOpened(error);
    }
  }

  #opened() {
    this.#settle();
    this.#tell("opened", { project: this.project, path: this.path });
  }

  /** Addresses as the tag names them, of this project. */
  #urls() {
    const { urls } = this.#settings;
    const ofProject = (name) => urls[name].replace(NOBODY, encodeURIComponent(this.project));
    return { ...urls, session: ofProject("session"), check: ofProject("check"), tab: ofProject("tab") };
  }

  #show(url) {
    const frame = document.createElement("iframe");
    const { origin, sandbox } = this.#settings;
    frame.setAttribute("sandbox", sandbox);
    frame.title = this.#title;
    frame.allow = ["clipboard-read", "clipboard-write", "fullscreen"].map((it) => `${it} ${origin}`).join("; ");
    frame.referrerPolicy = "no-referrer";
    frame.inert = true;
    this.#guard.watch(frame);
    this.#clear();
    this.#frame = frame;
    this.#stepsOver = expectSteps();
    this.#view.stage.append(frame);
    // Not `src`: Back would walk through tokens.
    frame.contentWindow.location.replace(url);
    return () => frame.contentWindow;
  }

  #clear() {
    this.#stepsOver?.();
    this.#frame?.remove();
    this.#frame = null;
  }

  /* What one sees -------------------------------------------------------------------------- */

  #build() {
    this.#view = new View(this.attachShadow({ mode: "open" }), {
      reload: () => this.reload(),
      again: () => this.#again(),
      close: () => {
        this.#view.hush();
        this.#frame?.focus();
      },
      tab: () => ({ action: this.#urls().tab, path: this.path }),
    });
  }

  #listen() {
    this.#listening = new AbortController();
    const { signal } = this.#listening;
    const ask = (event) => this.#session?.atRisk && event.preventDefault();
    window.addEventListener("beforeunload", ask, { signal, capture: true });
    this.#guard.listen(signal);
  }

  /** Follows the attributes. */
  #dress() {
    const height = this.getAttribute("height") ?? "";
    this.style.height = /^\d+$/.test(height) ? `${height}px` : height;
    this.#view.dress(this.label, this.getAttribute("toolbar"));
    if (this.#frame) this.#frame.title = this.#title;
  }

  #set(detail) {
    const { state, code = "", message = "" } = detail;
    const { busy, failed } = STATES[state] ?? {};
    const previous = this.state;
    this.setAttribute("state", state);
    this.#view.show(detail, Boolean(this.#frame));
    if (this.#frame && !busy) this.#frame.inert = false;
    if (state !== "preparing") prepared(this);
    if (state === "ready") this.#stepsOver?.();
    if (failed) this.#settle(new NotebookError(code || state, message));
    if (state !== previous) this.#tell("state", { state, previous, code, message });
    const anew = state === "ready" && !STATES[previous]?.atRisk;
    if (anew && !this.#switching) this.#opened();
  }

  #note(detail) {
    const { code, message } = detail;
    if (!message) return;
    this.#tell("note", { code, message });
    this.#view.note(message);
  }

  #again() {
    if (this.#session.code === "other_user") location.reload();
    else this.#session.retry().catch((error) => this.#view.notOpened(error));
  }

  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail, bubbles: true }));
  }
}

customElements.define("cocalc-notebook", CocalcNotebook);
