/** The check of the connection: one link after another, then the browser's own half. */

import { lookInFrame } from "./check-frame.js";
import { fill, gettext } from "../embedding/words.js";
import { inWords, request } from "../embedding/our-site.js";

const AGAIN = 1000; // ms, while a link still goes on
const MARKS = { ok: "✓", warning: "!", failed: "✗", skipped: "–", running: "…" };
const STATES = {
  ok: gettext("good"),
  warning: gettext("warning"),
  failed: gettext("failed"),
  skipped: gettext("left out"),
  running: gettext("is being looked at"),
};

const page = JSON.parse(document.getElementById("page").textContent);
const start = document.getElementById("start");
const copies = ["text", "json"].map((kind) => document.getElementById(`copy-${kind}`));
const sum = document.getElementById("sum");
const rows = [...document.querySelectorAll("[data-link]")];
const last = document.querySelector("[data-frame]");
const NEEDED = "files"; // for the frame
let outcomes = [];

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function element(name, className, text) {
  const made = document.createElement(name);
  made.className = className;
  made.textContent = text;
  return made;
}

function mark(row, state, more = "") {
  row.dataset.state = state;
  row.querySelector(":scope > .mark").textContent = state ? MARKS[state] : "";
  row.querySelector(":scope > .state").textContent = [STATES[state], more].filter(Boolean).join(", ");
}

function show(row, outcome) {
  mark(row, outcome.state, fill(gettext("%(ms)s ms"), { ms: outcome.milliseconds }));
  row.querySelector(":scope > ul")?.remove();
  const list = element("ul", "", "");
  for (const { state, seen, means, do: what } of outcome.findings) {
    const item = element("li", "", "");
    item.dataset.state = state;
    item.append(element("span", "mark", MARKS[state]), " ", element("span", "seen", seen));
    if (means) item.append(element("p", "means", means));
    if (what) item.append(element("p", "do", what));
    list.append(item);
  }
  row.append(list);
}

/** Asks for one link until it is over; what our site does not answer is a failure of the link. */
async function look(name, title, lost) {
  const began = performance.now();
  try {
    for (;;) {
      const waited = (performance.now() - began) / 1000;
      const { status, body } = await request("POST", page.link, {
        json: { link: name, lost, waited },
      });
      if (status === 200) return { ...body, milliseconds: Math.round(performance.now() - began) };
      await pause(AGAIN);
    }
  } catch (error) {
    const { message, detail } = inWords(error);
    const findings = [{ state: "failed", seen: message, means: detail ?? "", do: "" }];
    const milliseconds = Math.round(performance.now() - began);
    return { name, title, state: "failed", milliseconds, findings };
  }
}

async function inBrowser(lost) {
  mark(last, "running");
  const title = last.querySelector("strong").textContent;
  const began = performance.now();
  const skipped = { state: "skipped", seen: gettext("Not tried: no file could be written."), means: "", do: "" };
  const findings = lost.includes(NEEDED) ? [skipped] : await lookInFrame(page, page.origin);
  const states = findings.map(({ state }) => state);
  const state = ["failed", "warning", "skipped"].find((one) => states.includes(one)) ?? "ok";
  return { name: "browser", title, state, milliseconds: Math.round(performance.now() - began), findings };
}

function tell() {
  const count = (state) => outcomes.filter((outcome) => outcome.state === state).length;
  const [failed, warnings] = [count("failed"), count("warning")];
  sum.textContent =
    failed + warnings
      ? fill(gettext("Failed: %(failed)s. Warnings: %(warnings)s."), { failed, warnings })
      : gettext("All is well.");
}

async function check() {
  start.disabled = true;
  outcomes = [];
  for (const button of copies) button.hidden = true;
  for (const row of [...rows, last]) {
    row.querySelector(":scope > ul")?.remove();
    mark(row, "");
  }
  sum.textContent = gettext("The check runs.");
  const lost = [];
  for (const row of rows) {
    mark(row, "running");
    const name = row.dataset.link;
    const title = row.querySelector("strong").textContent;
    const outcome = await look(name, title, lost);
    outcomes.push(outcome);
    if (["failed", "skipped"].includes(outcome.state)) lost.push(name);
    show(row, outcome);
  }
  outcomes.push(await inBrowser(lost));
  show(last, outcomes.at(-1));
  tell();
  for (const button of copies) button.hidden = false;
  start.disabled = false;
}

const asText = () =>
  outcomes
    .map(({ title, state, milliseconds, findings }) =>
      [
        `${MARKS[state]} ${title} (${milliseconds} ms)`,
        ...findings.flatMap((one) =>
          [`${MARKS[one.state]} ${one.seen}`, one.means, one.do].filter(Boolean).map((line) => `    ${line}`),
        ),
      ].join("\n"),
    )
    .join("\n");

const asJson = () =>
  JSON.stringify({ site: page.site, at: new Date().toISOString(), links: outcomes }, null, 2);

document.getElementById("check").addEventListener("submit", (event) => {
  event.preventDefault();
  check();
});
copies.forEach((button, kind) => {
  const label = button.textContent;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(kind ? asJson() : asText());
    button.textContent = gettext("Copied");
    await pause(2000);
    button.textContent = label;
  });
});
