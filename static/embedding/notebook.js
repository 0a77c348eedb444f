/** The notebook page: a session in a frame, with a light, notices and a switcher. */

import { RequestError, encodePath } from "./our-site.js";
import { Session } from "./session.js";
import { TITLES, WORDS } from "./states.js";
import { fill, gettext, nameText } from "./words.js";

const page = JSON.parse(document.getElementById("page").textContent);
const $ = (id) => document.getElementById(id);
let frame = $("frame");
let panel = null;
const journal = []; // what it shows from its first use on
const KEPT = 500; // lines

const NOT_LOADED = gettext("This did not load. Reload the page when you are online.");
const MISSING = ["file_missing", "bad_path"];

export const session = new Session({
  path: page.path,
  next: page.next,
  user: page.user,
  origin: page.origin,
  urls: page.urls,
  frame: { show: showFrame, clear: clearFrame },
});
let shown = false; // something is in the frame
let told = ""; // by the notice
let hint = page.own; // in the line: that one must be signed in to CoCalc

/* What the session says -------------------------------------------------------------------- */

for (const type of ["sent", "reply", "log"])
  session.addEventListener(type, ({ detail }) => note(type, detail));
session.addEventListener("state", ({ detail }) => onState(detail));
session.addEventListener("channel", ({ detail }) => onChannel(detail));
session.addEventListener("path", ({ detail }) => named(detail.path));
session.addEventListener("note", ({ detail: { message, adminMessage } }) => {
  if (message) tell(message);
  note("note", adminMessage || message);
});

/** A line of the activity panel. */
function note(...line) {
  line.push(Date.now());
  journal.push(line);
  if (journal.length > KEPT) journal.shift();
  panel?.add(...line);
}

/** The light and its words; until there is something in the frame, also large in its place. */
function light(state, words) {
  $("light").dataset.state = state;
  $("waiting").hidden = state !== "preparing" && (shown || state !== "reconnecting");
  $("waiting-text").textContent = words;
  if ($("light-text").textContent !== words) $("light-text").textContent = words;
}

function onState(detail) {
  const { state, code, message, adminMessage, step, retryAt } = detail;
  if (state === "signed_out" && code === "other_user") return location.reload();
  const asked = state === "preparing" ? "project" : state;
  light(state, WORDS[state === "preparing" || step === "starting" ? step : state] ?? WORDS[asked]);
  guardClosing();
  if (state === "ready") coverSignIn();
  if (detail.previous === "offline" || (hint && !["preparing", "opening"].includes(state)))
    hideLine();
  let title = TITLES[code] ?? TITLES[state];
  if (code === "unsaved") {
    // CoCalc's page stays in use.
    title = "";
    tell(message);
  }
  if (!title) {
    if (state !== "slow") hideNotice();
    told = "";
    return;
  }
  // Tried again in vain: whoever keeps working need not hear it again.
  if (told === title + message) return;
  told = title + message;
  note("error", [message || title, adminMessage].filter(Boolean).join(" "));
  showNotice({
    title,
    text: message,
    detail: adminMessage,
    again:
      state === "no_file"
        ? fill(gettext("Open “%(name)s”"), { name: nameOf(session.path) })
        : !MISSING.includes(code),
    now: retryAt !== null || state === "lost",
    over: shown && state !== "signed_out" && state !== "no_file",
  });
}

function onChannel({ alive }) {
  $("switch-note").hidden = alive;
  if (!alive) note("note", gettext("CoCalc does not answer messages from this page."));
}

function showNotice({ title, text, detail = "", again = true, now = false, over = false }) {
  $("notice-title").textContent = title;
  $("notice-text").textContent = text;
  $("notice-detail").textContent = detail;
  $("notice-detail").hidden = !detail;
  $("again").textContent = again === true ? (now ? gettext("Try now") : gettext("Try again")) : again;
  $("again").hidden = $("notice-tab").hidden = !again;
  $("notice-close").hidden = !over;
  $("notice").classList.toggle("empty-stage", !over);
  $("notice").hidden = false;
}

function hideNotice() {
  $("notice").hidden = true;
}

/** One line, for a while. */
function tell(message) {
  hint = false;
  $("line-text").textContent = message;
  $("line").hidden = false;
}

function hideLine() {
  hint = false;
  $("line").hidden = true;
}

/** Work may be lost: only then does the browser ask before it closes the page. */
function guardClosing() {
  const act = session.atRisk ? addEventListener : removeEventListener;
  act("beforeunload", ask);
}
const ask = (event) => event.preventDefault();

/* The frame -------------------------------------------------------------------------------- */

function showFrame(url) {
  clearFrame();
  before = length();
  const { contentWindow } = frame;
  // Not `src`: Back would walk through tokens.
  contentWindow.location.replace(url);
  shown = true;
  return () => frame.contentWindow;
}

/** A new frame each time: the browser sets one that it knows to its address in the history. */
function clearFrame() {
  shown = false;
  const fresh = frame.cloneNode();
  frame.replaceWith(fresh);
  frame = fresh;
}

/** Of a command, what comes of it is in the panel, and that a file is not opened in a notice. */
async function tried(name, promise) {
  try {
    await promise;
  } catch (error) {
    if (error.code === "destroyed") return;
    note("error", `${name}: ${error.message}`);
    if (error instanceof RequestError || error.code === "refused")
      showNotice({ title: TITLES.refused, text: error.message, over: true });
  }
}

const command = (name) => tried(name, session.command(name));

/* Other files ------------------------------------------------------------------------------ */

const nameOf = (file) => file.split("/").pop();

function named(file) {
  const name = nameText(nameOf(file));
  $("name").textContent = nameText(file);
  frame.title = fill(gettext("%(name)s in CoCalc"), { name });
  document.title = document.title.replace(/^.* · /, () => `${name} · `);
  $("tab").elements.path.value = file;
}

function switchTo(file) {
  toggleSwitcher(false);
  tried("open", session.switchTo(file));
}

function toggleSwitcher(shown) {
  $("switch-list").hidden = !shown;
  $("switch").setAttribute("aria-expanded", String(shown));
  if (shown) fillSwitcher();
}

/** Its list comes with its first use. */
async function fillSwitcher() {
  $("switch-list").querySelector("ul").replaceChildren();
  $("switch-status").textContent = gettext("Loading…");
  try {
    const switcher = await import("./switcher.js");
    await switcher.fill(page.urls, session.path, (file, url) => {
      if (file !== session.path) addStep(url);
      switchTo(file);
    });
  } catch (error) {
    $("switch-status").textContent = error instanceof RequestError ? error.message : NOT_LOADED;
  }
}

$("switch").addEventListener("click", () => toggleSwitcher($("switch-list").hidden));
document.addEventListener("click", ({ target }) => {
  if (!target.closest(".switcher")) toggleSwitcher(false);
});
// A click into the frame; without the pointer there, it is CoCalc that takes the focus.
window.addEventListener("blur", () => frame.matches(":hover") && toggleSwitcher(false));
document.addEventListener("keydown", ({ key }) => {
  if (key !== "Escape" || $("switch-list").hidden) return;
  toggleSwitcher(false);
  $("switch").focus();
});

/* Back ------------------------------------------------------------------------------------- */

// Steps back to the page that led here; see docs/scripts.md.
let depth = history.state?.depth ?? 1;
let before = NaN; // the history's length without the frame's steps, until they are covered
let pushed = 0; // its length by our last step
const length = () => Math.max(history.length, pushed);

/** What CoCalc's page adds as it signs in. */
function coverSignIn() {
  const added = length() - before;
  before = NaN;
  if (!(added > 0)) return;
  depth += added;
  addStep();
}

/** A step of our own: another file. */
function addStep(url) {
  depth++;
  before++;
  pushed = length() + 1;
  history.pushState({ depth }, "", url);
}

window.addEventListener("popstate", ({ state }) => {
  const base = new URL(`${page.urls.base}open/`, location.href).pathname;
  if (!location.pathname.startsWith(base)) return;
  const file = location.pathname.slice(base.length).split("/").map(decodeURIComponent).join("/");
  const from = depth;
  pushed = 0;
  depth = state?.depth ?? 1;
  if (file !== session.path) switchTo(file);
  else if (from > depth) history.go(1 - from);
});

/* Buttons ---------------------------------------------------------------------------------- */

$("panel-toggle").onclick = async () => {
  try {
    const { Panel } = await import("./panel.js");
    panel ??= new Panel(journal, KEPT, session, command);
  } catch {
    tell(NOT_LOADED);
  }
};
$("reload").addEventListener("click", () => session.start());
$("again").addEventListener("click", () => tried("open", session.retry()));
$("line-close").addEventListener("click", hideLine);
$("notice-close").addEventListener("click", () => {
  hideNotice();
  frame.focus();
});

session.start();
