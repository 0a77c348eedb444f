// From an address to a page that works: sign in if the address carries a token, then open its file.

import { Channel } from "./channel.js";
import { Connection, hello, signIn } from "./hub.js";
import { Files } from "./tabs.js";

const CONNECT_MS = 150;
const RELOAD_MS = 200;
const TAKEN = "the token was taken";

const delay = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
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
  return (await answer.json()).configuration.iframe_comm_hosts;
}

async function boot() {
  const connection = new Connection();
  const files = new Files();
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
  // A page whose token was taken believes that it is signed in, even where the browser did not
  // keep the cookie: it acknowledges, lists and asks, and opens nothing (observed).
  const believes = window.name === TAKEN && !me.account_id;
  window.name = "";
  history.replaceState(null, "", url);
  await settled;
  await delay(CONNECT_MS + me.boot_seconds * 1000);
  connection.connected();

  const token = url.searchParams.get("auth_token");
  if (token) {
    url.searchParams.delete("auth_token");
    history.pushState(null, "", url);
    const answer = await signIn(token);
    if (answer.ok) {
      window.name = TAKEN; // survives the reload
      await delay(RELOAD_MS);
      location.reload();
      return;
    }
    // Nothing is told to the parent, and the page stays as it is.
    console.error(answer.error);
  }
  say(
    me.account_id
      ? "Ready: files that the page around this one opens appear here."
      : "Nobody is signed in here.",
  );
  if (!me.account_id && !believes) return;
  becomeReady();
  const wanted = addressed(url);
  if (wanted) await files.open(wanted.project, wanted.path).catch((problem) => say(`${problem}`));
}

boot();
