/** The activity panel: what is sent and heard, and when. Loaded with its first use. */

import { region } from "./amounts.js";

const LONGEST = 2000; // characters

const clock = new Intl.DateTimeFormat(region, { timeStyle: "medium" });
// What a line means, in the page's language: "done open", or "done" for any other command.
const meanings = new Map(
  [...document.querySelectorAll("#meanings dt")].map((term) => [
    term.textContent,
    term.nextElementSibling.textContent,
  ]),
);
const commandText = ({ action, path }) => (path === undefined ? action : `${action} ${path}`);

export class Panel {
  #list = document.getElementById("activity");
  #panel = document.getElementById("panel");
  #toggle = document.getElementById("panel-toggle");
  #kept;

  /**
   * @param {[kind: string, about: object | string, time: number][]} lines so far
   * @param {(name: string) => void} command sends one
   */
  constructor(lines, kept, session, command) {
    this.#kept = kept;
    for (const line of lines) this.add(...line);
    this.#toggle.onclick = () => this.#show(this.#panel.hidden);
    document.getElementById("panel-close").addEventListener("click", () => this.#hide());
    this.#panel.addEventListener("keydown", ({ key }) => key === "Escape" && this.#hide());
    const buttons = [...this.#panel.querySelectorAll("[data-command]")];
    for (const button of buttons)
      button.addEventListener("click", () => command(button.dataset.command));
    const enable = () => {
      for (const button of buttons) button.disabled = session.alive !== true;
    };
    for (const type of ["state", "channel"]) session.addEventListener(type, enable);
    enable();
    this.#show(true);
  }

  #show(shown) {
    this.#panel.hidden = !shown;
    this.#toggle.setAttribute("aria-expanded", String(shown));
    if (shown) this.#list.scrollTop = this.#list.scrollHeight;
  }

  #hide() {
    this.#show(false);
    const menu = this.#toggle.closest("details");
    (menu && !menu.open ? menu.querySelector("summary") : this.#toggle).focus();
  }

  /** @param {"sent" | "reply" | "log" | "error" | "note"} kind of a session's event, or text */
  add(kind, about, time) {
    const [label, text] = read(kind, about);
    const { action } = about.command ?? {};
    const meaning = meanings.get(`${label} ${action}`) ?? meanings.get(label);
    if (label) this.#add(label, meaning, text, time);
  }

  /** @param {"sent" | "ack" | "done" | "error" | "log" | "note"} kind */
  #add(kind, meaning, text, time) {
    const item = document.createElement("li");
    item.dataset.kind = kind;
    const when = document.createElement("time");
    when.dateTime = new Date(time).toISOString();
    when.textContent = clock.format(time);
    const label = document.createElement("span");
    label.className = "kind";
    label.textContent = kind;
    const words = document.createElement("span");
    words.textContent = text.slice(0, LONGEST);
    if (meaning) {
      const plain = document.createElement("span");
      plain.className = "meaning";
      plain.textContent = meaning;
      item.append(plain);
    }
    item.append(when, label, words);
    const atEnd = this.#list.scrollTop + this.#list.clientHeight >= this.#list.scrollHeight - 8;
    this.#list.append(item);
    while (this.#list.childElementCount > this.#kept) this.#list.firstElementChild.remove();
    if (atEnd) this.#list.scrollTop = this.#list.scrollHeight;
  }
}

function statusText({ status, quality, openFiles }) {
  const files = [...openFiles.values()].flat();
  return `status: ${status}, ${quality}; open: ${files.join(", ") || "–"}`;
}

/** @returns {[label: string, text: string]} no label: nothing to tell */
function read(kind, about) {
  if (kind === "sent") return [kind, commandText(about.command)];
  if (kind === "reply") {
    const { command, text, status } = about;
    const shown = status ? statusText(status) : [command && commandText(command), text];
    const label = about.kind === "status" ? "done" : about.kind;
    return [label, [shown].flat().filter(Boolean).join(": ")];
  }
  if (kind !== "log") return [kind, about];
  const { event } = about.payload?.project_log ?? {};
  return event?.event ? [kind, `${event.event} ${event.filename ?? ""}`.trim()] : ["", ""];
}
