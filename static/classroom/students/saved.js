/**
 * What is saved of a student's files: on the course's page, where they were worked on just now, and
 * on the page that asks before a submit, which waits until all is saved. Without this, both go by
 * pages and buttons.
 */
import { fill, gettext } from "../../embedding/words.js";

const LOOK = 2500; // milliseconds
const LONGEST = 75000;

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function look(url) {
  const response = await fetch(url, { headers: { Accept: "application/json" }, redirect: "error" });
  const body = await response.json();
  if (!response.ok) throw new Error(body.error.message);
  return body;
}

function put(place, html) {
  const fresh = new DOMParser().parseFromString(html, "text/html").body;
  place.replaceChildren(...[...fresh.childNodes].map((node) => document.adoptNode(node)));
}

/* On the course's page ---------------------------------------------------------------------- */

async function tell() {
  for (const link of document.querySelectorAll("a[data-saved]")) {
    try {
      const { html } = await look(link.href);
      let place = link.parentElement.nextElementSibling;
      if (!place?.matches(".student-look")) {
        place = document.createElement("div");
        place.className = "student-look";
        link.parentElement.after(place);
      }
      put(place, html);
    } catch {
      // The link leads to the same, and says what is wrong.
    }
  }
}

/* On the page that asks --------------------------------------------------------------------- */

async function wait(form) {
  const said = document.getElementById("waiting");
  const [later, now] = form.querySelectorAll("button[name=how]");
  later.disabled = true;
  now.focus();
  const url = `${form.dataset.saved}?since=${form.elements.since.value}`;
  const end = performance.now() + LONGEST;
  for (let told = ""; ; await pause(LOOK)) {
    try {
      const { seconds, html } = await look(url);
      put(document.getElementById("saved"), html);
      if (!seconds || performance.now() > end) break;
      // Not every few seconds: a screen reader says it each time.
      const most = Math.ceil(seconds / 10) * 10;
      const words = fill(gettext("Waiting for CoCalc to save your work: less than %(seconds)s seconds."), { seconds: most });
      if (words !== told) said.textContent = told = words;
    } catch (error) {
      if (performance.now() > end) {
        said.textContent = error.message;
        later.disabled = false;
        return;
      }
    }
  }
  said.textContent = gettext("Submitting…");
  form.requestSubmit(now);
}

const form = document.getElementById("asked");
let gone = false; // submitted, by whichever button
if (form) {
  form.addEventListener("submit", (event) => {
    if (gone) return event.preventDefault();
    gone = event.submitter?.value !== "wait";
    if (gone) return;
    event.preventDefault();
    wait(form);
  });
  if ("waits" in form.dataset) wait(form);
} else {
  tell();
  addEventListener("focus", tell); // back from where one pressed Save
}
