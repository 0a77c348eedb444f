/**
 * Two things a student's pages do on their own; without this, everything works by reloading.
 *
 * Times are the course's. Where the reader's clock shows another time, that one is added.
 * Parts that are about to change (`data-live`) are fetched again until they have. An answer that
 * leads elsewhere is followed, without leaving this page behind in the history.
 */
const OFTEN = 1500; // milliseconds
const SELDOM = 15000;

const clock = (zone) =>
  new Intl.DateTimeFormat("en-GB", {
    timeZone: zone, weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23",
  });

function ownTimes(root) {
  for (const time of root.querySelectorAll("time[data-zone]")) {
    const moment = new Date(time.dateTime);
    let own;
    try {
      own = clock(undefined).format(moment);
      if (own === clock(time.dataset.zone).format(moment)) continue;
    } catch {
      continue; // a zone that this browser does not know
    }
    const added = document.createElement("time");
    added.className = "student-own";
    added.dateTime = time.dateTime;
    added.textContent = ` (${own} your time)`;
    time.after(added);
  }
}

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
    await new Promise((resolve) => setTimeout(resolve, pause));
    if (document.hidden) continue;
    const came = await goOn().catch(() => false);
    pause = came ? OFTEN : Math.min(pause * 2, SELDOM);
  }
}

ownTimes(document);
watch();
