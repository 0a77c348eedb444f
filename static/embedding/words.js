/** Words in the page's language: sentences, sizes and times. */

// The catalog of the page's language, a script before this one; English needs none.
const catalog = globalThis.django ?? {};

/** @param {string} text in English @returns {string} in the page's language */
export const gettext = catalog.gettext ?? ((text) => text);

/** The same for a number of things. */
export const ngettext = catalog.ngettext ?? ((one, many, count) => (count === 1 ? one : many));

/** The same for a word that means two things: `context` tells which. */
export const pgettext = catalog.pgettext ?? ((context, text) => text);

/** Put values where a sentence says %(name)s. */
export const fill = (text, values) => text.replace(/%\((\w+)\)s/g, (all, name) => values[name]);

/** For Intl: the language of the page. */
export const language = globalThis.document?.documentElement.lang || "en";

// A KB has 1024 bytes here as everywhere else on the site, and in its limits: embedding/sizes.py.
const SIZES = ["KB", "MB", "GB", "TB", "PB", "EB"];

export function sizeText(bytes) {
  if (bytes < 1024) return bytes === 1 ? "1 byte" : `${bytes} bytes`;
  const tenths = (unit) => Math.floor((bytes / 1024 ** unit) * 10 + 0.5);
  let unit = 1;
  while (tenths(unit) >= 10240) unit += 1;
  return `${tenths(unit) / 10} ${SIZES[unit - 1]}`;
}

const relative = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
export const absolute = new Intl.DateTimeFormat(undefined, {
  dateStyle: "medium",
  timeStyle: "short",
});

export function timeText(date) {
  const seconds = (date - Date.now()) / 1000;
  if (seconds > -45) return "just now";
  if (seconds > -3600) return relative.format(Math.round(seconds / 60), "minute");
  if (seconds > -86400) return relative.format(Math.round(seconds / 3600), "hour");
  if (seconds > -7 * 86400) return relative.format(Math.round(seconds / 86400), "day");
  return absolute.format(date);
}
