// Copies links and chooses students: the buttons are there where the browser can do it.

import { gettext } from "../../embedding/words.js";

/** Copy a text; where that is not allowed, leave it selected in its field to be copied by hand. */
async function copy(text, button, field) {
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = gettext("Copied");
  } catch {
    field.value = text;
    field.hidden = false;
    field.focus();
    field.select();
    button.textContent = gettext("Now copy the selected text");
  }
}

for (const button of document.querySelectorAll("button[data-copy]")) {
  const field = button.parentElement.querySelector("input");
  field.addEventListener("focus", () => field.select());
  if (!navigator.clipboard) continue;
  button.hidden = false;
  button.addEventListener("click", () => copy(field.value, button, field));
}

const all = document.querySelector("button[data-copy-all]");
if (all) {
  const fields = [...document.querySelectorAll("input[data-for]")];
  const text = fields.map((field) => `${field.dataset.for}: ${field.value}`).join("\n");
  all.hidden = false;
  all.addEventListener("click", () => copy(text, all, document.querySelector(".people-all")));
}

const every = document.getElementById("choose-all");
const boxes = [...document.querySelectorAll("input[form=people-move][name=member]")];
if (every && boxes.length) {
  const count = document.getElementById("chosen-count");
  const tell = () => {
    const chosen = boxes.filter((box) => box.checked).length;
    count.hidden = chosen === 0;
    count.querySelector("b").textContent = chosen;
    every.checked = chosen === boxes.length;
    every.indeterminate = chosen > 0 && chosen < boxes.length;
  };
  every.hidden = false;
  every.addEventListener("change", () => {
    for (const box of boxes) box.checked = every.checked;
    tell();
  });
  for (const box of boxes) box.addEventListener("change", tell);
  tell();
}
