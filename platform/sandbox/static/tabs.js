// The open files: one tab and one inner frame each; and the dialog for a project that does not run,
// or is not the user's.

import * as hub from "./hub.js";

const SAVE_MS = 3000;
export const $ = (id) => document.getElementById(id);

export const delay = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// What goes on in a project, told to whoever embeds this page (CoCalc, July 2024, observed):
// to any origin, whether the channel is allowed or not.
export function log(project_id, event, { id = crypto.randomUUID(), time = new Date() } = {}) {
  const entry = { event, project_id, id };
  if (time) entry.time = time.toISOString();
  window.parent.postMessage({ source: "cocalc-project-log", payload: { project_log: entry } }, "*");
  return id;
}

export const opening = (path) => ({ event: "open", action: "open", filename: path });

// What all generations share. Each adds `open(project, path, tell)`, which opens a file or turns to
// it (`tell` is called before; it resolves to false where nothing is to be said, and to true also
// after "Cancel", with nothing opened), `follow` for the file of the address, and `watch`.
export class Files {
  #open = []; // {project, path, tab, view} in the order of their opening
  #active = null;

  get front() {
    return this.#active ?? this.#open[0];
  }

  // {project_id: [paths]}, as a `status` reply lists them.
  list() {
    const listed = {};
    for (const { project, path } of this.#open) (listed[project] ??= []).push(path);
    return listed;
  }

  owns(source) {
    return this.#open.some(({ view }) => view?.contentWindow === source);
  }

  has(entry) {
    return this.#open.includes(entry);
  }

  add(project, path) {
    const entry = { project, path, tab: null, view: null };
    this.#open.push(entry);
    return entry;
  }

  // Is it open already? Then it comes to the front, if there is anything to show.
  turnBack(project, path) {
    const known = this.#open.find((entry) => entry.project === project && entry.path === path);
    if (known?.view) this.#turnTo(known);
    return Boolean(known);
  }

  async closeAll() {
    $("ask").close("cancel");
    await Promise.all([...this.#open].map((entry) => this.#close(entry)));
  }

  // Of the projects with open files, as far as they are the user's: [project, does it run].
  async states() {
    const found = [];
    for (const project of new Set(this.#open.map((entry) => entry.project))) {
      const { ok, running } = await hub.look(project);
      if (ok) found.push([project, running]);
    }
    return found;
  }

  reload(project) {
    for (const { view } of this.#open.filter((entry) => entry.project === project))
      if (view?.src) view.src = view.getAttribute("src");
  }

  blank() {
    this.#active = null;
    this.#draw();
    $("banner").hidden = true;
  }

  // Ask, and start the project; false after "Cancel".
  async start(entry, about, stays = () => true) {
    if (!(await this.#ask(entry, about, stays))) return false;
    const begun = performance.now();
    if (about.logged) log(entry.project, { event: "project_start_requested" });
    const answer = await hub.start(entry.project);
    if (!answer.ok) throw new Error(answer.error);
    if (about.logged) {
      const duration_ms = Math.round(performance.now() - begun);
      log(entry.project, { event: "project_started", duration_ms, kind: "free", upgraded: false });
    }
    return true;
  }

  // One dialog at a time: a second file waits for the first one's answer.
  #asking = Promise.resolve();

  #ask({ path }, { title = "No title" }, stays) {
    const asked = this.#asking.then(async () => {
      // Closed while it waited.
      if (!stays()) return false;
      const dialog = $("ask");
      dialog.returnValue = "cancel";
      $("ask-text").textContent =
        `You must start the project '${title}' before you can open the file '${path}'.` +
        " Start this project?";
      dialog.showModal();
      dialog.querySelector(".primary").focus();
      await new Promise((resolve) => dialog.addEventListener("close", resolve, { once: true }));
      return dialog.returnValue === "ok";
    });
    this.#asking = asked.catch(() => {});
    return asked;
  }

  // Show a file, made if missing: `opened` is called once it is there. `id` is that of its log, if
  // it has one; the log's second message follows when the document is ready.
  async show(entry, id, opened = () => {}) {
    const { project, path } = entry;
    const begun = performance.now();
    const found = await hub.file(project, path);
    if (!found.ok) throw new Error(found.error);
    // A folder is logged as opened but stands in no list, unless it is the project itself.
    if (found.kind === "folder" && path) this.forget(entry);
    opened();
    // Closed meanwhile.
    if (!found.address || !this.has(entry)) return;
    const frame = this.#frame(entry, found.address);
    frame.addEventListener("load", async () => {
      await delay(40);
      const time = Math.round(performance.now() - begun);
      if (id) log(project, { time }, { id, time: null });
    }, { once: true });
    this.place(entry, frame);
  }

  place(entry, view) {
    if (entry.view) entry.view.replaceWith(view);
    else {
      entry.tab = this.#tab(entry);
      $("tabs").append(entry.tab);
      $("views").append(view);
      this.#active = entry;
    }
    entry.view = view;
    this.#turnTo(this.#active);
  }

  #frame({ path }, address) {
    const frame = document.createElement("iframe");
    frame.src = address;
    frame.title = path;
    frame.allow = "clipboard-read; clipboard-write; fullscreen";
    return frame;
  }

  #tab(entry) {
    const tab = document.createElement("span");
    tab.className = "tab";
    const name = document.createElement("button");
    name.type = "button";
    name.setAttribute("role", "tab");
    name.textContent = entry.path.split("/").pop();
    name.title = entry.path;
    name.addEventListener("click", () => this.#turnTo(entry));
    const close = document.createElement("button");
    close.type = "button";
    close.className = "close";
    close.textContent = "×";
    close.setAttribute("aria-label", `Close ${entry.path}`);
    close.addEventListener("click", () => this.#close(entry));
    tab.append(name, close);
    return tab;
  }

  #turnTo(entry) {
    this.#active = entry;
    this.#draw();
    const place = entry.path.split("/").map(encodeURIComponent).join("/");
    const address = `/projects/${entry.project}/files/${place}${location.search}`;
    // So that a reload of the frame comes back to this file.
    history.replaceState(null, "", address);
  }

  async #close(entry) {
    await save(entry.view);
    this.forget(entry);
  }

  forget(entry) {
    entry.tab?.remove();
    entry.view?.remove();
    this.#open = this.#open.filter((other) => other !== entry);
    if (this.#active === entry || !this.#active) {
      this.#active = this.#open.findLast(({ view }) => view) ?? null;
    }
    this.#draw();
  }

  #draw() {
    const shown = this.#open.filter(({ view }) => view);
    for (const { tab, view } of shown) {
      const isActive = view === this.#active?.view;
      tab.classList.toggle("active", isActive);
      tab.firstChild.setAttribute("aria-selected", isActive);
      view.hidden = !isActive;
      if (isActive) this.#reveal(tab);
    }
    $("tabs").hidden = shown.length === 0;
    $("banner").hidden = shown.length > 0;
  }

  // Leaving the page saves, too (CoCalc, July 2024, observed), and nobody is asked.
  leave() {
    for (const { project, view } of this.#open) saveAtOnce(project, view);
  }

  // By hand: scrollIntoView would scroll the page around this one, too.
  #reveal(tab) {
    const [outer, inner] = [$("tabs"), tab].map((element) => element.getBoundingClientRect());
    $("tabs").scrollLeft +=
      Math.min(0, inner.left - outer.left) + Math.max(0, inner.right - outer.right);
  }
}

// Have Jupyter write the document before its frame goes, but do not wait for ever.
async function save(view) {
  const app = view?.contentWindow?.jupyterapp;
  if (!app) return;
  const saving = app.commands.execute("docmanager:save").catch(() => {});
  await Promise.race([saving, delay(SAVE_MS)]);
}

// While the page goes there is no waiting: the browser sends this on its own, up to 64 KB.
function saveAtOnce(project, view) {
  const context = view?.contentWindow?.jupyterapp?.shell.currentWidget?.context;
  if (!context?.model.dirty) return;
  const { type } = context.contentsModel;
  const isNotebook = type === "notebook";
  const content = isNotebook ? context.model.toJSON() : context.model.toString();
  const format = isNotebook ? "json" : "text";
  const path = context.path.split("/").map(encodeURIComponent).join("/");
  fetch(`/${project}/jupyter/api/contents/${path}`, {
    method: "PUT",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ type, format, content }),
    keepalive: true,
  }).catch(() => {});
}
