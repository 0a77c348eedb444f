// What the page asks of its server, and whether the server still answers.

const BEAT_MS = 2500;

async function post(address, body = {}) {
  const response = await fetch(address, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  const answer = await response.json().catch(() => ({}));
  return { ok: response.ok, status: response.status, ...answer };
}

export const hello = () => post("/hub/hello");
export const signIn = (token) => post("/hub/sign-in", { auth_token: token });
export const look = (project) => post(`/hub/projects/${project}/look`);
export const start = (project) => post(`/hub/projects/${project}/start`);
export const file = (project, path) => post(`/hub/projects/${project}/file`, { path });

// The connection as a `status` reply shows it. Its quality stays "good" whatever happens
// (CoCalc, July 2024, observed).
export class Connection {
  #listener = () => {};
  onBeat = () => {};
  #missed = 0;
  #limit;
  #beating;
  state = { quality: "good", status: "connecting", status_time: new Date(), ping: undefined };

  // `limit`: after so many missed beats it is disconnected.
  constructor(limit) {
    this.#limit = limit;
  }

  set onChange(listener) {
    this.#listener = listener;
  }

  connected() {
    this.#set("connected");
    this.#beating = setInterval(() => this.#beat(), BEAT_MS);
  }

  // The server ends it, and the page needs this long to say so.
  cut(ms) {
    clearInterval(this.#beating);
    setTimeout(() => this.#set("disconnected"), ms);
  }

  #set(status) {
    if (this.state.status === status) return;
    this.state = { ...this.state, status, status_time: new Date() };
    this.#listener(status);
  }

  async #beat() {
    const begun = performance.now();
    try {
      const response = await fetch("/hub/hello", {
        method: "POST",
        signal: AbortSignal.timeout(BEAT_MS - 100),
      });
      if (!response.ok) throw new Error(response.statusText);
      this.#missed = 0;
      this.state = { ...this.state, ping: Math.max(1, Math.round(performance.now() - begun)) };
      this.#set("connected");
      this.onBeat();
    } catch {
      this.#missed += 1;
      if (this.#missed >= this.#limit) this.#set("disconnected");
    }
  }
}
