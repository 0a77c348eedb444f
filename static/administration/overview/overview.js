// Puts newer numbers on the front page of the administration, as long as somebody looks at it.

import { fill, gettext, language } from "../../embedding/words.js";

const SOON = 3; // seconds, while the site still looks for something
const LIMIT = 20_000; // milliseconds for an answer

const part = document.querySelector(".overview");
const numbers = part.querySelector(".overview-numbers");
const at = part.querySelector(".refreshed-at");
const fails = part.querySelector(".refreshed-fails");
let timer;
let asking = false;

function time() {
  const clock = { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" };
  return new Intl.DateTimeFormat(language, clock).format(new Date());
}

/** Puts the answer in place; what was unfolded stays so, and the focus where it was. */
function show(html) {
  const open = [...numbers.querySelectorAll("details")].map((details) => details.open);
  const summaries = () => [...numbers.querySelectorAll("summary")];
  const focus = document.activeElement;
  const [unfolding, leading] = [summaries().indexOf(focus), numbers.contains(focus) && focus.href];
  const fresh = new DOMParser().parseFromString(html, "text/html").querySelector(".numbers");
  if (!fresh) throw new Error(gettext("you may have been signed out"));
  numbers.replaceChildren(fresh);
  numbers.querySelectorAll("details").forEach((details, i) => (details.open = open[i] ?? false));
  const same = leading && [...numbers.querySelectorAll("a")].find((a) => a.href === leading);
  (summaries()[unfolding] ?? same)?.focus?.({ preventScroll: true });
}

async function refresh() {
  if (asking) return;
  asking = true;
  try {
    const answer = await fetch(part.dataset.address, {
      headers: { Accept: "text/html" },
      signal: AbortSignal.timeout(LIMIT),
    });
    if (!answer.ok) {
      throw new Error(fill(gettext("the site answered %(status)s"), { status: answer.status }));
    }
    show(await answer.text());
    at.textContent = fill(gettext("As of %(time)s"), { time: time() });
    fails.textContent = "";
  } catch (error) {
    const known = error instanceof TypeError || error.name === "TimeoutError";
    const why = known ? gettext("the site does not answer") : error.message;
    fails.textContent = fill(gettext("Could not be refreshed at %(time)s: %(why)s."), {
      time: time(),
      why,
    });
  } finally {
    asking = false;
    next();
  }
}

function next() {
  clearTimeout(timer);
  if (document.visibilityState !== "visible") return;
  const soon = numbers.querySelector("[data-soon]") && !fails.textContent;
  timer = setTimeout(refresh, (soon ? SOON : Number(part.dataset.seconds)) * 1000);
}

let hidden = 0;
document.addEventListener("visibilitychange", () => {
  clearTimeout(timer);
  if (document.visibilityState !== "visible") {
    hidden = Date.now();
  } else if (Date.now() - hidden > Number(part.dataset.seconds) * 1000) {
    refresh();
  } else {
    next();
  }
});
next();
