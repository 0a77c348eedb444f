/** What a page shows of the thing that its file is of: the time left, and words to read beside it. */

import { request } from "./our-site.js";

const TICK = 10_000; // ms
const SOON = 600; // s; the last minutes show as such
const SPREAD = 15_000; // ms; not all of a class ask at the same moment

const $ = (id) => document.getElementById(id);
const place = $("time-left");

/* The time left ---------------------------------------------------------------------------- */

let deadline = null;
let ahead = 0; // s, of our site's clock before this one's
let asking = 0;

const now = () => Date.now() / 1000 + ahead;

/** @param {object} told as our site says it (embedding/places.py) */
export function show(told) {
  deadline = told;
  ahead = told.now - Date.now() / 1000;
  clearTimeout(asking);
  asking = 0;
  const button = document.querySelector("#handover-form button");
  if (button) {
    button.textContent = told.label || button.textContent;
    button.form.hidden = !told.label;
  }
  tick();
}

function tick() {
  const { at, counts_down, text, then, title, url } = deadline;
  const seconds = at === null ? Infinity : at - now();
  const over = seconds <= 0;
  const said = over ? then : counts_down ? inWords(seconds) : text;
  if (place.textContent !== said) place.textContent = said;
  for (const due of document.querySelectorAll(".time-due")) due.textContent = title;
  place.title = title;
  place.dataset.state = over || !counts_down ? "" : seconds < SOON ? "soon" : "";
  // It may be due at another time by now.
  if (over && !asking) asking = setTimeout(() => ask(url), Math.random() * SPREAD);
}

function inWords(seconds) {
  const minutes = Math.floor(seconds / 60);
  const [days, hours] = [Math.floor(minutes / 1440), Math.floor(minutes / 60)];
  const { dataset } = place;
  const words = days > 1 ? dataset.days : hours ? dataset.hours : minutes ? dataset.minutes : dataset.soon;
  const parts = { days, hours, minutes: minutes % 60 };
  return words.replace(/\{(\w+)\}/g, (_, name) => parts[name]);
}

async function ask(url) {
  try {
    const { body } = await request("GET", url);
    if (body.deadline) show(body.deadline);
  } catch {
    // What is pressed will say it.
  }
}

if (place) {
  show(JSON.parse($("page").textContent).deadline);
  setInterval(tick, TICK);
  document.addEventListener("visibilitychange", tick);
}

/* The menu --------------------------------------------------------------------------------- */

const menu = document.querySelector(".of-place details.menu");
menu?.addEventListener("click", ({ target }) => {
  if (target.closest("button")) menu.open = false;
});

/* The words -------------------------------------------------------------------------------- */

const toggle = $("words-toggle");

function read(shown) {
  toggle.setAttribute("aria-expanded", String(shown));
  if (shown) return $("words").show();
  $("words").close();
  toggle.focus();
}

if (toggle) {
  toggle.addEventListener("click", () => read(!$("words").open));
  $("words-close").addEventListener("click", () => read(false));
  document.addEventListener("keydown", ({ key }) => {
    if (key === "Escape" && $("words").open) read(false);
  });
}
