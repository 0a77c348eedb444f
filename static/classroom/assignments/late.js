// The example under what late work costs follows what is typed, as rules/penalties.py works it out.

import { language } from "../../embedding/words.js";

const example = document.getElementById("late-example");
const form = example.closest("form");

const typed = (name) => Number(form.elements[name].value.replace(",", ".")) || 0;
const numbers = new Intl.NumberFormat(language, { maximumFractionDigits: 2, useGrouping: false });
const said = (number) => numbers.format(number);

function show() {
  const unit = form.elements.late_per.value;
  const points = typed("points") || 10;
  const late = Number(example.getAttribute(`data-${unit}-minutes`)) - typed("late_grace");
  const begun = Math.max(0, Math.ceil(late / (unit === "day" ? 1440 : 60)));
  const cost = begun * typed("late_amount");
  const percent = form.elements.late_penalty.value === "percent";
  const most = points * (1 - Math.min(typed("late_floor"), 100) / 100);
  const after = points - Math.min(percent ? (points * cost) / 100 : cost, most);
  const words = { points: said(points), time: example.getAttribute(`data-${unit}`), after: said(after) };
  example.textContent = typed("late_amount")
    ? example.dataset.sentence.replace(/\{(\w+)\}/g, (whole, name) => words[name] ?? whole)
    : "";
}

form.addEventListener("input", show);
show();
