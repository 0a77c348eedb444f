/** My notebooks: the list of a project's files, and what can be done with them. */

import { absolute, sizeText, timeText } from "./amounts.js";
import { ask } from "./ask.js";
import { newName } from "./names.js";
import { bodyOf, encodePath, fetchOurs, request, untilReady } from "./our-site.js";
import { complain, hush, say } from "./saying.js";
import { acceptUploads } from "./uploads.js";
import { fill, gettext, nameText } from "./words.js";

const page = JSON.parse(document.getElementById("page").textContent);
const { urls } = page;
const $ = (id) => document.getElementById(id);

const WORDS = {
  account: gettext("Preparing your account…"),
  project: gettext("Preparing your project…"),
  membership: gettext("Giving you access…"),
};
const LABELS = {
  download: gettext("Download %(name)s"),
  rename: gettext("Rename %(name)s"),
  delete: gettext("Delete %(name)s"),
};
const START_SHOWS = 1500; // ms; a project that runs answers faster

let folder = page.folder;
let entries = [];

const join = (name) => (folder ? `${folder}/${name}` : name);
const folderUrl = (path) => (path ? `${urls.base}files/${encodePath(path)}/` : urls.base);
const openUrl = (path) => `${urls.base}open/${encodePath(path)}`;

function enable(enabled) {
  for (const id of ["new-notebook", "new-folder", "upload"]) $(id).disabled = !enabled;
}

/* The list --------------------------------------------------------------------------------- */

async function load() {
  hush();
  drawCrumbs();
  say(gettext("Loading your files…"), { busy: true });
  const starts = () => say(gettext("Starting your project…"), { busy: true });
  const timer = setTimeout(starts, START_SHOWS);
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
  hush();
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
    part(action).setAttribute("aria-label", nameText(fill(LABELS[action], { name: entry.name })));
  part("rename").addEventListener("click", () => rename(entry, tr));
  part("delete").addEventListener("click", (event) => remove(event, entry, tr));
  return tr;
}

function into(event, path) {
  if (event.metaKey || event.ctrlKey || event.shiftKey || isElsewhere(path)) return;
  event.preventDefault();
  history.pushState(null, "", folderUrl(path));
  goTo(path);
}

/** Whether it has a page with another head, which our site makes. */
const isElsewhere = (path) => page.inPlace && path.split("/")[0] !== folder.split("/")[0];

function goTo(path) {
  folder = path;
  entries = [];
  $("files").hidden = $("empty").hidden = true;
  load();
}

function drawCrumbs() {
  const list = document.createElement("ol");
  const parts = folder ? folder.split("/") : [];
  const crumbs = [[gettext("All files"), ""], ...parts.map((name, i) => [name, parts.slice(0, i + 1).join("/")])];
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
  const wanted = path.split("/").map(decodeURIComponent).join("/");
  isElsewhere(wanted) ? location.reload() : goTo(wanted);
});

/* Changes ---------------------------------------------------------------------------------- */

/** By script, for then a failure can be shown; the link itself is for "save as". */
async function download(event, name) {
  event.preventDefault();
  const link = document.createElement("a");
  say(fill(gettext("Downloading “%(name)s”…"), { name }), { busy: true });
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
  const name = freeName(gettext("Untitled"), ".ipynb");
  const question = { title: gettext("New notebook"), name, ok: gettext("Create and open") };
  ask(question, async (chosen, { keepBoth }) => {
    const json = { path: join(chosen), keep_both: keepBoth };
    const { body } = await request("POST", urls["create-notebook"], { json });
    location.assign(openUrl(body.path));
  });
}

async function newFolder() {
  const title = gettext("New folder");
  const question = { title, name: freeName(title, ""), ok: gettext("Create folder") };
  const path = await ask(question, async (chosen, { keepBoth }) => {
    const json = { path: join(chosen), keep_both: keepBoth };
    return (await request("POST", urls["create-folder"], { json })).body.path;
  });
  if (path === null) return;
  await load();
  turnTo(path);
}

async function rename(entry, tr) {
  const title = fill(gettext("Rename “%(name)s”"), entry);
  const question = { title, name: entry.name, ok: gettext("Rename") };
  const path = await ask(question, async (chosen, answer) => {
    if (chosen === entry.name) return null;
    const to = join(newName(entry, chosen, answer));
    const json = { path: join(entry.name), to, keep_both: answer.keepBoth };
    return (await request("POST", urls.move, { json })).body.path;
  });
  if (path === null) return;
  const name = inThisFolder(path);
  if (name && !name.startsWith(".")) {
    entry.name = name;
    tr.replaceWith(row(entry));
  } else await load();
  turnTo(path);
  say(fill(name ? gettext("Renamed to “%(name)s”.") : gettext("Moved to “%(path)s”."), { name, path }));
}

/** To the trash; it can be undone, so nobody is asked. */
async function remove(event, entry, tr) {
  // The second click of two may be on the next row, which has moved up.
  if (event.detail > 1 || tr.ariaBusy) return;
  hush();
  tr.ariaBusy = "true";
  const path = join(entry.name);
  try {
    const { body } = await request("POST", urls.delete, { json: { path } });
    drop(entry, tr);
    const said = body.trash
      ? gettext("“%(name)s” was moved to the trash.")
      : gettext("“%(name)s” no longer exists.");
    offerUndo(fill(said, entry), body.trash);
  } catch (error) {
    tr.ariaBusy = null;
    if (error.code !== "no_trash") return complain(error);
    removeForGood(error.message, path, entry, tr);
  }
}

async function removeForGood(why, path, entry, tr) {
  const title = fill(gettext("Delete “%(path)s” for good?"), { path: entry.name });
  const way = gettext("You can delete it for good. Nobody can get it back afterwards.");
  const json = { path, for_good: true };
  const done = await ask({ title, text: `${why} ${way}`, ok: gettext("Delete for good") }, () =>
    request("POST", urls.delete, { json }),
  );
  if (!done) return;
  drop(entry, tr);
  say(fill(gettext("“%(path)s” was deleted for good."), { path: entry.name }));
}

/** Takes a row away; whoever was in it goes on with the next. */
function drop(entry, tr) {
  const next = tr.nextElementSibling ?? tr.previousElementSibling;
  const here = tr.contains(document.activeElement) || document.activeElement === document.body;
  entries = entries.filter((other) => other !== entry);
  tr.remove();
  if (!entries.length) draw();
  if (here) (next?.querySelector(".name") ?? $("title")).focus();
}

/** Stays until something else is deleted, also in other folders. */
function offerUndo(text, trashed) {
  const [words, button] = $("deleted").children;
  words.textContent = nameText(text);
  button.hidden = !trashed;
  button.onclick = async () => {
    button.hidden = true;
    hush();
    say(gettext("Putting it back…"), { busy: true });
    try {
      const { body } = await request("POST", urls.restore, { json: { id: trashed } });
      words.textContent = "";
      await load();
      turnTo(body.path);
      say(fill(gettext("“%(path)s” is back."), body));
    } catch (error) {
      button.hidden = !error.recoverable;
      complain(error);
    }
  };
}

/** The name of what is in this folder itself; else empty. */
function inThisFolder(path) {
  const name = path.slice(folder ? folder.length + 1 : 0);
  return path === join(name) && !name.includes("/") ? name : "";
}

/** To its row, or to the folder's that it is in; or to where all begins. */
function turnTo(path) {
  const inside = !folder || path.startsWith(`${folder}/`);
  const name = inside && path.slice(folder ? folder.length + 1 : 0).split("/")[0];
  const links = [...document.querySelectorAll("#files .name")];
  (links.find((link) => link.textContent === nameText(name || "")) ?? $("title")).focus();
}

/* Start ------------------------------------------------------------------------------------ */

$("new-notebook").addEventListener("click", newNotebook);
$("empty-new").addEventListener("click", newNotebook);
$("new-folder").addEventListener("click", newFolder);
acceptUploads({ url: urls.upload, most: page.uploadMax }, join, load);
// What was done in the notebook meanwhile shows when the user comes back by Back.
window.addEventListener("pageshow", ({ persisted }) => persisted && load());
page.next ? prepare() : load();
