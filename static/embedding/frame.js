/** A frame with CoCalc in it: what is open there, is it silent, is somebody signed in? */

import { Bridge } from "./bridge.js";
import { NO_CAUSE } from "./our-site.js";

const SILENT = 6000; // ms; nothing heard; at the second time it is believed
const UNOPENED = 12000; // an answer, but no file
const GONE = 6000; // until its files are open again, or another frame is needed
const DEAD = 15000; // lost and silent
const SIGN_IN = 12 * 3600 * 1000; // ms; at CoCalc

export class Frame extends Bridge {
  files = []; // open there, as last heard
  #missing; // to open again
  #rhythm;
  #site;
  #session;
  #opening; // the first `open`
  #heardAt; // by the rhythm
  #verifying = false;
  #gone = false;
  #born = Date.now();
  #mayBeNobody; // signed in there: no command was acknowledged, no file logged

  constructor(window, origin, host, rhythm, site, session, missing, { proofs, signIn }) {
    super(window, origin, { host, clock: rhythm, proofs });
    this.#mayBeNobody = Boolean(signIn);
    this.#rhythm = rhythm;
    this.#site = site;
    this.#session = session;
    this.#missing = missing;
    const on = (type, act) => this.addEventListener(type, ({ detail }) => act(detail));
    for (const type of ["log", "reply"]) on(type, () => (this.#heardAt = rhythm.now()));
    on("reply", (reply) => this.#onReply(reply));
    on("log", () => (this.#mayBeNobody = false));
    on("channel", ({ alive }) => !alive && session.state === "ready" && this.#explainChannel());
    on("state", ({ state, previous }) => {
      if (state === "no_file") this.files = [];
      if (state !== "lost") return;
      if (previous === "opening") this.#suspect(this.#silent ? "silent" : "unopened", true);
      else this.#wait();
    });
  }

  begin() {
    const { project, path } = this.#session;
    this.expect(project, path);
    this.#rhythm.later("silent", SILENT, () => this.#suspect("silent"));
    this.watch();
    this.#opening = this.open(project, path).catch(() => {}); // the states tell
  }

  restore() {
    const { path } = this.#session;
    this.rest();
    if (this.#missing.some((file) => file !== path)) this.#openAgain();
    this.#missing = [];
    this.isOpen(path);
    if (this.alive === false) this.#explainChannel();
  }

  /** Known before a status tells it. */
  isOpen(path) {
    if (!this.files.includes(path)) this.files = [...this.files, path];
  }

  async reopen(files) {
    this.#missing = files;
    await this.#openAgain();
    this.#missing = [];
    for (const file of files) this.isOpen(file);
  }

  /** For the next frame; `all`: also what is open here. */
  missing(all) {
    return [...new Set([...this.#missing, ...(all ? this.files : [])])];
  }

  get answers() {
    return this.#rhythm.now() - this.#heardAt < DEAD;
  }

  get isOld() {
    return Date.now() - this.#born > SIGN_IN;
  }

  get #silent() {
    return this.#heardAt === undefined;
  }

  /** Soon after the opening it is not known yet whether commands are answered. */
  async answering() {
    // A call joins one under way, whose time may be over at once; so two.
    for (let calls = 0; this.alive === null && calls < 2; calls++)
      await this.status().catch(() => {});
    return this.alive;
  }

  rest() {
    this.#rhythm.forget("silent", "unopened", "dead");
  }

  destroy() {
    super.destroy();
    this.rest();
    this.#rhythm.forget("back");
    this.#gone = true;
  }

  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  #onReply({ kind, status }) {
    if (kind === "ack") this.#mayBeNobody = false;
    if (this.state === "opening" && !this.#rhythm.has("unopened")) {
      this.#rhythm.forget("silent");
      this.#rhythm.later("unopened", UNOPENED, () => this.#suspect("unopened", true));
    }
    if (status?.status !== "connected") return;
    const files = status.openFiles.get(this.#session.project) ?? [];
    // CoCalc's page loses files when loaded anew, or signed out.
    if (status.gone && !this.#session.first) this.#bringBack();
    else if (!this.#verifying) this.files = files;
  }

  /** Is somebody signed in there? Then the files come back, as the log proves. */
  async #bringBack() {
    const { project, path, asking } = this.#session;
    if (this.#verifying || asking) return;
    this.#verifying = true;
    const { files } = this;
    try {
      await this.#site.check(path);
      if (this.#gone || this.#session.path !== path) return;
      this.expect(project, path);
      this.#tell("doubt");
      const proven = new Promise((resolve) => {
        this.addEventListener("state", resolve, { once: true });
        this.#rhythm.later("back", GONE, resolve);
      });
      this.open(project, path);
      await proven;
      this.#rhythm.forget("back");
      if (this.#gone) return;
      if (this.state !== "ready") this.#tell("over");
      else if (files.some((file) => file !== path)) {
        this.#missing = files;
        await this.#openAgain();
        this.#missing = [];
      }
    } catch {
      // The frame, or our site: the next look tells.
    } finally {
      this.#verifying = false;
    }
  }

  /** All files that were open, the current one last. */
  async #openAgain() {
    const { project, path } = this.#session;
    const missing = this.#missing.filter((file) => file !== path);
    await this.#opening; // the same file's would be joined to it, and not be the last
    for (const file of [...missing, path]) {
      try {
        if (file !== path) await this.#site.check(file);
        if (this.#gone || this.#session.path !== path) return;
        // To the end: what opens slowly comes to the front late.
        await this.open(project, file);
      } catch {
        // Renamed, deleted, or not answered: the others all the same.
      }
    }
  }

  /** Lost, it is left alone while it says something. */
  #wait() {
    this.#rhythm.later("dead", DEAD, () => {
      if (this.state !== "lost" || this.#session.asking) return;
      if (this.#rhythm.offline || this.alive === false || this.answers) this.#wait();
      else this.#tell("over");
    });
  }

  /** Why does it not open the file? `believed`: the likely cause, if none is sure. */
  async #suspect(seen, believed = false) {
    const well = () => this.#gone || this.#session.state !== "opening" || this.state === "ready";
    if (well()) return;
    if (seen === "unopened" && this.#mayBeNobody) {
      if (this.#session.onceMore()) return; // the token may have been too old
      seen = "nobody";
    }
    let cause = believed ? NO_CAUSE : null;
    try {
      const body = await this.#site.diagnose(seen, 15000);
      if (believed || body.certain || body.mended) cause = body;
    } catch (error) {
      if (this.#gone || this.#site.isOfUser(error)) return;
    }
    if (well() || (seen === "silent" && !this.#silent)) return; // meanwhile
    if (cause) this.#tell("cause", cause);
    else this.#rhythm.later("silent", SILENT, () => this.#suspect(seen, true));
  }

  async #explainChannel() {
    try {
      const body = await this.#site.diagnose("channel");
      if (!this.#gone) this.#tell("note", { ...body, message: "" });
    } catch {
      // It goes without saying why.
    }
  }
}
