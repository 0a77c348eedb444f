/**
 * The grading page's keys: `[` and `]` lead to the previous and next student where nobody types,
 * Ctrl+Enter (⌘+Enter) in the form saves and goes on. A grade that is not saved is not lost by
 * going on: the browser asks.
 */
const form = document.querySelector("form[data-grade]");
const links = { "[": "prev", "]": "next" };
const kept = () => new URLSearchParams(new FormData(form)).toString();
// What the server answered with an error is not saved either.
const errors = form.querySelector(".errorlist, .alert") !== null;
const before = kept();
let leaving = false;

/** @param {EventTarget} target */
function types(target) {
  return target instanceof Element && target.closest("input, textarea, select, [contenteditable]");
}

document.addEventListener("keydown", (event) => {
  if (event.isComposing || event.defaultPrevented) return;
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && form.contains(event.target)) {
    event.preventDefault();
    form.requestSubmit(form.elements.namedItem("next"));
    return;
  }
  const rel = links[event.key];
  // Some keyboards have the brackets on AltGr, which says Ctrl and Alt.
  const altGraph = event.getModifierState("AltGraph");
  if (!rel || ((event.ctrlKey || event.altKey || event.metaKey) && !altGraph)) return;
  if (types(event.target)) return;
  document.querySelector(`a[rel=${rel}]`)?.click();
});

form.addEventListener("submit", () => { leaving = true; });
addEventListener("beforeunload", (event) => {
  if (!leaving && (errors || kept() !== before)) event.preventDefault();
});
addEventListener("pageshow", () => { leaving = false; });
