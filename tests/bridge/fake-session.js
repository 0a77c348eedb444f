/** A session in a world of plain objects: our site, the frame, the browser, and time by hand. */
import { Clock, ORIGIN, P } from "/fake.js";
import { Session } from "/session.js";
import { signIn } from "/signing-in.js";

export { P };
export const USER = "7";
const FIELD = '<input name="csrfmiddlewaretoken" value="old">';

export class Night {
  clock = new Clock();
  host = new EventTarget();
  page = Object.assign(new EventTarget(), { visibilityState: "visible", prerendering: false });
  channel = Object.assign(new EventTarget(), { close: () => (this.closed = true) });
  closed = false;
  asked = []; // of our site: {what, at, json}
  sent = []; // to the frame
  states = [];
  notes = [];
  shown = 0;
  cleared = 0;
  files = []; // open in the frame
  time = new Date(1);
  connection = "connected";
  signedIn = true; // in the frame
  opensNothing = false; // but acknowledges, lists and asks, as where its cookie is blocked
  running = null; // the project, as our site says
  mute = false;
  twoSteps = false; // as on conat: signing in is one of its own, and the log tells twice
  visits = []; // of the address to sign in at: {left, load()}
  slowVisit = false; // it loads when the test says so
  nobody = 0; // frames in which nobody will be signed in
  answers = {}; // of our site: what -> (json) => [status, body], or its promise
  listeners = 0;

  constructor(limits) {
    document.body.insertAdjacentHTML("beforeend", FIELD);
    this.token = document.body.lastElementChild;
    this.window = { postMessage: (command) => this.#hear(command) };
    this.host.navigator = { onLine: true };
    window.fetch = (url, options) => this.#answer(url, options);
    const urls = { report: "/report/00000000-0000-0000-0000-000000000000" };
    for (const name of ["diagnosis", "signed-in"]) urls[name] = urls.report.replace("report", name);
    for (const name of ["session", "check", "presence"]) urls[name] = `/${name}`;
    const { clock, host, page, channel } = this;
    this.session = new Session({
      path: "a", user: USER, origin: ORIGIN, urls, limits, clock, host, page, channel,
      random: () => 1,
      signIn: (...args) => signIn(...args, { host, go: (url) => this.#visit(url) }),
      frame: {
        show: () => {
          this.shown += 1;
          this.files = [];
          this.time = new Date(+this.time + 1);
          this.signedIn = this.nobody-- <= 0;
          return () => this.window;
        },
        clear: () => (this.cleared += 1),
      },
    });
    this.session.addEventListener("state", ({ detail }) => this.states.push(detail));
    this.session.addEventListener("note", ({ detail }) => this.notes.push(detail.code));
  }

  #visit(url) {
    const visit = { url, left: false };
    const loaded = new Promise((resolve) => (visit.load = resolve));
    if (!this.slowVisit) visit.load();
    this.visits.push(visit);
    return { loaded, leave: () => (visit.left = true) };
  }

  async #answer(url, { method, body }) {
    const what = /[a-z-]+/.exec(url)[0];
    const json = body && JSON.parse(body);
    this.asked.push({ what, method, json, at: this.clock.time - 1000, url });
    const usual = {
      session: [200, { state: "ready", url: `${ORIGIN}/x`, project: P, ...this.#inTwoSteps() }],
      presence: [200, { csrf: "new", seconds: 1e6, running: json?.session && this.running }],
      diagnosis: [200, { code: "cause", state: "blocked", message: "m", adminMessage: "a" }],
    };
    const [status, answer] = await (this.answers[what]?.(json) ?? usual[what] ?? [204, {}]);
    if (status === 0) throw new TypeError("no network");
    return { status, ok: status < 300, text: async () => JSON.stringify(answer) };
  }

  #inTwoSteps() {
    if (!this.twoSteps) return {};
    return { signIn: `${ORIGIN}/in?${this.count("session")}`, proofs: ["project-log-time"] };
  }

  error(status, code, more = {}) {
    return [status, { error: { code, message: `${code}.`, recoverable: status >= 500, ...more } }];
  }

  #hear(command) {
    this.sent.push({ ...command, at: this.clock.time - 1000 });
    if (this.mute) return;
    const { action, path } = command;
    if (action === "status") {
      const connection = { quality: "good", status: this.connection, status_time: this.time };
      this.say({ status: "done", connection, open_files: { [P]: [...this.files] } });
    } else if (action === "closeall") {
      this.files = [];
      this.say({ status: "done", mesg: "all files are closed" });
    } else if (action === "open" && this.signedIn) {
      const known = this.files.includes(path);
      if (!known) this.files.push(path);
      this.say({ status: "ack", action, project_id: P, path });
      if (this.opensNothing) return;
      this.say({ status: "done", action, project_id: P, path });
      if (!known) this.log(path);
    }
  }

  /** A file is opened there, and was not open before. */
  log(filename) {
    const event = { event: "open", action: "open", filename };
    const project_log = { project_id: P, event, id: filename };
    this.say({ source: "cocalc-project-log", payload: { project_log } });
    if (this.twoSteps) this.opened(filename);
  }

  /** It is open: told by the id of the first message alone. */
  opened(id) {
    const project_log = { project_id: P, event: { time: 273 }, id };
    this.say({ source: "cocalc-project-log", payload: { project_log } });
  }

  /** As by the frame's address. */
  opens(path) {
    this.files.push(path);
    this.log(path);
  }

  say(data) {
    const event = new Event("message");
    for (const [name, value] of Object.entries({ data, origin: ORIGIN, source: this.window }))
      Object.defineProperty(event, name, { value });
    this.host.dispatchEvent(event);
  }

  announce(user) {
    this.channel.dispatchEvent(new MessageEvent("message", { data: { user } }));
  }

  fire(type, target = this.host) {
    target.dispatchEvent(new Event(type));
  }

  look(state) {
    this.page.visibilityState = state;
    this.fire("visibilitychange", this.page);
  }

  async pass(ms = 0) {
    // Our site's answers take some turns.
    for (let i = 0; i < 8; i++) await this.clock.pass(0);
    for (let left = ms; left > 0; left -= 1000) {
      await this.clock.pass(Math.min(left, 1000));
      for (let i = 0; i < 4; i++) await this.clock.pass(0);
    }
  }

  /** Time in which nothing runs. */
  async sleep(ms) {
    this.clock.time += ms;
    await this.pass();
  }

  async begin() {
    this.session.start();
    await this.pass(3000);
  }

  forget() {
    this.asked = [];
    this.sent = [];
    this.states = [];
  }

  count(what) {
    return this.asked.filter((one) => one.what === what).length;
  }

  times(what) {
    return this.asked.filter((one) => one.what === what).map(({ at }) => at);
  }

  polls() {
    return this.sent.filter(({ action }) => action === "status").length;
  }

  names() {
    return this.states.map(({ state }) => state);
  }
}
