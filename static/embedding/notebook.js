/**
 * The notebook page: from a file's name to a working notebook in the frame.
 *
 *  1. Ask our site for an embed session until it is ready; it names each step as it goes.
 *  2. Set the frame's address, which signs in and opens the file by itself.
 *  3. Say "ready" when the bridge has proof of it.
 *  4. Another file is opened through the bridge; where CoCalc answers no message, by step 1.
 */

import { Bridge } from "./bridge.js";
import { RequestError, encodePath, request, untilReady } from "./http.js";
import { Panel } from "./panel.js";

const page = JSON.parse(document.getElementById("page").textContent);
const $ = (id) => document.getElementById(id);
let frame = $("frame");
const panel = new Panel();

const WORDS = {
  account: "Preparing your account…",
  project: "Preparing your project…",
  membership: "Letting you in…",
  starting: "Starting your project…",
  opening: "Opening…",
  ready: "Ready",
  slow: "Slow: CoCalc takes its time",
  lost: "Connection lost",
  failed: "Not opened",
};
const START_SHOWS = 1500; // ms; a project that runs answers faster

let path = page.path;
let bridge = null;
let session = null; // {id, began, project, ended}
let attempt = null; // AbortController of the request under way

/** The light and its words; until there is something in the frame, also large in its place. */
function light(state, words = WORDS[state]) {
  $("light").dataset.state = state;
  $("waiting").hidden = state !== "preparing";
  $("waiting-text").textContent = words;
  if ($("light-text").textContent !== words) $("light-text").textContent = words;
}

function showNotice({ title, text, detail = "", again = true, over = false }) {
  $("notice-title").textContent = title;
  $("notice-text").textContent = text;
  $("notice-detail").textContent = detail;
  $("notice-detail").hidden = !detail;
  $("again").hidden = $("notice-tab").hidden = !again;
  $("notice-close").hidden = !over;
  $("notice").classList.toggle("empty-stage", !over);
  $("notice").hidden = false;
}

function hideNotice() {
  $("notice").hidden = true;
}

function report(state, reason = "") {
  if (!session || session.ended) return;
  if (state === "closed") session.ended = true;
  const ms = Math.round(performance.now() - session.began);
  const url = page.urls.report.replace(/0{8}(-0{4}){3}-0{12}/, session.id);
  // Losing a report harms nobody.
  request("POST", url, { json: { state, ms, reason }, keepalive: true }).catch(() => {});
}

/** Steps 1 and 2. With `again`, what the site believes done is done once more. */
async function start({ again = false } = {}) {
  attempt?.abort();
  report("closed");
  bridge?.destroy();
  bridge = null;
  enableCommands(false);
  hideNotice();
  const controller = (attempt = new AbortController());
  const mine = { id: crypto.randomUUID(), began: performance.now(), project: "", ended: false };
  session = null;
  light("preparing", "Getting ready…");
  let timer = 0;
  const say = (step) => {
    clearTimeout(timer);
    if (step !== "opening") return light("preparing", WORDS[step] ?? WORDS.project);
    light("preparing", WORDS.opening);
    timer = setTimeout(() => light("preparing", WORDS.starting), START_SHOWS);
  };
  let once = again;
  const ask = async () => {
    const json = { session: mine.id, path, again: once };
    const answer = await request("POST", page.urls.session, { json, signal: controller.signal });
    once = false;
    return answer;
  };
  try {
    say(page.next ?? "opening");
    page.next = null; // later attempts begin where the site says
    const { url, project } = await untilReady(ask, say);
    if (controller.signal.aborted) return;
    session = Object.assign(mine, { project });
    show(url);
  } catch (error) {
    if (controller.signal.aborted) return;
    fail(error);
  } finally {
    clearTimeout(timer);
  }
}

function fail(error) {
  if (!(error instanceof RequestError)) {
    console.error(error);
    error = { code: "page", message: "Something in this page went wrong.", detail: String(error) };
  }
  light("failed");
  panel.add("error", [error.message, error.detail].filter(Boolean).join(" "));
  const signedOut = error.code === "signed_out" || error.code === "csrf";
  const missing = error.code === "file_missing" || error.code === "bad_path";
  showNotice({
    title: signedOut ? "You are signed out" : missing ? "No such file" : "This did not work",
    text: error.message,
    detail: error.detail,
    again: !missing,
  });
}

/** Steps 2 and 3. */
function show(url) {
  light("opening");
  // A new frame each time: the browser sets one that it knows to its address in the history.
  const fresh = frame.cloneNode();
  frame.replaceWith(fresh);
  frame = fresh;
  before = history.length;
  bridge = new Bridge(() => frame.contentWindow, page.origin);
  panel.follow(bridge);
  bridge.addEventListener("state", ({ detail }) => onState(detail));
  bridge.addEventListener("channel", ({ detail }) => onChannel(detail));
  bridge.expect(session.project, path);
  // Not `src`: Back would walk through tokens.
  frame.contentWindow.location.replace(url);
  bridge.watch();
  command("open", { checked: true });
}

function onState({ state, previous, reason }) {
  const never = state === "lost" && (previous === "opening" || reason === "unproven");
  light(state, never ? WORDS.failed : WORDS[state]);
  if (state === "slow" || state === "lost") report(state, reason);
  if (state === "ready") {
    report(state);
    hideNotice();
    coverSignIn();
  }
  if (state !== "lost") return;
  panel.add("error", reason === "unproven" ? "The file was not seen to open." : "No answer.");
  showNotice({
    title: never ? "CoCalc did not open the file" : "The connection to CoCalc is lost",
    text: never
      ? "Your browser may block CoCalc's sign-in cookie, or CoCalc is slow or down. Try again, or open the file in a tab of its own."
      : "What you typed last may not be saved yet. It may come back by itself; or try again.",
    over: true,
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

/**
 * Sends one command; what comes of it is in the panel, and in a notice unless it is `checked`.
 * Before an `open` our site makes sure that the file is there, for CoCalc would create it; that
 * it is `checked` already is so when the page begins.
 */
async function command(action, { checked = false } = {}) {
  const [to, file, { project }] = [bridge, path, session]; // all may change meanwhile
  try {
    if (action === "open" && !checked)
      await request("GET", `${page.urls.check}?${new URLSearchParams({ path: file })}`);
    if (action === "open") await to.open(project, file);
    else if (action === "closeall") await to.closeAll();
    else await to.status();
    return true;
  } catch (error) {
    if (error.code !== "destroyed") panel.add("error", `${action}: ${error.message}`);
    if (!checked && (error instanceof RequestError || error.code === "refused"))
      showNotice({ title: "This was not opened", text: error.message, over: true });
    return false;
  }
}

/* Other files ------------------------------------------------------------------------------ */

const openUrl = (file) => `${page.urls.base}open/${encodePath(file)}`;

function named(file) {
  path = file;
  const name = file.split("/").pop();
  $("name").textContent = file;
  frame.title = `${name} in CoCalc`;
  document.title = document.title.replace(/^.* · /, () => `${name} · `);
  $("tab").elements.path.value = file;
}

/** Step 4. */
async function switchTo(file) {
  toggleSwitcher(false);
  if (file === path && bridge?.state === "ready") {
    // It may have been closed in the frame.
    if (bridge.alive) await command("open");
    return;
  }
  named(file);
  if (!bridge?.alive || bridge.state === "lost") return start();
  bridge.expect(session.project, file);
  light("opening");
  const opened = await command("open");
  if (path !== file || !bridge) return;
  if (opened || !$("notice").hidden) light(bridge.state);
  else if (bridge.state !== "lost") await start();
}

async function fillSwitcher() {
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
      link.textContent = name;
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

// How many steps back the page lies that led here; kept in the history for when we are reloaded.
let depth = history.state?.depth ?? 1;
let before = NaN; // the history's length without what the frame adds, until that is covered

/**
 * Signing in, CoCalc's page adds a step to the history, and Back would lead to the address with
 * the token again, out of our sight. So a step of our own comes on top, and we are told of Back.
 */
function coverSignIn() {
  const added = history.length - before;
  before = NaN;
  if (!(added > 0)) return;
  depth += added + 1;
  history.pushState({ depth }, "");
}

/** A step of our own: another file. */
function addStep(url) {
  depth++;
  before++;
  history.pushState({ depth }, "", url);
}

window.addEventListener("popstate", ({ state }) => {
  const base = new URL(`${page.urls.base}open/`, location.href).pathname;
  if (!location.pathname.startsWith(base)) return;
  const file = location.pathname.slice(base.length).split("/").map(decodeURIComponent).join("/");
  const from = depth;
  depth = state?.depth ?? 1;
  if (file !== path) switchTo(file);
  else if (from > depth) history.go(1 - from);
});

/* Buttons ---------------------------------------------------------------------------------- */

$("reload").addEventListener("click", () => start());
$("again").addEventListener("click", () => start({ again: true }));
$("notice-close").addEventListener("click", () => {
  hideNotice();
  frame.focus();
});
for (const button of document.querySelectorAll("[data-command]"))
  button.addEventListener("click", () => command(button.dataset.command));

window.addEventListener("pagehide", () => report("closed"));
window.addEventListener("pageshow", ({ persisted }) => persisted && start());

// A page that the browser renders in advance must not mint a token that nobody may need.
if (document.prerendering)
  document.addEventListener("prerenderingchange", () => start(), { once: true });
else start();
