/**
 * The site's own action for the folder of the page's file, such as submitting it.
 *
 * What is typed reaches the disk only every 45 s, or when its file is closed. So the open files are
 * closed, and the action waits until they are on disk; then they are opened again, whatever came of
 * it. The file's own time on disk is believed, and no reply. What our site goes on with is followed
 * until it is done or has failed, from an earlier page as well.
 */

import { nameText } from "./shown.js";
import { session } from "./notebook.js";
import { request } from "./our-site.js";

const LOOK = 700; // ms between two looks at the disk
const QUIET = 3; // looks without a change: what has not been saved by now had nothing to save
const CLOSED = 4000; // for files that were closed
const LEFT = 7000; // for those of a page that was left
const FOLLOW = 2000; // between two questions what became of it

const { action } = JSON.parse(document.getElementById("page").textContent);
const $ = (id) => document.getElementById(id);
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

let running = false;
let followed = 0; // so that an older one does not tell any more
let open = []; // in the frame, as last heard

session.addEventListener("reply", ({ detail: { status } }) => {
  if (status) open = status.openFiles.get(session.project) ?? [];
});

/* From the files in the frame to the answer ------------------------------------------------- */

async function run(asSaved = false, answer = undefined) {
  if (running) return; // a double click
  running = true;
  followed++;
  show("working", "Saving your files…");
  let bringBack = () => {};
  let posted = false;
  try {
    if (!asSaved) bringBack = await save();
    say(action.doing);
    posted = true;
    const { status, body } = await request("POST", action.url, { form: answer });
    done(status, body);
    if (status === 202 && action.outcome_url) follow();
  } catch (error) {
    if (error.question) ask(error.question, error.message, asSaved);
    else if (error instanceof Unsaved) {
      bringBack = error.bringBack;
      show("unsaved", action.failed, error.message);
    } else if (posted && !error.status) {
      const words = `${error.message} It may have been done all the same: go back to see.`;
      show("failed", "No answer came", words);
    } else show("failed", action.failed, error.message);
  } finally {
    running = false;
    bringBack();
  }
}

function done(status, { title, text, lines, warnings }) {
  if (status === 200) document.getElementById("told")?.remove(); // of one before
  show("done", title, text, lines, warnings);
}

/** Tells what became of it as soon as that is known. */
async function follow() {
  for (const mine = ++followed; ; ) {
    await pause(FOLLOW);
    if (mine !== followed) return;
    try {
      const { status, body } = await request("GET", action.outcome_url);
      if (mine !== followed) return;
      if (status === 202) continue;
      return done(status, body);
    } catch (error) {
      if (!error.status || error.status >= 500) continue; // it may be back in a moment
      if (mine === followed) show("failed", action.failed, error.message);
      return;
    }
  }
}

/** @param {{title: string, yes: string, no: string, answer: object}} question */
function ask({ title, yes, no, answer }, text, asSaved) {
  $("handover-keep").textContent = no;
  $("handover-yes").textContent = yes;
  $("handover-yes").onclick = () => run(asSaved, answer);
  show("asked", title, text);
}

/** It cannot be made sure that all is saved; the user decides. */
class Unsaved extends Error {
  constructor(message, bringBack = () => {}) {
    super(message);
    this.bringBack = bringBack;
  }
}

/** Has the folder's open files saved. @returns {Promise<() => void>} opens them again */
async function save() {
  const before = await savedTimes();
  if (session.atRisk)
    throw new Unsaved(
      "CoCalc does not answer just now, so what you typed last may not be saved. " +
        "Wait until the light says “Ready”, then try again.",
    );
  // Where nothing answers, one file is known.
  const heard = await session.command("status").then(() => open, () => null);
  // By their paths in the project, the one in front last.
  const files = [...(heard ?? []).filter((file) => file !== session.path), session.path];
  const watched = (heard ?? files).filter((file) => before.has(file));
  if (session.first || !watched.length) return () => {}; // nothing is open
  let closed = session.alive;
  if (closed) closed = await session.command("closeall", true).then(() => true, () => false);
  let bringBack = () => session.reopen(files);
  try {
    if (closed && (await settle(watched, before, CLOSED))) return bringBack;
    // Closing did not save, or there was nothing to save: leaving the page does.
    session.leave(files);
    bringBack = () => session.start();
    await settle(watched, before, LEFT);
    return bringBack;
  } catch (error) {
    throw new Unsaved(error.message, bringBack);
  }
}

/** When each file was saved, by the clock of its disk. */
async function savedTimes() {
  const { body } = await request("GET", action.saved_url);
  return new Map(body.files.map(({ path, modified }) => [`${action.folder}/${path}`, modified]));
}

/** Waits until files are on disk. @returns whether any of them was written */
async function settle(files, before, limit) {
  const end = performance.now() + limit;
  let last = before;
  for (let quiet = 0; ; ) {
    await pause(LOOK);
    const late = performance.now() > end;
    const times = await savedTimes().catch((error) => {
      if (late) throw error; // once may be chance
    });
    if (!times) continue;
    quiet = files.every((file) => times.get(file) === last.get(file)) ? quiet + 1 : 0;
    last = times;
    const written = files.filter((file) => times.get(file) !== before.get(file));
    if (written.length && quiet >= (written.length === files.length ? 1 : QUIET)) return true;
    if (late) return written.length > 0;
  }
}

/* What is seen of it ------------------------------------------------------------------------ */

const BUTTONS = {
  working: [],
  asked: ["keep", "yes"],
  done: ["close", "back"],
  failed: ["again", "close", "back"],
  unsaved: ["again", "anyway", "close"],
};

/** @param {keyof typeof BUTTONS} state */
function show(state, title, text = "", lines = [], warnings = []) {
  const shown = BUTTONS[state];
  $("handover").hidden = false;
  $("handover").dataset.state = state;
  say(title, text, warnings);
  $("handover-lines").replaceChildren(...lines.map(line));
  for (const button of $("handover-buttons").children)
    button.hidden = !shown.includes(button.id.replace("handover-", ""));
  if (shown.length) $(`handover-${shown[0]}`).focus();
}

/** To everybody, and at once to a screen reader. */
function say(title, text = "", warnings = []) {
  $("handover-title").textContent = title;
  $("handover-text").textContent = text;
  const items = warnings.map((words) => {
    const item = document.createElement("li");
    item.textContent = words;
    return item;
  });
  $("handover-warnings").replaceChildren(...items);
}

function line([name, detail]) {
  const item = document.createElement("li");
  const [first, second] = ["span", "span"].map((tag) => document.createElement(tag));
  first.textContent = nameText(name);
  second.textContent = detail;
  second.className = "quiet";
  item.append(first, " ", second);
  return item;
}

function close() {
  if (running) return;
  $("handover").hidden = true;
  document.getElementById("frame").focus();
}

$("handover-form").addEventListener("submit", (event) => {
  event.preventDefault();
  run();
});
$("handover-again").addEventListener("click", () => run());
$("handover-anyway").addEventListener("click", () => run(true));
$("handover-close").addEventListener("click", close);
$("handover-keep").addEventListener("click", close);
$("handover").addEventListener("keydown", ({ key }) => key === "Escape" && close());
if (action.under_way) follow();
