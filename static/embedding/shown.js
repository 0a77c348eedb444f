/** Names of what exists, as people read them. */

/**
 * A name of what exists, with a mark for what is hidden in it or would turn the text around.
 * Joiners stay, as embedding/names.py has it: some scripts and emoji need them.
 */
export function nameText(name) {
  return name.replace(
    /(?![\u200c\u200d])[\p{Cf}\u034f\u115f\u1160\u17b4\u17b5\u2028\u2029\u2800\u3164\uffa0]/gu,
    "\ufffd",
  );
}
