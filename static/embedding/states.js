/** The states of a session, as a table: what each word in it means stands in docs/scripts.md. */

import { gettext } from "./words.js";

const ALWAYS = { start: "preparing", user: "signed_out", ended: "refused" };
// Where there is somebody: an attempt ends as it ends, whatever an older frame comes to meanwhile.
const ATTEMPT = {
  address: "opening",
  failure: "refused unreachable offline",
  network: "offline",
  cause: "unreachable blocked",
};
const EITHER = "preparing reconnecting";

export const STATES = {
  preparing: { busy: true, asking: "preparing", frame: "ready" },
  opening: {
    busy: true,
    asking: EITHER,
    switch: "opening",
    frame: "opening ready slow lost no_file",
  },
  ready: { asking: "reconnecting", switch: "opening", frame: "ready no_file slow reconnecting" },
  no_file: { asking: "reconnecting", switch: "opening", frame: "ready slow reconnecting" },
  slow: {
    atRisk: true,
    asking: "reconnecting",
    switch: "opening",
    frame: "ready no_file slow lost reconnecting",
  },
  lost: { atRisk: true, asking: "reconnecting", frame: "ready no_file lost reconnecting" },
  offline: {
    atRisk: true,
    wakes: true,
    asking: EITHER,
    frame: "reconnecting",
    network: "reconnecting ready slow lost",
  },
  reconnecting: { asking: "reconnecting", frame: "ready no_file slow lost" },
  signed_out: { failed: true, nobody: true, asking: EITHER },
  refused: { failed: true, asking: EITHER, switch: "opening", frame: "ready slow lost" },
  unreachable: {
    failed: true,
    wakes: true,
    asking: EITHER,
    switch: "opening",
    frame: "ready slow lost",
  },
  blocked: { failed: true, asking: EITHER, switch: "opening", frame: "ready" },
};

/** What the table does not have happens all the same, but not unseen. */
export function follow(state, by, next) {
  const row = { ...ALWAYS, ...(!STATES[state].nobody && ATTEMPT), ...STATES[state] };
  if (!row[by]?.includes(next)) reportError(new Error(`No way from ${state} by ${by} to ${next}`));
  return next;
}

/** By the light: for a step, or a state. */
export const WORDS = {
  account: gettext("Preparing your account…"),
  project: gettext("Preparing your project…"),
  membership: gettext("Giving you access…"),
  starting: gettext("Starting your project…"),
  signing_in: gettext("Signing you in to CoCalc…"),
  signing_in_slow: gettext("CoCalc is slow. Still signing you in…"),
  saving: gettext("Saving your files…"),
  preparing: gettext("Getting ready…"),
  opening: gettext("Opening…"),
  ready: gettext("Ready"),
  no_file: gettext("No file is open"),
  slow: gettext("CoCalc is slow"),
  lost: gettext("Connection lost"),
  offline: gettext("Offline"),
  reconnecting: gettext("Reconnecting…"),
  signed_out: gettext("Signed out"),
  refused: gettext("Not opened"),
};
WORDS.unreachable = WORDS.blocked = WORDS.refused;

/** Of a notice: for a code, or a state. */
export const TITLES = {
  no_file: WORDS.no_file,
  offline: gettext("You are offline"),
  lost: gettext("The connection to CoCalc is lost"),
  signed_out: gettext("You are signed out"),
  refused: gettext("The file was not opened"),
  unreachable: gettext("This does not work right now"),
  blocked: gettext("CoCalc did not open the file"),
  file_missing: gettext("File not found"),
};
TITLES.bad_path = TITLES.file_missing;

const NOTES = {
  expiring: gettext("You will soon be signed out of this site. Save your work and sign in again."),
  stopped: gettext("Your project had stopped on CoCalc. It was started again."),
  reopened: gettext("CoCalc had ended your session. Your files were opened again."),
};
const MESSAGES = {
  disconnected: gettext("CoCalc lost its connection. What you typed last may not be saved yet."),
  silent: gettext("CoCalc does not answer. What you typed last may not be saved."),
  offline: gettext("This page continues by itself when you are back online."),
  unsaved: gettext("You are offline. What you typed last may not be saved yet."),
};
MESSAGES.unsaved += ` ${MESSAGES.offline}`;

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
