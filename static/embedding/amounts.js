/** Sizes and times in words. */

import { fill, gettext, language, ngettext } from "./words.js";

// A KB has 1024 bytes here as everywhere else on the site, and in its limits: embedding/sizes.py.
const UNITS = [
  gettext("%(number)s KB"),
  gettext("%(number)s MB"),
  gettext("%(number)s GB"),
  gettext("%(number)s TB"),
  gettext("%(number)s PB"),
  gettext("%(number)s EB"),
];
const decimal = new Intl.NumberFormat(language, { useGrouping: false, maximumFractionDigits: 1 });

export function sizeText(bytes) {
  if (bytes < 1024)
    return fill(ngettext("%(count)s byte", "%(count)s bytes", bytes), { count: bytes });
  const tenths = (unit) => Math.floor((bytes / 1024 ** unit) * 10 + 0.5);
  let unit = 1;
  while (tenths(unit) >= 10240) unit += 1;
  return fill(UNITS[unit - 1], { number: decimal.format(tenths(unit) / 10) });
}

// As the page's language is written where the reader is: "11/28" or "28 Nov" are both English.
const isOurs = (tag) => tag === language || tag.startsWith(`${language}-`);
export const region = globalThis.navigator?.languages?.find(isOurs) ?? language;

const relative = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
export const absolute = new Intl.DateTimeFormat(region, {
  dateStyle: "medium",
  timeStyle: "short",
});

export function timeText(date) {
  const seconds = (date - Date.now()) / 1000;
  if (seconds > -45) return gettext("just now");
  if (seconds > -3600) return relative.format(Math.round(seconds / 60), "minute");
  if (seconds > -86400) return relative.format(Math.round(seconds / 3600), "hour");
  if (seconds > -7 * 86400) return relative.format(Math.round(seconds / 86400), "day");
  return absolute.format(date);
}
