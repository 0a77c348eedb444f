/**
 * The site's own action for the folder of the page's file, or the page's own: such as submitting it.
 *
 * The page sees to it that all is saved first, each kind in its own way. What our site goes on with
 * is followed until it is done or has failed, from an earlier page as well.
 */

import { show as showDeadline } from "./place.js";
import { request } from "./our-site.js";
import { gettext, nameText } from "./words.js";

const FOLLOW = 2000; // ms between two questions what became of it
const LOOK = 1000; // between two whether another page's files are saved
const CLOSING = 15000; // for files that were closed a moment ago
const PATIENCE = 90000; // in which one who was told to wait comes back

export const { action } = JSON.parse(document.getElementById("page").textContent);
const $ = (id) => document.getElementById(id);
export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

let save; // @returns {Promise<() => void>} opens again what was closed; may throw Unsaved
let leave; // where the focus goes when one keeps working
let running = false;
let followed = 0; // so that an older one does not tell any more

/** Makes the button do it. */
export function offer(how) {
  ({ save, leave } = how);
  $("handover-form").addEventListener("submit", (event) => {
    event.preventDefault();
    run();
  });
  if (action.under_way) follow();
}

/* From the button to the answer ------------------------------------------------------------- */

async function run(asSaved = false, answer = undefined) {
  if (running) return; // a double click
  running = true;
  followed++;
  show("working", gettext("Saving your files…"));
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
    if (error.question) ask(error);
    else if (error instanceof Unsaved) {
      bringBack = error.bringBack;
      show("unsaved", action.failed, error.message);
    } else if (posted && !error.status) {
      const words = gettext("It may have worked all the same. Go back to check.");
      show("failed", gettext("No answer"), `${error.message} ${words}`);
    } else show("failed", action.failed, error.message);
  } finally {
    running = false;
    bringBack();
  }
}

function done(status, { title, text, lines, warnings, link, deadline }) {
  if (status === 200) $("told")?.remove(); // of one before
  if (deadline) showDeadline(deadline);
  show(link ? "seen" : "done", title, text, lines, warnings);
  if (!link) return;
  $("handover-look").textContent = link.text;
  $("handover-look").href = link.url;
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
      if (mine !== followed) return;
      if (error.question) return ask(error);
      return show("failed", action.failed, error.message);
    }
  }
}

/** Over the frame, so that nothing is typed until it is answered: what is saved stays so. */
function ask({ message, question: { title, yes, no, answer } }) {
  $("handover-keep").textContent = no;
  $("handover-yes").textContent = yes;
  $("handover-yes").onclick = () => run(true, answer);
  show("asked", title, message);
}

/** It cannot be made sure that all is saved; the user decides. */
export class Unsaved extends Error {
  constructor(message, bringBack = () => {}) {
    super(message);
    this.bringBack = bringBack;
  }
}

let since = ""; // when one came to it: what was typed before is saved less than a minute after
let came = 0;

/** When each file was saved, by the clock of its disk; and what other pages may have unsaved. */
export async function saved() {
  if (performance.now() - came > PATIENCE) since = "";
  const query = since && `?${new URLSearchParams({ since })}`;
  const { body } = await request("GET", action.saved_url + query);
  if (body.deadline) showDeadline(body.deadline);
  const times = body.files.map(({ path, modified }) => [`${action.folder}/${path}`, modified]);
  return { times: new Map(times), unsaved: body.unsaved };
}

/** Waits for what was closed a moment ago; of what another page has open it cannot know. */
export async function settleElsewhere(unsaved) {
  const end = performance.now() + CLOSING;
  while (unsaved) {
    if (!since) [since, came] = [unsaved.since, performance.now()];
    if (!unsaved.is_closing || performance.now() > end) throw new Unsaved(unsaved.text);
    await pause(LOOK);
    ({ unsaved } = await saved());
  }
}

/* What is seen of it ------------------------------------------------------------------------ */

const BUTTONS = {
  working: [],
  asked: ["keep", "yes"],
  done: ["close", "back"],
  seen: ["close", "look", "back"],
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

// Files come back meanwhile, and an editor that opens takes the focus; a click leads there.
window.addEventListener("blur", () => setTimeout(() => {
  const frame = document.activeElement;
  const [first] = BUTTONS[$("handover").dataset.state] ?? [];
  if ($("handover").hidden || !first || frame.id !== "frame" || frame.matches(":hover")) return;
  frame.blur();
  window.focus();
  $(`handover-${first}`).focus();
}));

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
  since = ""; // one goes on working
  leave();
}

$("handover-again").addEventListener("click", () => run());
$("handover-anyway").addEventListener("click", () => run(true));
$("handover-close").addEventListener("click", close);
$("handover-keep").addEventListener("click", close);
$("handover").addEventListener("keydown", ({ key }) => key === "Escape" && close());
