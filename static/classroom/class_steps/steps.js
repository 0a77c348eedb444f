// The table's own help: choosing all on the page, and how many are chosen.
// Everything it does can be done without it.
import { fill, ngettext } from "../../embedding/words.js";

const boxes = () => [...document.querySelectorAll('#students input[name="member"]')];

function show() {
  const all = document.getElementById("choose-all");
  const said = document.getElementById("chosen");
  if (!all || !said) return;
  const every = document.getElementById("every");
  const ticked = boxes().filter((box) => box.checked).length;
  all.hidden = false;
  all.checked = ticked > 0 && ticked === boxes().length;
  all.indeterminate = ticked > 0 && !all.checked;
  const chosen = every?.checked ? Number(every.dataset.count) : ticked;
  const words = ngettext("%(count)s student is chosen", "%(count)s students are chosen", chosen);
  said.textContent = chosen ? fill(words, { count: chosen }) : said.dataset.none;
}

document.addEventListener("change", ({ target }) => {
  if (target.id === "choose-all") for (const box of boxes()) box.checked = target.checked;
  if (target.closest?.("#students")) show();
});
document.addEventListener("htmx:afterSettle", show);
addEventListener("pageshow", show);
show();
