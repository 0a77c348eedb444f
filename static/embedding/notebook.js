/** The notebook page: a session in a frame, with a light, notices and a switcher. */

import { nameText } from "./shown.js";
import { RequestError, encodePath, request } from "./our-site.js";
import { Panel } from "./panel.js";
import { Session } from "./session.js";

const page = JSON.parse(document.getElementById("page").textContent);
const $ = (id) => document.getElementById(id);
let frame = $("frame");
const panel = new Panel();

const WORDS = {
  preparing: "Getting ready…",
  account: "Preparing your account…",
  project: "Preparing your project…",
  membership: "Letting you in…",
  starting: "Starting your project…",
  saving: "Saving your files…",
  opening: "Opening…",
  ready: "Ready",
  slow: "Slow: CoCalc takes its time",
  lost: "Connection lost",
  reconnecting: "Connecting again…",
  signed_out: "Signed out",
  refused: "Not opened",
  unreachable: "Not opened",
  blocked: "Not opened",
};
const TITLES = {
  lost: "The connection to CoCalc is lost",
  signed_out: "You are signed out",
  refused: "This did not work",
  unreachable: "This did not work",
  blocked: "CoCalc did not open the file",
};
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

/* What the session says -------------------------------------------------------------------- */

panel.follow(session);
session.addEventListener("state", ({ detail }) => onState(detail));
session.addEventListener("channel", ({ detail }) => onChannel(detail));
session.addEventListener("path", ({ detail }) => named(detail.path));
session.addEventListener("note", ({ detail: { message, adminMessage } }) => {
  if (message) tell(message);
  panel.add("note", adminMessage || message);
});

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
  enableCommands(session.alive === true);
  const title = MISSING.includes(code) ? "No such file" : TITLES[state];
  if (!title) {
    if (state !== "slow") hideNotice();
    told = "";
    return;
  }
  // Tried again in vain: whoever keeps working need not hear it again.
  if (told === title + message) return;
  told = title + message;
  panel.add("error", [message, adminMessage].filter(Boolean).join(" "));
  showNotice({
    title,
    text: message,
    detail: adminMessage,
    again: !MISSING.includes(code),
    now: retryAt !== null || state === "lost",
    over: shown && state !== "signed_out",
  });
}

function onChannel({ alive }) {
  $("switch-note").hidden = alive;
  enableCommands(alive);
  if (!alive) panel.add("note", "CoCalc does not answer messages of this page.");
}

function enableCommands(enabled) {
  for (const button of document.querySelectorAll("[data-command]")) button.disabled = !enabled;
}

function showNotice({ title, text, detail = "", again = true, now = false, over = false }) {
  $("notice-title").textContent = title;
  $("notice-text").textContent = text;
  $("notice-detail").textContent = detail;
  $("notice-detail").hidden = !detail;
  $("again").textContent = now ? "Try now" : "Try again";
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
  $("line-text").textContent = message;
  $("line").hidden = false;
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

/** Sends one command; what comes of it is in the panel, and a failure of `open` in a notice. */
async function command(name) {
  try {
    await session.command(name);
  } catch (error) {
    if (error.code === "destroyed") return;
    panel.add("error", `${name}: ${error.message}`);
    notOpened(error);
  }
}

function notOpened(error) {
  if (error instanceof RequestError || error.code === "refused")
    showNotice({ title: "This was not opened", text: error.message, over: true });
}

/* Other files ------------------------------------------------------------------------------ */

const openUrl = (file) => `${page.urls.base}open/${encodePath(file)}`;

function named(file) {
  const name = nameText(file.split("/").pop());
  $("name").textContent = nameText(file);
  frame.title = `${name} in CoCalc`;
  document.title = document.title.replace(/^.* · /, () => `${name} · `);
  $("tab").elements.path.value = file;
}

async function switchTo(file) {
  toggleSwitcher(false);
  try {
    await session.switchTo(file);
  } catch (error) {
    panel.add("error", `open: ${error.message}`);
    notOpened(error);
  }
}
async function fillSwitcher() {
  const { path } = session;
  const folder = path.includes("/") ? path.slice(0, path.lastIndexOf("/")) : "";
  const list = $("switch-list").querySelector("ul");
  const status = $("switch-status");
  list.replaceChildren();
  status.textContent = "Looking…";
  try {
    const query = new URLSearchParams({ folder });
    const { body } = await request("GET", `${page.urls.listing}?${query}`);
    const files = body.entries.filter((entry) => !entry.folder).slice(0, 100);
    for (const { name } of files) {
      const file = folder ? `${folder}/${name}` : name;
      const link = document.createElement("a");
      link.href = openUrl(file);
      link.textContent = nameText(name);
      if (file === path) link.setAttribute("aria-current", "true");
      link.addEventListener("click", (event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey) return;
        event.preventDefault();
        if (file !== path) addStep(link.href);
        switchTo(file);
      });
      const item = document.createElement("li");
      item.append(link);
      list.append(item);
    }
    status.textContent = files.length ? "" : "There is no file in this folder.";
  } catch (error) {
    status.textContent = error.message;
  }
}

function toggleSwitcher(shown) {
  $("switch-list").hidden = !shown;
  $("switch").setAttribute("aria-expanded", String(shown));
  if (shown) fillSwitcher();
}

$("switch").addEventListener("click", () => toggleSwitcher($("switch-list").hidden));
document.addEventListener("click", ({ target }) => {
  if (!target.closest(".switcher")) toggleSwitcher(false);
});
// A click into the frame; without the pointer there, it is CoCalc that takes the focus.
window.addEventListener("blur", () => frame.matches(":hover") && toggleSwitcher(false));
document.querySelector(".switcher").addEventListener("keydown", ({ key }) => {
  if (key !== "Escape") return;
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

$("reload").addEventListener("click", () => session.start());
$("again").addEventListener("click", () => session.retry());
$("line-close").addEventListener("click", () => ($("line").hidden = true));
$("notice-close").addEventListener("click", () => {
  hideNotice();
  frame.focus();
});
for (const button of document.querySelectorAll("[data-command]"))
  button.addEventListener("click", () => command(button.dataset.command));

session.start();
