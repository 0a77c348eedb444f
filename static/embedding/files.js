/** My notebooks: the list of a project's files, and what can be done with them. */

import { nameText } from "./shown.js";
import { RequestError, bodyOf, encodePath, fetchOurs, request, untilReady } from "./our-site.js";
import { acceptUploads } from "./uploads.js";
import { absolute, sizeText, timeText } from "./words.js";

const page = JSON.parse(document.getElementById("page").textContent);
const { urls } = page;
const $ = (id) => document.getElementById(id);

const WORDS = {
  account: "Preparing your account…",
  project: "Preparing your project…",
  membership: "Letting you in…",
};
const START_SHOWS = 1500; // ms; a project that runs answers faster

let folder = page.folder;
let entries = [];

const join = (name) => (folder ? `${folder}/${name}` : name);
const folderUrl = (path) => (path ? `${urls.base}files/${encodePath(path)}/` : urls.base);
const openUrl = (path) => `${urls.base}open/${encodePath(path)}`;

/* What the page says ----------------------------------------------------------------------- */

function say(text, { busy = false } = {}) {
  $("status").textContent = nameText(text);
  $("status").toggleAttribute("data-busy", busy);
}

function complain(error, retry = null) {
  if (!(error instanceof RequestError)) throw error;
  say("");
  const [text, button] = $("problem").children;
  text.textContent = nameText([error.message, error.detail].filter(Boolean).join(" "));
  button.hidden = !retry;
  button.onclick = retry;
  $("problem").hidden = false;
}

function enable(enabled) {
  for (const id of ["new-notebook", "new-folder", "upload"]) $(id).disabled = !enabled;
}

/* The list --------------------------------------------------------------------------------- */

async function load() {
  $("problem").hidden = true;
  drawCrumbs();
  say("Looking at your files…", { busy: true });
  const timer = setTimeout(() => say("Starting your project…", { busy: true }), START_SHOWS);
  const wanted = folder;
  try {
    const query = new URLSearchParams({ folder });
    const found = await untilReady(
      () => request("GET", `${urls.listing}?${query}`),
      () => {},
    );
    if (wanted !== folder) return;
    entries = found.entries;
    draw();
    enable(true);
    say("");
  } catch (error) {
    if (wanted !== folder) return;
    complain(error, load);
  } finally {
    clearTimeout(timer);
  }
}

async function prepare() {
  $("problem").hidden = true;
  say(WORDS[page.next], { busy: true });
  try {
    await untilReady(
      () => request("POST", urls.prepare),
      (step) => say(WORDS[step], { busy: true }),
    );
  } catch (error) {
    return complain(error, prepare);
  }
  await load();
}

function draw() {
  $("files").hidden = !entries.length;
  $("empty").hidden = Boolean(entries.length);
  $("files").tBodies[0].replaceChildren(...entries.map(row));
}

function row(entry) {
  const path = join(entry.name);
  const tr = $("row").content.firstElementChild.cloneNode(true);
  const part = (name) => tr.querySelector(`.${name}`);
  const kind = entry.folder ? "folder" : entry.name.toLowerCase().endsWith(".ipynb") ? "notebook" : "file";
  tr.dataset.kind = kind;
  part("name").textContent = nameText(entry.name);
  part("name").href = entry.folder ? folderUrl(path) : openUrl(path);
  if (entry.folder) part("name").addEventListener("click", (event) => into(event, path));
  const modified = new Date(entry.modified);
  const time = tr.querySelector("time");
  time.dateTime = entry.modified;
  time.textContent = timeText(modified);
  time.title = absolute.format(modified);
  part("size").textContent = entry.folder ? "" : sizeText(entry.size);
  part("download").href = `${urls.download}?${new URLSearchParams({ path })}`;
  part("download").download = nameText(entry.name);
  part("download").hidden = entry.folder;
  part("download").addEventListener("click", (event) => download(event, entry.name));
  for (const action of ["download", "rename", "delete"])
    part(action).setAttribute("aria-label", nameText(`${part(action).textContent} ${entry.name}`));
  part("rename").addEventListener("click", () => rename(entry, tr));
  part("delete").addEventListener("click", () => remove(entry, tr));
  return tr;
}

function into(event, path) {
  if (event.metaKey || event.ctrlKey || event.shiftKey) return;
  event.preventDefault();
  history.pushState(null, "", folderUrl(path));
  goTo(path);
}

function goTo(path) {
  folder = path;
  entries = [];
  $("files").hidden = $("empty").hidden = true;
  load();
}

function drawCrumbs() {
  const list = document.createElement("ol");
  const parts = folder ? folder.split("/") : [];
  const crumbs = [["All files", ""], ...parts.map((name, i) => [name, parts.slice(0, i + 1).join("/")])];
  for (const [name, path] of parts.length ? crumbs : []) {
    const item = document.createElement("li");
    const link = document.createElement("a");
    link.textContent = nameText(name);
    if (path === folder) link.setAttribute("aria-current", "page");
    else {
      link.href = folderUrl(path);
      link.addEventListener("click", (event) => into(event, path));
    }
    item.append(link);
    list.append(item);
  }
  $("crumbs").replaceChildren(list);
}

window.addEventListener("popstate", () => {
  const rest = location.pathname.slice(new URL(urls.base, location.href).pathname.length);
  const path = rest.replace(/^files\//, "").replace(/\/$/, "");
  goTo(path.split("/").map(decodeURIComponent).join("/"));
});

/* Changes ---------------------------------------------------------------------------------- */

/**
 * Asks in a dialog, and stays until `act` succeeds or the user gives up; nothing typed is lost.
 *
 * @param {{title: string, text?: string, name?: string, ok: string}} question `name` asks for one
 * @param {(name: string) => Promise<void>} act
 */
function ask({ title, text = "", name, ok }, act) {
  const dialog = $("ask");
  const asksName = name !== undefined;
  $("ask-title").textContent = nameText(title);
  $("ask-text").textContent = text;
  $("ask-text").hidden = !text;
  $("ask-label").hidden = $("ask-name").hidden = !asksName;
  $("ask-name").value = name ?? "";
  $("ask-name").required = asksName;
  $("ask-ok").textContent = ok;
  $("ask-problem").hidden = true;
  $("ask-cancel").onclick = () => dialog.close();
  dialog.querySelector("form").onsubmit = async (event) => {
    event.preventDefault();
    $("ask-ok").disabled = true;
    $("ask-problem").hidden = true;
    try {
      await act($("ask-name").value.trim());
      dialog.close();
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      $("ask-problem").textContent = error.message;
      $("ask-problem").hidden = false;
    } finally {
      $("ask-ok").disabled = false;
    }
  };
  dialog.showModal();
  if (!asksName) return $("ask-cancel").focus();
  $("ask-name").focus();
  $("ask-name").setSelectionRange(0, name.replace(/\.[^.]*$/, "").length);
}

/** By script, for then a failure can be shown; the link itself is for "save as". */
async function download(event, name) {
  event.preventDefault();
  const link = document.createElement("a");
  say(`Getting “${name}”…`, { busy: true });
  try {
    link.href = URL.createObjectURL(await contentOf(event.currentTarget.href));
  } catch (error) {
    return complain(error);
  }
  link.download = nameText(name);
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  say("");
}

async function contentOf(url) {
  const response = await fetchOurs("GET", url);
  if (response.ok) return response.blob();
  return bodyOf(response.status, () => response.text());
}

/** A free name such as "Untitled 2.ipynb". */
function freeName(stem, ending) {
  const taken = new Set(entries.map((entry) => entry.name));
  for (let i = 1; ; i++) {
    const name = `${stem}${i > 1 ? ` ${i}` : ""}${ending}`;
    if (!taken.has(name)) return name;
  }
}

function newNotebook() {
  const name = freeName("Untitled", ".ipynb");
  ask({ title: "New notebook", name, ok: "Create and open" }, async (chosen) => {
    const json = { path: join(chosen) };
    const { body } = await request("POST", urls["create-notebook"], { json });
    location.assign(openUrl(body.path));
  });
}

function newFolder() {
  ask({ title: "New folder", name: freeName("New folder", ""), ok: "Create" }, async (chosen) => {
    await request("POST", urls["create-folder"], { json: { path: join(chosen) } });
    await load();
  });
}

function rename(entry, tr) {
  ask({ title: `Rename “${entry.name}”`, name: entry.name, ok: "Rename" }, async (chosen) => {
    if (chosen === entry.name) return;
    const json = { path: join(entry.name), to: join(chosen) };
    const { body } = await request("POST", urls.move, { json });
    entry.name = body.path.split("/").pop();
    tr.replaceWith(row(entry));
    say(`Renamed to “${entry.name}”.`);
  });
}

function remove(entry, tr) {
  const text = entry.folder
    ? "The folder and everything in it will be gone for good."
    : "It will be gone for good.";
  ask({ title: `Delete “${entry.name}”?`, text, ok: "Delete" }, async () => {
    await request("POST", urls.delete, { json: { path: join(entry.name) } });
    entries = entries.filter((other) => other !== entry);
    tr.remove();
    if (!entries.length) draw();
    say(`“${entry.name}” is deleted.`);
  });
}

/* Start ------------------------------------------------------------------------------------ */

$("new-notebook").addEventListener("click", newNotebook);
$("empty-new").addEventListener("click", newNotebook);
$("new-folder").addEventListener("click", newFolder);
acceptUploads({ url: urls.upload, most: page.uploadMax }, join, load);
// What was done in the notebook meanwhile shows when the user comes back by Back.
window.addEventListener("pageshow", ({ persisted }) => persisted && load());
page.next ? prepare() : load();
