/** My notebooks: the list of a project's files, and what can be done with them. */

import {
  RequestError,
  bodyOf,
  csrfToken,
  encodePath,
  fetchFile,
  request,
  untilReady,
} from "./http.js";

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
  $("status").textContent = text;
  $("status").toggleAttribute("data-busy", busy);
}

function complain(error, retry = null) {
  if (!(error instanceof RequestError)) throw error;
  say("");
  const [text, button] = $("problem").children;
  text.textContent = [error.message, error.detail].filter(Boolean).join(" ");
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
    const { body } = await request("GET", `${urls.listing}?${query}`);
    if (wanted !== folder) return;
    entries = body.entries;
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

const SIZES = ["B", "kB", "MB", "GB"];
function sizeText(bytes) {
  const unit = Math.min(SIZES.length - 1, Math.floor(Math.log10(Math.max(bytes, 1)) / 3));
  const value = bytes / 1000 ** unit;
  return `${value < 10 && unit ? value.toFixed(1) : Math.round(value)} ${SIZES[unit]}`;
}

const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const absolute = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
function timeText(date) {
  const seconds = (date - Date.now()) / 1000;
  if (seconds > -45) return "just now";
  if (seconds > -3600) return relative.format(Math.round(seconds / 60), "minute");
  if (seconds > -86400) return relative.format(Math.round(seconds / 3600), "hour");
  if (seconds > -7 * 86400) return relative.format(Math.round(seconds / 86400), "day");
  return absolute.format(date);
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
  const kind = entry.folder ? "folder" : entry.name.endsWith(".ipynb") ? "notebook" : "file";
  tr.dataset.kind = kind;
  part("name").textContent = entry.name;
  part("name").href = entry.folder ? folderUrl(path) : openUrl(path);
  if (entry.folder) part("name").addEventListener("click", (event) => into(event, path));
  const modified = new Date(entry.modified);
  const time = tr.querySelector("time");
  time.dateTime = entry.modified;
  time.textContent = timeText(modified);
  time.title = absolute.format(modified);
  part("size").textContent = entry.folder ? "" : sizeText(entry.size);
  part("download").href = `${urls.download}?${new URLSearchParams({ path })}`;
  part("download").download = entry.name;
  part("download").hidden = entry.folder;
  part("download").addEventListener("click", (event) => download(event, entry.name));
  for (const action of ["download", "rename", "delete"])
    part(action).setAttribute("aria-label", `${part(action).textContent} ${entry.name}`);
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
    link.textContent = name;
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
  $("ask-title").textContent = title;
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
    link.href = URL.createObjectURL(await fetchFile(event.currentTarget.href));
  } catch (error) {
    return complain(error);
  }
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  say("");
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
    await request("POST", urls.move, { json });
    entry.name = chosen;
    tr.replaceWith(row(entry));
    say(`Renamed to “${chosen}”.`);
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

/* Uploads ---------------------------------------------------------------------------------- */

let queue = Promise.resolve();

/** One after the other, so that a class behind one connection stays usable. */
function uploadAll(files) {
  for (const file of files) {
    const item = $("uploading").content.firstElementChild.cloneNode(true);
    const target = { path: join(file.name), folder };
    item.querySelector(".name").textContent = file.name;
    item.querySelector(".outcome").textContent = "Waiting…";
    item.querySelector(".dismiss").onclick = () => item.remove();
    $("uploads").append(item);
    queue = queue.then(() => uploadOne(file, target, item));
  }
  queue = queue.then(load);
}

async function uploadOne(file, target, item, overwrite = false) {
  const part = (name) => item.querySelector(`.${name}`);
  const progress = item.querySelector("progress");
  item.dataset.state = "sending";
  part("replace").hidden = part("dismiss").hidden = true;
  progress.hidden = false;
  part("outcome").textContent = "Sending…";
  try {
    if (file.size > page.uploadMax)
      throw new RequestError({
        code: "too_large",
        message: `This is too large: files may have up to ${sizeText(page.uploadMax)}.`,
      });
    await send(file, target.path, overwrite, (share) => {
      progress.value = share;
      if (share === 1) part("outcome").textContent = "Storing…";
    });
    item.dataset.state = "done";
    part("outcome").textContent = "Done";
    setTimeout(() => item.remove(), 5000);
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    item.dataset.state = "failed";
    part("outcome").textContent = error.message;
    part("dismiss").hidden = false;
    const again = error.code === "exists" ? "Replace" : error.recoverable ? "Try again" : "";
    part("replace").textContent = again;
    part("replace").hidden = !again;
    part("replace").onclick = () => {
      queue = queue.then(() => uploadOne(file, target, item, error.code === "exists")).then(load);
    };
  }
  progress.hidden = true;
}

/** With XMLHttpRequest, as fetch tells nothing of an upload's progress. */
function send(file, path, overwrite, onProgress) {
  const form = new FormData();
  form.append("path", path);
  if (overwrite) form.append("overwrite", "1");
  form.append("file", file);
  return new Promise((resolve, reject) => {
    const xhr = new XMLHttpRequest();
    xhr.open("POST", urls.upload);
    xhr.setRequestHeader("Accept", "application/json");
    xhr.setRequestHeader("X-CSRFToken", csrfToken());
    xhr.upload.onprogress = ({ loaded, total }) => onProgress(total ? loaded / total : 0);
    xhr.onload = () => bodyOf(xhr.status, async () => xhr.responseText).then(resolve, reject);
    xhr.onerror = () =>
      reject(
        new RequestError({
          code: "unreachable",
          message: "The upload was cut off. Check your connection and try again.",
          recoverable: true,
        }),
      );
    xhr.send(form);
  });
}

function dropZone() {
  let depth = 0; // dragenter and dragleave come for every element on the way
  const over = (by) => {
    depth += by;
    $("drop").hidden = depth <= 0;
  };
  const withFiles = (event) => event.dataTransfer?.types.includes("Files");
  document.addEventListener("dragenter", (event) => withFiles(event) && over(1));
  document.addEventListener("dragleave", (event) => withFiles(event) && over(-1));
  document.addEventListener("dragover", (event) => withFiles(event) && event.preventDefault());
  document.addEventListener("drop", (event) => {
    if (!withFiles(event)) return;
    event.preventDefault();
    depth = 0;
    $("drop").hidden = true;
    if (!$("upload").disabled) uploadAll(event.dataTransfer.files);
  });
}

/* Start ------------------------------------------------------------------------------------ */

$("new-notebook").addEventListener("click", newNotebook);
$("empty-new").addEventListener("click", newNotebook);
$("new-folder").addEventListener("click", newFolder);
$("upload").addEventListener("click", () => $("chosen").click());
$("chosen").addEventListener("change", ({ target }) => {
  uploadAll([...target.files]);
  target.value = "";
});
dropZone();
// What was done in the notebook meanwhile shows when the user comes back by Back.
window.addEventListener("pageshow", ({ persisted }) => persisted && load());
page.next ? prepare() : load();
