/** Time in which the page is awake, by one timer: no sleep, no hidden hours. */

const HIDDEN = 600000; // ms; then no time passes
const BACKGROUND = 4; // times slower until then
const SLEEP = 4000; // a timer so late means sleep
const LONGEST = 2 ** 30; // browsers take more for none

const REAL = {
  now: () => performance.now(),
  setTimeout: (act, wait) => setTimeout(act, wait),
  clearTimeout: (timer) => clearTimeout(timer),
};

const RETRY = 2000; // twice as long each time
const RETRY_MOST = 60000;

/** @returns {number} ms before the next attempt, and no fewer than these seconds; with jitter */
export function waitAfter(failures, seconds, random) {
  const wait = Math.min(RETRY_MOST, RETRY * 2 ** failures) * (0.75 + random() / 4);
  return Math.max(wait, (seconds ?? 0) * 1000);
}

export class Rhythm {
  #host;
  #page;
  #clock;
  #onWake;
  #signal;
  #tasks = new Map(); // name -> {act, at}
  #count = 0;
  #timer = null;
  #due = 0; // by the real clock
  #then = 0; // our time at `#mark`
  #mark;
  #rate = 1; // or slower, or 0
  #slept = false;
  mistaken = false; // some browsers stay offline after sleep, or without any network but ours

  /** @param {(how?: "online" | "offline" | "seen") => void} onWake */
  constructor(host, page, clock = REAL, signal, onWake) {
    this.#host = host;
    this.#page = page;
    this.#clock = clock;
    this.#onWake = onWake;
    this.#signal = signal;
    this.#mark = clock.now();
    const on = (target, type, act) => target.addEventListener(type, act, { signal });
    for (const how of ["online", "offline"])
      on(host, how, () => {
        this.mistaken = false;
        onWake(how);
      });
    on(page, "resume", () => onWake()); // frozen by the browser
    on(page, "visibilitychange", () => {
      this.#look();
      if (!this.hidden) onWake("seen");
    });
    this.#look();
  }

  get hidden() {
    return this.#page.visibilityState === "hidden";
  }

  get offline() {
    return !this.mistaken && this.#host.navigator?.onLine === false;
  }

  /** Nobody may ever see a page rendered in advance: until then `act` waits, if it must. */
  unseen(act) {
    const options = { once: true, signal: this.#signal };
    if (this.#page.prerendering) this.#page.addEventListener("prerenderingchange", act, options);
    return this.#page.prerendering;
  }

  now() {
    this.#skipSleep();
    return this.#then + (this.#clock.now() - this.#mark) * this.#rate;
  }

  /** In place of an earlier task of that name. */
  later(name, wait, act) {
    this.forget(name);
    this.#tasks.set(name, { act, at: this.now() + wait });
    this.#plan();
  }

  has(name) {
    return this.#tasks.has(name);
  }

  forget(...names) {
    for (const name of names) this.#tasks.delete(name);
  }

  setTimeout(act, wait) {
    this.later(++this.#count, wait, act);
    return this.#count;
  }

  clearTimeout(id) {
    this.forget(id);
  }

  stop() {
    this.#tasks.clear();
    this.#pace(0);
  }

  #look() {
    this.forget("hidden");
    this.#pace(this.hidden ? 1 / BACKGROUND : 1);
    if (this.hidden) this.later("hidden", HIDDEN / BACKGROUND, () => this.#pace(0));
  }

  #pace(rate) {
    if (rate === this.#rate) return;
    this.#then = this.now();
    this.#slept = false; // told as "seen"
    this.#mark = this.#clock.now();
    this.#rate = rate;
    this.#plan();
  }

  /** Found by whoever comes before the late timer, too. */
  #skipSleep() {
    const late = this.#timer === null ? 0 : this.#clock.now() - this.#due;
    if (late < SLEEP) return;
    this.#mark += late;
    this.#due += late;
    this.#slept = true;
  }

  #plan() {
    this.#clock.clearTimeout(this.#timer);
    this.#timer = null;
    const first = Math.min(...[...this.#tasks.values()].map(({ at }) => at));
    if (!this.#rate || first === Infinity) return;
    const wait = Math.min(LONGEST, Math.max(0, Math.ceil((first - this.now()) / this.#rate)));
    this.#due = this.#clock.now() + wait;
    this.#timer = this.#clock.setTimeout(this.#tick, wait);
  }

  #tick = () => {
    const now = this.now();
    this.#timer = null;
    for (const [name, task] of [...this.#tasks])
      if (task.at <= now && this.#tasks.get(name) === task) {
        this.forget(name);
        task.act();
      }
    this.#plan();
    // Timers of hidden pages are late anyway.
    if (this.#slept && !this.hidden) this.#onWake();
    this.#slept = false;
  };
}
