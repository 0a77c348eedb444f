/** The trash: what was deleted, and how it comes back or goes for good. */

import { absolute, timeText } from "./amounts.js";
import { ask } from "./ask.js";
import { RequestError, request } from "./our-site.js";
import { complain, hush, say } from "./saying.js";
import { fill, gettext, nameText, ngettext } from "./words.js";

const { urls } = JSON.parse(document.getElementById("page").textContent);
const $ = (id) => document.getElementById(id);

const LABELS = {
  restore: gettext("Put back: %(path)s"),
  purge: gettext("Delete for good: %(path)s"),
};

let entries = [];

async function load() {
  hush();
  say(gettext("Loading the trash…"), { busy: true });
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
  const when = timeText(deleted);
  time.textContent = by ? fill(gettext("%(when)s by %(name)s"), { when, name: by }) : when;
  time.title = absolute.format(deleted);
  const more = ngettext("%(count)s more day", "%(count)s more days", days ?? 0);
  part("days").textContent =
    days === null ? gettext("for ever") : days > 1 ? fill(more, { count: days }) : gettext("less than a day");
  for (const action of ["restore", "purge"])
    part(action).setAttribute("aria-label", nameText(fill(LABELS[action], { path })));
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
    const said =
      body.path === entry.path
        ? gettext("“%(path)s” is back.")
        : gettext("“%(path)s” is back as “%(other)s”, because the old name is taken.");
    say(fill(said, { path: entry.path, other: body.path }));
  } catch (error) {
    tr.ariaBusy = null;
    complain(error);
  }
}

async function purge(entry, tr) {
  const { path } = entry;
  const question = {
    title: fill(gettext("Delete “%(path)s” for good?"), { path }),
    text: gettext("Nobody can get it back afterwards."),
    ok: gettext("Delete for good"),
  };
  const done = await ask(question, () => request("POST", urls.purge, { json: { id: entry.id } }));
  if (!done) return;
  drop(entry, tr);
  say(fill(gettext("“%(path)s” was deleted for good."), { path }));
}

async function empty() {
  const count = entries.length;
  const text = ngettext(
    "%(count)s item will be deleted for good. Nobody can get it back afterwards.",
    "%(count)s items will be deleted for good. Nobody can get them back afterwards.",
    count,
  );
  const question = {
    title: gettext("Empty the trash?"),
    text: fill(text, { count }),
    ok: gettext("Empty the trash"),
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
  say(gettext("The trash is empty."));
  $("title").focus();
}

$("empty-trash").addEventListener("click", empty);
window.addEventListener("pageshow", ({ persisted }) => persisted && load());
load();
