/** The browser's half: is somebody signed in in a frame of CoCalc's, and are messages answered? */

import { Bridge } from "../embedding/bridge.js";
import { inWords, request } from "../embedding/our-site.js";
import { Rhythm } from "../embedding/rhythm.js";
import { signIn } from "../embedding/signing-in.js";
import { fill, gettext } from "../embedding/words.js";

const SIGNING_IN = 30000; // ms
const OPENING = 45000;
const ANSWER = 12000; // after the file is open

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const finding = (state, seen, means = "", what = "") => ({ state, seen, means, do: what });

const COOKIE = {
  means: gettext(
    "The browser keeps CoCalc’s sign-in cookie from the frame, or CoCalc did not take the sign-in.",
  ),
  do: gettext(
    "Look at what was found of domains above. Let the browser keep CoCalc’s cookies, and try another browser to compare.",
  ),
};

/** The browser may say by itself that it keeps a public page from a private network. */
async function localNetwork() {
  try {
    const { state } = await navigator.permissions.query({ name: "local-network-access" });
    return state;
  } catch {
    return "";
  }
}

/** Signs in where that is a step of its own. Resolves to whether the page there has loaded. */
async function signInFirst(minted, urls) {
  const flight = new AbortController();
  const rhythm = new Rhythm(window, document, undefined, flight.signal, () => {});
  const site = {
    signedIn: (_row, url) => request("POST", urls.signedIn, { json: { signIn: url } }).catch(() => {}),
    diagnose: () => Promise.reject(new Error("none")),
    isOfUser: () => true,
  };
  const timer = setTimeout(() => flight.abort(), SIGNING_IN);
  await signIn(minted, flight, site, rhythm, () => {}, () => {});
  clearTimeout(timer);
  rhythm.stop();
  return !flight.signal.aborted;
}

async function nothingHeard() {
  const state = await localNetwork();
  if (state === "denied" || state === "prompt")
    return finding(
      "failed",
      fill(gettext("Nothing was heard from the frame. Local Network Access is “%(state)s”."), { state }),
      gettext("CoCalc is on a private network, and this browser does not let this site use it."),
      gettext("Allow this site to use the local network, in the browser’s settings for it."),
    );
  return finding(
    "failed",
    gettext("Nothing was heard from the frame."),
    gettext("This browser does not show CoCalc in the frame, or does not reach it."),
    gettext("Look at the browser’s console, and at what was found of frames and certificates above."),
  );
}

/** @returns {Promise<object[]>} what was found */
export async function lookInFrame(urls, origin) {
  const found = [];
  let minted;
  try {
    minted = (await request("POST", urls.begin, { json: {} })).body;
  } catch (error) {
    const { code, message, detail } = inWords(error);
    return [finding(code === "left_out" ? "skipped" : "failed", message, detail)];
  }
  const frame = document.createElement("iframe");
  frame.className = "chain-frame";
  frame.title = gettext("CoCalc, for the check");
  frame.tabIndex = -1;
  frame.inert = true;
  frame.setAttribute("sandbox", urls.sandbox); // as around a notebook
  frame.allow = "local-network-access";
  let bridge;
  try {
    if (minted.signIn && !(await signInFirst(minted, urls)))
      return [finding("failed", gettext("CoCalc’s page for signing in did not load."), COOKIE.means, COOKIE.do)];
    document.body.append(frame);
    const began = performance.now();
    bridge = new Bridge(() => frame.contentWindow, origin, { proofs: minted.proofs });
    let heard = false;
    let acknowledged = false;
    bridge.addEventListener("reply", () => (heard = true));
    bridge.addEventListener("log", () => (heard = true));
    const opened = new Promise((resolve) =>
      bridge.addEventListener("state", ({ detail }) => detail.state === "ready" && resolve(true)),
    );
    frame.contentWindow.location.replace(minted.url); // not `src`: no page holds a token
    bridge.expect(minted.project, minted.path);
    bridge.watch();
    const open = bridge.open(minted.project, minted.path);
    open.acknowledged.then(
      () => (acknowledged = true),
      () => {},
    );
    const isOpen = await Promise.race([opened, pause(OPENING).then(() => false)]);
    const ms = Math.round(performance.now() - began);
    if (isOpen) {
      found.push(
        finding(
          "ok",
          fill(gettext("The cookie held: the file was open in a frame after %(ms)s ms."), { ms }),
          gettext("This browser is now signed in to CoCalc as the check’s account. Opening a notebook here, or signing out of CoCalc, ends that."),
        ),
      );
      await Promise.race([pause(ANSWER), until(() => bridge.alive !== null)]);
      found.push(
        bridge.alive
          ? finding("ok", gettext("The channel answered."))
          : finding(
              "warning",
              gettext("The channel did not answer."),
              gettext("Opening another file reloads the editor. All else works."),
              gettext("Look at what was found of messages above."),
            ),
      );
    } else if (acknowledged || heard) {
      found.push(
        finding(
          "failed",
          fill(gettext("CoCalc’s page answered in the frame, but opened no file within %(ms)s ms."), { ms }),
          COOKIE.means,
          COOKIE.do,
        ),
      );
    } else found.push(await nothingHeard());
  } finally {
    bridge?.destroy();
    frame.remove();
    await request("POST", urls.end, { json: {} }).catch(() => {});
  }
  return found;
}

async function until(look) {
  while (!look()) await pause(100);
}
