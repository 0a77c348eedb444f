/**
 * While it loads, and when its editor is there, CoCalc takes the focus: from somebody who may be
 * typing elsewhere on the page. Until the first use of the frame it is given back. Use is a gesture
 * that happened in the frame (a page is told of it by its own activation), or one that leads there.
 */

const GESTURE_LASTS = 5500; // ms; a browser's user activation, with some to spare

export class FocusGuard {
  #host;
  #frame = null; // not used yet
  #over = false; // the pointer is over the frame
  #gesture = { at: -Infinity, ours: false }; // the last one in the page around the frame
  #focused = null; // there, before

  /** @param {HTMLElement} host with the frames in its shadow tree */
  constructor(host) {
    this.#host = host;
  }

  /** A new frame. */
  watch(frame) {
    this.#frame = frame;
    frame.addEventListener("pointerenter", () => (this.#over = true));
    frame.addEventListener("pointerleave", () => (this.#over = false));
  }

  /** @param {AbortSignal} signal for when the host is on no page any more */
  listen(signal) {
    const on = (type, act) => window.addEventListener(type, act, { signal, capture: true });
    // Once the focus has arrived: what is done while it moves is lost.
    on("blur", ({ target }) => target === window && setTimeout(() => this.#guard()));
    const note = () => {
      if (document.activeElement !== this.#host) this.#focused = document.activeElement;
    };
    note(); // a page may have put the focus somewhere before this ran
    on("focusin", note);
    for (const type of ["keydown", "pointerup"])
      on(type, (event) => {
        note();
        const ours = event.key === "Tab" || event.composedPath().includes(this.#host);
        this.#gesture = { at: performance.now(), ours };
      });
  }

  #guard() {
    if (!this.#frame || this.#host.shadowRoot.activeElement !== this.#frame) return;
    const active = navigator.userActivation?.isActive ?? true;
    const elsewhere = performance.now() - this.#gesture.at < GESTURE_LASTS && !this.#gesture.ours;
    if (this.#over || (active && !elsewhere)) {
      this.#frame = null;
      return;
    }
    this.#frame.blur();
    window.focus();
    if (this.#focused?.isConnected) this.#focused.focus({ preventScroll: true });
  }
}
