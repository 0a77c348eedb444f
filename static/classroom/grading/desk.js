/**
 * The grading page's keys: `[` and `]` lead to the previous and next student where nobody writes
 * text, Ctrl+Enter (⌘+Enter) in the form saves and goes on. A grade that is not saved is not lost
 * by going on: the browser asks. The parts of the page each have a module of their own.
 */
import { keptComments } from "./desk-comments.js";
import { frameKeys } from "./desk-frame.js";
import { questions } from "./desk-questions.js";

const form = document.querySelector("form[data-grade]");
const links = { "[": "prev", "]": "next" };
// The question that somebody is at is nothing to be saved; nor is the token, which is renewed.
const kept = () => {
  const data = new FormData(form);
  for (const name of ["question", "csrfmiddlewaretoken"]) data.delete(name);
  return new URLSearchParams(data).toString();
};
// What the server answered with an error is not saved either.
const errors = form.querySelector(".errorlist, .alert") !== null;
const before = kept();
let leaving = false;

/** Whether somebody writes text there; in a field for points no bracket has a meaning.
 *  @param {EventTarget} target */
function writes(target) {
  if (!(target instanceof Element) || target.matches("[inputmode], [type=checkbox]")) return false;
  return target.closest("input, textarea, select, [contenteditable]") !== null;
}

function saveAndNext() {
  form.requestSubmit(form.elements.namedItem("next"));
}

document.addEventListener("keydown", (event) => {
  if (event.isComposing || event.defaultPrevented) return;
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && form.contains(event.target)) {
    event.preventDefault();
    saveAndNext();
    return;
  }
  const rel = links[event.key];
  // Some keyboards have the brackets on AltGr, which says Ctrl and Alt.
  const altGraph = event.getModifierState("AltGraph");
  if (!rel || ((event.ctrlKey || event.altKey || event.metaKey) && !altGraph)) return;
  if (writes(event.target)) return;
  event.preventDefault(); // it is no part of a number
  document.querySelector(`a[rel=${rel}]`)?.click();
});

form.addEventListener("submit", () => { leaving = true; });
addEventListener("beforeunload", (event) => {
  if (!leaving && (errors || kept() !== before)) event.preventDefault();
});
addEventListener("pageshow", () => { leaving = false; });

const back = questions(form, saveAndNext);
keptComments(form);
frameKeys(back);
