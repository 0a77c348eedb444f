/** The activity panel: what is sent and heard, and when. */

const KEPT = 500; // lines
const LONGEST = 2000; // characters

const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });
const commandText = ({ action, path }) => (path === undefined ? action : `${action} ${path}`);

export class Panel {
  #list;
  #panel;
  #toggle;

  constructor() {
    this.#panel = document.getElementById("panel");
    this.#list = document.getElementById("activity");
    this.#toggle = document.getElementById("panel-toggle");
    this.#toggle.addEventListener("click", () => this.show(this.#panel.hidden));
    document.getElementById("panel-close").addEventListener("click", () => this.#hide());
    this.#panel.addEventListener("keydown", ({ key }) => key === "Escape" && this.#hide());
  }

  show(shown) {
    this.#panel.hidden = !shown;
    this.#toggle.setAttribute("aria-expanded", String(shown));
    if (shown) this.#list.scrollTop = this.#list.scrollHeight;
  }

  #hide() {
    this.show(false);
    this.#toggle.focus();
  }

  follow(bridge) {
    bridge.addEventListener("sent", ({ detail: { command, time } }) =>
      this.add("sent", commandText(command), time),
    );
    bridge.addEventListener("reply", ({ detail: { kind, command, text, time, status } }) => {
      const shown = status ? statusText(status) : [command && commandText(command), text];
      this.add(kind === "status" ? "done" : kind, [shown].flat().filter(Boolean).join(": "), time);
    });
    bridge.addEventListener("log", ({ detail }) => {
      const { event } = detail.payload?.project_log ?? {};
      if (event?.event) this.add("log", `${event.event} ${event.filename ?? ""}`.trim());
    });
  }

  /** @param {"sent" | "ack" | "done" | "error" | "log" | "note"} kind */
  add(kind, text, time = Date.now()) {
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
    item.append(when, label, words);
    const atEnd = this.#list.scrollTop + this.#list.clientHeight >= this.#list.scrollHeight - 8;
    this.#list.append(item);
    while (this.#list.childElementCount > KEPT) this.#list.firstElementChild.remove();
    if (atEnd) this.#list.scrollTop = this.#list.scrollHeight;
  }
}

function statusText({ status, quality, openFiles }) {
  const files = [...openFiles.values()].flat();
  return `status: ${status}, ${quality}; open: ${files.join(", ") || "nothing"}`;
}
