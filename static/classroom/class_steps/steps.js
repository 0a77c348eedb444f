// The table's own help: choosing all on the page, and how many are chosen.
// Everything it does can be done without it.
const boxes = () => [...document.querySelectorAll('#students input[name="member"]')];

function show() {
  const all = document.getElementById("choose-all");
  const count = document.getElementById("chosen-count");
  if (!all || !count) return;
  const chosen = boxes().filter((box) => box.checked).length;
  all.hidden = false;
  all.checked = chosen > 0 && chosen === boxes().length;
  all.indeterminate = chosen > 0 && !all.checked;
  count.hidden = chosen === 0;
  count.querySelector("b").textContent = chosen;
}

document.addEventListener("change", ({ target }) => {
  if (target.id === "choose-all") for (const box of boxes()) box.checked = target.checked;
  if (target.closest?.("#students")) show();
});
document.addEventListener("htmx:afterSettle", show);
addEventListener("pageshow", show);
show();
