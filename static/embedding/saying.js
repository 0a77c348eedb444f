/** What a page says below its heading: what it is doing, and what went wrong. */

import { RequestError } from "./our-site.js";
import { nameText } from "./words.js";

const $ = (id) => document.getElementById(id);
let onceOnline = null; // AbortController

export function say(text, { busy = false } = {}) {
  $("status").textContent = nameText(text);
  $("status").toggleAttribute("data-busy", busy);
}

/** @param {(() => void)?} retry what the button does; done by itself when one is online again */
export function complain(error, retry = null) {
  if (!(error instanceof RequestError)) throw error;
  say("");
  hush();
  const [text, button] = $("problem").children;
  text.textContent = nameText([error.message, error.detail].filter(Boolean).join(" "));
  button.hidden = !retry;
  button.onclick = retry;
  $("problem").hidden = false;
  if (!retry || error.code !== "offline") return;
  onceOnline = new AbortController();
  window.addEventListener("online", retry, { once: true, signal: onceOnline.signal });
}

export function hush() {
  onceOnline?.abort();
  $("problem").hidden = true;
}
