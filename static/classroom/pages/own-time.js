/**
 * Times are the course's. Where the reader's clock shows another time, that one is added; for whom
 * has chosen a time zone, the site itself has done it.
 */
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

export function ownTimes(root) {
  for (const time of root.querySelectorAll("time[data-zone]")) {
    let own = "";
    try {
      own = ownTime(new Date(time.dateTime), time.dataset.zone);
    } catch {
      // a zone that this browser does not know
    }
    if (!own) continue;
    const added = document.createElement("time");
    added.className = "own-time";
    added.dateTime = time.dateTime;
    added.textContent = ` (${own} your time)`;
    time.after(added);
  }
}

ownTimes(document);
