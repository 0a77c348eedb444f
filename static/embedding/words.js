/** Words in the page's language, and names. */

// The catalog comes by a script before this one; English needs none. `pgettext` is for a word that
// means two things: its context tells which.
export const {
  gettext = (text) => text,
  ngettext = (one, many, count) => (count === 1 ? one : many),
  pgettext = (context, text) => text,
} = globalThis.django ?? {};

/** Puts values where a sentence says %(name)s. */
export const fill = (text, values) => text.replace(/%\((\w+)\)s/g, (all, name) => values[name]);

/** For Intl; there may be no page, and some write "en_US". */
export const language = globalThis.document?.documentElement.lang.replace("_", "-") || "en";

/** A name with a mark for what is hidden in it or turns it around, as embedding/names.py has it. */
export const nameText = (name) =>
  name.replace(
    /(?![\u200c\u200d])[\p{Cf}\u034f\u115f\u1160\u17b4\u17b5\u2028\u2029\u2800\u3164\uffa0]/gu,
    "\ufffd",
  );
