// Copies links: the buttons are there where the browser can do it.

/** Copy a text; where that is not allowed, leave it selected in its field to be copied by hand. */
async function copy(text, button, field) {
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  } catch {
    field.value = text;
    field.hidden = false;
    field.focus();
    field.select();
    button.textContent = "Copy what is selected";
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
