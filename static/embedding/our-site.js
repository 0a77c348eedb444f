/** What is said to our own site, and its failures in words. */

import { gettext } from "./words.js";

/**
 * `code` is stable, `message` for the user, `recoverable`: trying again may help. `question` is
 * what the user is to be asked first, where our site does not do it unasked.
 */
export class RequestError extends Error {
  constructor(said, status = 0) {
    const { code, message, recoverable = false, retryAfter = null, detail = "", question } = said;
    super(message);
    this.name = "RequestError";
    Object.assign(this, { code, recoverable, retryAfter, detail, question, status });
  }
}

/** What is none is a fault of this page. */
export function inWords(error) {
  if (error instanceof RequestError) return error;
  console.error(error);
  const message = gettext("Something went wrong on this page. Please reload it.");
  return new RequestError({ code: "page", message, detail: String(error) });
}

const UNREACHABLE = {
  code: "unreachable",
  message: gettext("This site cannot be reached. Check your connection and try again."),
  recoverable: true,
};
const OFFLINE = {
  code: "offline",
  message: gettext("You are offline. Try again when you are online."),
  recoverable: true,
};
const TIMED_OUT = {
  code: "timeout",
  message: gettext("This site took too long to answer. Please try again."),
  recoverable: true,
};
const UNCLEAR = {
  code: "unclear",
  message: gettext("This page could not read the site’s answer. Please reload it."),
};
export const SIGNED_OUT = {
  code: "signed_out",
  message: gettext(
    "You have been signed out. Sign in again in another tab. Then this page continues by itself.",
  ),
};

export const NO_CAUSE = {
  code: "cocalc_silent",
  message: gettext("CoCalc does not answer your browser."),
  adminMessage: gettext("CoCalc did not answer, and this site could not find out why."),
};

const LOOK = 5000; // ms; between two looks at who is signed in
const BEAT = 20000; // while one works: the sign-in is kept up, and CoCalc's project looked at
const WARN = 300000; // before it ends
const CROWDED_MOST = 4; // times that a page waits for its turn

const tokens = () => document.querySelectorAll("[name=csrfmiddlewaretoken]");

/** Shows a request to come from our own page; the cookie itself is not readable. */
export const csrfToken = () => tokens()[0].value;

/** @returns {Promise<{status: number, body: any}>} rejects with a RequestError, or AbortError */
export async function request(method, url, options) {
  const response = await fetchOurs(method, url, options);
  return { status: response.status, body: await bodyOf(response.status, () => response.text()) };
}

export async function fetchOurs(method, url, options = {}) {
  const { form, json, keepalive, limit = 200_000, signal } = options;
  const headers = { Accept: "application/json" };
  if (method !== "GET") headers["X-CSRFToken"] = csrfToken();
  if (json) headers["Content-Type"] = "application/json";
  const timeout = AbortSignal.timeout(limit);
  try {
    return await fetch(url, {
      method,
      headers,
      keepalive,
      body: form ? new URLSearchParams(form) : json && JSON.stringify(json),
      cache: "no-store",
      redirect: "error",
      signal: signal ? any([signal, timeout]) : timeout,
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    const cut = navigator.onLine === false ? OFFLINE : UNREACHABLE;
    throw new RequestError(timeout.aborted ? TIMED_OUT : cut);
  }
}

/** Reads an answer of ours; a failure of any shape becomes a RequestError. */
export async function bodyOf(status, text) {
  let body = null;
  try {
    body = status === 204 ? {} : JSON.parse(await text());
  } catch {
    // An error page, of ours or of a proxy.
  }
  if (status >= 200 && status < 300 && body) return body;
  throw new RequestError(body?.error ?? UNCLEAR, status);
}

/** AbortSignal.any, as browsers from before 2024 have none. */
function any(signals) {
  const controller = new AbortController();
  for (const signal of signals) signal.addEventListener("abort", () => controller.abort());
  return controller.signal;
}

/** Repeats a request while the site answers 202: a step is done; or 503: it is crowded there. */
export async function untilReady(ask, onStep) {
  const end = performance.now() + 240_000; // a project may take minutes to start
  for (let crowded = 0; ; ) {
    let status, body;
    try {
      ({ status, body } = await ask());
    } catch (error) {
      if (error.code !== "crowded" || crowded++ === CROWDED_MOST) throw error;
      // Not all of its pages again at the same moment.
      await pause(error.retryAfter * 1000 * (0.5 + Math.random()));
      continue;
    }
    if (status !== 202) return body;
    if (body.next) onStep(body.next);
    if (performance.now() > end) throw new RequestError(TIMED_OUT);
    // Without `done`, another request is at this step: give it time.
    if (!body.done) await pause(700);
  }
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export const encodePath = (path) => path.split("/").map(encodeURIComponent).join("/");

/** What a session says. */
export class OurSite {
  row = null; // {id, began, ended}: the embed session there
  known = false; // when the sign-in ends
  #urls;
  #user;
  #rhythm;
  #on;
  #looked = -Infinity;
  #beaten = -Infinity;
  #warned = false;

  /** @param {object} on works, answered (asked while offline), ending, out, back, stopped, ended */
  constructor(urls, user, rhythm, on) {
    this.#urls = urls;
    this.#user = user;
    this.#rhythm = rhythm;
    this.#on = on;
  }

  /** @returns {Promise<{url, signIn?, project, proofs, row}>} */
  async mint({ path, again, tab }, signal, onStep) {
    const row = { id: crypto.randomUUID(), began: performance.now(), ended: false };
    const step = async () => {
      const json = { session: row.id, path, user: this.#user, again, tab };
      const answer = await this.#ask("POST", this.#urls.session, { json, signal });
      again = false;
      return answer;
    };
    return { ...(await untilReady(step, onStep)), row };
  }

  /** Rejects if the file is not there. */
  async check(path) {
    try {
      await request("GET", `${this.#urls.check}?${new URLSearchParams({ path })}`);
    } catch (error) {
      this.isOfUser(error);
      throw error;
    }
  }

  async diagnose(seen, limit, row) {
    return (await this.#askOfRow("diagnosis", { json: { seen }, limit }, row)).body;
  }

  /** The token of that address has done its work. */
  signedIn(row, signIn, ms) {
    const options = { json: { signIn, ms }, keepalive: true };
    this.#askOfRow("signed-in", options, row).catch(() => {}); // its time ends it
  }

  report(state, reason = "") {
    const { row } = this;
    if (!row || (row.ended && reason !== "resumed")) return;
    row.ended = state === "closed";
    const json = { state, reason, ms: Math.round(performance.now() - row.began) };
    // Losing a report harms nobody.
    this.#askOfRow("report", { json, keepalive: true }).catch(() => {});
  }

  async #askOfRow(name, options, row = this.row) {
    const url = this.#urls[name].replace(/0{8}(-0{4}){3}-0{12}/, row.id);
    return this.#ask("POST", url, options);
  }

  /** Where only the token is void, by a sign-in elsewhere, once more with another. */
  async #ask(method, url, options) {
    const { offline } = this.#rhythm;
    try {
      const answer = await request(method, url, options);
      if (offline) this.#on.answered();
      return answer;
    } catch (error) {
      if (error.code !== "csrf") throw error;
      await this.#presence();
      return request(method, url, options);
    }
  }

  /** Rejects if it is not the page's user who is signed in. */
  async #presence() {
    const query = new URLSearchParams({ user: this.#user });
    const { offline } = this.#rhythm;
    const { body } = await request("GET", `${this.#urls.presence}?${query}`);
    if (offline) this.#on.answered();
    for (const field of tokens()) field.value = body.csrf;
    this.#signedIn(body);
  }

  isOfUser(error) {
    if (!["signed_out", "csrf", "other_user"].includes(error.code)) return false;
    this.#on.out(error.code === "other_user" ? error : SIGNED_OUT);
    return true;
  }

  /** Is it still the same user? */
  async look(seldom = false) {
    const now = this.#rhythm.now();
    if (seldom && now - this.#looked < LOOK) return;
    this.#looked = now;
    try {
      await this.#presence();
      this.#on.back();
    } catch (error) {
      this.isOfUser(error);
    }
  }

  get beatIsDue() {
    return this.#rhythm.now() - this.#beaten >= BEAT;
  }

  /** While one works: is it still the user's, and does the project run? */
  async beat(project = true) {
    this.#rhythm.later("beat", BEAT, () => this.beat());
    if (!this.#on.works()) return;
    this.#beaten = this.#rhythm.now();
    const { row } = this;
    try {
      const json = { user: this.#user, session: project ? row?.id : undefined };
      const { body } = await this.#ask("POST", this.#urls.presence, { json });
      this.#signedIn(body);
      if (body.running === false && row === this.row) this.#on.stopped();
    } catch (error) {
      if (!this.isOfUser(error) && error.code === "no_member") this.#on.ended(error);
    }
  }

  #signedIn({ seconds }) {
    const left = seconds * 1000;
    this.known = true;
    if (left > WARN) this.#warned = false;
    this.#rhythm.later("ending", Math.max(0, left - WARN), () => {
      if (!this.#warned) this.#on.ending();
      this.#warned = true;
    });
    this.#rhythm.later("ended", left + 1000, () => this.look());
  }
}
