/**
 * <cocalc-notebook path="intro.ipynb"></cocalc-notebook>: a notebook on any page.
 *
 * The page must hold what `{% cocalc_notebook %}` or `{% cocalc_assets %}` render once: where our
 * site is, who is signed in, and the token that goes with requests.
 *
 * Attributes: path; project (CoCalc's id; else the user's own); label; height (a CSS length);
 *   toolbar ("full", "read-only", "none"); loading ("eager": at once, not when it is seen).
 *   Ours to set: state ("waiting", or one of a session's: see session.js).
 * Methods: open(path), closeAll(), status(), reload(). All return promises.
 * Events, which bubble: state {state, previous, code, message}, opened {project, path},
 *   note {code, message}.
 */

import { csrfToken } from "./our-site.js";
import { look } from "./element-look.js";
import { Session } from "./session.js";
import { expectSteps } from "./steps.js";

const NOBODY = "00000000-0000-0000-0000-000000000000";
const WORDS = {
  waiting: "Loads when it is in view",
  preparing: "Getting ready…",
  opening: "Opening…",
  ready: "Ready",
  slow: "Slow: CoCalc takes its time",
  lost: "Connection lost",
  reconnecting: "Reconnecting…",
  signed_out: "Signed out",
  refused: "Not opened",
  unreachable: "Not reached",
  blocked: "Blocked",
};
const STEPS = {
  account: "Preparing your account…",
  project: "Preparing your project…",
  membership: "Letting you in…",
  starting: "Starting your project…",
};
const TITLES = {
  lost: "The connection to CoCalc is lost",
  signed_out: "You are signed out",
  refused: "This was not opened",
  unreachable: "This does not work at the moment",
  blocked: "Your browser does not let CoCalc work here",
  file_missing: "No such file",
};
const FAILED = ["signed_out", "refused", "unreachable", "blocked"];
const BUSY = ["preparing", "opening"];
const GESTURE_LASTS = 5500; // ms; a browser's user activation, with some to spare

const SHELL = `
<a class="skip" href="#after">Skip past the notebook</a>
<div class="bar" part="toolbar">
  <span class="name"></span>
  <p class="light" role="status" aria-live="polite"><span class="dot" aria-hidden="true"></span><span class="words"></span></p>
  <div class="buttons">
    <button class="reload" type="button" title="Load CoCalc anew">Reload</button>
    <form method="post" target="_blank" rel="noopener"><input type="hidden" name="csrfmiddlewaretoken"><input type="hidden" name="path"><button title="Open this file in CoCalc itself">Open in a new tab</button></form>
  </div>
</div>
<div class="stage">
  <p class="waiting" aria-hidden="true"><span class="dot"></span><span class="words"></span></p>
  <div class="notice" hidden><div class="card">
    <h2></h2>
    <p class="text" role="alert"></p>
    <p class="detail quiet" hidden></p>
    <p class="buttons"><a class="sign-in button primary" target="_blank">Sign in</a><button class="again" type="button">Try again</button><button class="tab" type="button">Open in a new tab</button><button class="close" type="button">Keep working</button></p>
  </div></div>
</div>
<span id="after" class="skip" tabindex="0">End of the notebook</span>
`;

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

  #root = null;
  #settings = null;
  #session = null;
  #frame = null;
  #stepsOver = null; // of the frame, in the history
  #observer = null;
  #files = [];
  #switching = null; // {path}, while the session decides whether it is opened
  #outcome = null; // {promise, resolve, reject} of what is being opened
  #listening = null; // AbortController
  #guarded = false;
  #over = false; // the pointer is over the frame
  #gesture = { at: -Infinity, ours: false }; // the last one in the page around the frame
  #focused = null; // there, before

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
    return this.getAttribute("label") || this.path.split("/").pop();
  }

  get state() {
    return this.getAttribute("state") ?? "waiting";
  }

  connectedCallback() {
    if (!this.#root) this.#build();
    this.#settings = settings();
    this.#dress();
    this.#listen();
    this.#set({ state: "waiting" });
    if (this.#settings?.user === "") return this.#set({ state: "signed_out", message: "Sign in to work in this notebook." });
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
    if (!this.#root || !this.isConnected || before === now) return;
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

  /** Loads CoCalc anew; resolves when the file is open. */
  reload() {
    const outcome = this.#expect();
    if (this.#session) this.#session.start({ again: true });
    else this.#enqueue();
    return outcome;
  }

  async #command(name) {
    if (!this.#session?.project || this.#session.alive === false)
      throw new NotebookError("no_channel", "CoCalc does not answer messages of this page.");
    await this.#session.command(name);
  }

  #expect() {
    this.#outcome?.reject(new NotebookError("superseded", "Something else was opened."));
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
    if (this.#settings?.user === "") return this.#settle(new NotebookError("signed_out", "You are signed out."));
    queue.add(this);
    next();
  }

  /** Its turn in the queue has come. */
  begin() {
    this.#observer?.disconnect();
    if (!this.#settings) {
      prepared(this);
      console.error("<cocalc-notebook>: the page lacks {% cocalc_assets %}.");
      return this.#set({ state: "refused", code: "page", message: "This page is not set up for notebooks." });
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
    this.#files = [];
    this.#clear();
    prepared(this);
    this.#settle(new NotebookError("destroyed", "The notebook was taken off the page."));
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
      this.#say({ title: TITLES[error.code] ?? TITLES.refused, text: error.message, strip: true });
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
    const { origin } = this.#settings;
    frame.title = `${this.label} in CoCalc`;
    frame.allow = ["clipboard-read", "clipboard-write", "fullscreen"].map((it) => `${it} ${origin}`).join("; ");
    frame.referrerPolicy = "no-referrer";
    frame.addEventListener("pointerenter", () => (this.#over = true));
    frame.addEventListener("pointerleave", () => (this.#over = false));
    this.#guarded = frame.inert = true;
    this.#clear();
    this.#frame = frame;
    this.#stepsOver = expectSteps();
    this.#$(".stage").append(frame);
    // Not `src`: Back would walk through tokens.
    frame.contentWindow.location.replace(url);
    return () => frame.contentWindow;
  }

  #clear() {
    this.#stepsOver?.();
    this.#frame?.remove();
    this.#frame = null;
  }

  /* Focus ---------------------------------------------------------------------------------- */

  /**
   * While it loads, and when its editor is there, CoCalc takes the focus: from somebody who may be
   * typing elsewhere on the page. Until the first use of the frame it is given back. Use is a
   * gesture that happened in the frame (a page is told of it by its own activation), or one that
   * leads there.
   */
  #guard() {
    if (!this.#guarded || !this.#frame || this.#root.activeElement !== this.#frame) return;
    const active = navigator.userActivation?.isActive ?? true;
    const elsewhere = performance.now() - this.#gesture.at < GESTURE_LASTS && !this.#gesture.ours;
    if (this.#over || (active && !elsewhere)) {
      this.#guarded = false;
      return;
    }
    this.#frame.blur();
    window.focus();
    if (this.#focused?.isConnected) this.#focused.focus({ preventScroll: true });
  }

  #listen() {
    this.#listening = new AbortController();
    const { signal } = this.#listening;
    const on = (type, act) => window.addEventListener(type, act, { signal, capture: true });
    on("beforeunload", (event) => this.#session?.atRisk && event.preventDefault());
    // Once the focus has arrived: what is done while it moves is lost.
    on("blur", ({ target }) => target === window && setTimeout(() => this.#guard()));
    const note = () => {
      if (document.activeElement !== this) this.#focused = document.activeElement;
    };
    on("focusin", note);
    for (const type of ["keydown", "pointerup"])
      on(type, (event) => {
        note();
        const ours = event.key === "Tab" || event.composedPath().includes(this);
        this.#gesture = { at: performance.now(), ours };
      });
  }

  /* What one sees -------------------------------------------------------------------------- */

  #build() {
    this.#root = this.attachShadow({ mode: "open" });
    this.#root.adoptedStyleSheets = [look];
    this.#root.innerHTML = SHELL;
    this.#on(".reload", () => this.reload());
    this.#on(".again", () => this.#again());
    this.#on(".tab", () => this.#$("form").requestSubmit());
    this.#on(".close", () => this.#hush(true));
    this.#on(".skip", (event) => {
      event.preventDefault(); // the address is the page's
      this.#$("#after").focus();
    });
    this.#$("form").addEventListener("submit", ({ target }) => {
      target.action = this.#urls().tab;
      target.elements.path.value = this.path;
      target.elements.csrfmiddlewaretoken.value = csrfToken();
    });
  }

  #$(selector) {
    return this.#root.querySelector(selector);
  }

  #on(selector, act) {
    this.#$(selector).addEventListener("click", act);
  }

  /** Follows the attributes. */
  #dress() {
    const toolbar = this.getAttribute("toolbar");
    const height = this.getAttribute("height") ?? "";
    this.style.height = /^\d+$/.test(height) ? `${height}px` : height;
    this.#$(".bar").hidden = toolbar === "none";
    this.#$(".bar .buttons").hidden = toolbar === "read-only";
    this.#$(".name").textContent = this.#$(".name").title = this.label;
    if (this.#frame) this.#frame.title = `${this.label} in CoCalc`;
  }

  #set(detail) {
    const { state, code = "", message = "", adminMessage = "", step = "", retryAt = null, first = true } = detail;
    const previous = this.state;
    this.setAttribute("state", state);
    const words = STEPS[step] ?? WORDS[state];
    for (const place of this.#root.querySelectorAll(".words"))
      if (place.textContent !== words) place.textContent = words;
    this.#$(".light").dataset.state = this.#$(".waiting").dataset.state = state;
    this.#$(".waiting").hidden = Boolean(this.#frame);
    const nothing = ["waiting", "signed_out"].includes(state);
    this.#$(".reload").disabled = nothing;
    this.#$("form button").disabled = nothing || state === "refused";
    if (this.#frame && !BUSY.includes(state)) this.#frame.inert = false;
    if (state === "lost" || FAILED.includes(state)) {
      const text = retryAt ? `${message} It is tried again by itself.` : message;
      const strip = state === "lost" || (!first && Boolean(this.#frame));
      this.#say({ title: TITLES[code] ?? TITLES[state], text, detail: adminMessage, state, code, strip });
    } else this.#hush();
    if (state !== "preparing") prepared(this);
    if (state === "ready") this.#stepsOver?.();
    if (FAILED.includes(state)) this.#settle(new NotebookError(code || state, message));
    if (state !== previous) this.#tell("state", { state, previous, code, message });
    const anew = state === "ready" && previous !== "slow" && previous !== "lost";
    if (anew && !this.#switching) this.#opened();
  }

  /** In place of the notebook; or, as a strip, above one that may still be there. */
  #say({ title, text, detail = "", state = "", code = "", strip }) {
    const notice = this.#$(".notice");
    const missing = code === "file_missing" || code === "bad_path";
    this.#$("h2").textContent = title;
    this.#$("h2").hidden = !title;
    this.#$(".text").textContent = text;
    this.#$(".detail").textContent = detail;
    this.#$(".detail").hidden = !detail;
    const [again, signInLink] = [this.#$(".again"), this.#$(".sign-in")];
    const signIn = state === "signed_out" && code !== "other_user" && this.#settings?.signIn;
    signInLink.hidden = !signIn;
    if (signIn) signInLink.href = signIn;
    signInLink.target = this.#session ? "_blank" : "_self";
    again.textContent = code === "other_user" ? "Reload the page" : "Try again";
    again.hidden = missing || !this.#session || !state;
    again.classList.toggle("primary", !signIn);
    this.#$(".tab").hidden = !["lost", "unreachable", "blocked"].includes(state) || this.getAttribute("toolbar") !== "none";
    this.#$(".close").hidden = !strip;
    notice.className = `notice ${strip ? "strip" : "whole"}`;
    notice.dataset.code = code;
    notice.hidden = false;
  }

  #hush(back = false) {
    this.#$(".notice").hidden = true;
    if (back) this.#frame?.focus();
  }

  #note(detail) {
    const { code, message } = detail;
    if (!message) return;
    this.#tell("note", { code, message });
    this.#say({ title: "", text: message, strip: true });
  }

  #again() {
    if (this.#session.code === "other_user") location.reload();
    else this.#session.retry();
  }

  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail, bubbles: true }));
  }
}

customElements.define("cocalc-notebook", CocalcNotebook);
