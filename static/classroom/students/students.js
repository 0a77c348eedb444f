/**
 * Two things a student's pages do on their own; without this, everything works by reloading.
 *
 * Times are the course's. Where the reader's clock shows another time, that one is added.
 * Parts that are about to change (`data-live`) are fetched again until they have. An answer that
 * leads elsewhere is followed, without leaving this page behind in the history.
 */
const OFTEN = 1500; // milliseconds
const SELDOM = 15000;

const format = (zone, parts) => new Intl.DateTimeFormat("en-GB", { timeZone: zone, ...parts });
const DAY = { weekday: "short", day: "numeric", month: "short" };
const CLOCK = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };

/** Say a moment as the reader's clock shows it; nothing where a clock of the zone shows the same. */
function ownTime(moment, zone) {
  const [day, theirDay] = [undefined, zone].map((each) => format(each, DAY).format(moment));
  const [clock, theirClock] = [undefined, zone].map((each) => format(each, CLOCK).format(moment));
  if (day !== theirDay) return `${day}, ${clock}`;
  return clock === theirClock ? "" : clock;
}

function ownTimes(root) {
  for (const time of root.querySelectorAll("time[data-zone]")) {
    let own = "";
    try {
      own = ownTime(new Date(time.dateTime), time.dataset.zone);
    } catch {
      // a zone that this browser does not know
    }
    if (!own) continue;
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
    // What takes minutes, as tests do, is looked at seldom: a whole class waits for it at once.
    const least = document.querySelector('[data-live=""]') ? OFTEN : SELDOM;
    await new Promise((resolve) => setTimeout(resolve, Math.max(pause, least)));
    if (document.hidden) continue;
    const came = await goOn().catch(() => false);
    pause = came ? OFTEN : Math.min(pause * 2, SELDOM);
  }
}

ownTimes(document);
watch();
