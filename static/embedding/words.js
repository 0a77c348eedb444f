/** Sizes and times in words. */

// A KB has 1024 bytes here as everywhere else on the site, and in its limits: embedding/sizes.py.
const SIZES = ["KB", "MB", "GB", "TB", "PB", "EB"];

export function sizeText(bytes) {
  if (bytes < 1024) return bytes === 1 ? "1 byte" : `${bytes} bytes`;
  const tenths = (unit) => Math.floor((bytes / 1024 ** unit) * 10 + 0.5);
  let unit = 1;
  while (tenths(unit) >= 10240) unit += 1;
  return `${tenths(unit) / 10} ${SIZES[unit - 1]}`;
}

const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
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
