/** The states of a session, as a table: what each word in it means stands in docs/scripts.md. */

// In each: the file is wanted anew; the user has changed, or gone, or may no longer open it.
const ALWAYS = { start: "preparing", user: "signed_out", ended: "refused" };
// Where there is somebody: an attempt ends as it ends, whatever an older frame comes to meanwhile.
const ATTEMPT = {
  address: "opening",
  failure: "refused unreachable offline",
  network: "offline",
};
const EITHER = "preparing reconnecting";

export const STATES = {
  // Our site is asked, and names each step ("Preparing your project…").
  preparing: { busy: true, asking: "preparing", frame: "ready" },

  // The address signs in and opens the file. If none opens, our site looks for the cause.
  opening: {
    busy: true,
    asking: EITHER,
    switch: "opening",
    frame: "opening ready slow lost no_file",
    cause: "unreachable blocked",
  },

  // Green.
  ready: { asking: "reconnecting", switch: "opening", frame: "ready no_file slow reconnecting" },

  // All were closed, by a command or in CoCalc.
  no_file: { asking: "reconnecting", switch: "opening", frame: "ready slow reconnecting" },

  // No good answer for some seconds.
  slow: {
    atRisk: true,
    asking: "reconnecting",
    switch: "opening",
    frame: "ready no_file slow lost reconnecting",
  },

  // None for longer.
  lost: { atRisk: true, asking: "reconnecting", frame: "ready no_file lost reconnecting" },

  // As the browser says; that it is not proves nothing.
  offline: {
    atRisk: true,
    wakes: true,
    asking: EITHER,
    frame: "reconnecting",
    network: "reconnecting ready slow lost",
  },

  // All files come back, and one line tells the user.
  reconnecting: { asking: "reconnecting", frame: "ready no_file slow lost" },

  // Of our site, in all tabs at once. The same user signing in again goes on.
  signed_out: { failed: true, nobody: true, asking: EITHER },

  // Our site says no. Only what time can mend ("too_many") is tried again.
  refused: { failed: true, asking: EITHER, switch: "opening", frame: "ready slow lost" },

  // Our site or CoCalc does not answer. Tried again by itself.
  unreachable: {
    failed: true,
    wakes: true,
    asking: EITHER,
    switch: "opening",
    frame: "ready slow lost",
  },

  // CoCalc answers, but the browser does not let it work in a frame. Late proof counts.
  blocked: { failed: true, asking: EITHER, switch: "opening", frame: "ready" },
};

/** What the table does not have happens all the same, but not unseen. */
export function follow(state, by, next) {
  const row = { ...ALWAYS, ...(!STATES[state].nobody && ATTEMPT), ...STATES[state] };
  if (!row[by]?.includes(next)) reportError(new Error(`No way from ${state} by ${by} to ${next}`));
  return next;
}

const NOTES = {
  expiring: "You will soon be signed out of this site. Save your work, and sign in again.",
  stopped: "Your project had stopped on CoCalc. It was started again.",
  reopened: "CoCalc had ended your session there. It is opened again, and so are your files.",
};
const MESSAGES = {
  disconnected: "CoCalc has lost its connection. What you typed last may not be saved yet.",
  silent: "CoCalc does not answer. What you typed last may not be saved.",
  offline: "This page goes on by itself when the connection is back.",
  unsaved:
    "You are offline. What you typed last may not be saved yet. This page goes on by itself when the connection is back.",
};

/** Whoever has a state, and tells of it. */
export class Told extends EventTarget {
  first = true; // never ready yet
  state = "preparing";
  project = "";
  code = "";
  destroyed = false;

  get is() {
    return STATES[this.state];
  }

  note(code) {
    this.emit("note", { code, message: NOTES[code], adminMessage: "" });
  }

  become(state, happens, more = {}) {
    const { code = "", adminMessage = "", step = "", retryAt = null } = more;
    const message = more.message ?? (state === "slow" ? "" : (MESSAGES[code] ?? ""));
    const previous = this.state;
    this.state = follow(previous, happens, state);
    this.code = code;
    const detail = { state, previous, code, message, adminMessage, step, retryAt };
    this.emit("state", { ...detail, first: this.first });
  }

  emit(type, detail) {
    if (!this.destroyed) this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
