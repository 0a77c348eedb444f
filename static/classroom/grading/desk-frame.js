/**
 * Says which keys work. A frame of another site that has the focus tells this page of no key, so
 * the page's own keys wait until somebody is back here: by a click, by Tab, or by the button.
 */

/** @param {() => void} back leads into the form */
export function frameKeys(back) {
  const line = document.querySelector("[data-keys]");
  const notebook = document.querySelector("cocalc-notebook");
  if (!line || !notebook) return;
  const button = line.querySelector("[data-back]");
  let pressed = false;

  function look() {
    // Pressing it takes the focus out of the frame. It must not go away before it is let go.
    if (pressed || document.activeElement === button) return;
    const inFrame = notebook.shadowRoot?.activeElement?.localName === "iframe";
    const words = inFrame ? line.dataset.frames : line.dataset.ours;
    const text = line.querySelector("span");
    if (text.textContent !== words) text.textContent = words;
    button.hidden = !inFrame;
  }

  // Once the focus has arrived.
  const soon = () => setTimeout(look);
  addEventListener("blur", soon);
  addEventListener("focus", soon);
  document.addEventListener("focusin", soon);
  button.addEventListener("pointerdown", () => (pressed = true));
  for (const type of ["pointerup", "pointercancel"])
    addEventListener(type, () => {
      pressed = false;
      soon();
    });
  button.addEventListener("click", back);
}
