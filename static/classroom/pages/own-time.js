/**
 * Times are the course's. Where the reader's clock shows another time, that one is added; for whom
 * has chosen a time zone, the site itself has done it.
 */
import { fill, gettext, language, pgettext } from "../../embedding/words.js";

const CLOCK = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };

/** Say a moment by the clocks of a zone, in a pattern of the site: see `pages/own_zone.py`. */
function written(moment, zone, pattern) {
  const say = (locale, parts) =>
    new Intl.DateTimeFormat(locale, { timeZone: zone, ...parts }).format(moment);
  const [H, i] = say("en-GB", CLOCK).split(":");
  const D = say(language, { weekday: "short" });
  const M = say(language, { month: "short" });
  const parts = { D, j: say("en-GB", { day: "numeric" }), M, H, i };
  return pattern.replace(/[DjMHi]/g, (letter) => parts[letter]);
}

/** Say a moment as the reader's clock shows it; nothing where a clock of the zone shows the same. */
function ownTime(moment, zone) {
  const same = (pattern) => written(moment, undefined, pattern) === written(moment, zone, pattern);
  const clock = pgettext("date format", "H:i");
  const both = pgettext("date format", "D j M, H:i");
  if (!same("D j M")) return written(moment, undefined, both);
  return same("H:i") ? "" : written(moment, undefined, clock);
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
    added.textContent = ` (${fill(gettext("%(time)s your time"), { time: own })})`;
    time.after(added);
  }
}

ownTimes(document);
