// The message channel of the kiosk page, as observed on a CoCalc of July 2024, and the same in the
// source of July 2026. Replies carry no request id, and a message from anywhere else is answered
// with silence.

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

// An https origin on the default port: `h` stands for one host, `.h` for it and those below it.
// Whole origins of http are what `--development-origins` adds; CoCalc has none.
export function isAllowed(origin, hosts) {
  if (origin.startsWith("http://")) return hosts.includes(origin);
  if (!origin.startsWith("https://")) return false;
  const host = origin.slice("https://".length);
  return hosts.some((allowed) =>
    allowed.startsWith(".")
      ? host === allowed.slice(1) || host.endsWith(allowed)
      : host === allowed,
  );
}

export class Channel {
  // `settled` resolves to {hosts, dead}; `ready` once the page takes somebody for signed in, or never.
  constructor({ settled, ready, connection, files }) {
    this.settled = settled;
    this.ready = ready;
    this.connection = connection;
    this.files = files;
    window.addEventListener("message", (event) => this.#receive(event));
  }

  async #receive(event) {
    if (event.source === window || event.source === null) return;
    // The frames inside this page are no parents of it.
    if (this.files.owns(event.source)) return;
    const { hosts, dead } = await this.settled;
    if (dead || !isAllowed(event.origin, hosts)) return;
    const reply = (message) => event.source.postMessage(message, event.origin);
    this.#act(event.data, reply);
  }

  #act(data, reply) {
    const refuse = (mesg) => reply({ status: "error", mesg });
    if (!data) return refuse('There is no payload "data"');
    if (typeof data !== "object") return refuse('The payload "data" must be an object');
    switch (data.action) {
      case "open":
        return this.#open(data.project_id, data.path, reply);
      case "status":
        return reply({
          status: "done",
          connection: this.connection.state,
          open_files: this.files.list(),
        });
      case "closeall":
        return this.#closeAll(reply);
      default:
        return refuse(`Unknown action '${data.action}'`);
    }
  }

  async #closeAll(reply) {
    await this.files.closeAll();
    reply({ status: "done", mesg: "all files are closed" });
  }

  async #open(project_id, path, reply) {
    const refuse = (mesg) => reply({ status: "error", mesg });
    if (!UUID.test(project_id)) return refuse(`invalid project_id='${project_id}'`);
    if (typeof path !== "string") return refuse("invalid path, it must be a string");
    const about = { action: "open", path, project_id };
    await this.ready;
    try {
      // Before anything is opened, and also where nothing ever will be.
      const tell = () => reply({ status: "ack", ...about });
      const found = await this.files.open(project_id, path, tell);
      if (found) reply({ status: "done", ...about });
    } catch (problem) {
      reply({ status: "error", ...about, mesg: `problem opening project ${problem}` });
    }
  }
}
