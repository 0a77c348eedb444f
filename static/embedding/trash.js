/** The trash: what was deleted, and how it comes back or goes for good. */

import { ask } from "./ask.js";
import { RequestError, request } from "./our-site.js";
import { complain, hush, say } from "./saying.js";
import { nameText } from "./shown.js";
import { absolute, timeText } from "./words.js";

const { urls } = JSON.parse(document.getElementById("page").textContent);
const $ = (id) => document.getElementById(id);

let entries = [];

async function load() {
  hush();
  say("Looking into the trash…", { busy: true });
  try {
    ({ entries } = (await request("GET", urls["trash-listing"])).body);
  } catch (error) {
    return complain(error, load);
  }
  draw();
  say("");
}

function draw() {
  $("files").hidden = !entries.length;
  $("empty").hidden = Boolean(entries.length);
  $("empty-trash").disabled = !entries.length;
  $("files").tBodies[0].replaceChildren(...entries.map(row));
}

function row(entry) {
  const { path, folder, by, days } = entry;
  const tr = $("row").content.firstElementChild.cloneNode(true);
  const part = (name) => tr.querySelector(`.${name}`);
  tr.dataset.kind = folder ? "folder" : path.endsWith(".ipynb") ? "notebook" : "file";
  part("name").textContent = nameText(path);
  const deleted = new Date(entry.deleted);
  const time = tr.querySelector("time");
  time.dateTime = entry.deleted;
  time.textContent = `${timeText(deleted)}${by ? ` by ${by}` : ""}`;
  time.title = absolute.format(deleted);
  part("days").textContent = days > 1 ? `${days} more days` : "less than a day";
  for (const action of ["restore", "purge"])
    part(action).setAttribute("aria-label", nameText(`${part(action).textContent}: ${path}`));
  part("restore").addEventListener("click", () => restore(entry, tr));
  part("purge").addEventListener("click", () => purge(entry, tr));
  return tr;
}

/** Takes a row away; whoever was in it goes on with the next. */
function drop(entry, tr) {
  const next = tr.nextElementSibling ?? tr.previousElementSibling;
  const here = tr.contains(document.activeElement) || document.activeElement === document.body;
  entries = entries.filter((other) => other !== entry);
  tr.remove();
  if (!entries.length) draw();
  if (here) (next?.querySelector("button") ?? $("title")).focus();
}

async function restore(entry, tr) {
  if (tr.ariaBusy) return; // a double click
  hush();
  tr.ariaBusy = "true";
  try {
    const { body } = await request("POST", urls.restore, { json: { id: entry.id } });
    drop(entry, tr);
    const beside = body.path === entry.path ? "" : `, as “${body.path}”, since the name was taken`;
    say(`“${entry.path}” is back${beside}.`);
  } catch (error) {
    tr.ariaBusy = null;
    complain(error);
  }
}

async function purge(entry, tr) {
  const question = {
    title: `Delete “${entry.path}” for good?`,
    text: "Nobody can get it back then.",
    ok: "Delete for good",
  };
  const done = await ask(question, () => request("POST", urls.purge, { json: { id: entry.id } }));
  if (!done) return;
  drop(entry, tr);
  say(`“${entry.path}” is deleted for good.`);
}

async function empty() {
  const count = entries.length;
  const question = {
    title: "Empty the trash?",
    text: `${count === 1 ? "One thing is" : `${count} things are`} deleted for good. Nobody can get them back then.`,
    ok: "Empty the trash",
  };
  const done = await ask(question, async () => {
    try {
      return await request("POST", urls.purge, { json: { all: true } });
    } catch (error) {
      // Some of it may be gone.
      if (error instanceof RequestError && error.status) load();
      throw error;
    }
  });
  if (!done) return;
  entries = [];
  draw();
  say("The trash is empty.");
  $("title").focus();
}

$("empty-trash").addEventListener("click", empty);
window.addEventListener("pageshow", ({ persisted }) => persisted && load());
load();
