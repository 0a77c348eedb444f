/**
 * Parts of a student's pages that are about to change (`data-live`) are fetched again until they
 * have; without this, everything works by reloading. An answer that leads elsewhere is followed,
 * without leaving this page behind in the history.
 */
import { ownTimes } from "../pages/own-time.js";

const OFTEN = 1500; // milliseconds
const SELDOM = 15000;

async function goOn() {
  const response = await fetch(location.href, { redirect: "manual", headers: { Accept: "text/html" } });
  if (response.type === "opaqueredirect") {
    location.replace(location.href);
    return true;
  }
  if (!response.ok) return false;
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  for (const part of document.querySelectorAll("[data-live]")) {
    const fresh = page.getElementById(part.id);
    if (!fresh) continue;
    ownTimes(fresh);
    if (!fresh.isEqualNode(part)) part.replaceWith(document.adoptNode(fresh));
  }
  return true;
}

async function watch() {
  let pause = OFTEN;
  while (document.querySelector("[data-live]")) {
    // What takes minutes, as tests do, is looked at seldom: a whole class waits for it at once.
    const least = document.querySelector('[data-live=""]') ? OFTEN : SELDOM;
    await new Promise((resolve) => setTimeout(resolve, Math.max(pause, least)));
    if (document.hidden) continue;
    const came = await goOn().catch(() => false);
    pause = came ? OFTEN : Math.min(pause * 2, SELDOM);
  }
}

watch();
