/** Sizes and times in words. */

// A MB has 1024 KB here as everywhere else on the site, and in its limits.
const SIZES = ["B", "KB", "MB", "GB"];

export function sizeText(bytes) {
  let unit = 0;
  let value = bytes;
  for (; value >= 1024 && unit < SIZES.length - 1; unit += 1) value /= 1024;
  return `${value < 10 && unit ? value.toFixed(1) : Math.round(value)} ${SIZES[unit]}`;
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
