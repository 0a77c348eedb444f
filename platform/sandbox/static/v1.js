// The page of API v1, as observed on a CoCalc of July 2024: signing in by a token in the address,
// and a dialog wherever a project does not run.

import { READY, boot } from "./boot.js";
import * as hub from "./hub.js";
import { $, Files, delay, log, opening } from "./tabs.js";

const RELOAD_MS = 200;
const TAKEN = "the token was taken";

class V1Files extends Files {
  #stopped = new Set(); // projects

  constructor() {
    super();
    $("stopped").querySelector("button").addEventListener("click", async () => {
      await hub.start(this.front.project);
      await this.watch();
    });
  }

  // Nobody's project, a stranger's and a stopped one look the same to the page: it lists the file,
  // and asks whether to start the project.
  async open(project, path, tell = () => {}) {
    const about = await hub.look(project);
    if (about.silent) {
      this.blank();
      return false;
    }
    tell();
    if (this.turnBack(project, path) || path.endsWith("/")) return true;
    const entry = this.add(project, path);
    try {
      const stays = () => this.has(entry);
      if (!about.running && !(await this.start(entry, about, stays))) {
        this.forget(entry);
        return true;
      }
      const id = about.logged ? crypto.randomUUID() : null;
      // After the reply that the file is open.
      const tellLog = () => id && delay(20).then(() => log(project, opening(path), { id }));
      await this.show(entry, id, tellLog);
    } catch (problem) {
      this.forget(entry);
      throw problem;
    }
    return true;
  }

  follow(project, path) {
    return this.open(project, path);
  }

  // A project that stops under its open files is told of by a banner, and by nothing else: the
  // replies and the log stay as they were (observed). Running again, it shows them anew.
  async watch() {
    for (const [project, running] of await this.states()) {
      if (!running) this.#stopped.add(project);
      else if (this.#stopped.delete(project)) this.reload(project);
    }
    $("stopped").hidden = !Object.keys(this.list()).some((project) => this.#stopped.has(project));
  }
}

async function enter({ me, url }) {
  // A page whose token was taken believes that it is signed in, even where the browser did not
  // keep the cookie: it acknowledges, lists and asks, and opens nothing (observed).
  const believes = window.name === TAKEN && !me.account_id;
  window.name = "";
  const token = url.searchParams.get("auth_token");
  if (token) {
    url.searchParams.delete("auth_token");
    history.pushState(null, "", url);
    const answer = await hub.signIn(token);
    if (answer.ok) {
      window.name = TAKEN; // survives the reload
      await delay(RELOAD_MS);
      location.reload();
      return null;
    }
    // Nothing is told to the parent, and the page stays as it is.
    console.error(answer.error);
  }
  const signedIn = Boolean(me.account_id);
  return { says: signedIn ? READY : "Nobody is signed in here.", opens: signedIn || believes };
}

boot({ files: new V1Files(), missed: 2, enter });
