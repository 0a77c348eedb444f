// Choosing students for an extension: a search over the list, and how many are chosen.

import { fill, gettext, ngettext } from "../../embedding/words.js";

const list = document.getElementById("extension-students");
const search = document.getElementById("extension-search");
const count = document.getElementById("extension-count");

if (list) {
  const lines = [...list.querySelectorAll("label")].map((label) => ({
    label,
    box: label.querySelector("input"),
    text: label.textContent.toLowerCase(),
  }));
  const words = () => search.value.toLowerCase().trim().split(/\s+/);
  const show = () => {
    const wanted = words();
    // Who is chosen stays in sight, so that nobody gets more time unseen.
    for (const { label, box, text } of lines) {
      label.hidden = !box.checked && !wanted.every((word) => text.includes(word));
    }
  };
  const tell = () => {
    const chosen = lines.filter(({ box }) => box.checked).length;
    count.textContent = chosen
      ? fill(ngettext("%(count)s student chosen", "%(count)s students chosen", chosen), { count: chosen })
      : gettext("Nobody chosen");
  };
  search.hidden = false;
  count.hidden = false;
  search.addEventListener("input", show);
  search.addEventListener("keydown", (event) => {
    if (event.key === "Enter") event.preventDefault(); // it searches, and sends nothing
  });
  list.addEventListener("change", tell);
  tell();
}
