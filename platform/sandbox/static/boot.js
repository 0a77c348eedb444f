// From an address to a page that works. What the generations of CoCalc do each in their own way
// comes from v1.js and conat.js, one of which starts this.

import { Channel } from "./channel.js";
import { Connection, hello } from "./hub.js";
import { delay } from "./tabs.js";

const CONNECT_MS = 150;

export const READY = "Ready: files that the page around this one opens appear here.";

const say = (text) => {
  document.getElementById("said").textContent = text;
};

// The page is served at one address for many: show the one that was asked for.
function restore(signedIn) {
  const query = new URLSearchParams(location.search);
  const target = query.get("target");
  if (target) return new URL(target, location.origin);
  return new URL(`${signedIn ? "/projects" : "/settings"}?${query}`, location.origin);
}

function addressed(url) {
  const [, project, path] = /^\/projects\/([^/]+)\/files\/(.*)$/.exec(url.pathname) ?? [];
  return project ? { project, path: decodeURIComponent(path) } : null;
}

async function readHosts() {
  const answer = await fetch("/customize");
  return (await answer.json()).configuration.iframe_comm_hosts ?? [];
}

/**
 * `files` is what shows them; `missed` how many beats pass unanswered before the page is
 * disconnected; `enter({me, url, connection})` resolves to what the page says, and whether it
 * opens anything; to nothing where the page is about to go, or hangs.
 */
export async function boot({ files, missed, enter }) {
  const connection = new Connection(missed);
  addEventListener("pagehide", () => files.leave());
  let becomeReady;
  const ready = new Promise((resolve) => {
    becomeReady = resolve;
  });
  const greeting = hello();
  const settled = Promise.all([greeting, readHosts()]).then(([{ dead_channel: dead }, hosts]) => ({
    dead,
    hosts,
  }));
  const isKiosk = (new URLSearchParams(location.search).get("target") ?? location.search).includes(
    "fullscreen=kiosk",
  );
  if (isKiosk) new Channel({ settled, ready, connection, files });
  const offline = document.getElementById("offline");
  connection.onChange = (status) => {
    offline.hidden = status !== "disconnected";
  };
  connection.onBeat = () => files.watch();

  const me = await greeting;
  const url = restore(me.account_id);
  url.searchParams.delete("session");
  history.replaceState(null, "", url);
  await settled;
  await delay(CONNECT_MS + me.boot_seconds * 1000);
  connection.connected();
  const entered = await enter({ me, url, connection });
  if (!entered) return;
  say(entered.says);
  if (!entered.opens) return;
  becomeReady();
  const wanted = addressed(url);
  if (!wanted) return;
  await files.follow(wanted.project, wanted.path).catch((problem) => say(`${problem}`));
}
