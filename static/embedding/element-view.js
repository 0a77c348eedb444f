/** What one sees around a notebook on a page: the toolbar with its light, and notices. */

import { look } from "./element-look.js";
import { csrfToken } from "./our-site.js";
import { STATES, TITLES, WORDS } from "./states.js";
import { fill, gettext } from "./words.js";

const WAITING = gettext("Loads when you scroll to it");
const TRIES = gettext("This page tries again by itself.");
const AGAIN = gettext("Try again");
const NEW_TAB = gettext("Open in a new tab");
const TEXTS = {
  "#before": gettext("Skip past the notebook"),
  "#after": gettext("End of the notebook: back to its start"),
  ".reload": gettext("Reload"),
  "form button": NEW_TAB,
  ".sign-in": gettext("Sign in"),
  ".tab": NEW_TAB,
  ".close": gettext("Keep working"),
};
const TIPS = {
  ".reload": gettext("Load CoCalc again"),
  "form button": gettext("Open this file in CoCalc itself"),
};

const SHELL = `
<a id="before" class="skip" href="#after"></a>
<div class="bar" part="toolbar">
  <span class="name"></span>
  <p class="light" role="status" aria-live="polite"><span class="dot" aria-hidden="true"></span><span class="words"></span></p>
  <div class="buttons">
    <button class="reload" type="button"></button>
    <form method="post" target="_blank" rel="noopener"><input type="hidden" name="csrfmiddlewaretoken"><input type="hidden" name="path"><button></button></form>
  </div>
</div>
<div class="stage">
  <p class="waiting" aria-hidden="true"><span class="dot"></span><span class="words"></span></p>
  <div class="notice" hidden><div class="card">
    <h2></h2>
    <p class="text" role="alert"></p>
    <p class="detail quiet" hidden></p>
    <p class="buttons"><a class="sign-in button primary" target="_blank"></a><button class="again" type="button"></button><button class="tab" type="button"></button><button class="close" type="button"></button></p>
  </div></div>
</div>
<a id="after" class="skip" href="#before"></a>
`;

export class View {
  signIn = null; // its address
  session = false; // is there one?
  #root;
  #bare = false; // no toolbar
  #label = "";

  /**
   * @param {ShadowRoot} root
   * @param {object} acts {reload(), again(), close(), tab(): {action, path}}: what the buttons do;
   *   `tab` says what is opened in a new one
   */
  constructor(root, acts) {
    this.#root = root;
    root.adoptedStyleSheets = [look];
    root.innerHTML = SHELL;
    for (const [selector, text] of Object.entries(TEXTS)) this.#$(selector).textContent = text;
    for (const [selector, text] of Object.entries(TIPS)) this.#$(selector).title = text;
    this.#on(".reload", acts.reload);
    this.#on(".again", acts.again);
    this.#on(".close", acts.close);
    this.#on(".tab", () => this.#$("form").requestSubmit());
    for (const [from, to] of [["#before", "#after"], ["#after", "#before"]])
      this.#on(from, (event) => {
        event.preventDefault(); // the address is the page's
        this.#$(to).focus();
      });
    this.#$("form").addEventListener("submit", ({ target }) => {
      const { action, path } = acts.tab();
      target.action = action;
      target.elements.path.value = path;
      target.elements.csrfmiddlewaretoken.value = csrfToken();
    });
  }

  get stage() {
    return this.#$(".stage");
  }

  #$(selector) {
    return this.#root.querySelector(selector);
  }

  #on(selector, act) {
    this.#$(selector).addEventListener("click", act);
  }

  /** @param {string?} toolbar "full", "read-only" or "none" */
  dress(label, toolbar) {
    this.#bare = toolbar === "none";
    this.#label = label;
    this.#$(".bar").hidden = this.#bare;
    this.#$(".bar .buttons").hidden = toolbar === "read-only";
    this.#$(".name").textContent = this.#$(".name").title = label;
  }

  /** A session's state, or "waiting". `framed`: there may be a notebook in the frame. */
  show({ state, code, message, adminMessage = "", step, retryAt, first = true }, framed) {
    const { failed, nobody } = STATES[state] ?? { nobody: true };
    const words = WORDS[step] ?? WORDS[state] ?? WAITING;
    for (const place of this.#root.querySelectorAll(".words"))
      if (place.textContent !== words) place.textContent = words;
    this.#$(".light").dataset.state = this.#$(".waiting").dataset.state = state;
    this.#$(".waiting").hidden = framed;
    this.#$(".reload").disabled = Boolean(nobody);
    this.#$("form button").disabled = nobody || state === "refused";
    if (!failed && !["lost", "offline", "no_file"].includes(state)) return this.hush();
    const text = retryAt ? `${message} ${TRIES}` : message;
    const strip = state === "lost" || (!first && framed && state !== "no_file");
    this.#say({ title: TITLES[code] ?? TITLES[state], text, detail: adminMessage, state, code, strip });
  }

  /** One line above the notebook. */
  note(text) {
    this.#say({ title: "", text, strip: true });
  }

  /** What was to be opened instead was not. */
  notOpened({ code, message }) {
    this.#say({ title: TITLES[code] ?? TITLES.refused, text: message, strip: true });
  }

  /** In place of the notebook; or, as a strip, above one that may still be there. */
  #say({ title, text, detail = "", state = "", code = "", strip }) {
    const notice = this.#$(".notice");
    const missing = code === "file_missing" || code === "bad_path";
    this.#$("h2").textContent = title;
    this.#$("h2").hidden = !title;
    this.#$(".text").textContent = text;
    this.#$(".detail").textContent = detail;
    this.#$(".detail").hidden = !detail;
    const [again, signInLink] = [this.#$(".again"), this.#$(".sign-in")];
    const signIn = state === "signed_out" && code !== "other_user" && this.signIn;
    signInLink.hidden = !signIn;
    if (signIn) signInLink.href = signIn;
    signInLink.target = this.session ? "_blank" : "_self";
    again.textContent = AGAIN;
    if (state === "no_file")
      again.textContent = fill(gettext("Open “%(name)s”"), { name: this.#label });
    if (code === "other_user") again.textContent = gettext("Reload the page");
    again.hidden = missing || !this.session || !state;
    again.classList.toggle("primary", !signIn);
    this.#$(".tab").hidden = !["lost", "unreachable", "blocked"].includes(state) || !this.#bare;
    this.#$(".close").hidden = !strip;
    notice.className = `notice ${strip ? "strip" : "whole"}`;
    notice.dataset.code = code;
    notice.hidden = false;
  }

  hush() {
    this.#$(".notice").hidden = true;
  }
}
