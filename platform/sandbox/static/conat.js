// The page of conat, as read in CoCalc's source of July 2026: signed in by two cookies, it logs a
// file before it opens it, and opens files of stopped projects without a word.

import { READY, boot } from "./boot.js";
import * as hub from "./hub.js";
import { Files, delay, log, opening } from "./tabs.js";

const REALPATH_MS = 300; // CoCalc: up to 15 s, then it goes on silently

class ConatFiles extends Files {
  #stopped = new Set(); // projects
  #waiting = new Map(); // entry -> id of its log: editors without their project

  async open(project, path, tell = () => {}) {
    tell();
    if (this.turnBack(project, path) || path.endsWith("/")) return true;
    // It stands in the list at once, before any check.
    const entry = this.add(project, path);
    const about = await hub.look(project);
    const id = about.logged ? log(project, opening(path)) : null;
    if (!about.running) {
      await delay(REALPATH_MS);
      if (this.has(entry)) this.#wait(entry, about, id);
      return true;
    }
    try {
      await this.show(entry, id);
    } catch (problem) {
      this.forget(entry);
      throw problem;
    }
    return true;
  }

  // By an address it does ask, before anything is opened.
  async follow(project, path) {
    const about = await hub.look(project);
    if (!about.running && !(await this.start({ project, path }, about))) return;
    await this.open(project, path);
  }

  // Nothing tells that a project stopped. Once it runs, its editors find it.
  async watch() {
    for (const [project, running] of await this.states()) {
      if (!running) this.#stopped.add(project);
      else if (this.#stopped.delete(project)) this.reload(project);
      if (running) await this.#connect(project);
    }
  }

  forget(entry) {
    this.#waiting.delete(entry);
    super.forget(entry);
  }

  #wait(entry, about, id) {
    this.#waiting.set(entry, id);
    const view = document.createElement("div");
    view.className = "waiting";
    const save = document.createElement("button");
    save.type = "button";
    save.textContent = "Save";
    save.addEventListener("click", async () => {
      const stays = () => this.#waiting.has(entry);
      if (await this.start(entry, about, stays)) await this.#connect(entry.project);
    });
    view.append(save);
    this.place(entry, view);
  }

  async #connect(project) {
    const found = [...this.#waiting].filter(([entry]) => entry.project === project);
    for (const [entry, id] of found) {
      this.#waiting.delete(entry);
      await this.show(entry, id);
    }
  }
}

function cookie(name) {
  const found = document.cookie.split("; ").find((each) => each.startsWith(`${name}=`));
  return found?.slice(name.length + 1);
}

async function enter({ me, connection }) {
  const mine = cookie("account_id");
  if (!me.account_id) {
    connection.cut(me.cut_seconds * 1000);
    return { says: "You must sign in.", opens: false };
  }
  // It waits for answers in an inbox that is nobody's, and hangs.
  if (!mine) return null;
  if (mine !== me.account_id) {
    document.cookie = `account_id=${me.account_id}; path=/`;
    location.reload();
    return null;
  }
  return { says: READY, opens: true };
}

boot({ files: new ConatFiles(), missed: 4, enter });
