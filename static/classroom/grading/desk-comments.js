/**
 * Comments that are kept: a click, or Alt and a digit in the comment, puts one where the cursor is.
 */

/** @param {HTMLFormElement} form */
export function keptComments(form) {
  const comment = form.elements.namedItem("comment");
  let entered = false;
  comment.addEventListener("focus", () => { entered = true; });
  const buttons = [...form.querySelectorAll("[data-insert]")];

  /** @param {HTMLElement} button */
  function insert(button) {
    // Where nobody has put the cursor, it stands before all that is there.
    if (!entered) comment.setSelectionRange(comment.value.length, comment.value.length);
    const { selectionStart: from, value } = comment;
    // Beside what is there, not within it.
    const gap = from > 0 && !/\s$/.test(value.slice(0, from)) ? "\n" : "";
    comment.focus();
    comment.setRangeText(gap + button.dataset.insert, from, comment.selectionEnd, "end");
    comment.dispatchEvent(new Event("input", { bubbles: true }));
  }

  for (const button of buttons) button.addEventListener("click", () => insert(button));
  comment.addEventListener("keydown", (event) => {
    const digit = /^Digit([1-9])$/.exec(event.code)?.[1];
    if (!digit || !event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const button = buttons[digit - 1];
    if (!button) return;
    event.preventDefault();
    insert(button);
  });

  // Without a new page: what is typed stays.
  form.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-remove]");
    if (!button) return;
    event.preventDefault();
    const answer = await fetch(button.formAction, {
      method: "POST",
      body: new FormData(button.form),
      redirect: "manual",
    });
    // 404: somebody else has removed it.
    if (answer.type !== "opaqueredirect" && answer.status !== 404) return;
    const item = button.closest("li");
    buttons.splice(buttons.indexOf(item.querySelector("[data-insert]")), 1);
    item.remove();
    comment.focus();
  });
}
