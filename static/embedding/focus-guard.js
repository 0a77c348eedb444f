/**
 * CoCalc takes the focus while it loads, and again when its editor is there, maybe from somebody
 * who types elsewhere on the page: who did not go there gets it back. See docs/scripts.md.
 */

const GESTURE_LASTS = 5500; // ms; a browser's user activation, with some to spare
const LOADS = 60000; // ms
const ANEW = 1000; // ms; sooner it is the same attempt
const ARRIVES = 100; // ms
const NEVER = -Infinity;

export class FocusGuard {
  #host;
  #frame = null;
  #shown = NEVER;
  #entered = NEVER; // by the pointer, which is still there
  #touch = matchMedia("(hover: none)").matches;
  #gesture = { at: NEVER, leads: false }; // the last one on the page around the frame
  #refused = { at: NEVER, times: 0 }; // since then
  #focused = null; // there, before

  /** @param {HTMLElement} host with the frames in its shadow tree */
  constructor(host) {
    this.#host = host;
  }

  /** A new frame. */
  watch(frame) {
    this.#frame = frame;
    this.#shown = performance.now();
    this.#entered = NEVER;
    frame.addEventListener("pointerenter", () => (this.#entered = performance.now()));
    frame.addEventListener("pointerleave", () => (this.#entered = NEVER));
  }

  /** @param {AbortSignal} signal for when the host is on no page any more */
  listen(signal) {
    const on = (type, act) => window.addEventListener(type, act, { signal, capture: true });
    // Once the focus has arrived: what is done while it moves is lost. Firefox brings it to another
    // process only after a while.
    on("blur", ({ target }) => {
      if (target !== window) return;
      setTimeout(() => this.#guard() || setTimeout(() => this.#guard(), ARRIVES));
    });
    const note = () => {
      const outer = document.activeElement;
      const active = outer === this.#host ? outer.shadowRoot.activeElement : outer;
      if (active !== this.#frame) this.#focused = active;
    };
    note(); // a page may have put the focus somewhere before this ran
    on("focusin", () => {
      note();
      this.#gesture.leads = false; // Tab has led here
    });
    // Assistive technology clicks without a pointer.
    for (const type of ["keydown", "pointerup", "click"])
      on(type, (event) => {
        note();
        if (event.pointerType) this.#touch = event.pointerType === "touch";
        const leads = event.key === "Tab" || event.composedPath().includes(this.#host);
        this.#gesture = { at: performance.now(), leads };
        this.#refused = { at: NEVER, times: 0 };
      });
  }

  /** @returns {boolean} whether the focus is there, or was */
  #guard() {
    if (!this.#frame || this.#host.shadowRoot.activeElement !== this.#frame) return false;
    const now = performance.now();
    // Of a gesture in the frame a page is told by its own activation.
    const active = navigator.userActivation?.isActive ?? true;
    if (this.#isMeant(now, active) || this.#isInsisted(now, active)) return true;
    this.#frame.blur();
    window.focus();
    if (this.#focused?.isConnected) this.#focused.focus({ preventScroll: true });
    return true;
  }

  #isMeant(now, active) {
    const { at, leads } = this.#gesture;
    if (now - at > GESTURE_LASTS) return active;
    if (leads) return true;
    return active && (this.#touch || this.#entered > (now - this.#shown > LOADS ? NEVER : at));
  }

  /** It looks like an editor's doing, but who means it tries again. */
  #isInsisted(now, active) {
    const { at, times } = this.#refused;
    const anew = now - at > ANEW;
    if (times > 2 ? anew : times && active && this.#entered > NEVER) return true;
    this.#refused = { at: now, times: times + anew };
    return false;
  }
}
