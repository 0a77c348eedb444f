/**
 * Points by question: sums up while somebody types, and leads from field to field. The server forms
 * the score again, by its own rule (rules/questions.py); what is shown here is a preview of it.
 */
import { fill, language, ngettext } from "../../embedding/words.js";

const CENTS = 100;
const numbers = new Intl.NumberFormat(language, { maximumFractionDigits: 2, useGrouping: false });

/** The number somebody typed, as the server reads it; null for nothing, NaN for no number. */
function read(text) {
  let written = text.trim().replace("\u2212", "-");
  if (!written) return null;
  if (written.split(",").length === 2 && !written.includes(".")) written = written.replace(",", ".");
  return /^[-+]?(\d+\.?\d*|\.\d+)$/.test(written) ? Number(written) : NaN;
}

/** To two places, as the server does it. */
function rounded(number) {
  return (Math.sign(number) * Math.round(Math.abs(number) * CENTS + 1e-7)) / CENTS;
}

/** As people write it: at most two places, none of them idle. */
const shown = (number) => numbers.format(rounded(number) || 0); // no -0

/**
 * @param {HTMLFormElement} form
 * @param {() => void} saveAndNext
 * @returns {() => void} what leads back into the form, where somebody was last
 */
export function questions(form, saveAndNext) {
  const fields = [...form.querySelectorAll("input[data-question]")];
  const score = form.querySelector("[name=score]");
  const table = form.querySelector("[data-tally]");
  const adjustment = form.querySelector("[name=adjustment]");
  const asked = form.elements.namedItem("question");
  let last = null;

  function sumUp() {
    let sum = 0, most = 0, open = 0, wrong = false;
    for (const field of fields) {
      const typed = read(field.value);
      const points = typed ?? read(field.dataset.auto);
      const limit = Number(field.dataset.most);
      const bad = Number.isNaN(points) || points < 0 || (limit > 0 && points > 2 * limit);
      field.toggleAttribute("data-bad", bad);
      field.toggleAttribute("data-over", !bad && limit > 0 && points > limit);
      if (bad) wrong = true;
      else if (points === null) open += 1;
      else sum += points;
      most += limit;
    }
    const more = read(adjustment.value) ?? 0;
    const { points, wrong: words } = table.dataset;
    const worth = Number(points);
    const scaled = points && most ? (sum * worth) / most : sum;
    table.querySelector("[data-sum]").textContent = wrong ? "" : shown(sum);
    const row = table.querySelector("[data-scaled]");
    if (row) row.textContent = wrong ? "" : shown(scaled);
    const total = table.querySelector("[data-total]");
    let text = `${shown(rounded(scaled) + more)}${points ? ` / ${shown(worth)}` : ""}`;
    if (open) text = fill(ngettext("%(count)s not graded yet", "%(count)s not graded yet", open), { count: open });
    if (wrong || Number.isNaN(more)) text = words;
    if (total.textContent !== text) total.textContent = text;
  }

  /** @param {HTMLElement} field */
  function enter(field) {
    field.focus();
    field.select?.();
  }

  const all = adjustment ? [...fields, adjustment] : [score];
  if (fields.length) {
    form.addEventListener("input", sumUp);
    sumUp();
  }
  form.addEventListener("focusin", ({ target }) => {
    if (!target.matches("input:not([type=hidden], [type=checkbox]), textarea")) return;
    last = target;
    if (!target.dataset.question) return;
    asked.value = target.dataset.question;
    for (const link of document.querySelectorAll("a[rel=prev], a[rel=next]")) {
      const address = new URL(link.href);
      address.searchParams.set("question", asked.value);
      link.href = address.href;
    }
  });

  form.addEventListener("keydown", (event) => {
    if (event.isComposing || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const at = all.indexOf(event.target);
    if (event.altKey && (event.key === "ArrowUp" || event.key === "ArrowDown")) {
      event.preventDefault();
      const step = event.key === "ArrowDown" ? 1 : -1;
      const to = at < 0 ? (step < 0 ? all.length - 1 : 0) : at + step;
      if (all[to]) enter(all[to]);
    } else if (event.key === "Enter" && !event.altKey && at >= 0 && fields.length) {
      event.preventDefault();
      if (at < fields.length - 1) enter(all[at + 1]);
      else saveAndNext();
    }
  });

  const take = form.querySelector("[data-take-earlier]");
  if (take) {
    take.hidden = false;
    take.addEventListener("click", () => {
      for (const field of all) if (field.dataset.earlier) field.value = field.dataset.earlier;
      sumUp();
      enter(all[0]);
    });
  }

  const wrong = form.querySelector("[aria-invalid=true]:not([type=hidden])");
  const known = fields.find((field) => field.dataset.question === form.dataset.asked);
  const first = wrong ?? known ?? fields.find((field) => !field.value.trim()) ?? all[0];
  // On a touch screen it would bring up the keyboard over half of the page.
  if (matchMedia("(hover: hover)").matches) {
    first.focus({ preventScroll: !wrong });
    first.select?.();
  }
  return () => enter(last ?? first);
}
