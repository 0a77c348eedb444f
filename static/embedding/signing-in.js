/** Signing in at an address of its own, unseen, before CoCalc's page; see docs/scripts.md. */

import { NO_CAUSE } from "./our-site.js";

const SLOW = 6000; // ms
const BELIEVED = 39000; // later: the likely cause will do

/** Its cookies come with the answer; its script, which leads elsewhere, does not run. */
function visit(url) {
  const frame = document.createElement("iframe");
  frame.style.display = "none"; // a page's style may undo `hidden`
  frame.setAttribute("sandbox", "allow-same-origin");
  frame.referrerPolicy = "no-referrer";
  const loaded = new Promise((resolve) => {
    // Readable is only what was there before.
    frame.addEventListener("load", () => frame.contentDocument || resolve());
  });
  document.body.append(frame);
  frame.contentWindow.location.replace(url); // not `src`: no page holds a token
  return { loaded, leave: () => frame.remove() };
}

/**
 * Resolves when the browser has been there, or nobody waits any more: then the token is of no use.
 * @param {AbortController} flight `stuck` once a cause was told
 * @param {(cause: object) => void} onCause it does not come; it goes on all the same
 */
export async function signIn({ signIn: url, row }, flight, site, rhythm, say, onCause, world = {}) {
  const { host = window, go = visit } = world;
  const { signal } = flight;
  const began = rhythm.now();
  let ended = false;
  const end = () => {
    if (!ended) site.signedIn(row, url, Math.round(rhythm.now() - began));
    ended = true;
  };
  if (signal.aborted) return end();
  const suspect = async (believed) => {
    const cause = await site.diagnose("sign-in", 15000, row).catch((error) => site.isOfUser(error));
    if (ended || signal.aborted || cause === true) return;
    if (believed || cause.certain) {
      flight.stuck = true;
      onCause(cause || NO_CAUSE);
    }
    if (!believed) rhythm.later("sign-in", BELIEVED, () => suspect(true));
  };
  say("signing_in");
  rhythm.later("sign-in", SLOW, () => {
    say("signing_in_slow");
    suspect(false);
  });
  host.addEventListener("pagehide", end);
  const { loaded, leave } = go(url);
  await Promise.race([loaded, new Promise((gone) => signal.addEventListener("abort", gone))]);
  leave();
  host.removeEventListener("pagehide", end);
  rhythm.forget("sign-in");
  end();
}
