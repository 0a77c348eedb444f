/** Asks in a dialog, which stays until it is done or given up; nothing typed is lost. */

import { RequestError } from "./our-site.js";
import { gettext, nameText } from "./words.js";

const $ = (id) => document.getElementById(id);

/** Thrown by what is to be done where the user must choose first. */
export class Choice extends Error {
  /** @param {[label: string, answer: object][]} ways on; the first is the usual one */
  constructor(message, ...ways) {
    super(message);
    this.ways = ways;
  }
}

/**
 * @param {{title: string, text?: string, name?: string, ok: string}} question `name` asks for one
 * @param {(name: string, answer: object) => Promise<T>} act `answer` holds what was chosen, such as
 *   `keepBoth`, which is offered where a name is taken
 * @returns {Promise<T?>} null where it was given up; the focus is then where it was before
 */
export function ask({ title, text = "", name, ok }, act) {
  const dialog = $("ask");
  const asksName = name !== undefined;
  let result = null;
  let answers = [];

  function offer(...ways) {
    answers = ways.map(([, answer]) => answer);
    $("ask-ok").textContent = ways[0][0];
    $("ask-other").hidden = !ways[1];
    $("ask-other").textContent = ways[1]?.[0];
  }

  function begin() {
    $("ask-problem").hidden = true;
    offer([ok, {}]);
  }

  async function go(answer) {
    for (const button of buttons) button.disabled = true;
    $("ask-problem").hidden = true;
    try {
      result = await act($("ask-name").value.trim(), answer);
      dialog.close();
    } catch (error) {
      if (error instanceof Choice) offer(...error.ways);
      else if (!(error instanceof RequestError)) throw error;
      else if (error.code === "exists" && !answer.keepBoth)
        offer([ok, answer], [gettext("Keep both"), { ...answer, keepBoth: true }]);
      $("ask-problem").textContent = nameText(error.message);
      $("ask-problem").hidden = false;
    } finally {
      for (const button of buttons) button.disabled = false;
    }
    // A button that is disabled loses the focus.
    if (dialog.open && document.activeElement === document.body) $("ask-ok").focus();
  }

  const buttons = [$("ask-ok"), $("ask-other")];
  $("ask-title").textContent = nameText(title);
  $("ask-text").textContent = text;
  $("ask-text").hidden = !text;
  $("ask-label").hidden = $("ask-name").hidden = !asksName;
  $("ask-name").value = name ?? "";
  $("ask-name").required = asksName;
  $("ask-name").oninput = begin;
  $("ask-cancel").onclick = () => dialog.close();
  $("ask-other").onclick = () => go(answers[1]);
  dialog.querySelector("form").onsubmit = (event) => {
    event.preventDefault();
    if (!$("ask-ok").disabled) go(answers[0]);
  };
  begin();
  dialog.showModal();
  if (asksName) {
    $("ask-name").focus();
    $("ask-name").setSelectionRange(0, name.replace(/\.[^.]*$/, "").length);
  } else $("ask-cancel").focus();
  return new Promise((resolve) => {
    dialog.addEventListener("close", function closed() {
      if (dialog.open) return; // told late: it asks something else by now
      dialog.removeEventListener("close", closed);
      resolve(result);
    });
  });
}
