/** *Open in a new tab*, where signing in to CoCalc is a step of its own; see docs/scripts.md. */

import { OurSite, inWords } from "./our-site.js";
import { Rhythm } from "./rhythm.js";
import { signIn } from "./signing-in.js";
import { WORDS } from "./states.js";

const $ = (id) => document.getElementById(id);
const page = JSON.parse($("page").textContent);
const nothing = () => {};
const rhythm = new Rhythm(window, document, undefined, undefined, nothing);
const site = new OurSite(page.urls, page.user, rhythm, { out: tell, answered: nothing, ending: nothing });
let flight = null;

const say = (step) => ($("status").textContent = WORDS[step] ?? "");

function tell({ message = "" }) {
  say("");
  $("problem").textContent = message;
  $("problem").hidden = $("again").hidden = !message;
}

async function open() {
  flight?.abort();
  flight = new AbortController();
  const { signal } = flight;
  tell({});
  say("opening");
  const question = { path: page.path, tab: true };
  try {
    const minted = await site.mint(question, signal, say);
    if (!page.unseen) return offer(minted);
    await signIn(minted, flight, site, rhythm, say, tell);
    if (!signal.aborted) location.replace(minted.url);
  } catch (error) {
    if (!signal.aborted && !site.isOfUser(error)) tell(inWords(error));
  }
}

/** To where CoCalc leads from there: no file of ours can follow. */
function offer({ signIn }) {
  say("");
  $("elsewhere").hidden = $("go").hidden = false;
  $("go").onclick = () => location.replace(signIn);
}

$("again").onclick = open;
if (!rhythm.unseen(open)) open();
